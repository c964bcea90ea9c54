"""The feed on TCP: 100 subscribers at 10,000 events per second.

All subscribers are sent the same bytes from the same number on. The numbers in the first one's bytes are looked
at one by one; the others are held against it by count and checksum as the bytes come, as nobody has time to look at a
million lines a second.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import cast
from zlib import crc32

from obctl.bench.processes import Addresses
from obctl.bench.rpc import Loop
from obctl.bench.turns import Figures, Progress, Reached, Stopwatch, cpu_us, in_turns, nobody, rate
from obctl.errors import BadInput
from orderbook_server.config import Address

SUBSCRIBERS = 100
EVENTS_PER_SECOND = 10_000
TICK_SECONDS = 0.005
WAIT_SECONDS = 30

FUNDS = b"A 1 1000000000000 1000000000000\nA 2 1000000000000 1000000000000\n"
TICK = b"".join(  # a trade (added, trade, removed) and an order that is taken back (added, removed), ten times
    b"N 1 %d B 100 5\nN 2 %d A 100 5\nN 1 %d B 99 7\nC 1 %d\n" % (order, order + 1, order + 2, order + 2)
    for order in range(1 << 33, (1 << 33) + 30, 3)
)
TICK_EVENTS = 50
NUMBERS = re.compile(rb"^EVENT ([0-9]+) ", re.MULTILINE)


class Client(asyncio.Protocol):
    """A connection of lines. `lines` and `checksum` are of what came since `reset`, `kept` is that itself if wanted."""

    def __init__(self, *, keeps: bool = False) -> None:
        self.keeps = keeps
        self.lost = False
        self.awaited: asyncio.Future[None] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget what came."""
        self.lines = self.checksum = self.wanted = 0
        self.kept: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Count, and add up."""
        self.lines += data.count(b"\n")
        self.checksum = crc32(data, self.checksum)
        if self.keeps:
            self.kept.append(data)
        if self.awaited is not None and self.lines >= self.wanted:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake who waits."""
        self.lost = True
        if self.awaited is not None:
            self._wake()

    def _wake(self) -> None:
        if self.awaited is not None and not self.awaited.done():
            self.awaited.set_result(None)

    async def reach(self, lines: int) -> None:
        """Wait until so many lines came, or none will come any more."""
        if self.lines < lines and not self.lost:
            self.wanted = lines
            self.awaited = asyncio.get_running_loop().create_future()
            await self.awaited
            self.awaited = None

    async def ask(self, line: bytes) -> bytes:
        """Send a line and return its answer; nothing else may be on its way."""
        self.reset()
        self.transport.write(line)
        await asyncio.wait_for(self.reach(1), WAIT_SECONDS)
        if self.lost:
            raise BadInput("the server closed the connection")
        return b"".join(self.kept)


@asynccontextmanager
async def connection(address: str, *, keeps: bool = False) -> AsyncIterator[Client]:
    """Connect while the block lasts."""
    loop = asyncio.get_running_loop()
    try:
        _, client = await loop.create_connection(lambda: Client(keeps=keeps), *Address.parse(address))
    except OSError as error:
        raise BadInput(f"cannot reach {address}: {error.strerror or error}") from error
    try:
        yield client
    finally:
        client.transport.close()


class Publisher:
    """Makes events at a steady pace."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def last_sequence(self) -> int:
        """Return the number of the last event."""
        return int((await self.client.ask(b"P\n")).split()[1])

    async def publish(self, events: int, per_second: float = EVENTS_PER_SECOND) -> None:
        """Have so many events made, or a few more."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.client.reset()
        ticks = -(-events // TICK_EVENTS)
        for number in range(ticks):
            wait = began + (number + 1) * TICK_EVENTS / per_second - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            self.client.transport.write(TICK)
        await asyncio.wait_for(self.client.reach(ticks * TICK.count(b"\n")), WAIT_SECONDS)


class Feed:
    """A publisher and subscribers, all of whom are there from the beginning to the end."""

    def __init__(self, loop: Loop, addresses: Addresses) -> None:
        self.loop = loop
        self.addresses = addresses
        self.lost_events = self.delivered_events = 0
        self.stack = AsyncExitStack()

    async def open(self) -> None:
        """Connect all, and give the publisher's accounts what they need."""
        assert self.addresses.tcp is not None
        connect = self.stack.enter_async_context
        self.publisher = Publisher(await connect(connection(self.addresses.tcp, keeps=True)))
        for line in FUNDS.splitlines(keepends=True):
            await self.publisher.client.ask(line)
        clients = [connection(self.addresses.tcp, keeps=number == 0) for number in range(SUBSCRIBERS)]
        self.subscribers = [await connect(client) for client in clients]

    def quiet(self, seconds: float) -> Reached:
        """Make events that nobody reads."""
        return cast(Reached, self.loop.run(self._run(seconds, [])))

    def fed(self, seconds: float) -> Reached:
        """Make events that all read."""
        return cast(Reached, self.loop.run(self._run(seconds, self.subscribers)))

    async def _run(self, seconds: float, readers: list[Client]) -> Reached:
        """Make events until time is up, wait until all readers have them, and see that they do."""
        first = await self.publisher.last_sequence()
        for reader in readers:
            await reader.ask(b"F FROM %d\n" % first)
            reader.reset()
        watch = Stopwatch(self.addresses.pid)
        await self.publisher.publish(int(seconds * EVENTS_PER_SECOND))
        last = await self.publisher.last_sequence()
        with suppress(TimeoutError):  # what is missing is counted below
            async with asyncio.timeout(WAIT_SECONDS):
                for reader in readers:
                    await reader.reach(last - first)
        reached = watch.reached(last - first)
        for reader in readers:
            self.lost_events += lost(reader, readers[0], first, last)
            self.delivered_events += reader.lines
        for reader in readers:
            await reader.ask(b"F OFF\n")
        return reached


def lost(reader: Client, looked_at: Client, first: int, last: int) -> int:
    """Return how many of the events behind `first` up to `last` did not come as they should."""
    if reader is looked_at:
        numbers = [int(number) for number in NUMBERS.findall(b"".join(reader.kept))]
        wrong = sum(found != number for found, number in zip(numbers, range(first + 1, last + 1), strict=False))
        return wrong + abs(last - first - len(numbers))
    if reader.checksum == looked_at.checksum and reader.lines == looked_at.lines:
        return lost(looked_at, looked_at, first, last)
    return max(last - first - reader.lines, 1)


def measure_feed(addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure what 100 subscribers cost the server, beside the same events without them."""
    with Loop() as loop:
        feed = Feed(loop, addresses)
        loop.run(feed.open())
        reached = in_turns({"quiet": feed.quiet, "fed": feed.fed}, seconds, progress)
        loop.run(feed.stack.aclose())
    quiet_us, fed_us = cpu_us(reached["quiet"]), cpu_us(reached["fed"])
    each_us = None if quiet_us is None or fed_us is None else (fed_us - quiet_us) / SUBSCRIBERS
    return {
        "subscribers": SUBSCRIBERS,
        "events_per_second": rate(reached["fed"]),
        "delivered_events": feed.delivered_events,
        "lost_events": feed.lost_events,
        "server_cpu_us_per_event": fed_us,
        "server_cpu_us_per_event_without_subscribers": quiet_us,
        "server_cpu_us_per_event_and_subscriber": each_us,
        "server_cpu_percent_per_subscriber": None if each_us is None else each_us * EVENTS_PER_SECOND / 1e4,
    }
