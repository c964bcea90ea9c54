"""From a C code to the exception that Python sees, with a sentence that names the order or the account."""

from orderbook.errors import BY_NUMBER

cdef dict ORDER_REASONS = {
    "duplicate_order": "an order with this id is resting",
    "unknown_order": "no resting order has this id",
    "invalid_quantity": "the quantity is 0",
    "crossed_order": "it would trade",
    "missing_price": "only a MARKET order may come without a price",
    "unknown_account": "its account was never credited",
    "account_mismatch": "it belongs to another account",
    "numeric_overflow": "its value, or its side's total with it, would be above 2^64-1",
    "price_out_of_band": "its price is outside the instrument's band",
    "quantity_too_large": "its quantity is above the instrument's limit",
    "notional_too_large": "its value is above the instrument's limit",
    "too_many_orders": "its account has as many orders resting as the instrument allows",
    "capacity_exceeded": "the cap on orders or levels, or memory, is exhausted",
    "halted": "the instrument is halted",
}
cdef dict ACCOUNT_REASONS = {
    "unknown_account": "it was never credited",
    "insufficient_base": "less of the base asset is available to it",
    "insufficient_quote": "less of the quote asset is available to it",
    "numeric_overflow": "more than 2^64-1 of an asset would be issued in all",
    "capacity_exceeded": "memory for accounts is exhausted",
}


cdef int refuse(int code, uint64_t order_id) except -1:
    error = BY_NUMBER[code]
    raise error(f"order {order_id}: {ORDER_REASONS[error.code]}")


cdef int refuse_account(int code, uint64_t account_id) except -1:
    error = BY_NUMBER[code]
    raise error(f"account {account_id}: {ACCOUNT_REASONS[error.code]}")


cdef int refuse_funds(int code, uint64_t order_id, uint64_t account_id, uint64_t available, str asset) except -1:
    raise BY_NUMBER[code](f"order {order_id}: account {account_id} has but {available} {asset} available")
