"""The TCP gateway: it listens, and keeps its connections; what a connection does is its own affair.

The feed: the sequencer says that there are events, which orders one pump for the next turn of the loop, however often
it says so; the pump goes over the subscribers.

Time: one sweeper looks after the few connections that a clock runs for (to say AUTH, to be read, to be gone), and where
there is an idle time, now and then over all.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from ssl import SSLContext
from typing import Any

import structlog

from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.tcp.connection import Connection, spell
from orderbook_server.journal.journal import Journal
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.line.event_lines import EventLines
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer

OUTPUT_BYTES_MAX = 1 << 18  # of one call of a session: some milliseconds of work
CALL_NS_MAX = 5_000_000  # of one call of a session, whose lines may be any work
BACKLOG = 1024  # connections that the kernel may hold for us
HANDSHAKE_SECONDS = 10.0
SWEEP_SECONDS = 0.25
STOP_SECONDS = 3.0  # until those that are still there are cut off
QUIET_SECONDS, QUIET_SECONDS_MAX = 0.02, 1.0  # without an event, before those who are fed are told goodbye
ABORT_SECONDS = 0.5  # for the loop to notice that

log = structlog.get_logger()


class TcpGateway:
    """Serve the line protocol on TCP, with or without TLS."""

    def __init__(
        self,
        sequencer: Sequencer,
        settings: Settings,
        stats: TransportStats,
        *,
        authenticate: Callable[[str], Access | None] | None = None,
        ssl: SSLContext | None = None,
        release: Release | None = None,
    ) -> None:
        """Make one that does not listen yet.

        authenticate: what LineSession takes; None, nobody needs to say AUTH. ssl: None, no TLS.
        release: what is said leaves through it; None, one of the sequencer's journal, which is nobody else's then.
        """
        self.settings = settings
        self.stats = stats
        self.asks_for_tokens = authenticate is not None
        self.connections: set[Connection] = set()  # that are served, or were, and are not gone yet
        self.subscribers: set[Connection] = set()
        self.watched: set[Connection] = set()  # those that a clock runs for
        self.stopping = False
        self._sequencer = sequencer
        self._feed = EventLines(sequencer)  # events are written once for all who are at the same place
        self._authenticate = authenticate
        self._ssl = ssl
        self._release = release
        self._version = version("obctl")
        self._server: asyncio.Server | None = None
        self._pump_ordered = False
        self._refused = 0  # connections since the last sweep
        self._gone = asyncio.Event()
        stats.lags = self._lags

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the address as bound, "127.0.0.1:9000" or "[::1]:9000"; OSError where that cannot be."""
        self.loop = asyncio.get_running_loop()
        self.unheld = Release(Journal(), self.loop)  # for those who are told nothing of the exchange
        self.release = self._release or Release(self._sequencer.journal, self.loop)
        tls: dict[str, Any] = {}
        if self._ssl is not None:
            tls = {"ssl": self._ssl, "ssl_handshake_timeout": HANDSHAKE_SECONDS}
        self._server = await self.loop.create_server(lambda: Connection(self), host, port, backlog=BACKLOG, **tls)
        self._sequencer.listeners.append(self._order_pump)
        settings = self.settings
        limits = (settings.auth_seconds, settings.slow_consumer_seconds, settings.idle_seconds)
        self._sweep_seconds = min([SWEEP_SECONDS, *(seconds / 4 for seconds in limits if seconds)])
        self._idle_round = self.loop.time()
        self._sweeper = self.loop.call_later(self._sweep_seconds, self._sweep)
        return spell(self._server.sockets[0].getsockname())

    async def stop(self) -> None:
        """Stop listening, carry out what was received, say BYE to all and wait for them to go; at most 4 seconds."""
        if self._server is None or self.stopping:
            return
        self.stopping = True
        self._server.close()
        deadline = self.loop.time() + STOP_SECONDS
        fed = frozenset(self.subscribers)
        for connection in self.connections - fed:
            connection.leave(b"BYE\n")
        if fed:
            for connection in fed:
                connection.close_ears()
            await self._quiet()
            for connection in fed & self.connections:
                connection.leave(b"BYE\n")
        if not await self._all_gone(deadline - self.loop.time()):
            log.warning("connections cut off", count=len(self.watched | self.connections))
            for connection in self.watched | self.connections:
                connection.abort()
            await self._all_gone(ABORT_SECONDS)
        self._sweeper.cancel()
        self._log_refused()
        self._sequencer.listeners.remove(self._order_pump)

    async def _quiet(self) -> None:
        """Wait until all that was accepted is carried out, on other transports too: who is fed hears of it.

        Nobody says when they are done, but there are no more events then. Not for long: some clients do not read.
        """
        deadline = self.loop.time() + QUIET_SECONDS_MAX
        last = -1
        while self.loop.time() < deadline:
            if last == self._sequencer.exchange.last_sequence and not any(one.waiting for one in self.connections):
                return
            last = self._sequencer.exchange.last_sequence
            await asyncio.sleep(QUIET_SECONDS)

    async def _all_gone(self, seconds: float) -> bool:
        """Wait until no connection is left; return whether that came about in time."""
        if self.connections or self.watched:
            self._gone.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), seconds)
        return not (self.connections or self.watched)

    # What connections tell their gateway

    def open_session(self) -> LineSession:
        """Make the session of a new connection."""
        settings = self.settings
        return LineSession(
            self._sequencer,
            version=self._version,
            authenticate=self._authenticate,
            line_bytes_max=settings.tcp_line_bytes_max,
            output_bytes_max=min(OUTPUT_BYTES_MAX, settings.buffer_bytes_max),
            call_ns_max=CALL_NS_MAX,
            messages_per_second=settings.messages_per_second,
            handling=self.stats.handling,
            batches=self.stats.batches,
            feed=self._feed,
        )

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, unless it is one too many."""
        if len(self.connections) >= self.settings.connections_max:
            self._refused += 1
            return False
        self.connections.add(connection)
        self.stats.connections = len(self.connections)
        return True

    def forget(self, connection: Connection) -> bool:
        """Drop a connection that is gone; return whether it had been admitted."""
        admitted = connection in self.connections
        self.connections.discard(connection)
        self.watched.discard(connection)
        self.stats.connections = len(self.connections)
        if not self.connections and not self.watched:
            self._gone.set()
        return admitted

    # The feed

    def _order_pump(self) -> None:
        if self.subscribers and not self._pump_ordered:
            self._pump_ordered = True
            self.loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_ordered = False
        for connection in tuple(self.subscribers):
            connection.advance()

    def _lags(self) -> list[int]:
        return [connection.lag for connection in self.subscribers]

    # The clock

    def _sweep(self) -> None:
        """Look after those that a clock runs for. All are looked at only where there is an idle time, and seldom."""
        self._sweeper = self.loop.call_later(self._sweep_seconds, self._sweep)
        now = self.loop.time()
        for connection in tuple(self.watched):
            if not connection.check(now):
                self.watched.discard(connection)
        idle_seconds = self.settings.idle_seconds
        if idle_seconds and now >= self._idle_round:
            self._idle_round = now + idle_seconds / 4
            for connection in tuple(self.connections):
                connection.check_idle(now)
        self._log_refused()

    def _log_refused(self) -> None:
        """Say how many connections were too many; one line, so that a flood of them does not become one of logs."""
        if self._refused:
            log.warning("service refused", transport="tcp", reason="too_many_connections", count=self._refused)
            self._refused = 0
