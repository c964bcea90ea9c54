"""What a token must allow for a request. That it is known, the gate has seen to."""

from typing import Annotated

from fastapi import Depends, Request

from orderbook_server.auth import Access
from orderbook_server.gateways.http.doors import Refusal


async def access_of(request: Request) -> Access:
    """Return what the token of a request may."""
    access: Access = request.scope["access"]
    return access


Caller = Annotated[Access, Depends(access_of)]


def may_trade(caller: Access, account_id: int) -> None:
    """Raise Refusal where a token is not for orders of an account."""
    if not caller.may_trade(account_id):
        raise Refusal(403, "permission_denied", f"the token does not allow orders for account {account_id}")


def may_read(caller: Access, account_id: int) -> None:
    """Raise Refusal where a token is not for what is private to an account."""
    if not caller.may_read(account_id):
        raise Refusal(403, "permission_denied", f"the token does not allow a look at account {account_id}")
