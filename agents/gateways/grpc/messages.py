"""Calls as values: what is sent, and how the answer is read. Both clients make and read them, and none knows more.

Prices are in ticks, quantities in lots; symbol: "" is the server's first instrument.
"""

# mypy: disable-error-code="arg-type"
# The stubs of messages take their own enumerations only; the engine's have the same values.

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from agents.gateways.grpc.events import MarketEvent, market_event
from agents.gateways.grpc.executions import Execution, execution
from agents.gateways.grpc.statuses import refusal
from agents.replica import Depth
from orderbook import (
    AccountSnapshot,
    BookSnapshot,
    Fill,
    LevelDepth,
    LevelSnapshot,
    MatchResult,
    OrderType,
    OrderView,
    Side,
)
from orderbook_wire.v1 import orderbook_pb2 as wire

T = TypeVar("T")
SERVICE = wire.DESCRIPTOR.services_by_name["OrderBookService"]

PROBE_SECONDS = 1.0  # for a channel that does not get ready to say why


class OpenOrders(NamedTuple):
    """An account's resting orders in one instrument, in the order in which they came to rest.

    sequence, account_sequence: of the last event, and of the account's last execution, that the list contains.
    """

    orders: tuple[OrderView, ...]
    sequence: int
    account_sequence: int


class InstrumentInfo(NamedTuple):
    """One market. tick_size, lot_size: what a tick and a lot are worth to people."""

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    is_halted: bool


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request for one answer. what: the thing asked for, as errors say it."""

    rpc: str
    request: Message
    what: str
    read: Callable[[Any], T]

    def answer(self, response: Any) -> T:
        """Read the answer; raise the engine's exception where it is a refusal."""
        if not response.status.ok:
            raise refusal(response.status.error_message, self.what)
        return self.read(response)


@dataclass(frozen=True, slots=True)
class Subscription(Generic[T]):
    """One request for a feed. read: how its messages are."""

    rpc: str
    request: Message
    what: str
    read: Callable[[Any], T]


class Method(NamedTuple):
    """An RPC, as channels take it."""

    path: str
    serialize: Callable[[Any], bytes]
    parse: Callable[[bytes], Any]


METHODS = {
    method.name: Method(
        f"/{SERVICE.full_name}/{method.name}",
        GetMessageClass(method.input_type).SerializeToString,
        GetMessageClass(method.output_type).FromString,
    )
    for method in SERVICE.methods
}


def metadata(token: str | None) -> tuple[tuple[str, str], ...]:
    """Return what goes with every call; raise ValueError, which does not tell the token.

    gRPC's own call credentials would want TLS, which loopback can do without.
    """
    if token is None:
        return ()
    if not token or not all("!" <= letter <= "~" for letter in token):
        raise ValueError("the token is empty, or has characters that no token has")
    return (("authorization", f"Bearer {token}"),)


def submit_order(
    account_id: int, order_id: int, side: Side, kind: OrderType, price: int | None, quantity: int, symbol: str
) -> Call[MatchResult]:
    """Send a new order."""
    request = wire.NewOrderRequest(
        account_id=account_id,
        order_id=order_id,
        side=Side(side),
        order_type=OrderType(kind),
        price=price,
        quantity=quantity,
        symbol=symbol,
    )
    return Call("NewOrder", request, _order(order_id, account_id, symbol), _match_result)


def modify_order(account_id: int, order_id: int, quantity: int, price: int | None, symbol: str) -> Call[MatchResult]:
    """Change an order."""
    request = wire.ModifyOrderRequest(
        account_id=account_id, order_id=order_id, quantity=quantity, price=price, symbol=symbol
    )
    return Call("ModifyOrder", request, f"change of {_order(order_id, account_id, symbol)}", _match_result)


def cancel_order(account_id: int, order_id: int, symbol: str) -> Call[int]:
    """Take an order back; answer: the lots that were open."""
    request = wire.CancelOrderRequest(account_id=account_id, order_id=order_id, symbol=symbol)
    what = f"cancel of {_order(order_id, account_id, symbol)}"
    return Call("CancelOrder", request, what, lambda response: int(response.canceled_quantity))


def cancel_all(account_id: int, symbol: str) -> Call[int]:
    """Take all orders of an account back; answer: how many there were."""
    request = wire.CancelAllRequest(account_id=account_id, symbol=symbol)
    what = f"cancel of all orders of account {account_id}{_within(symbol)}"
    return Call("CancelAll", request, what, lambda response: int(response.canceled_count))


def snapshot(symbol: str) -> Call[BookSnapshot]:
    """Ask for a whole book."""
    return Call("Snapshot", wire.SnapshotRequest(symbol=symbol), f"snapshot{_within(symbol)}", _snapshot)


def depth(levels: int, symbol: str) -> Call[Depth]:
    """Ask for the best levels."""
    return Call("GetDepth", wire.GetDepthRequest(symbol=symbol, levels=levels), f"depth{_within(symbol)}", _depth)


def open_orders(account_id: int, symbol: str) -> Call[OpenOrders]:
    """Ask for an account's orders."""
    request = wire.ListOpenOrdersRequest(account_id=account_id, symbol=symbol)
    return Call("ListOpenOrders", request, f"open orders of account {account_id}{_within(symbol)}", _open_orders)


def credit_account(account_id: int, base: int, quote: int, symbol: str) -> Call[AccountSnapshot]:
    """Give an account base and quote."""
    request = wire.CreditAccountRequest(account_id=account_id, base=base, quote=quote, symbol=symbol)
    what = f"credit of {base} base and {quote} quote to account {account_id}{_within(symbol)}"
    return Call("CreditAccount", request, what, _balance)


def debit_account(account_id: int, base: int, quote: int, symbol: str) -> Call[AccountSnapshot]:
    """Take base and quote from an account."""
    request = wire.DebitAccountRequest(account_id=account_id, base=base, quote=quote, symbol=symbol)
    what = f"debit of {base} base and {quote} quote from account {account_id}{_within(symbol)}"
    return Call("DebitAccount", request, what, _balance)


def get_balance(account_id: int, symbol: str) -> Call[AccountSnapshot]:
    """Ask for what an account has."""
    request = wire.GetBalanceRequest(account_id=account_id, symbol=symbol)
    return Call("GetBalance", request, f"balance of account {account_id}{_within(symbol)}", _balance)


def instruments() -> Call[tuple[InstrumentInfo, ...]]:
    """Ask for the instruments, in the order of their configuration."""
    return Call("ListInstruments", wire.ListInstrumentsRequest(), "instruments", _instruments)


def probe() -> Call[object]:
    """Ask for nothing much, to hear why there is no connection."""
    return Call("ListInstruments", wire.ListInstrumentsRequest(), "connection", lambda response: response)


def events(from_sequence: int | None) -> Subscription[MarketEvent]:
    """Follow the public feed, after a number, by default from now on."""
    request = wire.StreamEventsRequest(from_sequence=from_sequence)
    return Subscription("StreamEvents", request, f"events{_after(from_sequence)}", market_event)


def account_events(account_id: int, from_sequence: int | None) -> Subscription[Execution]:
    """Follow an account's executions, after a number, by default from now on."""
    request = wire.StreamAccountEventsRequest(account_id=account_id, from_sequence=from_sequence)
    what = f"executions of account {account_id}{_after(from_sequence)}"
    return Subscription("StreamAccountEvents", request, what, execution)


def _order(order_id: int, account_id: int, symbol: str) -> str:
    return f"order {order_id} of account {account_id}{_within(symbol)}"


def _within(symbol: str) -> str:
    return f" in {symbol}" if symbol else ""


def _after(sequence: int | None) -> str:
    return "" if sequence is None else f" after {sequence}"


def _view(order: wire.BookOrder | wire.RestingOrder) -> OrderView:
    return OrderView(order.order_id, order.side, order.price, order.quantity)


def _match_result(response: wire.NewOrderResponse | wire.ModifyOrderResponse) -> MatchResult:
    fills = [Fill(fill.maker_id, fill.price, fill.quantity) for fill in response.fills]
    resting = _view(response.resting) if response.HasField("resting") else None
    return MatchResult(fills, resting, response.unfilled_quantity)


def _snapshot(response: wire.SnapshotResponse) -> BookSnapshot:
    bids, asks = (
        [LevelSnapshot(level.price, level.total_quantity, map(_view, level.orders)) for level in levels]
        for levels in (response.bids, response.asks)
    )
    return BookSnapshot(bids, asks, response.sequence)


def _depth(response: wire.GetDepthResponse) -> Depth:
    bids, asks = (
        tuple(LevelDepth(level.price, level.total_quantity, level.order_count) for level in levels)
        for levels in (response.bids, response.asks)
    )
    return Depth(bids, asks, response.sequence)


def _open_orders(response: wire.ListOpenOrdersResponse) -> OpenOrders:
    return OpenOrders(tuple(map(_view, response.orders)), response.sequence, response.account_sequence)


def _balance(
    response: wire.CreditAccountResponse | wire.DebitAccountResponse | wire.GetBalanceResponse,
) -> AccountSnapshot:
    has = response.balance
    return AccountSnapshot(has.available_base, has.reserved_base, has.available_quote, has.reserved_quote)


def _instruments(response: wire.ListInstrumentsResponse) -> tuple[InstrumentInfo, ...]:
    return tuple(
        InstrumentInfo(each.symbol, each.base, each.quote, Decimal(each.tick_size), Decimal(each.lot_size), each.halted)
        for each in response.instruments
    )
