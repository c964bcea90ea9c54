"""The limits that an instrument may set on orders: docs/money.md has the rules."""

from libc.stdint cimport uint64_t


cdef struct Limits:
    bint any                   # False: none is set, and nothing below is looked at
    bint banded                # a price band is set
    bint referred              # a reference price is
    uint64_t reference_price   # ticks
    uint64_t price_band        # ticks to either side
    uint64_t quantity_max      # lots; 2^64-1 where none is set, here and below
    uint64_t notional_max      # ticks × lots
    uint64_t open_orders_max   # resting orders of one account


cdef int limits_set(Limits *limits, object instrument) except -1

cdef bint out_of_band(const Limits *limits, uint64_t price) noexcept nogil
