"""How the line protocol writes results and events, for the reference."""

from typing import Any

from orderbook import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    MatchResult,
    OrderType,
    Rejection,
    RejectReason,
    RemoveReason,
    Side,
    Trade,
)

SIDE_WORDS = {Side.BID: "B", Side.ASK: "A"}
TYPE_WORDS = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.IOC: "IOC",
    OrderType.FOK: "FOK",
    OrderType.POST_ONLY: "POST_ONLY",
}
REMOVE_WORDS = {RemoveReason.FILLED: "FILLED", RemoveReason.CANCELED: "CANCELED", RemoveReason.SELF_TRADE: "CANCELED"}
REJECT_WORDS = {
    RejectReason.DUPLICATE: "DUPLICATE",
    RejectReason.CROSSED: "CROSSED",
    RejectReason.INVALID_QUANTITY: "INVALID_QTY",
    RejectReason.MISSING_PRICE: "MISSING_PRICE",
    RejectReason.INSUFFICIENT_LIQUIDITY: "INSUFFICIENT_LIQ",
}
EVENT_WORDS = {
    BookAdded: "BOOK_ADD",
    BookUpdated: "BOOK_UPDATE",
    BookRemoved: "BOOK_REMOVE",
    Trade: "TRADE",
    Rejection: "REJECT",
}
ENUM_WORDS = {Side: SIDE_WORDS, OrderType: TYPE_WORDS, RemoveReason: REMOVE_WORDS, RejectReason: REJECT_WORDS}


def word(value: Any) -> str:
    """Return a value as it stands on a line; None is `-`."""
    if type(value) in ENUM_WORDS:
        return ENUM_WORDS[type(value)][value]
    return "-" if value is None else str(value)


def words(*values: Any) -> str:
    """Return values as a line."""
    return " ".join(map(word, values))


def colons(*values: Any) -> str:
    """Return values as one word with colons."""
    return ":".join(map(word, values))


def level_word(level: Any) -> str:
    """Return a level of a snapshot as one word; all of its orders have its side."""
    orders = (f"{order.id}@{order.quantity}" for order in level.orders)
    return colons(level.orders[0].side, level.price, level.total_quantity, *orders)


def exec_line(result: MatchResult) -> str:
    """Return what an order did: what is left over, what rests, then the fills."""
    parts = ["EXEC", result.unfilled]
    if result.resting is not None:
        parts += ["REST", *result.resting]
    for fill in result.fills:
        parts += ["FILL", *fill]
    return words(*parts)


def event_line(event: Any) -> str:
    """Return an event's line, without a symbol: its fields are the line's, once number and time are taken off."""
    return words("EVENT", event.sequence, EVENT_WORDS[type(event)], *tuple(event)[2:])
