"""WebGateway: the page, its feed, and REST, on one listener."""

import asyncio
from collections.abc import Callable
from ssl import SSLContext

from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.http.doors import Doors
from orderbook_server.gateways.http.listener import HttpListener
from orderbook_server.gateways.http.pages import Pages
from orderbook_server.gateways.http.rest import make_router, new_app
from orderbook_server.gateways.http.socket import FeedSocket
from orderbook_server.market.feed import MarketFeed
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.desk import Desk
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer


class WebGateway:
    """Serves an exchange to browsers, and to programs that speak HTTP.

    authenticate: returns what a token may, None for one that is not known; None: nobody needs a token.
    ssl: for TLS; None: without. release: what answers and messages wait for.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        settings: Settings,
        stats: TransportStats,
        *,
        authenticate: Callable[[str], Access | None] | None = None,
        ssl: SSLContext | None = None,
        release: Release,
    ) -> None:
        desk, doors = Desk(sequencer), Doors(settings, authenticate)
        self._feed = MarketFeed(desk, release, asyncio.get_running_loop())
        self._stopping = False
        stats.lags = self._feed.lags
        app = new_app(doors, stats, Pages())
        app.add_api_websocket_route("/api/v1/feed", FeedSocket(self._feed, doors, settings, stats).talk)
        app.include_router(
            make_router(
                *(desk, self._feed.tape, release, stats),
                authentication=doors.asks_for_tokens,
                stopping=lambda: self._stopping,
            )
        )
        app.openapi()  # kept for who asks: making it takes a while
        self._listener = HttpListener(app, connections_max=settings.http_connections_max, ssl=ssl, stats=stats)

    async def start(self, host: str, port: int) -> str:
        """Open the listener; return its address, port 0 resolved. Raise OSError or UnicodeError where it cannot."""
        return await self._listener.start(host, port)

    async def stop(self) -> None:
        """Finish the answers that are under way, and say goodbye to those who watch."""
        self._stopping = True
        await self._listener.stop()
        self._feed.close()
