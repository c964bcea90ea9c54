"""From a C code to the exception that Python sees, with a sentence that names the order."""

from orderbook.errors import BY_NUMBER

cdef dict REASONS = {
    "duplicate_order": "an order with this id is resting",
    "unknown_order": "no resting order has this id",
    "invalid_quantity": "the quantity is 0",
    "crossed_order": "it would trade",
    "missing_price": "only a MARKET order may come without a price",
    "numeric_overflow": "its quantity would bring its side's total above 2^64-1",
    "capacity_exceeded": "the cap on orders or levels, or memory, is exhausted",
}


cdef int refuse(int code, uint64_t order_id) except -1:
    error = BY_NUMBER[code]
    raise error(f"order {order_id}: {REASONS[error.code]}")
