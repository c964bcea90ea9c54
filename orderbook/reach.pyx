"""The walk that tells own orders from others', for takers whose self-trades are to be prevented."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.book cimport Book, opposite_of, order_at
from orderbook.levels cimport BookSide, level_at, level_next
from orderbook.money cimport Money
from orderbook.records cimport CANCEL_OLDEST, DECREMENT, Level, Order
from orderbook.wide cimport value_of


cdef Reach reach_of(Book *book, const Money *money, int side, uint64_t limit_key, uint64_t quantity,
                    bint whole) noexcept nogil:
    """Return what the taker at hand would trade up to `limit_key` without trading with itself. O(orders).

    whole: it is to trade all its quantity or nothing, so a decrement ends its way as a cancel does.
    """
    cdef const BookSide *makers = opposite_of(book, side)
    cdef uint32_t level_slot = makers.best
    cdef uint32_t slot
    cdef const Level *level
    cdef const Order *order
    cdef uint64_t met
    cdef Reach reach
    reach.quantity = 0
    reach.value = 0
    reach.makers = 0
    while level_slot and quantity:
        level = level_at(&book.store, level_slot)
        if level.key > limit_key:
            break
        slot = level.oldest
        while slot and quantity:
            order = order_at(book, slot)
            met = min(order.quantity, quantity)
            if order.account != money.own:
                reach.quantity += met
                reach.value += value_of(level.key ^ makers.mask, met)
                reach.makers += 1
                quantity -= met
            elif money.prevention == DECREMENT and not whole:
                quantity -= met
            elif money.prevention != CANCEL_OLDEST:
                return reach
            slot = order.younger
        level_slot = level_next(&book.store, level_slot)
    return reach
