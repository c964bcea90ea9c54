"""Making MatchResults of what a matcher did, and room for their fills before it does it."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.book cimport book_find, opposite_of, order_at
from orderbook.fills cimport FillBuffer
from orderbook.guard cimport Guard, guard_hold
from orderbook.matching cimport Matcher, makers_of
from orderbook.records cimport CAPACITY_EXCEEDED, Fill, Order
from orderbook.refusals cimport refuse
from orderbook.views cimport Fill as FillView, MatchResult, OrderView, new_fill, new_match_result, new_order_view

cdef tuple NO_FILLS = ()

cdef enum:
    FEW_FILLS = 1024  # up to so many, their Python objects are made after the trades


cdef tuple blank_fills(Matcher *matcher, Guard guard, uint64_t order_id, int side, uint64_t limit_key,
                       uint64_t quantity):
    """Return the Fill objects of a command that may make many, before it changes anything; None where they are few.

    Raise CapacityExceeded where there is no memory for them: after the trades, it would be too late.
    """
    if min(<uint64_t>opposite_of(matcher.book, side).order_count, quantity) <= FEW_FILLS:
        return None
    guard_hold(guard)
    try:
        return tuple([new_fill(0, 0, 0) for _ in range(makers_of(matcher.book, side, limit_key, quantity))])
    except MemoryError:
        refuse(CAPACITY_EXCEEDED, order_id)
    finally:
        guard.busy = False


cdef tuple blank_fills_of_reprice(Matcher *matcher, Guard guard, uint64_t order_id, uint64_t quantity, uint64_t price):
    """Return the same for a resting order that gets a new price; None where there is no such order."""
    cdef uint32_t slot = book_find(matcher.book, order_id)
    cdef int side = order_at(matcher.book, slot).side
    if slot == 0:
        return None
    return blank_fills(matcher, guard, order_id, side, price ^ opposite_of(matcher.book, side).mask, quantity)


cdef tuple fills_of(const FillBuffer *fills, Guard guard, tuple blanks):
    """Return the last single command's fills, in `blanks` if there are any."""
    cdef uint64_t count = fills.size
    cdef const Fill *fill = fills.items
    cdef FillView view
    cdef uint64_t i
    if count == 0:
        return NO_FILLS
    if blanks is None:
        guard.busy = True  # a finalizer that runs meanwhile must not bring the next command
        try:
            blanks = tuple([new_fill(0, 0, 0) for _ in range(count)])
        finally:
            guard.busy = False
    for i in range(count):
        view = <FillView>blanks[i]
        view.maker_id = fill[i].maker_order_id
        view.price = fill[i].price
        view.quantity = fill[i].quantity
    return blanks


cdef MatchResult result_of(const Matcher *matcher, Guard guard, tuple blanks):
    """Return the last single command's MatchResult."""
    cdef uint64_t unfilled = matcher.unfilled
    cdef OrderView resting = None
    cdef const Order *order
    if matcher.resting:
        order = order_at(matcher.book, matcher.resting)
        resting = new_order_view(order.id, order.side, order.price, order.quantity)
    return new_match_result(fills_of(matcher.fills, guard, blanks), resting, unfilled)
