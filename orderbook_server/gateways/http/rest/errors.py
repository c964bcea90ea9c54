"""How what is refused is answered: {"error": {"code", "message", "field"}}, whoever refused it."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from orderbook import AccountMismatch, JournalFull, OrderBookError, UnknownAccount, UnknownOrder, UnknownSymbol
from orderbook_server.gateways.http.doors import Refusal

log = structlog.get_logger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NAME_MAX = 64  # characters of a strange field that are sent back
ENGINE_STATUSES: dict[type[OrderBookError], int] = {  # of other refusals: 409
    UnknownSymbol: 404,
    UnknownOrder: 404,
    UnknownAccount: 404,
    AccountMismatch: 403,
    JournalFull: 503,
}
HEADERS = {  # by status, what a client is to do about it
    401: {"WWW-Authenticate": "Bearer"},
    413: {"Connection": "close"},  # the rest of the body is not wanted
    429: {"Retry-After": "1"},
}
REFUSALS_OF_SERVICE = (401, 403, 429)  # what who runs the server wants to know of


def answer_of(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Return the answer to a request that is refused."""
    error = {"code": refusal.code, "message": refusal.message}
    if refusal.field is not None:
        error["field"] = refusal.field
    content = json.dumps({"error": error})
    headers = {"Cache-Control": "no-store", **HEADERS.get(refusal.status, {}), **(headers or {})}
    return Response(content, refusal.status, headers, media_type="application/json")


def report(scope: Scope, refusal: Refusal) -> None:
    """Log a refusal: those of service as warnings, mistakes of the client for debugging."""
    tell = log.warning if refusal.status in REFUSALS_OF_SERVICE else log.debug
    peer = peer_of(scope)
    tell("service refused", transport="http", peer=peer, status=refusal.status, code=refusal.code, reason=str(refusal))


def peer_of(scope: Scope) -> str:
    """Return the name of a connection."""
    host, port = scope.get("client") or ("unknown", 0)
    return f"{host}:{port}"


def status_of(error: type[OrderBookError]) -> int:
    """Return the HTTP status of a refusal of the engine."""
    return ENGINE_STATUSES.get(error, 409)


def of_engine(error: OrderBookError) -> Refusal:
    """Return what a refusal of the engine is to a client."""
    return Refusal(status_of(type(error)), error.code, str(error))


def of_fields(errors: Sequence[Any]) -> Refusal:
    """Return what is to be said about fields that are wrong: of several, about the first."""
    error = errors[0]
    kind, place = error["type"], error["loc"]
    if len(place) < 2:  # a name in the body that is no Unicode
        return Refusal(400, "invalid_json", "the names of fields are no text")
    field = str(place[1])[:NAME_MAX]
    if kind == "missing":
        return Refusal(400, "missing_field", f"{field} is missing", field)
    if kind == "extra_forbidden":
        return Refusal(400, "unknown_field", f"{field} is not known here", field)
    if kind == "literal_error":
        return Refusal(400, "invalid_field", f"{field} must be {error['ctx']['expected'].replace(chr(39), '')}", field)
    if kind == "string_type":
        return Refusal(400, "invalid_field", f"{field} must be a string", field)
    return Refusal(400, "invalid_field", f"{field} {error['msg']}", field)


def allowed(request: HTTPConnection) -> str:
    """Return the methods that there are at a path. Starlette names those of the first route alone."""
    routes, scope = request.app.router.routes, dict(request.scope)
    methods = [
        method
        for method in METHODS
        if any(route.matches(scope | {"method": method})[0] is Match.FULL for route in routes)
    ]
    return ", ".join(methods or ("GET", "HEAD"))  # where no route is, there are pages


def install_errors(app: FastAPI) -> None:
    """Have an app answer everything that is refused in one form."""

    async def refuse(request: HTTPConnection, refusal: Refusal) -> Response:
        report(request.scope, refusal)
        return answer_of(refusal)

    async def refuse_fields(request: HTTPConnection, error: RequestValidationError) -> Response:
        return await refuse(request, of_fields(error.errors()))

    async def refuse_request(request: HTTPConnection, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        headers = {"Allow": allowed(request)} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        return answer_of(Refusal(status, status.name.lower(), status.description), headers)

    async def fail(_request: HTTPConnection, _error: Exception) -> Response:
        """Tell no more than that it failed. Starlette lets the exception go on to the listener, which logs it."""
        return answer_of(Refusal(500, "internal_error", "the server failed; its log says more"))

    handlers: dict[type[Exception], Any] = {
        Refusal: refuse,
        RequestValidationError: refuse_fields,
        HTTPException: refuse_request,
        Exception: fail,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
