"""/metrics for Prometheus, on a listener of its own."""

import gzip

from prometheus_client.exposition import gzip_accepted
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from orderbook_server.gateways.http.connections import Clocks
from orderbook_server.gateways.http.listener import HttpListener
from orderbook_server.metrics.registry import ProcessMetrics

CONNECTIONS_MAX = 64
CLOCKS = Clocks(life_seconds=120.0)  # who scrapes connects again
COMPRESSION_LEVEL = 6
HINT = "There is nothing here. The figures are at /metrics.\n"


class MetricsGateway:
    """Answers GET /metrics. Needs no token: nothing here tells of accounts or orders."""

    def __init__(
        self, metrics: ProcessMetrics, *, connections_max: int = CONNECTIONS_MAX, clocks: Clocks = CLOCKS
    ) -> None:
        self._metrics = metrics
        self._listener = HttpListener(self._app, connections_max=connections_max, clocks=clocks)

    async def start(self, host: str, port: int) -> str:
        """Open the listener and return its address; raise OSError where it cannot."""
        return await self._listener.start(host, port)

    async def stop(self) -> None:
        """Stop accepting, and finish the answers that are under way."""
        await self._listener.stop()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        answer: ASGIApp = self._answer(Request(scope)) if scope["type"] == "http" else WebSocketClose()
        await answer(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        """Answer a request."""
        if request.scope["path"] != "/metrics":
            return PlainTextResponse(HINT, 404)
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("/metrics is there to GET.\n", 405, {"Allow": "GET, HEAD"})
        body, content_type = self._metrics.render(request.headers.get("Accept", ""))
        headers = {"Content-Type": content_type, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if gzip_accepted(request.headers.get("Accept-Encoding", "")):
            body = gzip.compress(body, COMPRESSION_LEVEL)
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers)
