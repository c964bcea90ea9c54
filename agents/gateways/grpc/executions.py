"""An account's executions: messages of its own feed, and what they say."""

from dataclasses import dataclass
from typing import ClassVar

from agents.gateways.grpc.events import order_type
from orderbook import OrderType, Side
from orderbook_wire.v1 import orderbook_pb2 as wire


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of an account. kind: the word for it; "unknown", of one that came after this client.

    sequence rises from execution to execution, with gaps. timestamp_ns: nanoseconds since 1970, when the command that
    caused it was put in order. order_id: the account's order; 0 where a cancel of all was refused. Prices are in ticks,
    quantities in lots.
    """

    kind: ClassVar[str] = "unknown"

    sequence: int
    timestamp_ns: int
    symbol: str
    order_id: int


@dataclass(frozen=True, slots=True)
class Accepted(Execution):
    """A new order, or a change of one (command: "new", "modify"), passed all checks. price: None of a market order."""

    kind: ClassVar[str] = "accepted"

    command: str
    side: Side
    order_type: OrderType
    price: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Filled(Execution):
    """The order traded, at the maker's price. open_quantity: what is open of it afterwards."""

    kind: ClassVar[str] = "filled"

    side: Side
    is_maker: bool
    counter_order_id: int
    price: int
    quantity: int
    open_quantity: int


@dataclass(frozen=True, slots=True)
class Canceled(Execution):
    """Lots were taken off the order. reason: "requested", "self_trade", "unfilled"."""

    kind: ClassVar[str] = "canceled"

    side: Side
    price: int | None
    quantity: int
    open_quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class Refused(Execution):
    """A command ("new", "modify", "cancel", "cancel_all") was refused, and changed nothing. code: of the refusal."""

    kind: ClassVar[str] = "refused"

    command: str
    code: str


COMMANDS = {  # by value, as words
    wire.COMMAND_KIND_NEW: "new",
    wire.COMMAND_KIND_MODIFY: "modify",
    wire.COMMAND_KIND_CANCEL: "cancel",
    wire.COMMAND_KIND_CANCEL_ALL: "cancel_all",
}
REASONS = {
    wire.CANCEL_REASON_REQUESTED: "requested",
    wire.CANCEL_REASON_SELF_TRADE: "self_trade",
    wire.CANCEL_REASON_UNFILLED: "unfilled",
}


def execution(message: wire.AccountEvent) -> Execution:
    """Read an execution; words for what came after this client are "unknown"."""
    common = (message.sequence, message.timestamp_ns, message.symbol, message.order_id)
    try:
        match message.WhichOneof("kind"):
            case "accepted":
                return _accepted(common, message.accepted)
            case "filled":
                return _filled(common, message.filled)
            case "canceled":
                return _canceled(common, message.canceled)
            case "refused":
                command = COMMANDS.get(message.refused.command, "unknown")
                return Refused(*common, command, message.refused.error_message)
    except ValueError:  # no such side
        pass
    return Execution(*common)


Common = tuple[int, int, str, int]


def _accepted(common: Common, of: wire.OrderAccepted) -> Accepted:
    price = of.price if of.HasField("price") else None
    command = COMMANDS.get(of.command, "unknown")
    return Accepted(*common, command, Side(of.side), order_type(of.order_type), price, of.quantity)


def _filled(common: Common, of: wire.OrderFilled) -> Filled:
    is_maker = of.liquidity == wire.LIQUIDITY_MAKER
    side = Side(of.side)
    return Filled(*common, side, is_maker, of.counter_order_id, of.price, of.quantity, of.open_quantity)


def _canceled(common: Common, of: wire.OrderCanceled) -> Canceled:
    price = of.price if of.HasField("price") else None
    reason = REASONS.get(of.reason, "unknown")
    return Canceled(*common, Side(of.side), price, of.quantity, of.open_quantity, reason)
