"""The walk over every invariant of a book: price tree, levels, queues, sums, index, slabs, best prices, not crossed.

It is the tests' eye inside: slow (every order, level and node is visited), plain, and sharing no shortcut with the code
it watches. A broken invariant is returned as a sentence, NULL means all hold.
"""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.book cimport Book, BookSide, order_at
from orderbook.index cimport index_find, index_hash
from orderbook.levels cimport (
    IS_LEVEL, NODE_BITS, NODE_WAYS, Node, first_of, level_at, level_next, low_key, node_at, shift_of,
)
from orderbook.records cimport Level, Order
from orderbook.slab cimport Slab


cdef struct Seen:
    uint64_t nodes
    uint64_t levels
    uint64_t orders
    uint64_t quantity


cdef const char *node_check(Book *book, uint32_t reference, uint32_t parent, Seen *seen) noexcept nogil:
    """Walk the price tree below a node, counting nodes and levels."""
    cdef const Node *node = node_at(&book.store, reference)
    cdef uint32_t shift = shift_of(reference)
    cdef const char *broken
    cdef uint32_t child, place
    cdef uint32_t children = 0
    seen.nodes += 1
    if node.parent != parent:
        return "a node of the price tree does not know its parent"
    if node.base != ((node.base >> shift) >> NODE_BITS << NODE_BITS) << shift:
        return "a node's base has bits below its own"
    for place in range(<uint32_t>NODE_WAYS):
        child = node.children[place]
        if (child != 0) != ((node.bitmap >> place) & 1):
            return "a node's bitmap does not tell its children"
        if child == 0:
            continue
        children += 1
        broken = child_check(book, child, reference, seen)
        if broken != NULL:
            return broken
        if low_key(&book.store, child) >> shift != (node.base >> shift) + place:
            return "a child hangs at the wrong place of the price tree"
    if children < 2:
        return "a node of the price tree has too few children"
    return NULL


cdef const char *child_check(Book *book, uint32_t child, uint32_t parent, Seen *seen) noexcept nogil:
    """Walk one child of node `parent` (0: the top of the tree)."""
    if not child & IS_LEVEL:
        if parent and shift_of(child) >= shift_of(parent):
            return "a node of the price tree spans no less than its parent"
        return node_check(book, child, parent, seen)
    seen.levels += 1
    if level_at(&book.store, child & ~IS_LEVEL).parent != parent:
        return "a level does not know its parent"
    return NULL


cdef const char *level_check(Book *book, int side_code, uint32_t slot, Seen *seen) noexcept nogil:
    """Walk the queue of one level."""
    cdef const BookSide *side = &book.sides[side_code - 1]
    cdef const Level *level = level_at(&book.store, slot)
    cdef const Order *order
    cdef uint32_t at = level.oldest
    cdef uint32_t older = 0
    cdef uint32_t count = 0
    cdef uint64_t total = 0
    while at:
        order = order_at(book, at)
        if order.older != older or order.level != slot:
            return "an order is not linked into its level"
        if order.side != side_code or order.price != level.key ^ side.mask:
            return "an order rests at another price than its own"
        if order.quantity == 0:
            return "an order without quantity rests"
        if order.hash != index_hash(&book.index, order.id):
            return "an order has the hash of another id"
        if index_find(&book.index, book.orders.items, sizeof(Order), order.id, order.hash) != at:
            return "the index does not find a resting order"
        total += order.quantity
        count += 1
        older = at
        at = order.younger
        if count > level.count:
            return "a level has more orders than it counts"
    if level.youngest != older or count == 0:
        return "a level's queue has no proper end"
    if level.count != count or level.total != total:
        return "a level's total or count is not that of its orders"
    seen.orders += count
    seen.quantity += total
    return NULL


cdef const char *side_check(Book *book, int side_code, Seen *all_seen) noexcept nogil:
    cdef const BookSide *side = &book.sides[side_code - 1]
    cdef Seen seen
    cdef const char *broken
    cdef uint32_t slot = side.best
    cdef uint64_t levels = 0
    cdef uint64_t key_before = 0
    seen.nodes = seen.levels = seen.orders = seen.quantity = 0
    if (side.best == 0) != (side.root == 0):
        return "a side has a best level without a price tree, or the reverse"
    if side.root:
        broken = child_check(book, side.root, 0, &seen)
        if broken != NULL:
            return broken
        if side.best != first_of(&book.store, side.root) or side.best_key != level_at(&book.store, side.best).key:
            return "a side's best level is not its best"
    while slot:
        if levels and level_at(&book.store, slot).key <= key_before:
            return "levels are out of order"
        key_before = level_at(&book.store, slot).key
        broken = level_check(book, side_code, slot, &seen)
        if broken != NULL:
            return broken
        levels += 1
        slot = level_next(&book.store, slot)
    if seen.levels != levels or side.level_count != levels:
        return "a side's number of levels is wrong"
    if side.order_count != seen.orders or side.total != seen.quantity:
        return "a side's total or count is not that of its levels"
    all_seen.nodes += seen.nodes
    all_seen.levels += seen.levels
    all_seen.orders += seen.orders
    return NULL


cdef bint slab_holds(const Slab *slab, uint64_t live) noexcept nogil:
    """Tell whether `live` slots are taken, and every other one that ever was is on the free list."""
    cdef uint64_t free = 0
    cdef uint32_t slot = slab.free
    while slot and free <= slab.used:
        free += 1
        slot = (<uint32_t *>(slab.items + slot * slab.item_size))[0]
    return slab.live == live + 1 and slab.used == live + 1 + free and slab.used <= slab.capacity


cdef uint64_t index_entries(const Book *book) noexcept nogil:
    """Return how many places of the index are taken."""
    cdef uint64_t entries = 0
    cdef size_t place
    for place in range(<size_t>book.index.mask + 1):
        entries += book.index.entries[place] != 0
    return entries


cdef const char *book_check(Book *book) noexcept nogil:
    cdef Seen seen
    cdef const char *broken
    cdef int side_code
    seen.nodes = seen.levels = seen.orders = 0
    for side_code in range(1, 3):
        broken = side_check(book, side_code, &seen)
        if broken != NULL:
            return broken
    if book.index.count != seen.orders or index_entries(book) != seen.orders:
        return "the index holds other orders than the levels"
    if not slab_holds(&book.orders, seen.orders):
        return "a slot of the order array is lost"
    if not slab_holds(&book.store.levels, seen.levels) or not slab_holds(&book.store.nodes, seen.nodes):
        return "a slot of the level or node array is lost"
    if seen.orders > book.max_orders or seen.levels > book.max_levels:
        return "a cap is exceeded"
    if not book.allow_crossed and book.sides[0].best and book.sides[1].best:
        if book.sides[0].best_key ^ book.sides[0].mask >= book.sides[1].best_key:
            return "the book is crossed"
    return NULL
