"""The state of one instrument: two sides of price levels, the orders in them, and the index of their ids.

Each level is an intrusive list of orders, oldest first; orders live in one slab and are found by id through the
index. Nothing here allocates per order, and nothing here checks arguments: `OrderBook` (book.pyx) and the matcher do.

Invariants, walked by `OrderBook.check()`: an order is in exactly one level and in the index; a level's total and
count are those of its orders, a side's those of its levels; no level is empty; the best bid is below the best ask
(unless crossed books are allowed).

Functions that make something rest need `book_reserve` to have succeeded before; after it they cannot fail.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.canary cimport CANARY_PRIORITY, CANARY_TOTAL
from orderbook.events cimport EventRing
from orderbook.guard cimport Guard
from orderbook.index cimport (
    Index, index_add, index_destroy, index_find, index_hash, index_holds, index_init, index_remove,
)
from orderbook.levels cimport (
    BookSide, LevelStore, Place, level_add, level_at, level_found, level_next, level_remove, level_seek,
    level_store_destroy, level_store_init,
)
from orderbook.records cimport (
    ACCEPTED, BID, CAPACITY_EXCEEDED, CROSSED_ORDER, DUPLICATE_ORDER, INVALID_QUANTITY, NUMERIC_OVERFLOW, Level, Order,
    likely, unlikely,
)
from orderbook.slab cimport Slab, slab_destroy, slab_give_back, slab_init, slab_take


cdef extern from *:
    """
    #define ORDERBOOK_UNLIMITED ((uint64_t)1 << 40)  /* a cap that 32-bit slots never let a book reach */
    """
    const uint64_t BOOK_UNLIMITED "ORDERBOOK_UNLIMITED"


cdef struct Book:
    BookSide sides[2]      # BID, ASK
    LevelStore store       # the levels of both
    Slab orders            # of Order
    Index index            # order id → slot
    uint64_t max_orders    # cap on resting orders
    uint64_t max_levels    # cap on price levels, both sides together
    uint32_t orders_ready  # while orders.live is below this, one more order needs neither memory nor a look at the cap
    uint32_t levels_ready  # while store.levels.live is below this, likewise one more level
    bint allow_crossed     # a book rebuilt from reports may be locked or crossed


cdef inline int book_init(Book *book, uint64_t key_add, uint64_t key_multiply) noexcept nogil:
    """Make an empty book, its index keyed with two random numbers; return 0, or -1 when memory is out."""
    cdef int failed = 0
    failed |= slab_init(&book.orders, sizeof(Order))
    failed |= level_store_init(&book.store)
    failed |= index_init(&book.index, key_add, key_multiply)
    book.sides[0].mask = <uint64_t>-1
    book.sides[1].mask = 0
    book.max_orders = book.max_levels = BOOK_UNLIMITED
    return failed


cdef inline void book_destroy(Book *book) noexcept nogil:
    slab_destroy(&book.orders)
    level_store_destroy(&book.store)
    index_destroy(&book.index)


cdef inline Order *order_at(const Book *book, uint32_t slot) noexcept nogil:
    return &(<Order *>book.orders.items)[slot]


cdef inline BookSide *side_of(Book *book, int side) noexcept nogil:
    """Return the side on which orders of `side` rest."""
    return &book.sides[side - 1]


cdef inline BookSide *opposite_of(Book *book, int side) noexcept nogil:
    """Return the side that a taker of `side` trades with."""
    return &book.sides[2 - side]


cdef inline bint book_crosses(Book *book, int side, uint64_t price) noexcept nogil:
    """Tell whether an order of `side` at `price` would trade."""
    cdef const BookSide *opposite = opposite_of(book, side)
    return opposite.best != 0 and opposite.best_key <= price ^ opposite.mask


cdef inline uint32_t book_find(const Book *book, uint64_t id) noexcept nogil:
    """Return the slot of the order with this id, or 0."""
    return index_find(&book.index, book.orders.items, sizeof(Order), id, index_hash(&book.index, id))


cdef inline uint64_t book_order_count(const Book *book) noexcept nogil:
    return book.index.count


cdef inline uint64_t book_level_count(const Book *book) noexcept nogil:
    return <uint64_t>book.sides[0].level_count + book.sides[1].level_count


cdef int book_make_room(Book *book, int side, uint64_t price, uint32_t leaving, bint crosses) noexcept nogil


cdef inline int book_reserve(Book *book, int side, uint64_t price, uint32_t leaving, bint crosses) noexcept nogil:
    """See to it that an order can come to rest at `price`; return ACCEPTED or CAPACITY_EXCEEDED.

    `leaving` is the slot of the order that makes room for it (a reprice), or 0. An order that trades before it rests
    (`crosses`) frees an order and a level, so no cap can stand against it.
    """
    if likely(book.orders.live < book.orders_ready and book.store.levels.live < book.levels_ready):
        return ACCEPTED
    return book_make_room(book, side, price, leaving, crosses)


cdef inline void level_join_back(Book *book, Level *level, uint32_t slot) noexcept nogil:
    """Link an order in as its level's youngest."""
    cdef Order *order = order_at(book, slot)
    order.older = level.youngest
    order.younger = 0
    if level.youngest:
        order_at(book, level.youngest).younger = slot
    else:
        level.oldest = slot
    level.youngest = slot


cdef inline void level_join_front(Book *book, Level *level, uint32_t slot) noexcept nogil:
    """Link an order in as its level's oldest."""
    cdef Order *order = order_at(book, slot)
    order.younger = level.oldest
    order.older = 0
    if level.oldest:
        order_at(book, level.oldest).older = slot
    else:
        level.youngest = slot
    level.oldest = slot


cdef inline void level_leave(Book *book, Level *level, const Order *order) noexcept nogil:
    """Unlink an order from its level's queue."""
    if order.older:
        order_at(book, order.older).younger = order.younger
    else:
        level.oldest = order.younger
    if order.younger:
        order_at(book, order.younger).older = order.older
    else:
        level.youngest = order.older


cdef inline uint32_t book_rest(Book *book, uint64_t id, uint32_t hash, int side, uint64_t price, uint64_t quantity,
                               bint post_only, bint front) noexcept nogil:
    """Put an order into the book, at the back of its level or (`front`) at its head; return its slot."""
    cdef BookSide *into = side_of(book, side)
    cdef uint64_t key = price ^ into.mask
    cdef Place place = level_seek(&book.store, into, key)
    cdef uint32_t level_slot = level_found(&book.store, place, key)
    cdef uint32_t slot = slab_take(&book.orders, sizeof(Order))
    cdef Order *order = order_at(book, slot)
    cdef Level *level
    if level_slot == 0:
        level_slot = level_add(&book.store, into, place, key)
    level = level_at(&book.store, level_slot)
    order.id = id
    order.price = price
    order.quantity = quantity
    order.level = level_slot
    order.hash = hash
    order.side = <uint8_t>side
    order.post_only = post_only
    if unlikely(front or CANARY_PRIORITY):
        level_join_front(book, level, slot)
    else:
        level_join_back(book, level, slot)
    level.total += quantity
    level.count += 1
    into.total += quantity
    into.order_count += 1
    index_add(&book.index, id, hash, slot)
    return slot


cdef inline void book_drop(Book *book, uint32_t slot) noexcept nogil:
    """Take an order out of the book."""
    cdef Order *order = order_at(book, slot)
    cdef BookSide *side = side_of(book, order.side)
    cdef Level *level = level_at(&book.store, order.level)
    side.total -= order.quantity
    side.order_count -= 1
    level.total -= order.quantity + CANARY_TOTAL
    level.count -= 1
    if level.count:
        level_leave(book, level, order)
    else:
        level_remove(&book.store, side, order.level)
    index_remove(&book.index, order.hash, slot)
    slab_give_back(&book.orders, slot, sizeof(Order))


cdef inline void book_resize(Book *book, uint32_t slot, uint64_t quantity) noexcept nogil:
    """Set an order's open quantity; more than before sends it to the back of its level."""
    cdef Order *order = order_at(book, slot)
    cdef BookSide *side = side_of(book, order.side)
    cdef Level *level = level_at(&book.store, order.level)
    cdef bint more = quantity > order.quantity
    side.total += quantity - order.quantity
    level.total += quantity - order.quantity
    order.quantity = quantity
    if more and order.younger:
        level_leave(book, level, order)
        level_join_back(book, level, slot)


cdef inline int book_add(Book *book, uint64_t id, int side, uint64_t price, uint64_t quantity,
                         bint front) noexcept nogil:
    """Check and add an order that does not trade; return a Code. `front`: ahead of its level's queue."""
    cdef uint32_t hash = index_hash(&book.index, id)
    if quantity == 0:
        return INVALID_QUANTITY
    if index_holds(&book.index, book.orders.items, sizeof(Order), id, hash):
        return DUPLICATE_ORDER
    if side_of(book, side).total + quantity < quantity:
        return NUMERIC_OVERFLOW
    if not book.allow_crossed and book_crosses(book, side, price):
        return CROSSED_ORDER
    if book_reserve(book, side, price, 0, False):
        return CAPACITY_EXCEEDED
    book_rest(book, id, hash, side, price, quantity, False, front)
    return ACCEPTED


cdef inline uint64_t book_available(Book *book, int side, uint64_t limit_key, uint64_t enough) noexcept nogil:
    """Return what a taker of `side` could trade at levels up to `limit_key`, counting no further than `enough`."""
    cdef const BookSide *opposite = opposite_of(book, side)
    cdef uint32_t slot = opposite.best
    cdef uint64_t available = 0
    cdef const Level *level
    while slot and available < enough:
        level = level_at(&book.store, slot)
        if level.key > limit_key:
            break
        available += level.total
        slot = level_next(&book.store, slot)
    return available


cdef class OrderBook:
    cdef Book state
    cdef Guard guard           # its own, or that of the engine that owns it
    cdef EventRing events      # of the engine that owns it, and then refuses every change; None: it is on its own
    cdef int enter_to_change(self) except -1


cdef int hash_book(OrderBook book, digest) except -1
