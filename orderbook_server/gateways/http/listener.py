"""The HTTP listener: an ASGI application on uvicorn's protocols, in the running loop.

uvicorn's own server is not used: it takes over the process's signals, has a loop that ticks ten times a second, ends
the process where a port is taken, and waits for ever for clients who do not read.
"""

import asyncio
from contextlib import suppress
from email.utils import formatdate
from ssl import SSLContext
from typing import Any

import structlog
from starlette.types import ASGIApp
from uvicorn import Config

from orderbook_server.gateways.addresses import bound_address
from orderbook_server.gateways.http.connections import (
    HEAD_BYTES_MAX,
    Clocks,
    Connections,
    HttpConnection,
    WebSocketConnection,
)
from orderbook_server.gateways.http.failures import Guard
from orderbook_server.metrics.transport import TransportStats

BACKLOG = 1024  # connections that the kernel may hold for us
HANDSHAKE_SECONDS = 10.0
SWEEP_SECONDS = 0.5  # no more than a second: the Date of answers is made then
WEBSOCKET_BYTES_MAX = 4_096  # of a message from a client
QUIET_SECONDS = 0.02  # for the loop to take what has reached the system already
STOP_SECONDS = 3.0  # until those that are still there are cut off
ABORT_SECONDS = 0.3  # for connections to notice that, and then for handlers
CLOCKS = Clocks()

log = structlog.get_logger()


class HttpListener:
    """Serve an application over HTTP/1.1 and WebSockets, with or without TLS."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        connections_max: int,
        clocks: Clocks = CLOCKS,
        ssl: SSLContext | None = None,
        stats: TransportStats | None = None,
    ) -> None:
        """Make one that does not listen yet.

        connections_max: WebSockets included; one more is closed at once. ssl: None, no TLS. stats: where connections
        are counted.
        """
        self._config = Config(
            Guard(app),
            interface="asgi3",
            ws=WebSocketConnection,
            ws_max_size=WEBSOCKET_BYTES_MAX,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=clocks.idle_seconds,
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        )
        self._ssl = ssl
        self._clocks = clocks
        self._all = Connections(connections_max, clocks, stats)
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the address as bound, "127.0.0.1:8080" or "[::1]:8080"; OSError where that cannot be."""
        self._loop = loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if self._ssl is not None:
            tls = {
                "ssl": self._ssl,
                "ssl_handshake_timeout": HANDSHAKE_SECONDS,
                "ssl_shutdown_timeout": self._clocks.read_seconds,
            }
        self._server = await loop.create_server(
            lambda: HttpConnection(self._config, self._all, loop), host, port, backlog=BACKLOG, **tls
        )
        clocks = (self._clocks.request_seconds, self._clocks.read_seconds, self._clocks.life_seconds)
        self._sweep_seconds = min([SWEEP_SECONDS, *(seconds / 4 for seconds in clocks if seconds)])
        self._sweep()
        return bound_address(self._server)

    async def stop(self) -> None:
        """Stop listening, finish the answers that are under way, say goodbye to WebSockets; at most 4 seconds."""
        if self._server is None or self._all.closed:
            return
        self._all.closed = True
        try:
            self._server.close()
            await asyncio.sleep(QUIET_SECONDS)  # closed over bytes not taken, a connection is reset
            for connection in self._all.each():
                connection.shutdown()
            if not await self._all_done(STOP_SECONDS):
                await self._cut_off()
        finally:
            self._sweeper.cancel()
        self._log_refused()

    async def _cut_off(self) -> None:
        """End what is still there."""
        log.warning("connections cut off", count=len(self._all.connections))
        for connection in self._all.each():
            connection.abort()
        await self._all_done(ABORT_SECONDS)  # who hears that nobody listens any more ends by itself
        for task in self._all.tasks:
            task.cancel()
        await self._all_done(ABORT_SECONDS)

    async def _all_done(self, seconds: float) -> bool:
        """Wait until no connection and no handler is left; return whether that came about in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all.none.wait()
                while self._all.tasks:
                    await asyncio.wait(tuple(self._all.tasks))
        return not (self._all.connections or self._all.tasks)

    def _sweep(self) -> None:
        """Look after all connections, and tell them what time it is."""
        self._sweeper = self._loop.call_later(self._sweep_seconds, self._sweep)
        self._all.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        now = self._loop.time()
        for connection in self._all.each():
            connection.check(now)
        self._log_refused()

    def _log_refused(self) -> None:
        """Say how many connections were too many; one line, so that a flood of them does not become one of logs."""
        if self._all.refused:
            log.warning("service refused", transport="http", reason="too_many_connections", count=self._all.refused)
            self._all.refused = 0
