"""A TCP gateway over a fresh exchange, and ways to give its clients much to read."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import uvloop

from orderbook import Exchange, OrderType, Side
from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.tcp import TcpGateway
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer
from tests.server.clients import LineClient
from tests.server.held_journal import HeldJournal
from tests.server.running import Running, running

MAKER, TAKER = 1, 2  # accounts


class TcpServer:
    """A running gateway with its exchange."""

    def __init__(self, server: Running, sequencer: Sequencer, stats: TransportStats) -> None:
        self.running = server
        self.sequencer = sequencer
        self.stats = stats
        self.gateway: TcpGateway = server.gateway

    def connect(self, **options: Any) -> LineClient:
        return LineClient(self.running.host, self.running.port, **options)

    def resting(self, account_id: int) -> list[int]:
        """Return the ids of an account's resting orders."""
        orders = self.running.call(self.sequencer.exchange.open_orders, "BASE-QUOTE", account_id)
        return [order.id for order in orders]

    def fill_book(self, orders: int) -> int:
        """Rest as many bids of MAKER, each at its own price, and return the bytes of a snapshot at least."""
        first = 10**12

        def fill() -> None:
            for order_id in range(first, first + orders):
                self.sequencer.submit(0, MAKER, order_id, Side.BID, OrderType.LIMIT, order_id, 1)

        self.running.call(fill)
        return orders * len(f" B:{first}:1:1@{first}")

    def make_events(self, count: int) -> None:
        """Make so many events, of orders of MAKER that come and go."""

        def come_and_go() -> None:
            for _ in range(count // 2):
                self.sequencer.submit(0, MAKER, 7, Side.BID, OrderType.LIMIT, 1, 1)
                self.sequencer.cancel_order(0, MAKER, 7)

        self.running.call(come_and_go)

    def unread_bytes(self) -> int:
        """Return the most that any connection has in its buffer."""

        def largest() -> int:
            return max((each._transport.get_write_buffer_size() for each in self.gateway.connections), default=0)

        return self.running.call(largest)


@contextmanager
def tcp_server(
    *,
    authenticate: Callable[[str], Access | None] | None = None,
    ssl: SSLContext | None = None,
    new_loop: Callable[[], Any] = uvloop.new_event_loop,
    host: str = "127.0.0.1",
    journal: HeldJournal | None = None,
    **settings: Any,
) -> Iterator[TcpServer]:
    """Run one with these settings; MAKER and TAKER have money. journal: what its answers wait for."""
    configured = dataclasses.replace(Settings(), **settings)
    sequencer = Sequencer(Exchange(configured.instruments, event_capacity=configured.event_capacity))
    for account_id in (MAKER, TAKER):
        sequencer.credit_account(0, account_id, 10**9, 2**62)
    stats = TransportStats("tcp")
    if journal is not None:
        journal.follow(sequencer)

    def make() -> TcpGateway:
        release = Release(journal, asyncio.get_running_loop()) if journal else None
        return TcpGateway(sequencer, configured, stats, authenticate=authenticate, ssl=ssl, release=release)

    with running(make, new_loop=new_loop, host=host) as server:
        yield TcpServer(server, sequencer, stats)
