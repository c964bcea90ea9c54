"""The gate: whatever comes over HTTP passes it before all else, so that no route can forget to ask."""

from time import perf_counter_ns

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orderbook_server.gateways.http.doors import Doors, Refusal
from orderbook_server.gateways.http.rest.errors import answer_of, peer_of, report
from orderbook_server.metrics.transport import TransportStats

API = "/api/"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")  # that change nothing, whoever sends them
PUBLIC = ("/api/v1/instruments", "/api/v1/openapi.json")  # what a page needs before it has a token
FEED = "/api/v1/feed"  # a browser's WebSocket has no header for a token: it comes in the first message
DENIAL = "websocket.http.response"  # the extension by which a WebSocket is refused with more than a status


class Gate:
    """Middleware that looks at hosts, origins, rates and tokens, in this order.

    What is below finds in its scope what the token may: "access".
    """

    def __init__(self, app: ASGIApp, doors: Doors, stats: TransportStats) -> None:
        self._app = app
        self._doors = doors
        self._stats = stats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        began = perf_counter_ns()
        try:
            self._let_in(scope)
        except Refusal as refusal:
            report(scope, refusal)
            self._stats.batches.observe(1)
            self._stats.handling.observe(perf_counter_ns() - began)
            return await refuse(answer_of(refusal), scope, receive, send)
        return await self._app(scope, receive, send)

    def _let_in(self, scope: Scope) -> None:
        """Raise Refusal for what may not come in."""
        doors, headers, path = self._doors, Headers(scope=scope), scope["path"]
        doors.check_host(headers)
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            doors.check_origin(headers, scope["scheme"])
        if not path.startswith(API):
            return
        doors.count(peer_of(scope))
        if path not in PUBLIC and not (scope["type"] == "websocket" and path == FEED):
            scope["access"] = doors.access(doors.bearer(headers))


async def refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer to what may not come in, be it a request or a WebSocket."""
    if scope["type"] == "http" or DENIAL in scope.get("extensions", {}):
        await answer(scope, receive, send)
    else:
        await send({"type": "websocket.close"})
