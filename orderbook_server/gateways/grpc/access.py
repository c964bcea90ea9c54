"""Who may call what: one table for all RPCs, and the gate that every call passes."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import grpc

from orderbook_server.auth import OPEN, Access
from orderbook_server.config import Settings
from orderbook_server.gateways.grpc.refusals import Refused
from orderbook_server.gateways.limits import RateLimit
from orderbook_server.protocol.rpc import trade
from orderbook_wire.v1 import orderbook_pb2 as wire

Context = grpc.aio.ServicerContext[Any, Any]


class Need(Enum):
    """What a token must allow for a call."""

    READ = "what is public"
    ACCOUNT_READ = "what is private to the account of the request"
    TRADE = "orders for the account of the request"
    TRADE_STREAM = "orders at all; the accounts are looked at batch by batch"
    CREDIT = "money"


NEEDS = {  # by RPC: none can be left out, as the service is built from the proto's list of them
    "NewOrder": Need.TRADE,
    "ModifyOrder": Need.TRADE,
    "CancelOrder": Need.TRADE,
    "CancelAll": Need.TRADE,
    "Trade": Need.TRADE_STREAM,
    "CreditAccount": Need.CREDIT,
    "DebitAccount": Need.CREDIT,
    "Snapshot": Need.READ,
    "GetDepth": Need.READ,
    "ListInstruments": Need.READ,
    "StreamEvents": Need.READ,
    "GetBalance": Need.ACCOUNT_READ,
    "ListOpenOrders": Need.ACCOUNT_READ,
    "StreamAccountEvents": Need.ACCOUNT_READ,
}

ALLOWS: dict[Need, Callable[[Access, Any], bool]] = {
    Need.READ: lambda access, request: True,
    Need.ACCOUNT_READ: lambda access, request: access.may_read(request.account_id),
    Need.TRADE: lambda access, request: access.may_trade(request.account_id),
    Need.TRADE_STREAM: lambda access, request: access.role != "viewer",
    Need.CREDIT: lambda access, request: access.may_credit(),
}


def check(access: Access, rpc: str, request: Any) -> None:
    """Raise Refused where a token does not allow a call with this request."""
    if not ALLOWS[NEEDS[rpc]](access, request):
        raise Refused(grpc.StatusCode.PERMISSION_DENIED, f"{rpc} is for tokens that allow {NEEDS[rpc].value}")


def check_batch(access: Access, request: wire.TradeRequest) -> None:
    """Raise Refused where a token does not allow one of the commands of a batch."""
    if access.role == "admin":
        return
    strange = {account_id for account_id in trade.accounts_of(request) if not access.may_trade(account_id)}
    if strange or trade.has_credits(request):
        what = f"account {min(strange)} is" if strange else "credits are"
        raise Refused(grpc.StatusCode.PERMISSION_DENIED, f"{what} not the token's")


class Gate:
    """Lets calls in: the rate of their connection is looked at first, then their token."""

    def __init__(self, settings: Settings, authenticate: Callable[[str], Access | None] | None) -> None:
        per_second = settings.messages_per_second
        self._rate = RateLimit(per_second) if per_second else None
        self._authenticate = authenticate

    def count(self, context: Context, messages: int) -> None:
        """Count messages of a connection; raise Refused where they are more than it may send now."""
        if self._rate is not None and not self._rate.take(context.peer(), messages):
            raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "more messages per second than a connection may send")

    def access(self, context: Context) -> Access:
        """Return what the token of a call may; raise Refused without a known one where tokens are asked for."""
        if self._authenticate is None:
            return OPEN
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                scheme, _, token = str(value).partition(" ")
                access = self._authenticate(token.strip()) if scheme.lower() == "bearer" else None
                if access is not None:
                    return access
        raise Refused(grpc.StatusCode.UNAUTHENTICATED, "no known token in the metadata: authorization: Bearer TOKEN")
