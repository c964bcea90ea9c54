"""The loop over a batch of commands, with the memory that the next ones need on its way while this one runs.

Most of a command's time would go to waiting: its id's entry in the index, the order, the order's neighbours and level
are each a cache miss where the book is large, one behind the other. A batch knows the commands to come, so their ids
are hashed ahead, and each link of that chain is prefetched a few commands before the next link is read. Accounts are
found the same way.

One loop for engines with and without accounts, as in matching.pxd: `funded` is a constant of the caller. Each of the
two stands in a module that calls the matcher nowhere else, so that the compiler puts all of it into the loop.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from orderbook.accounts cimport Accounts, account_find_hashed, account_row
from orderbook.book cimport Book, order_at
from orderbook.index cimport Index, index_hash
from orderbook.levels cimport IS_LEVEL, NODE_SLOT, BookSide, Node, level_at, node_at, way
from orderbook.matching cimport Matcher, cancel_hashed, modify_hashed, submit_hashed
from orderbook.records cimport (
    ASK, BID, CANCEL, CANCEL_ALL, CREDIT, DECREMENT, HAS_PRICE, INVALID_COMMAND, MARKET, MODIFY, NEW, POST_ONLY,
    PREVENTION_SHIFT, Command, Level, Order, prefetch, unlikely,
)
from orderbook.risk cimport (
    risk_cancel_all, risk_cancel_hashed, risk_credit, risk_modify_hashed, risk_submit_hashed,
)


cdef enum:
    AHEAD_ENTRY = 16      # commands ahead: hash the ids, fetch their index entries
    AHEAD_ORDER = 10      # read the entries, fetch the order and the account
    AHEAD_LINKS = 6       # read the order, fetch its neighbours and its level
    AHEAD_NODE = 3        # read the level, fetch the node of the price tree above it
    MAKERS_AHEAD = 2      # at each command, of the orders that trade next


cdef struct Ahead:            # what is known of a command before its turn
    Matcher *matcher          # of its instrument; of the first where that is invalid
    bint invalid              # its instrument is none of these
    uint64_t id
    uint64_t account          # id of its account
    uint32_t hash             # of id
    uint32_t account_hash
    uint32_t slot             # of its order, most likely
    uint32_t reference        # how far the way to its price was followed through the price tree
    uint64_t key              # of its price, on its side


cdef inline int run_one(Matcher *matcher, const Command *command, uint64_t id, uint32_t hash) noexcept nogil:
    """Run one record on a matcher without accounts; return a Code.

    What the record itself says is checked here, the rest by the matcher. `id` is the order id as it was when it was
    hashed, and every field is read once: another thread could write to the caller's buffer meanwhile.
    """
    cdef bint has_price = command.flags & HAS_PRICE
    cdef int kind = command.kind
    cdef int side = command.side
    cdef int order_type = command.order_type
    if unlikely(command.flags & ~HAS_PRICE):
        return INVALID_COMMAND
    if kind == NEW:
        if unlikely(not BID <= side <= ASK or not MARKET <= order_type <= POST_ONLY):
            return INVALID_COMMAND
        return submit_hashed(matcher, id, hash, side, order_type, command.price, has_price, command.quantity, False)
    if kind == CANCEL:
        return cancel_hashed(matcher, id, hash)
    if kind == MODIFY:
        return modify_hashed(matcher, id, hash, command.quantity, command.price, has_price)
    return INVALID_COMMAND


cdef inline int run_one_funded(Matcher *matcher, const Command *command, const Ahead *ahead) noexcept nogil:
    """Run one record on a matcher with accounts; return a Code. Checks are shared out as in `run_one`."""
    cdef uint8_t flags = command.flags
    cdef bint has_price = flags & HAS_PRICE
    cdef uint8_t prevention = flags >> PREVENTION_SHIFT
    cdef int kind = command.kind
    cdef int side = command.side
    cdef int order_type = command.order_type
    cdef Accounts *accounts = matcher.money.accounts
    if kind == NEW:
        if unlikely(not BID <= side <= ASK or not MARKET <= order_type <= POST_ONLY or prevention > DECREMENT):
            return INVALID_COMMAND
        return risk_submit_hashed(
            matcher, account_find_hashed(accounts, ahead.account, ahead.account_hash), ahead.id, ahead.hash, side,
            order_type, command.price, has_price, command.quantity, prevention,
        )
    if unlikely(flags & ~HAS_PRICE):
        return INVALID_COMMAND
    if kind == CANCEL:
        return risk_cancel_hashed(matcher, ahead.account, ahead.id, ahead.hash)
    if kind == MODIFY:
        return risk_modify_hashed(
            matcher, ahead.account, ahead.id, ahead.hash, command.quantity, command.price, has_price,
        )
    if kind == CREDIT:
        matcher.unfilled = 0
        return risk_credit(matcher, ahead.account, command.price, command.quantity)
    if kind == CANCEL_ALL:
        return risk_cancel_all(matcher, ahead.account)
    return INVALID_COMMAND


cdef inline uint32_t likely_slot(const Index *index, uint32_t hash) noexcept nogil:
    """Return the slot at the home place of a hash: that of its item, if it is there and nothing else came first."""
    return <uint32_t>index.entries[hash >> index.shift]


cdef inline Matcher *market_of(const Ahead *ahead, Matcher *markets, bint funded) noexcept nogil:
    """Return the matcher of a command; without accounts there is but one."""
    return ahead.matcher if funded else markets


cdef inline void look_ahead(Ahead *ahead, Matcher *markets, uint32_t first, uint32_t count, const Command *command,
                            bint funded) noexcept nogil:
    """Hash the ids of a command, and fetch their index entries."""
    cdef uint32_t market = command.instrument - first
    cdef Matcher *matcher = markets
    cdef const Index *index
    ahead.invalid = market >= count
    if funded:
        matcher += 0 if ahead.invalid else market
        ahead.matcher = matcher
    index = &matcher.book.index
    ahead.id = command.order_id
    ahead.hash = index_hash(index, ahead.id)
    prefetch(&index.entries[ahead.hash >> index.shift])
    if funded:
        index = &matcher.money.accounts.index
        ahead.account = command.account_id
        ahead.account_hash = index_hash(index, ahead.account)
        prefetch(&index.entries[ahead.account_hash >> index.shift])


cdef inline void fetch_order(Ahead *ahead, const Matcher *matcher, bint funded) noexcept nogil:
    """Read the index entries, and fetch the order and the account."""
    cdef const Accounts *accounts = matcher.money.accounts
    cdef const char *row
    ahead.slot = likely_slot(&matcher.book.index, ahead.hash)
    prefetch(order_at(matcher.book, ahead.slot))
    if funded:
        row = account_row(accounts, likely_slot(&accounts.index, ahead.account_hash))
        prefetch(row)
        if accounts.row_size > 64:
            prefetch(row + matcher.money.gives[0])
            prefetch(row + matcher.money.gives[1])
            prefetch(row + matcher.money.seat)


cdef inline void fetch_links(const Ahead *ahead, const Book *book) noexcept nogil:
    """Read the order, and fetch its neighbours and its level."""
    cdef const Order *order = order_at(book, ahead.slot)
    prefetch(order_at(book, order.older))
    prefetch(order_at(book, order.younger))
    prefetch(level_at(&book.store, order.level))


cdef inline void fetch_node(const Ahead *ahead, const Book *book) noexcept nogil:
    """Read the level, and fetch the node of the price tree above it."""
    cdef const Level *level = level_at(&book.store, order_at(book, ahead.slot).level)
    cdef const Node *node = node_at(&book.store, level.parent)
    prefetch(node)
    prefetch(&node.children[way(level.key, level.parent)])


cdef inline void prefetch_makers(const Matcher *matcher, const BookSide *side, bint funded) noexcept nogil:
    """Fetch what trading with the head of a side's best level will need: the orders, and what they lead to."""
    cdef const Book *book = matcher.book
    cdef uint32_t slot = level_at(&book.store, side.best).oldest
    cdef const Order *order
    cdef int _depth
    for _depth in range(MAKERS_AHEAD):
        order = order_at(book, slot)
        prefetch(&book.index.entries[order.hash >> book.index.shift])
        if funded:
            prefetch(account_row(matcher.money.accounts, order.account))
        slot = order.younger
        prefetch(order_at(book, slot))


cdef inline void begin_way(Ahead *ahead, const Book *book, const Command *command) noexcept nogil:
    """Begin to follow the way that a new order would take to its price, through a tree too large for the cache."""
    cdef const BookSide *side = &book.sides[(command.side - 1) & 1]
    ahead.key = command.price ^ side.mask
    ahead.reference = side.root
    prefetch(&node_at(&book.store, ahead.reference).children[way(ahead.key, ahead.reference)])


cdef inline void follow_way(Ahead *ahead, const Book *book) noexcept nogil:
    """Follow it by a step: read the node, fetch what is below; stay where it has ended."""
    cdef uint32_t reference = ahead.reference
    cdef uint32_t at_level = -(reference >> 31)  # all ones there
    cdef uint32_t below = node_at(&book.store, reference & ~at_level).children[way(ahead.key, reference)]
    reference = (reference & at_level) | (below & ~at_level)
    ahead.reference = reference
    prefetch(&node_at(&book.store, reference).children[way(ahead.key, reference)])
    prefetch(level_at(&book.store, reference & NODE_SLOT))


cdef inline void end_way(const Ahead *ahead, const Book *book) noexcept nogil:
    """Read the level at its end, and fetch the order behind which the new one would stand."""
    cdef uint32_t at_level = -(ahead.reference >> 31)
    prefetch(order_at(book, level_at(&book.store, ahead.reference & ~IS_LEVEL & at_level).youngest))


cdef inline const BookSide *makers_side(const Book *book, const Command *command) noexcept nogil:
    """Return the side that a new order trades with."""
    return &book.sides[command.side & 1]


cdef inline void fetch_makers(const Matcher *matcher, const Command *command, int step) noexcept nogil:
    """Fetch the first order that a new order would trade with, step by step: its level, it, what it leads to."""
    cdef const Book *book = matcher.book
    cdef const BookSide *side = makers_side(book, command)
    cdef const Level *level = level_at(&book.store, side.best)
    cdef const Order *order
    if step == 0:
        prefetch(level)
        return
    if step == 1:
        prefetch(order_at(book, level.oldest))
        return
    order = order_at(book, level.oldest)
    prefetch(order_at(book, order.younger))
    prefetch(&book.index.entries[order.hash >> book.index.shift])
    prefetch(account_row(matcher.money.accounts, order.account))


cdef inline void run_records(Matcher *markets, uint32_t first, uint32_t count, const Command *commands, size_t size,
                             uint8_t *status, uint64_t *unfilled, bint funded) noexcept nogil:
    """Run records for the instruments from position `first` on, `count` of them."""
    cdef Ahead ring[AHEAD_ENTRY]
    cdef Ahead *ahead
    cdef Matcher *matcher = markets
    cdef size_t i
    cdef int code
    memset(ring, 0, sizeof(ring))
    for i in range(min(size, <size_t>AHEAD_ENTRY)):
        look_ahead(&ring[i], markets, first, count, &commands[i], funded)
    for i in range(size):
        if i + AHEAD_ENTRY < size:
            ahead = &ring[(i + AHEAD_ORDER) % AHEAD_ENTRY]
            fetch_order(ahead, market_of(ahead, markets, funded), funded)
            ahead = &ring[(i + AHEAD_LINKS) % AHEAD_ENTRY]
            fetch_links(ahead, market_of(ahead, markets, funded).book)
            ahead = &ring[(i + AHEAD_NODE) % AHEAD_ENTRY]
            fetch_node(ahead, market_of(ahead, markets, funded).book)
            if funded and count > 1:
                ahead = &ring[(i + 11) % AHEAD_ENTRY]
                begin_way(ahead, market_of(ahead, markets, funded).book, &commands[i + 11])
                ahead = &ring[(i + 9) % AHEAD_ENTRY]
                follow_way(ahead, market_of(ahead, markets, funded).book)
                ahead = &ring[(i + 7) % AHEAD_ENTRY]
                follow_way(ahead, market_of(ahead, markets, funded).book)
                ahead = &ring[(i + 5) % AHEAD_ENTRY]
                follow_way(ahead, market_of(ahead, markets, funded).book)
                ahead = &ring[(i + 3) % AHEAD_ENTRY]
                end_way(ahead, market_of(ahead, markets, funded).book)
                fetch_makers(ring[(i + 10) % AHEAD_ENTRY].matcher, &commands[i + 10], 0)
                fetch_makers(ring[(i + 6) % AHEAD_ENTRY].matcher, &commands[i + 6], 1)
                fetch_makers(ring[(i + 3) % AHEAD_ENTRY].matcher, &commands[i + 3], 2)
        ahead = &ring[i % AHEAD_ENTRY]
        matcher = market_of(ahead, markets, funded)
        if not funded or count == 1:
            prefetch_makers(matcher, &matcher.book.sides[i & 1], funded)
        matcher.timestamp = commands[i].timestamp
        matcher.command = i
        if unlikely(ahead.invalid):
            code = INVALID_COMMAND
        elif funded:
            code = run_one_funded(matcher, &commands[i], ahead)
        else:
            code = run_one(matcher, &commands[i], ahead.id, ahead.hash)
        status[i] = <uint8_t>code
        unfilled[i] = 0 if code else matcher.unfilled
        if i + AHEAD_ENTRY < size:
            look_ahead(ahead, markets, first, count, &commands[i + AHEAD_ENTRY], funded)


cdef void run_batch(Matcher *matcher, const Command *commands, size_t size, uint8_t *status,
                    uint64_t *unfilled) noexcept nogil
