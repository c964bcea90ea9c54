"""The feed on gRPC: some StreamEvents subscribers that catch up with events as fast as they can."""

import asyncio
from typing import Any, cast

import grpc

from obctl.bench import flow
from obctl.bench.processes import Addresses
from obctl.bench.rpc import SERVICE, Accounts, Loop
from obctl.bench.turns import Figures, Progress, Reached, Stopwatch, cpu_us, in_turns, nobody, rate, ratio
from orderbook_wire.v1 import orderbook_pb2 as wire

SUBSCRIBERS = 4
EVENTS_PER_SECOND = 4_000  # of a turn, made before it; it is over when every subscriber has read them
EVENTS_HELD = 100_000  # made at most
ORDER_ID = 1 << 34


class Readers:
    """Subscribers, each with a connection of its own."""

    def __init__(self, loop: Loop, address: str, pid: int | None) -> None:
        self.calls: list[Any] = [
            loop.channel(address).unary_stream(SERVICE + "StreamEvents") for _ in range(SUBSCRIBERS)
        ]
        self.pid = pid

    async def read(self, request: bytes, events: int) -> tuple[Reached, list[list[bytes]]]:
        """Read so many events each; return also what each read, which is less where its stream ended."""
        watch = Stopwatch(self.pid)
        found = await asyncio.gather(*(self._read(call(request), events) for call in self.calls))
        return watch.reached(sum(map(len, found))), found

    @staticmethod
    async def _read(call: Any, events: int) -> list[bytes]:
        """Read so many events of a stream, and end it."""
        found: list[bytes] = []
        while len(found) < events:
            message = await call.read()
            if message is grpc.aio.EOF:
                break
            found.append(message)
        call.cancel()
        return found


class Feed:
    """The subscribers of the server, and of an echo that sends messages of the same size."""

    def __init__(self, loop: Loop, addresses: Addresses) -> None:
        assert addresses.grpc is not None
        self.loop = loop
        self.server = Readers(loop, addresses.grpc, addresses.pid)
        self.echo = Readers(loop, addresses.grpc_echo, addresses.echo_pid)
        self.channel = loop.channel(addresses.grpc)
        self.lost_events = self.delivered_events = 0

    def follow(self, seconds: float) -> Reached:
        """Have events made, then read by all."""
        return cast(Reached, self.loop.run(self._follow(events_of(seconds))))

    def follow_echo(self, seconds: float) -> Reached:
        """Have as many messages sent."""
        reached, _ = self.loop.run(self.echo.read(b"%d" % events_of(seconds), events_of(seconds)))
        return cast(Reached, reached)

    async def _follow(self, events: int) -> Reached:
        first = await self.last_sequence()
        await self.make_events(events)
        request = wire.StreamEventsRequest(from_sequence=first).SerializeToString()
        reached, found = await self.server.read(request, events)
        expected = range(first + 1, first + events + 1)
        for messages in found:
            numbers = [wire.EngineEvent.FromString(message).sequence for message in messages]
            wrong = sum(number != other for number, other in zip(numbers, expected, strict=False))
            self.lost_events += wrong + events - len(numbers)
            self.delivered_events += len(numbers)
        return reached

    async def last_sequence(self) -> int:
        """Return the number of the last event."""
        snapshot: Any = self.channel.unary_unary(SERVICE + "Snapshot")
        return wire.SnapshotResponse.FromString(await snapshot(b"")).sequence

    async def make_events(self, events: int) -> None:
        """Submit orders and take them back, one event each."""
        kinds = (flow.NEW, flow.CANCEL)
        account = flow.ACCOUNTS.start
        records = b"".join(
            flow.RECORD.pack(kinds[number % 2], 1, 2, 1, 0, account, ORDER_ID + number // 2, 100, 5, 0)
            for number in range(events)
        )
        call: Any = self.channel.stream_stream(SERVICE + "Trade")()
        batch = flow.BATCH * flow.RECORD.size
        for first in range(0, len(records), batch):
            await call.write(wire.TradeRequest(records=records[first : first + batch]).SerializeToString())
            await call.read()
        await call.done_writing()


def events_of(seconds: float) -> int:
    """Return how many events a turn has: an even number, so that no order stays."""
    return 2 * max(1, min(EVENTS_HELD, int(seconds * EVENTS_PER_SECOND)) // 2)


def measure_rpc_feed(addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure how fast subscribers get events that are there, beside as many messages of an echo."""
    assert addresses.grpc is not None
    with Loop() as loop, Accounts(loop, addresses.grpc):
        feed = Feed(loop, addresses)
        reached = in_turns({"server": feed.follow, "echo": feed.follow_echo}, seconds, progress)
    return {
        "subscribers": SUBSCRIBERS,
        "events_per_second_and_subscriber": rate(reached["server"]) / SUBSCRIBERS,
        "deliveries_per_second": rate(reached["server"]),
        "delivered_events": feed.delivered_events,
        "lost_events": feed.lost_events,
        "server_cpu_us_per_delivery": cpu_us(reached["server"]),
        "echo_deliveries_per_second": rate(reached["echo"]),
        "echo_cpu_us_per_delivery": cpu_us(reached["echo"]),
        "ratio_to_echo": ratio(reached["server"], reached["echo"]),
    }
