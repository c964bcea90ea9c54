"""What the OpenAPI document says beside what the routes say themselves."""

from http import HTTPStatus
from typing import Any

from fastapi.security import HTTPBearer

from orderbook_server.protocol.rest import answers

DESCRIPTION = """\
Reading the market, and orders for accounts. Integers of 64 bits are strings of digits in answers; in requests they may
be numbers too. What is answered is durable; what is refused changed nothing. The live feed, a WebSocket at
`/api/v1/feed`, and all rules: docs/web.md.
"""
CODES = {  # by status: what can be the code of the error, and why
    400: ("invalid_field", "missing_field, invalid_field, unknown_field or invalid_json: no request that is known."),
    401: ("unauthenticated", "No known token."),
    403: ("permission_denied", "permission_denied, account_mismatch, wrong_host or wrong_origin."),
    404: ("unknown_symbol", "unknown_symbol, unknown_order, unknown_account or not_found."),
    409: ("insufficient_quote", "The exchange refuses it: insufficient_quote, duplicate_order, crossed_order, …"),
    413: ("body_too_large", "More than 65,536 bytes."),
    429: ("rate_limited", "More messages per second than a connection may send."),
    503: ("journal_full", "There is no room to keep another command."),
}
OTHER = {"model": answers.Refused, "description": "Any other refusal: method_not_allowed, internal_error."}

BEARER = HTTPBearer(scheme_name="bearer", auto_error=False, description="Only where the server has tokens.")


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of refusals, for the routes that have them."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        code, description = CODES[status]
        example = {"error": {"code": code, "message": HTTPStatus(status).phrase}}
        content = {"application/json": {"example": example}}
        found[status] = {"model": answers.Refused, "description": description, "content": content}
    return found | {"default": OTHER}
