"""OrderBook: the state of one instrument as Python sees it. It checks arguments, calls book.pxd, and raises."""

import hashlib
import os

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from orderbook.check cimport book_check
from orderbook.events cimport event_log_last
from orderbook.guard cimport Guard, guard_enter, guard_hold
from orderbook.index cimport index_bytes, index_reserve, index_room
from orderbook.levels cimport Node, level_find, level_store_reserve
from orderbook.numbers cimport as_side, as_u64
from orderbook.records cimport ASK, UNKNOWN_ORDER, assert_size
from orderbook.refusals cimport refuse
from orderbook.slab cimport slab_reserve
from orderbook.views cimport OrderView, new_level_depth, new_order_view
from orderbook.views import BookSnapshot, LevelSnapshot


cdef bint caps_forbid(Book *book, int side, uint64_t price, uint32_t leaving) noexcept nogil:
    """Tell whether a cap forbids that one more order rests at `price` when the order in slot `leaving` (or 0) goes."""
    cdef const Order *order = order_at(book, leaving)
    cdef const BookSide *into = side_of(book, side)
    cdef bint frees_level = leaving and level_at(&book.store, order.level).count == 1
    if book_order_count(book) - (leaving != 0) >= book.max_orders:
        return True
    if book_level_count(book) - frees_level < book.max_levels:
        return False
    return level_find(&book.store, into, price ^ into.mask) == 0


cdef void book_set_ready(Book *book) noexcept nogil:
    """Note how far the book may grow without a look at memory or caps."""
    book.orders_ready = <uint32_t>min(min(book.orders.capacity, index_room(&book.index)), book.max_orders + 1)
    book.levels_ready = <uint32_t>min(book.store.levels.capacity, book.max_levels + 1)


cdef int book_grow(Book *book) noexcept nogil:
    """Make memory for at least one more order and level; return 0, or -1 when memory is out."""
    if slab_reserve(&book.orders) | index_reserve(&book.index) | level_store_reserve(&book.store):
        return -1
    book_set_ready(book)
    return 0


cdef int book_make_room(Book *book, int side, uint64_t price, uint32_t leaving, bint crosses) noexcept nogil:
    """Do what `book_reserve` promises where caps or memory have to be looked at."""
    if not crosses and caps_forbid(book, side, price, leaving) or book_grow(book):
        return CAPACITY_EXCEEDED
    return ACCEPTED


cdef uint64_t at_most(object most, str name) except? 0xDEADBEEFDEADBEEF:
    """Return an optional limit as a number: None sets none."""
    return <uint64_t>-1 if most is None else as_u64(most, name)


cdef OrderView view_of(const Order *order):
    return new_order_view(order.id, order.side, order.price, order.quantity)


cdef uint32_t slot_of(OrderBook book, uint64_t order_id) except 0:
    cdef uint32_t slot = book_find(&book.state, order_id)
    if slot == 0:
        refuse(UNKNOWN_ORDER, order_id)
    return slot


cdef object best_of(OrderBook book, int side_code):
    guard_enter(book.guard)
    cdef BookSide *side = side_of(&book.state, side_code)
    if side.best == 0:
        return None
    return side.best_key ^ side.mask, level_at(&book.state.store, side.best).total


cdef tuple cost_of(Book *book, int side_code, uint64_t remaining):
    """Return (cost, filled) of a taker of a side."""
    cdef const BookSide *opposite = opposite_of(book, side_code)
    cdef uint32_t slot = opposite.best
    cdef const Level *level
    cdef uint64_t traded, filled = 0
    cost = 0
    while slot and remaining:
        level = level_at(&book.store, slot)
        traded = min(level.total, remaining)
        cost += <object>(level.key ^ opposite.mask) * traded
        filled += traded
        remaining -= traded
        slot = level_next(&book.store, slot)
    return cost, filled


cdef const Level *level_of(OrderBook book, side, price) except? NULL:
    cdef int side_code = as_side(side)
    cdef uint64_t ticks = as_u64(price, "price")
    guard_enter(book.guard)
    cdef BookSide *at = side_of(&book.state, side_code)
    cdef uint32_t slot = level_find(&book.state.store, at, ticks ^ at.mask)
    return level_at(&book.state.store, slot) if slot else NULL


cdef tuple orders_of(OrderBook book, const Level *level):
    cdef uint32_t slot = level.oldest
    orders = []
    while slot:
        orders.append(view_of(order_at(&book.state, slot)))
        slot = order_at(&book.state, slot).younger
    return tuple(orders)


cdef tuple depth_of(OrderBook book, int side_code, uint64_t limit):
    cdef const BookSide *side = side_of(&book.state, side_code)
    cdef uint32_t slot = side.best
    cdef const Level *level
    levels = []
    while slot and limit:
        level = level_at(&book.state.store, slot)
        levels.append(new_level_depth(level.key ^ side.mask, level.total, level.count))
        slot = level_next(&book.state.store, slot)
        limit -= 1
    return tuple(levels)


cdef tuple levels_of(OrderBook book, int side_code):
    cdef const BookSide *side = side_of(&book.state, side_code)
    cdef uint32_t slot = side.best
    cdef const Level *level
    levels = []
    while slot:
        level = level_at(&book.state.store, slot)
        levels.append(LevelSnapshot(level.key ^ side.mask, level.total, orders_of(book, level)))
        slot = level_next(&book.state.store, slot)
    return tuple(levels)


cdef int hash_side(OrderBook book, digest, int side_code) except -1:
    cdef const BookSide *side = side_of(&book.state, side_code)
    cdef uint32_t level = side.best
    cdef uint32_t slot
    cdef const Order *order
    cdef uint8_t block[4000]
    cdef size_t size = 9
    cdef uint64_t count = side.order_count
    block[0] = <uint8_t>side_code
    memcpy(block + 1, &count, 8)
    while level:
        slot = level_at(&book.state.store, level).oldest
        while slot:
            order = order_at(&book.state, slot)
            memcpy(block + size, &order.id, 8)
            memcpy(block + size + 8, &order.price, 8)
            memcpy(block + size + 16, &order.quantity, 8)
            block[size + 24] = order.post_only | order.prevention << 1
            size += 25
            if size + 25 > sizeof(block):
                digest.update(PyBytes_FromStringAndSize(<char *>block, size))
                size = 0
            slot = order.younger
        level = level_next(&book.state.store, level)
    digest.update(PyBytes_FromStringAndSize(<char *>block, size))
    return 0


cdef int hash_book(OrderBook book, digest) except -1:
    """Feed a digest with what `OrderBook.state_hash` covers."""
    hash_side(book, digest, BID)
    hash_side(book, digest, ASK)
    return 0


cdef class OrderBook:
    """The resting orders of one instrument, in price-time priority.

    allow_crossed: accept bids at or above the best ask, for books rebuilt from an exchange's reports.
    max_orders, max_levels: caps on resting orders and on price levels, both sides together; None for no cap.

    Prices are in ticks, quantities in lots. A book that a MatchingEngine owns answers every question and refuses every
    change with RuntimeError; so does every book while a batch runs on it in another thread.
    """

    def __cinit__(self, *, bint allow_crossed=False, max_orders=None, max_levels=None):
        keys = os.urandom(16)
        self.guard = Guard()
        if book_init(&self.state, int.from_bytes(keys[:8], "little"), int.from_bytes(keys[8:], "little")):
            raise MemoryError("no memory for an empty order book")
        self.state.allow_crossed = allow_crossed
        self.state.max_orders = min(at_most(max_orders, "max_orders"), BOOK_UNLIMITED)
        self.state.max_levels = min(at_most(max_levels, "max_levels"), BOOK_UNLIMITED)
        book_set_ready(&self.state)

    def __dealloc__(self):
        book_destroy(&self.state)

    def __reduce__(self):
        raise TypeError("an OrderBook is neither picklable nor copyable; its snapshot() is")

    cdef int enter_to_change(self) except -1:
        guard_enter(self.guard)
        if self.events is not None:
            raise RuntimeError("the book belongs to an engine: change it through the engine")
        return 0

    def add_order(self, order_id, side, price, quantity):
        """Add an order at the back of its level, without matching.

        Raise InvalidQuantity, DuplicateOrder, NumericOverflow, CrossedOrder or CapacityExceeded. O(1).
        """
        cdef uint64_t id = as_u64(order_id, "order_id")
        cdef int side_code = as_side(side)
        cdef uint64_t ticks = as_u64(price, "price")
        cdef uint64_t lots = as_u64(quantity, "quantity")
        self.enter_to_change()
        cdef int code = book_add(&self.state, id, side_code, ticks, lots, False)
        if code:
            refuse(code, id)

    def cancel(self, order_id):
        """Take an order out of the book and return the quantity that was open; raise UnknownOrder. O(1)."""
        cdef uint64_t id = as_u64(order_id, "order_id")
        self.enter_to_change()
        cdef uint32_t slot = slot_of(self, id)
        cdef uint64_t quantity = order_at(&self.state, slot).quantity
        book_drop(&self.state, slot)
        return quantity

    def update_order_quantity(self, order_id, quantity):
        """Set an order's open quantity; more than before sends it to the back of its level.

        Raise UnknownOrder, InvalidQuantity or NumericOverflow. O(1).
        """
        cdef uint64_t id = as_u64(order_id, "order_id")
        cdef uint64_t lots = as_u64(quantity, "quantity")
        self.enter_to_change()
        cdef uint32_t slot = slot_of(self, id)
        cdef Order *order = order_at(&self.state, slot)
        if lots == 0:
            refuse(INVALID_QUANTITY, id)
        if side_of(&self.state, order.side).total - order.quantity + lots < lots:
            refuse(NUMERIC_OVERFLOW, id)
        book_resize(&self.state, slot, lots)

    def order(self, order_id):
        """Return the resting order with this id, or None. O(1)."""
        cdef uint64_t id = as_u64(order_id, "order_id")
        guard_enter(self.guard)
        cdef uint32_t slot = book_find(&self.state, id)
        return view_of(order_at(&self.state, slot)) if slot else None

    def __contains__(self, order_id):
        cdef uint64_t id = as_u64(order_id, "order_id")
        guard_enter(self.guard)
        return book_find(&self.state, id) != 0

    def __len__(self):
        guard_enter(self.guard)
        return book_order_count(&self.state)

    def total_orders(self):
        """Return the number of resting orders. O(1)."""
        return len(self)

    def total_quantity(self, side):
        """Return the lots open on a side. O(1)."""
        cdef int side_code = as_side(side)
        guard_enter(self.guard)
        return side_of(&self.state, side_code).total

    def best_bid(self):
        """Return (price, total quantity) of the highest bid level, or None. O(1)."""
        return best_of(self, BID)

    def best_ask(self):
        """Return (price, total quantity) of the lowest ask level, or None. O(1)."""
        return best_of(self, ASK)

    def best_order(self, side):
        """Return the order of a side that trades next, or None. O(1)."""
        cdef int side_code = as_side(side)
        guard_enter(self.guard)
        cdef uint32_t level = side_of(&self.state, side_code).best
        return view_of(order_at(&self.state, level_at(&self.state.store, level).oldest)) if level else None

    def available_quantity(self, side, price_limit=None):
        """Return the lots that a taker of `side` could trade, at `price_limit` or better. O(levels)."""
        cdef int side_code = as_side(side)
        cdef uint64_t limit_key = <uint64_t>-1
        cdef uint64_t mask = opposite_of(&self.state, side_code).mask
        if price_limit is not None:
            limit_key = as_u64(price_limit, "price_limit") ^ mask
        guard_enter(self.guard)
        return book_available(&self.state, side_code, limit_key, <uint64_t>-1)

    def market_order_cost(self, side, quantity):
        """Return (cost, filled) of a market order: price × quantity summed over what it would trade. O(levels).

        The cost is an unbounded int, in ticks × lots.
        """
        cdef int side_code = as_side(side)
        cdef uint64_t lots = as_u64(quantity, "quantity")
        guard_hold(self.guard)
        try:
            return cost_of(&self.state, side_code, lots)
        finally:
            self.guard.busy = False

    def level_total_quantity(self, side, price):
        """Return the lots open at a price, or None where no order rests. O(1)."""
        cdef const Level *level = level_of(self, side, price)
        return level.total if level != NULL else None

    def level_orders(self, side, price):
        """Return the orders at a price, oldest first, or None where no order rests. O(orders of the level)."""
        cdef const Level *level = level_of(self, side, price)
        guard_hold(self.guard)
        try:
            return orders_of(self, level) if level != NULL else None
        finally:
            self.guard.busy = False

    def depth(self, levels=None):
        """Return (bids, asks), each a tuple of LevelDepth, best first; at most `levels` a side (L2). O(levels)."""
        cdef uint64_t limit = at_most(levels, "levels")
        guard_hold(self.guard)
        try:
            return depth_of(self, BID, limit), depth_of(self, ASK, limit)
        finally:
            self.guard.busy = False

    def snapshot(self):
        """Return every order, by side and level, best first, each level's oldest first (L3). O(orders)."""
        guard_hold(self.guard)
        try:
            sequence = 0 if self.events is None else event_log_last(&self.events.log)
            return BookSnapshot(levels_of(self, BID), levels_of(self, ASK), sequence)
        finally:
            self.guard.busy = False

    def check(self):
        """Walk every invariant of the book; raise AssertionError naming the first that is broken. O(orders)."""
        guard_enter(self.guard)
        cdef const char *broken = book_check(&self.state)
        if broken != NULL:
            raise AssertionError(broken.decode())

    def state_hash(self):
        """Return 32 hexadecimal digits that are equal exactly for equal books, on every machine. O(orders).

        BLAKE2b over, for bids and then asks: side (u8) and number of orders (u64), and per order, in priority order,
        id, price, quantity (u64) and a byte whose bit 0 says whether it is post-only and whose bits 1–3 are its
        SelfTradePrevention, 0 for none; little-endian without padding.
        """
        digest = hashlib.blake2b(digest_size=16)
        guard_hold(self.guard)
        try:
            hash_book(self, digest)
        finally:
            self.guard.busy = False
        return digest.hexdigest()

    def memory_bytes(self):
        """Return the bytes that the book's arrays span: orders, index, levels and price tree.

        Arrays double when full; of a large one, only the part in use takes real memory.
        """
        cdef const Book *book = &self.state
        guard_enter(self.guard)
        return (
            book.orders.capacity * book.orders.item_size + index_bytes(&book.index)
            + book.store.levels.capacity * book.store.levels.item_size
            + book.store.nodes.capacity * book.store.nodes.item_size
        )


cdef void check_layout() noexcept nogil:
    assert_size(sizeof(Order), 64)
    assert_size(sizeof(Level), 32)
    assert_size(sizeof(Node), 320)
