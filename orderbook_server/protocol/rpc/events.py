"""Events of the public feed, and executions of an account, as messages."""

# mypy: disable-error-code="arg-type"
# The stubs of messages take their own enumerations only; the engine's have the same values.

from collections.abc import Callable
from typing import Any

from orderbook import BookAdded, BookRemoved, BookUpdated, Rejection, RemoveReason, Trade
from orderbook.errors import BY_NUMBER
from orderbook.views import EngineEvent
from orderbook_server.sequencer.executions import Execution, ExecutionKind
from orderbook_wire.v1 import orderbook_pb2 as wire

REMOVE_REASONS = {
    RemoveReason.FILLED: wire.BOOK_REMOVE_REASON_FILLED,
    RemoveReason.CANCELED: wire.BOOK_REMOVE_REASON_CANCELED,
    RemoveReason.SELF_TRADE: wire.BOOK_REMOVE_REASON_CANCELED,  # older clients know no other
}


def _added(event: BookAdded) -> wire.BookEvent:
    return wire.BookEvent(
        added=wire.BookAdded(order_id=event.order_id, side=event.side, price=event.price, quantity=event.quantity)
    )


def _updated(event: BookUpdated) -> wire.BookEvent:
    return wire.BookEvent(
        updated=wire.BookUpdated(order_id=event.order_id, side=event.side, price=event.price, quantity=event.quantity)
    )


def _removed(event: BookRemoved) -> wire.BookEvent:
    return wire.BookEvent(
        removed=wire.BookRemoved(
            order_id=event.order_id,
            side=event.side,
            price=event.price,
            quantity=event.quantity,
            reason=REMOVE_REASONS[event.reason],
        )
    )


def _trade(event: Trade) -> wire.TradeEvent:
    return wire.TradeEvent(
        taker_order_id=event.taker_order_id,
        maker_order_id=event.maker_order_id,
        taker_side=event.taker_side,
        order_type=event.order_type,
        price=event.price,
        quantity=event.quantity,
    )


def _rejection(event: Rejection) -> wire.RejectionEvent:
    return wire.RejectionEvent(
        order_id=event.order_id,
        side=event.side,
        order_type=event.order_type,
        price=event.price,
        quantity=event.quantity,
        reason=event.reason,
    )


PAYLOADS: dict[type, tuple[str, Callable[[Any], Any]]] = {  # by kind: the field of EngineEvent, and what goes in
    BookAdded: ("book", _added),
    BookUpdated: ("book", _updated),
    BookRemoved: ("book", _removed),
    Trade: ("trade", _trade),
    Rejection: ("rejection", _rejection),
}


def engine_event(event: EngineEvent, symbols: tuple[str, ...]) -> wire.EngineEvent:
    """Return an event of the feed; symbols: those of the instruments, by position."""
    field, payload = PAYLOADS[type(event)]
    return wire.EngineEvent(
        sequence=event.sequence,
        symbol=symbols[event.instrument],
        timestamp_ns=event.timestamp,
        **{field: payload(event)},
    )


def _accepted(execution: Execution) -> wire.OrderAccepted:
    return wire.OrderAccepted(
        command=execution.command,
        side=execution.side,
        order_type=execution.order_type,
        price=execution.price,
        quantity=execution.quantity,
    )


def _filled(execution: Execution) -> wire.OrderFilled:
    return wire.OrderFilled(
        side=execution.side,
        liquidity=wire.LIQUIDITY_MAKER if execution.maker else wire.LIQUIDITY_TAKER,
        counter_order_id=execution.counter_order_id,
        price=execution.price,
        quantity=execution.quantity,
        open_quantity=execution.open_quantity,
    )


def _canceled(execution: Execution) -> wire.OrderCanceled:
    return wire.OrderCanceled(
        side=execution.side,
        price=execution.price,
        quantity=execution.quantity,
        open_quantity=execution.open_quantity,
        reason=execution.cancel_reason,
    )


def _refused(execution: Execution) -> wire.OrderRefused:
    return wire.OrderRefused(command=execution.command, error_message=BY_NUMBER[execution.refusal].code)


KINDS: dict[int, tuple[str, Callable[[Execution], Any]]] = {  # by kind: the field of AccountEvent, and what goes in
    ExecutionKind.ACCEPTED: ("accepted", _accepted),
    ExecutionKind.FILLED: ("filled", _filled),
    ExecutionKind.CANCELED: ("canceled", _canceled),
    ExecutionKind.REFUSED: ("refused", _refused),
}


def account_event(execution: Execution, symbols: tuple[str, ...]) -> wire.AccountEvent:
    """Return an execution of an account; symbols: those of the instruments, by position."""
    field, kind = KINDS[execution.kind]
    return wire.AccountEvent(
        sequence=execution.sequence,
        timestamp_ns=execution.timestamp,
        symbol=symbols[execution.instrument],
        order_id=execution.order_id,
        **{field: kind(execution)},
    )
