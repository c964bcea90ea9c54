"""Window: the best levels of a book as they were last told, and what has changed since.

A walk over the book's best levels is merged with what was told before, both in the order of their side: a level that
stands in one of the two alone came or went, one that stands in both may have changed. Nothing is kept per event, so the
cost is that of the levels, however many commands lie between two looks: O(LEVELS).
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from orderbook.book cimport OrderBook
from orderbook.guard cimport guard_enter
from orderbook.levels cimport BookSide, level_at, level_next
from orderbook.records cimport Level

LEVELS = 500                       # of each side

cdef enum:
    RUNGS = 500                    # LEVELS, for C


cdef struct Rung:
    uint64_t key                   # the price as its side orders it
    uint64_t quantity              # lots
    uint32_t orders


cdef struct Shown:                 # one side, best first
    Rung rungs[RUNGS]
    uint32_t count


cdef void look(OrderBook book, const BookSide *side, Shown *shown) noexcept:
    """Take the best levels of a side."""
    cdef uint32_t slot = side.best
    cdef const Level *level
    shown.count = 0
    while slot and shown.count < RUNGS:
        level = level_at(&book.state.store, slot)
        shown.rungs[shown.count].key = level.key
        shown.rungs[shown.count].quantity = level.total
        shown.rungs[shown.count].orders = level.count
        shown.count += 1
        slot = level_next(&book.state.store, slot)


cdef list difference(const Shown *before, const Shown *now, uint64_t mask):
    """Return the levels that came or changed, as they are now, and those that went, with quantity 0."""
    cdef list changes = []
    cdef uint32_t old = 0, new = 0
    cdef const Rung *rung
    while old < before.count or new < now.count:
        if new == now.count or (old < before.count and before.rungs[old].key < now.rungs[new].key):
            changes.append((before.rungs[old].key ^ mask, 0, 0))
            old += 1
            continue
        rung = &now.rungs[new]
        new += 1
        if old < before.count and before.rungs[old].key == rung.key:
            old += 1
            if before.rungs[old - 1].quantity == rung.quantity and before.rungs[old - 1].orders == rung.orders:
                continue
        changes.append((rung.key ^ mask, rung.quantity, rung.orders))
    return changes


cdef list levels_of(const Shown *shown, uint64_t mask):
    """Return the levels of a side, best first."""
    cdef list levels = []
    cdef uint32_t place
    for place in range(shown.count):
        levels.append((shown.rungs[place].key ^ mask, shown.rungs[place].quantity, shown.rungs[place].orders))
    return levels


cdef class Window:
    """The best LEVELS levels of each side of a book, as they were at the last `refresh`; empty before the first.

    A level is (price in ticks, quantity in lots, number of orders).
    """

    cdef OrderBook book
    cdef Shown bids
    cdef Shown asks

    def __cinit__(self, OrderBook book not None):
        self.book = book
        self.bids.count = self.asks.count = 0

    def refresh(self):
        """Look at the book; return what has changed in (bids, asks), as it is now; quantity 0: no longer there."""
        guard_enter(self.book.guard)
        return refresh_side(self, 0, &self.bids), refresh_side(self, 1, &self.asks)

    def levels(self):
        """Return the levels of (bids, asks), best first."""
        return (
            levels_of(&self.bids, self.book.state.sides[0].mask),
            levels_of(&self.asks, self.book.state.sides[1].mask),
        )


cdef list refresh_side(Window window, int side, Shown *shown):
    """Bring one side up to date; return what has changed."""
    cdef const BookSide *levels = &window.book.state.sides[side]
    cdef Shown before
    memcpy(&before, shown, sizeof(Shown))
    look(window.book, levels, shown)
    return difference(&before, shown, levels.mask)
