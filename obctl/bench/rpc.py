"""Orders through gRPC: single calls, and the Trade stream. One client for server and echo: bytes out, bytes in."""

import asyncio
from collections.abc import Iterator
from functools import lru_cache
from itertools import count, islice
from typing import Any, Self

import grpc
import uvloop

from obctl.bench import flow
from obctl.bench.processes import Addresses
from obctl.bench.turns import Figures, Progress, Reached, Stopwatch, beside_echo, in_turns, nobody, part_of
from obctl.errors import BadInput
from orderbook_wire.v1 import orderbook_pb2 as wire

SERVICE = "/orderbook.v1.OrderBookService/"
UNARY_IN_FLIGHT = (1, 64)
ORDERS = 20_000  # made before; a turn is over when they are used up
BATCHES_IN_FLIGHT = 4  # of a Trade stream


class Loop:
    """An event loop for clients, where coroutines are run one after the other. At its end their channels are closed."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.channels: list[grpc.aio.Channel] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all."""
        for channel in self.channels:
            self.run(channel.close())
        self.runner.close()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine to its end; raise BadInput where a call fails."""
        try:
            return self.runner.run(coroutine)
        except grpc.aio.AioRpcError as error:
            raise BadInput(f"a call failed: {error.code().name}: {error.details()}") from error

    def channel(self, address: str) -> grpc.aio.Channel:
        """Return a connection of its own."""

        async def connect() -> grpc.aio.Channel:
            return grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])

        self.channels.append(self.run(connect()))
        return self.channels[-1]


class Accounts:
    """The accounts that trade: credited at first, without orders when a measurement ends."""

    def __init__(self, loop: Loop, address: str) -> None:
        self.loop = loop
        self.channel = loop.channel(address)

    def __enter__(self) -> Self:
        """Give all accounts plenty."""
        requests = (
            wire.CreditAccountRequest(account_id=account, base=flow.PLENTY, quote=8 * flow.PLENTY)
            for account in flow.ACCOUNTS
        )
        self.loop.run(self.call_all("CreditAccount", requests))
        return self

    def __exit__(self, *_: object) -> None:
        """Leave an empty book."""
        self.cancel_all()

    def cancel_all(self) -> None:
        """Take back what rests."""
        requests = (wire.CancelAllRequest(account_id=account) for account in flow.ACCOUNTS)
        self.loop.run(self.call_all("CancelAll", requests))

    async def call_all(self, rpc: str, requests: Iterator[Any]) -> None:
        """Make calls one after the other."""
        call: Any = self.channel.unary_unary(SERVICE + rpc)
        for request in requests:
            await call(request.SerializeToString())


@lru_cache(maxsize=1)
def new_orders() -> list[bytes]:
    """Return requests for new orders: those of the flow, with ids of their own."""
    new = (fields for fields in flow.commands() if fields[0] == flow.NEW)
    return [
        new_order(fields, order_id).SerializeToString()
        for fields, order_id in zip(islice(new, ORDERS), count(1 << 32), strict=False)
    ]


def new_order(fields: flow.Fields, order_id: int) -> wire.NewOrderRequest:
    """Return the request for a new order."""
    _, side, order_type, flags, _, account, _, price, quantity, _ = fields
    return wire.NewOrderRequest(
        order_id=order_id,
        side=side,
        price=price if flags & 1 else None,
        quantity=quantity,
        order_type=order_type,
        account_id=account,
    )


class UnaryClient:
    """Submits orders by single calls, some of them under way at once."""

    def __init__(self, loop: Loop, address: str, in_flight: int, accounts: Accounts | None, pid: int | None) -> None:
        """Connect. accounts: those of the exchange at the other end; None, it is an echo."""
        self.loop = loop
        self.call: Any = loop.channel(address).unary_unary(SERVICE + "NewOrder")
        self.in_flight = in_flight
        self.accounts = accounts
        self.pid = pid

    def turn(self, seconds: float) -> Reached:
        """Submit orders; behind the clock see that all were answered well, and take back what rests."""
        answers: list[bytes] = []
        reached: Reached = self.loop.run(self.submit(seconds, answers))
        if self.accounts is not None:
            for answer in answers:
                response = wire.NewOrderResponse.FromString(answer)
                if not response.status.ok:
                    raise BadInput(f"an order was refused: {response.status.error_message}")
            self.accounts.cancel_all()
        return reached

    async def submit(self, seconds: float, answers: list[bytes]) -> Reached:
        """Submit orders, the first of them at once, each other when one before it is answered."""
        requests = iter(new_orders())
        watch = Stopwatch(self.pid)

        async def worker() -> None:
            for request in requests:
                answers.append(await self.call(request))
                if watch.seconds >= seconds:
                    return

        await asyncio.gather(*(worker() for _ in range(self.in_flight)))
        return watch.reached(len(answers))


def measure_unary(addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure single NewOrder calls, 1 and 64 under way, beside an echo of bytes by grpc.aio."""
    assert addresses.grpc is not None
    figures: Figures = {}
    with Loop() as loop, Accounts(loop, addresses.grpc) as accounts:
        for number, in_flight in enumerate(UNARY_IN_FLIGHT):
            server = UnaryClient(loop, addresses.grpc, in_flight, accounts, addresses.pid)
            echo = UnaryClient(loop, addresses.grpc_echo, in_flight, None, addresses.echo_pid)
            parts = len(UNARY_IN_FLIGHT)
            turns = {"server": server.turn, "echo": echo.turn}
            reached = in_turns(turns, seconds / parts, part_of(progress, number, parts))
            figures |= beside_echo(reached, "orders", "order", f"_{in_flight}")
    return figures


def record_batches() -> list[bytes]:
    """Return the cycle as requests of a Trade stream that carry records."""
    return [wire.TradeRequest(records=batch).SerializeToString() for batch in flow.records()]


def message_batches() -> list[bytes]:
    """Return the cycle as requests of a Trade stream that carry messages."""
    commands = [trade_command(fields) for fields in flow.commands()]
    firsts = range(0, len(commands), flow.BATCH)
    return [wire.TradeRequest(commands=commands[first : first + flow.BATCH]).SerializeToString() for first in firsts]


def trade_command(fields: flow.Fields) -> wire.TradeCommand:
    """Return a command as a message."""
    kind, account, order = fields[0], fields[5], fields[6]
    if kind == flow.NEW:
        return wire.TradeCommand(new_order=new_order(fields, order))
    if kind == flow.CANCEL:
        return wire.TradeCommand(cancel_order=wire.CancelOrderRequest(account_id=account, order_id=order))
    return wire.TradeCommand(cancel_all=wire.CancelAllRequest(account_id=account))


class TradeClient:
    """Sends the cycle, over and over, through one Trade stream, some batches under way at once."""

    def __init__(self, loop: Loop, address: str, batches: list[bytes], pid: int | None, *, exchange: bool) -> None:
        self.loop = loop
        self.method: Any = loop.channel(address).stream_stream(SERVICE + "Trade")
        self.batches = batches
        self.place = 0
        self.pid = pid
        self.exchange = exchange
        self.stream = loop.run(self.open())

    async def open(self) -> Any:
        """Begin the stream."""
        stream = self.method()
        await stream.wait_for_connection()
        return stream

    def turn(self, seconds: float) -> Reached:
        """Send batches; behind the clock see that every command was answered."""
        answers: list[bytes] = []
        reached: Reached = self.loop.run(self.trade(seconds, answers))
        if self.exchange:
            for answer in answers:
                response = wire.TradeResponse.FromString(answer)
                if not (response.answers or response.result.status):
                    raise BadInput("a batch was not answered")
        return reached

    async def trade(self, seconds: float, answers: list[bytes]) -> Reached:
        """Send the first batches at once, each other when one before it is answered."""
        watch = Stopwatch(self.pid)
        for _ in range(BATCHES_IN_FLIGHT):
            await self.send()
        while watch.seconds < seconds:
            await self.receive(answers)
            await self.send()
        for _ in range(BATCHES_IN_FLIGHT):
            await self.receive(answers)
        return watch.reached(len(answers) * flow.BATCH)

    async def send(self) -> None:
        """Send the next batch."""
        await self.stream.write(self.batches[self.place])
        self.place = (self.place + 1) % len(self.batches)

    async def receive(self, answers: list[bytes]) -> None:
        """Wait for an answer."""
        answer = await self.stream.read()
        if answer is grpc.aio.EOF:
            raise BadInput(f"the stream ended: {await self.stream.code()}: {await self.stream.details()}")
        answers.append(answer)

    def close(self) -> None:
        """End the stream."""
        self.loop.run(self.stream.done_writing())


def measure_trade(addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure commands per second through a Trade stream, as records and as messages, beside an echo of the same."""
    assert addresses.grpc is not None
    figures: Figures = {}
    forms = {"records": record_batches, "messages": message_batches}
    for number, (form, batches_of) in enumerate(forms.items()):
        with Loop() as loop, Accounts(loop, addresses.grpc):
            batches = batches_of()
            server = TradeClient(loop, addresses.grpc, batches, addresses.pid, exchange=True)
            echo = TradeClient(loop, addresses.grpc_echo, batches, addresses.echo_pid, exchange=False)
            turns = {"server": server.turn, "echo": echo.turn}
            reached = in_turns(turns, seconds / len(forms), part_of(progress, number, len(forms)))
            server.close()
            echo.close()
        figures |= beside_echo(reached, "commands", "command", f"_{form}")
    return figures
