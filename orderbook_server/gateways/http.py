"""HTTP: /metrics for Prometheus."""

import asyncio

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from orderbook_server.gateways.addresses import bound_address
from orderbook_server.metrics.registry import ProcessMetrics

CONNECTIONS_MAX = 64
CONNECTION_SECONDS = 120  # then it is closed after its answer, if there is one: who scrapes connects again
READ_SECONDS = 10  # that a client has for that answer
STOP_SECONDS = 1  # aiohttp takes it twice from clients who do not read
HINT = "There is nothing here. The figures are at /metrics.\n"


class HttpGateway:
    """Answers GET /metrics. Needs no token: nothing here tells of accounts or orders."""

    def __init__(self, metrics: ProcessMetrics) -> None:
        self._metrics = metrics

    async def start(self, host: str, port: int) -> str:
        """Open the listener and return its address; raise OSError where it cannot."""
        self._web = web.Server(self._answer, access_log=None)
        self._server = await asyncio.get_running_loop().create_server(self._accept, host, port)
        return bound_address(self._server)

    async def stop(self) -> None:
        """Stop accepting, and finish the answers that are under way."""
        self._server.close()
        self._web.pre_shutdown()
        await self._web.shutdown(STOP_SECONDS)

    def _accept(self) -> asyncio.Protocol:
        """Return the protocol of a new connection, whose time is limited; one too many is closed."""
        if len(self._web.connections) >= CONNECTIONS_MAX:
            return Refusal()
        handler = self._web()
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECTION_SECONDS, handler.close)
        loop.call_later(CONNECTION_SECONDS + READ_SECONDS, cut_off, handler)
        return handler

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        """Answer a request."""
        if request.path != "/metrics":
            return web.Response(status=404, text=HINT)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="/metrics is there to GET.\n", headers={"Allow": "GET, HEAD"})
        body, content_type = self._metrics.render(request.headers.get("Accept", ""))
        response = web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
        response.enable_compression()
        return response


def cut_off(connection: RequestHandler) -> None:
    """Close a connection that is still there, read or not."""
    if connection.transport is not None:
        connection.transport.abort()


class Refusal(asyncio.Protocol):
    """A connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()
