"""Twenty who watch a whole server while it is busy, each in a way of its own: all end with the engine's book."""

import itertools
import select
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest

from obctl.bench import flow
from obctl.bench.tcp import LineClient
from orderbook_server.config import Address
from orderbook_server.gateways.http import socket as feed_socket
from orderbook_server.market import feed as market_feed

from ..server.running import SECONDS, eventually
from ..server.whole import Whole, whole_server
from .market_flow import SYMBOLS, Client, best
from .websocket import WebSocket

FREE = Address("127.0.0.1", 0)
SMALL = 4_096  # bytes that the kernel may hold for who is slow
PACKETS = 5  # of a thousand commands, for each instrument
PACE_SECONDS = 0.01  # between two of them, then
PINGS = 2_000
CHANGES = 60
SLOW_SECONDS = 2.5
METRIC = 'obctl_slow_consumers_total{transport="http"} '


class Job(threading.Thread):
    """Something that is done beside; `result` raises what it raised."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        super().__init__()
        self._work = lambda: work(*arguments)
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def result(self) -> None:
        self.join(30)
        assert not self.is_alive()
        if self._error is not None:
            raise self._error


class Page:
    """A connection, and what it knows. `sequence_wanted`: where it may stop, None as long as that is not known."""

    def __init__(self, whole: Whole, symbol: str, **options: Any) -> None:
        self.symbol = symbol
        self.client = Client()
        self.websocket = WebSocket(whole.server.addresses["http"], **options)
        self.sequence_wanted: int | None = None
        self.pongs: list[str] = []

    def subscribe(self) -> None:
        self.websocket.send("subscribe", symbol=self.symbol)

    @property
    def is_done(self) -> bool:
        """Whether it knows all that it is to know."""
        return self.sequence_wanted is not None and self.client.sequence >= self.sequence_wanted

    def read(self) -> None:
        """Read one message."""
        message = self.client.take(self.websocket.text())
        if message["type"] == "pong":
            self.pongs.append(message["nonce"])

    def read_on(self) -> None:
        """Read to the end."""
        while not self.is_done:
            self.read()


def read_all(pages: list[Page]) -> None:
    """Read to the end of all: one thread, as many would keep the server's from its work."""
    for page in pages:
        page.subscribe()
    while reading := {page.websocket.socket: page for page in pages if not page.is_done}:
        for ready in select.select(list(reading), [], [], SECONDS)[0]:
            reading[ready].read()
            while reading[ready].websocket.has_text:
                reading[ready].read()


def be_restless(page: Page) -> None:
    """Subscribe, unsubscribe, and change over, time and again."""
    random = Random(7)
    for _ in range(CHANGES):
        if random.random() < 0.3:
            page.websocket.send("unsubscribe")
        symbol = random.choice(SYMBOLS)
        page.websocket.send("subscribe", symbol=symbol)
        snapshots = page.client.snapshots
        while page.client.snapshots == snapshots or page.client.symbol != symbol:
            page.read()
    page.subscribe()
    page.read_on()


def flood(page: Page) -> None:
    """Send pings, one after the other."""
    for number in range(PINGS):
        page.websocket.send("ping", nonce=str(number))


def stall(whole: Whole, page: Page) -> None:
    """Ask for one snapshot after the other, and read none of them, until the server can send no more."""
    name = page.websocket.socket.getsockname()

    def is_stuck() -> bool:
        page.websocket.send("subscribe", symbol=page.symbol)
        return not whole.running.call(lambda: connection_of(whole, name).writable.is_set())

    eventually(is_stuck)


def trade_lines(whole: Whole, enough: threading.Event) -> None:
    """Send the flow over TCP, to the first instrument."""
    client = LineClient(whole.running.address, exchange=True)
    with client.socket:
        for number, packet in enumerate(itertools.cycle(flow.packets())):
            client.ask(packet)
            if number >= PACKETS and enough.wait(PACE_SECONDS):
                return


def trade_records(whole: Whole, enough: threading.Event) -> None:
    """Send the same flow over gRPC, to the second."""
    stream = whole.rpc_client().trade()
    for number, first in enumerate(itertools.cycle(range(0, len(flow.commands()), flow.BATCH))):
        batch = flow.commands()[first : first + flow.BATCH]
        stream.ask(records=b"".join(flow.RECORD.pack(*fields[:4], 1, *fields[5:]) for fields in batch))
        if number >= PACKETS and enough.wait(PACE_SECONDS):
            break
    stream.finish()


def slow_consumers(whole: Whole) -> int:
    """Return what the metrics say."""
    with urllib.request.urlopen(f"http://{whole.server.addresses['metrics']}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line for line in lines if line.startswith(METRIC)).removeprefix(METRIC)))


def connection_of(whole: Whole, name: tuple[str, int]) -> Any:
    """Return the server's end of a connection."""
    return next(each for each in whole.server._open["http"]._listener._all.each() if each.client == name)


def someone_is_behind(whole: Whole) -> bool:
    """Tell whether there is anybody of the first instrument for whom too much waited."""
    channel = whole.server._open["http"]._feed._channels[0]
    return whole.running.call(lambda: any(subscriber._behind for subscriber in channel.subscribers))


def test_twenty_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market_feed, "UPDATE_SECONDS", 0.004)  # so that much comes in little time
    monkeypatch.setattr(market_feed, "TEXTS_MAX", 16)
    monkeypatch.setattr(feed_socket, "CLOSE_SECONDS", 0.1)
    with (
        ExitStack() as stack,
        whole_server(http=FREE, metrics=FREE, slow_consumer_seconds=SLOW_SECONDS) as whole,
    ):
        for symbol in SYMBOLS:
            client = whole.line_client(symbol)
            assert all(client.ask(line).startswith("BAL") for line in flow.credit_lines().decode().splitlines())
        pages = [Page(whole, symbol) for symbol in SYMBOLS * 8]
        restless, pinging = Page(whole, SYMBOLS[1]), Page(whole, SYMBOLS[0])
        slow, dead = (Page(whole, symbol, receive_bytes=SMALL) for symbol in SYMBOLS)
        for page in (*pages, restless, pinging, slow, dead):
            stack.enter_context(page.websocket)
        jobs = [Job(read_all, [*pages, pinging])]
        enough = threading.Event()
        flows = [Job(trade, whole, enough) for trade in (trade_lines, trade_records)]
        jobs += [Job(be_restless, restless), Job(flood, pinging)]
        for page in (dead, slow):
            stall(whole, page)
        eventually(lambda: someone_is_behind(whole))
        jobs.append(Job(slow.read_on))
        eventually(lambda: whole.server.transports["http"].slow_consumers)
        enough.set()
        for job in flows:
            job.result()
        last = whole.running.call(lambda: whole.exchange.last_sequence)
        assert last > 10_000
        watching = [*pages, restless, pinging, slow]
        for page in watching:
            page.sequence_wanted = last
        for job in jobs:
            job.result()
        books = {symbol: whole.running.call(best, whole.server.sequencer, symbol) for symbol in SYMBOLS}
        assert any(len(side) > 10 for book in books.values() for side in book)
        for page in watching:
            assert page.client.symbol == page.symbol
            assert page.client.sequence == last
            assert page.client.levels() == books[page.symbol]
        assert all(page.client.updates > 5 for page in pages)
        assert pinging.pongs == [str(number) for number in range(PINGS)]
        assert slow.client.snapshots > 1
        assert slow_consumers(whole) == 1
