"""What a taker would trade, and what it would cost, found out before anything changes."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.book cimport Book, opposite_of
from orderbook.levels cimport BookSide, level_at, level_next
from orderbook.money cimport Money
from orderbook.records cimport Level, unlikely
from orderbook.wide cimport Wide, fits, value_of


cdef struct Reach:
    uint64_t quantity      # lots that would trade
    Wide value             # ticks × lots
    uint64_t makers        # orders that it would trade with


cdef inline Wide market_value(Book *book, int side, uint64_t quantity) noexcept nogil:
    """Return the value of what a market order of `side` would trade, whoever the makers are, or some above 2^64-1.

    O(levels).
    """
    cdef const BookSide *makers = opposite_of(book, side)
    cdef uint32_t slot = makers.best
    cdef const Level *level
    cdef uint64_t traded
    cdef Wide value = 0
    while slot and quantity and fits(value):  # what is above 2^64-1 is refused, however far
        level = level_at(&book.store, slot)
        traded = min(level.total, quantity)
        value += value_of(level.key ^ makers.mask, traded)
        quantity -= traded
        if quantity:
            slot = level_next(&book.store, slot)
    return value


cdef Reach reach_of(Book *book, const Money *money, int side, uint64_t limit_key, uint64_t quantity,
                    bint whole) noexcept nogil


cdef inline Wide market_cost(Book *book, const Money *money, int side, uint64_t quantity) noexcept nogil:
    """Return the value of what the taker at hand would trade with a market order."""
    if unlikely(money.own):
        return reach_of(book, money, side, <uint64_t>-1, quantity, False).value
    return market_value(book, side, quantity)
