"""What the OpenAPI document says beside what the routes say themselves."""

from http import HTTPStatus
from typing import Any

from fastapi.security import HTTPBearer

from orderbook import (
    AccountMismatch,
    InvalidCommand,
    JournalFull,
    OrderBookError,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)
from orderbook.errors import BY_NUMBER
from orderbook_server.gateways.http.rest.errors import status_of
from orderbook_server.protocol.rest.answers import Refused

DESCRIPTION = """\
Reading the market, and orders for accounts. Integers of 64 bits are strings of digits in answers; in requests they may
be numbers too. What is answered is durable; what is refused changed nothing. The live feed, a WebSocket at
`/api/v1/feed`, and all rules: docs/web.md.
"""
BEARER = HTTPBearer(scheme_name="bearer", auto_error=False, description="Only where the server has tokens.")


def of_engine(*errors: type[OrderBookError]) -> dict[str, int]:
    """Return {code: status} of refusals of the engine."""
    return {error.code: status_of(error) for error in errors}


OPEN = {"wrong_host": 403}  # what everything may be refused with
INSTRUMENTS = OPEN | {"unknown_field": 400, "rate_limited": 429}
READ = INSTRUMENTS | {"invalid_field": 400, "unauthenticated": 401} | of_engine(UnknownSymbol)
ACCOUNT_READ = READ | {"missing_field": 400, "permission_denied": 403}
BALANCE = ACCOUNT_READ | of_engine(UnknownAccount)
COMMAND = ACCOUNT_READ | {"wrong_origin": 403} | of_engine(JournalFull)
CANCEL = COMMAND | of_engine(UnknownOrder, AccountMismatch)
CANCEL_ALL = COMMAND | of_engine(UnknownAccount)
BODY = {"invalid_json": 400, "body_too_large": 413}
ORDER = COMMAND | BODY | of_engine(*(error for error in BY_NUMBER.values() if error is not InvalidCommand))


def refusals(codes: dict[str, int]) -> dict[int | str, dict[str, Any]]:
    """Return what a route may be refused with, {code: status}, as FastAPI takes it."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted(set(codes.values())):
        examples = {code: example_of(code) for code in codes if codes[code] == status}
        content = {"application/json": {"examples": examples}}
        found[status] = {"model": Refused, "description": HTTPStatus(status).phrase, "content": content}
    return found | {"default": {"model": Refused, "description": "Any other refusal."}}


def example_of(code: str) -> dict[str, Any]:
    """Return the example of a refusal."""
    return {"value": {"error": {"code": code, "message": code.replace("_", " ")}}}
