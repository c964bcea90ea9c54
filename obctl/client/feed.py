"""Events of the feeds, as plain data for JSON and as lines for people."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from obctl.client.words import ORDER_TYPE_WORDS, SIDE_WORDS, lots
from orderbook import BookAdded, BookRemoved, BookUpdated, OrderType, Rejection, Side, Trade

if TYPE_CHECKING:
    from agents.gateways.grpc import Execution, MarketEvent

Record = dict[str, Any]
KINDS = {BookAdded: "added", BookUpdated: "updated", BookRemoved: "removed", Trade: "trade", Rejection: "rejection"}
UNKNOWN = "unknown"  # a kind that came after this client


def market_record(told: "MarketEvent") -> Record:
    """Return an event of the public feed as JSON writes it."""
    event = told.event
    kind = KINDS.get(type(event), UNKNOWN)
    names: tuple[str, ...] = () if kind == UNKNOWN else event.__match_args__[2:]
    head = {"sequence": event.sequence, "timestamp_ns": event.timestamp, "symbol": told.symbol, "kind": kind}
    return head | {name: as_word(getattr(event, name)) for name in names}


def execution_record(execution: "Execution") -> Record:
    """Return an execution of an account as JSON writes it."""
    told = {field.name: as_word(getattr(execution, field.name)) for field in fields(execution)}
    head = {name: told.pop(name) for name in ("sequence", "timestamp_ns", "symbol")}
    return head | {"kind": execution.kind} | told


def as_word(value: Any) -> Any:
    """Return the word for a member of an enumeration, anything else as it is."""
    if isinstance(value, Side):
        return SIDE_WORDS[value]
    if isinstance(value, OrderType):
        return ORDER_TYPE_WORDS[value]
    return value.name.lower() if isinstance(value, IntEnum) else value


def line_of(record: Record) -> str:
    """Return a record as a line: number, time in UTC, instrument, and what happened."""
    seconds, nanoseconds = divmod(record["timestamp_ns"], 10**9)
    time = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{nanoseconds // 1000:06}"
    return f"{record['sequence']}  {time}  {record['symbol']}  {WORDS[record['kind']](record)}"


def terms(record: Record) -> str:
    """Return side, type, quantity and price of an order, as far as the record has them."""
    parts = [record["side"], record.get("order_type"), lots(record["quantity"])]
    if record["price"] is not None:
        parts.append(f"at {record['price']}")
    return " ".join(part for part in parts if part)


def filled(record: Record) -> str:
    """Tell of a trade of an account's order."""
    role = "maker" if record["is_maker"] else "taker"
    left = f"{record['open_quantity']} open"
    return (
        f"order {record['order_id']} filled as {role} with order {record['counter_order_id']}: {terms(record)}, {left}"
    )


def refused(record: Record) -> str:
    """Tell of a command of an account that was refused; a cancel of all has no order."""
    if record["command"] == "cancel_all":
        return f"cancel_all refused: {record['code']}"
    return f"order {record['order_id']} refused, {record['command']}: {record['code']}"


def trade(record: Record) -> str:
    """Tell of a trade."""
    taker = f"{record['taker_side']} {record['order_type']} order {record['taker_order_id']}"
    return f"traded {lots(record['quantity'])} at {record['price']}: {taker} with order {record['maker_order_id']}"


WORDS: dict[str, Callable[[Record], str]] = {
    "added": lambda record: f"order {record['order_id']} rests: {terms(record)}",
    "updated": lambda record: f"order {record['order_id']} changed: {terms(record)}",
    "removed": lambda record: f"order {record['order_id']} left, {record['reason']}: {terms(record)}",
    "trade": trade,
    "rejection": lambda record: f"order {record['order_id']} rejected, {record['reason']}: {terms(record)}",
    "accepted": lambda record: f"order {record['order_id']} accepted, {record['command']}: {terms(record)}",
    "filled": filled,
    "canceled": lambda record: (
        f"order {record['order_id']} canceled, {record['reason']}: {terms(record)}, {record['open_quantity']} open"
    ),
    "refused": refused,
    UNKNOWN: lambda record: "something that this version does not know",
}
