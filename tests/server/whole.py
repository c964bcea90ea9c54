"""A whole server at work in this process, and ways to it over both transports; two instruments, accounts with money."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from orderbook import Exchange
from orderbook_server.config import Address, Settings
from orderbook_server.server import Server
from orderbook_wire.v1 import orderbook_pb2 as wire

from .clients import LineClient
from .grpc.client import TWO_MARKETS, Client
from .running import Running, running
from .two_languages import SYMBOLS, Books, engine_event, feed_line, snapshot_line

ACCOUNTS = (1, 2, 3, 4)
BASE, QUOTE = 60, 3_000  # of each asset, to each account: little enough to run out at times


class Gateways:
    """A Server as `running` wants it; the address that is returned is TCP's."""

    def __init__(self, settings: Settings) -> None:
        self.server = Server(settings)

    async def start(self, host: str, port: int) -> str:
        await self.server.start()
        return self.server.addresses["tcp"]

    async def stop(self) -> None:
        await self.server.stop()


class Whole:
    """A running server. What it connects is closed with it."""

    def __init__(self, process: Running, stack: ExitStack) -> None:
        self.running = process
        self.server: Server = process.gateway.server
        self.exchange: Exchange = self.server.sequencer.exchange
        self._stack = stack

    def line_client(self, symbol: str = SYMBOLS[0]) -> LineClient:
        """Connect over TCP, and use an instrument."""
        client = self._stack.enter_context(LineClient(self.running.host, self.running.port))
        assert client.ask(f"U {symbol}") == "OK"
        return client

    def rpc_client(self) -> Client:
        """Make a channel of gRPC."""
        client = Client(self.server.addresses["grpc"])
        self._stack.callback(client.channel.close)
        return client

    def state_hash(self) -> str:
        return self.running.call(self.exchange.state_hash)

    def events(self) -> list[Any]:
        """Return the engine's own events."""
        return self.running.call(self.exchange.events)


@contextmanager
def whole_server(instruments: Any = TWO_MARKETS, **settings: Any) -> Iterator[Whole]:
    """Run one on free ports while the block lasts, TCP and gRPC where `settings` do not say otherwise."""
    free = Address("127.0.0.1", 0)
    listeners = {"tcp": free, "grpc": free, "http": None, "metrics": None}
    configured = Settings(**listeners | {"instruments": instruments, "in_memory": True} | settings)
    with running(lambda: Gateways(configured)) as process, ExitStack() as stack:
        whole = Whole(process, stack)
        for account_id, symbol in itertools.product(ACCOUNTS, SYMBOLS):
            assert whole.line_client(symbol).ask(f"A {account_id} {BASE} {QUOTE}").startswith("BAL")
        yield whole


class LineFollower:
    """A subscriber on TCP: the lines that it read, and the books that they make."""

    def __init__(self, whole: Whole, after: int) -> None:
        self._whole = whole
        self.lines: list[str] = []
        self.books = Books(after)
        self._connect()

    def _connect(self) -> None:
        self.client = self._whole.line_client()
        assert self.client.ask(f"FEED FROM {self.books.sequence}") == "SUBSCRIBED"

    def come_back(self) -> None:
        """Lose the connection, and come back for what was missed."""
        self.client.reset()
        self._connect()

    def _take(self, line: str) -> None:
        self.lines.append(line)
        self.books.apply(line)

    def compare(self) -> None:
        """Ask for a snapshot of each book: with the events before it, it is what the events before it made."""
        for symbol in SYMBOLS:
            self.client.send(f"U {symbol}", "S")
            answers = ["", ""]
            for position in range(2):
                while (line := self.client.line()).startswith("EVENT"):
                    self._take(line)
                answers[position] = line
            assert answers == ["OK", self.books.snapshot(symbol)]

    def read_to(self, sequence: int) -> None:
        """Read events up to a number."""
        while self.books.sequence < sequence:
            self._take(self.client.line())


class RpcFollower:
    """A subscriber of gRPC: its events as lines and as the engine has them, and the books that they make."""

    def __init__(self, whole: Whole, after: int) -> None:
        self.client = whole.rpc_client()
        self.lines: list[str] = []
        self.events: list[Any] = []
        self.books = Books(after)
        self._call()

    def _call(self) -> None:
        self.stream = self.client.StreamEvents(from_sequence=self.books.sequence)

    def come_back(self) -> None:
        """End the call, and come back for what was missed."""
        self.stream.cancel()
        self._call()

    def compare(self) -> None:
        """Ask for a snapshot of each book, and read as far as it goes: the events have made the same."""
        for symbol in SYMBOLS:
            snapshot = self.client.Snapshot(symbol=symbol)
            self.read_to(snapshot.sequence)
            assert self.books.sequence == snapshot.sequence
            assert snapshot_line(snapshot) == self.books.snapshot(symbol)

    def read_to(self, sequence: int) -> None:
        """Read events up to a number."""
        while self.books.sequence < sequence:
            event = engine_event(next(self.stream))
            self.events.append(event)
            self.lines.append(feed_line(event))
            self.books.apply(self.lines[-1])


def account_story(whole: Whole, client: Client, account_id: int) -> list[wire.AccountEvent]:
    """Return all of an account's own events; none may be missing at the end."""
    told = len(whole.running.call(whole.server.sequencer.executions, account_id))
    return list(itertools.islice(client.StreamAccountEvents(account_id=account_id, from_sequence=0), told))
