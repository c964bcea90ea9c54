from collections.abc import Callable
from enum import IntEnum

from orderbook import CommandKind

__all__: list[str]

class ExecutionKind(IntEnum):
    ACCEPTED = 1
    FILLED = 2
    CANCELED = 3
    REFUSED = 4

class CancelReason(IntEnum):
    REQUESTED = 1
    SELF_TRADE = 2
    UNFILLED = 3

class Execution:
    """Immutable. The fields that a kind has, as AccountEvent in orderbook.proto says; 0, None or False elsewhere."""

    sequence: int
    timestamp: int
    instrument: int
    order_id: int
    kind: ExecutionKind
    command: int  # ACCEPTED, REFUSED: the kind of the command, as in a COMMAND record
    side: int  # ACCEPTED, FILLED, CANCELED: a Side
    order_type: int  # ACCEPTED: an OrderType
    price: int | None
    quantity: int
    open_quantity: int  # FILLED, CANCELED
    counter_order_id: int  # FILLED
    maker: bool  # FILLED
    cancel_reason: int  # CANCELED: a CancelReason
    refusal: int  # REFUSED: the number of the error
