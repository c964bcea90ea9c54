"""Messages of the public feed, read as the engine's own events."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from orderbook import BookAdded, BookRemoved, BookUpdated, OrderType, Rejection, RemoveReason, Trade
from orderbook.views import EngineEvent
from orderbook_wire.v1 import orderbook_pb2 as wire


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event of a kind that came after this client; its number counts all the same. timestamp: as of others."""

    sequence: int
    timestamp: int


class MarketEvent(NamedTuple):
    """One event of the public feed, and the instrument that it happened in; the event's own `instrument` is 0."""

    symbol: str
    event: EngineEvent | UnknownEvent


ORDER_TYPES = frozenset(OrderType)


def order_type(number: int) -> OrderType:
    """Return a type of order; one that is not known is LIMIT, as the interface has it."""
    return OrderType(number) if number in ORDER_TYPES else OrderType.LIMIT


def _removed(sequence: int, timestamp: int, of: wire.BookRemoved) -> BookRemoved:
    filled = of.reason == wire.BOOK_REMOVE_REASON_FILLED
    reason = RemoveReason.FILLED if filled else RemoveReason.CANCELED  # as the server itself tells what is no fill
    return BookRemoved(sequence, timestamp, of.order_id, of.side, of.price, of.quantity, reason)


def _trade(sequence: int, timestamp: int, of: wire.TradeEvent) -> Trade:
    return Trade(
        sequence,
        timestamp,
        of.taker_order_id,
        of.maker_order_id,
        of.taker_side,
        order_type(of.order_type),
        of.price,
        of.quantity,
    )


def _rejection(sequence: int, timestamp: int, of: wire.RejectionEvent) -> Rejection:
    price = of.price if of.HasField("price") else None
    kind = order_type(of.order_type)
    return Rejection(sequence, timestamp, of.order_id, of.side, kind, price, of.quantity, of.reason)


KINDS: dict[str | None, Callable[[int, int, Any], EngineEvent]] = {
    "added": lambda sequence, time, of: BookAdded(sequence, time, of.order_id, of.side, of.price, of.quantity),
    "updated": lambda sequence, time, of: BookUpdated(sequence, time, of.order_id, of.side, of.price, of.quantity),
    "removed": _removed,
    "trade": _trade,
    "rejection": _rejection,
}


def market_event(message: wire.EngineEvent) -> MarketEvent:
    """Read an event; one that means nothing to this client is an `UnknownEvent`."""
    field: str | None = message.WhichOneof("payload")
    payload = getattr(message, field) if field else message
    if field == "book":
        field = message.book.WhichOneof("kind")
        payload = getattr(message.book, field) if field else message
    event: EngineEvent | UnknownEvent
    try:
        event = KINDS[field](message.sequence, message.timestamp_ns, payload)
    except (KeyError, ValueError):  # no such kind; no such side, or reason of a rejection
        event = UnknownEvent(message.sequence, message.timestamp_ns)
    return MarketEvent(message.symbol, event)
