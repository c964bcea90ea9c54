"""The loop over a batch of commands, with the memory that the next ones need on its way while this one runs.

Most of a command's time would go to waiting: its id's entry in the index, the order, the order's neighbours and level
are each a cache miss where the book is large, one behind the other. A batch knows the commands to come, so their ids
are hashed ahead, and each link of that chain is prefetched a few commands before the next link is read.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from orderbook.book cimport Book, order_at
from orderbook.index cimport index_hash
from orderbook.levels cimport BookSide, Node, level_at, node_at, way
from orderbook.matching cimport Matcher, cancel_hashed, modify_hashed, submit_hashed
from orderbook.records cimport (
    ASK, BID, CANCEL, HAS_PRICE, INVALID_COMMAND, MARKET, MODIFY, NEW, POST_ONLY, Command, Level, Order, prefetch,
    unlikely,
)


cdef enum:
    AHEAD_ENTRY = 16      # commands ahead: hash the id, fetch its index entry
    AHEAD_ORDER = 10      # read the entry, fetch the order
    AHEAD_LINKS = 6       # read the order, fetch its neighbours and its level
    AHEAD_NODE = 3        # read the level, fetch the node of the price tree above it
    MAKERS_AHEAD = 2      # at each command, of the orders that trade next


cdef inline int run_one(Matcher *matcher, const Command *command, uint64_t id, uint32_t hash) noexcept nogil:
    """Run one record; return a Code. What the record itself says is checked here, the rest by the matcher.

    `id` is the order id as it was when it was hashed, and every field is read once: another thread could write to the
    caller's buffer meanwhile.
    """
    cdef bint has_price = command.flags & HAS_PRICE
    cdef int kind = command.kind
    cdef int side = command.side
    cdef int order_type = command.order_type
    if unlikely(command.instrument != 0 or command.flags & ~HAS_PRICE):
        return INVALID_COMMAND
    if kind == NEW:
        if unlikely(not BID <= side <= ASK or not MARKET <= order_type <= POST_ONLY):
            return INVALID_COMMAND
        return submit_hashed(matcher, id, hash, side, order_type, command.price, has_price, command.quantity)
    if kind == CANCEL:
        return cancel_hashed(matcher, id, hash)
    if kind == MODIFY:
        return modify_hashed(matcher, id, hash, command.quantity, command.price, has_price)
    return INVALID_COMMAND


cdef inline uint32_t likely_slot(const Book *book, uint32_t hash) noexcept nogil:
    """Return the slot at the home place of a hash: that of its order, if it rests and nothing else came there first."""
    return <uint32_t>book.index.entries[hash >> book.index.shift]


cdef inline void prefetch_makers(Book *book, const BookSide *side) noexcept nogil:
    """Fetch what trading with the head of a side's best level will need: the orders, and their index entries."""
    cdef uint32_t slot = level_at(&book.store, side.best).oldest
    cdef const Order *order
    cdef int _depth
    for _depth in range(MAKERS_AHEAD):
        order = order_at(book, slot)
        prefetch(&book.index.entries[order.hash >> book.index.shift])
        slot = order.younger
        prefetch(order_at(book, slot))


cdef void run_batch(Matcher *matcher, const Command *commands, size_t count, uint8_t *status,
                    uint64_t *unfilled) noexcept nogil:
    cdef Book *book = matcher.book
    cdef uint64_t ids[AHEAD_ENTRY]
    cdef uint32_t hashes[AHEAD_ENTRY]
    cdef uint32_t slots[AHEAD_ENTRY]
    cdef uint64_t id
    cdef uint32_t hash
    cdef const Order *order
    cdef const Level *level
    cdef const Node *node
    cdef size_t i
    cdef int code
    for i in range(min(count, <size_t>AHEAD_ENTRY)):
        ids[i] = commands[i].order_id
        hashes[i] = index_hash(&book.index, ids[i])
    memset(slots, 0, sizeof(slots))
    for i in range(count):
        id = ids[i % AHEAD_ENTRY]
        hash = hashes[i % AHEAD_ENTRY]
        if i + AHEAD_ENTRY < count:
            ids[i % AHEAD_ENTRY] = commands[i + AHEAD_ENTRY].order_id
            hashes[i % AHEAD_ENTRY] = index_hash(&book.index, ids[i % AHEAD_ENTRY])
            prefetch(&book.index.entries[hashes[i % AHEAD_ENTRY] >> book.index.shift])
            slots[i % AHEAD_ENTRY] = likely_slot(book, hashes[(i + AHEAD_ORDER) % AHEAD_ENTRY])
            prefetch(order_at(book, slots[i % AHEAD_ENTRY]))
            order = order_at(book, slots[(i - AHEAD_ORDER + AHEAD_LINKS) % AHEAD_ENTRY])
            prefetch(order_at(book, order.older))
            prefetch(order_at(book, order.younger))
            prefetch(level_at(&book.store, order.level))
            order = order_at(book, slots[(i - AHEAD_ORDER + AHEAD_NODE) % AHEAD_ENTRY])
            level = level_at(&book.store, order.level)
            node = node_at(&book.store, level.parent)
            prefetch(node)
            prefetch(&node.children[way(level.key, level.parent)])
        prefetch_makers(book, &book.sides[i & 1])
        matcher.timestamp = commands[i].timestamp
        matcher.command = i
        code = run_one(matcher, &commands[i], id, hash)
        status[i] = <uint8_t>code
        unfilled[i] = 0 if code else matcher.unfilled
