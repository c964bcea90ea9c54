"""What is known of the commands of a batch before their turn, and the memory that they will need, on its way.

Most of a command's time would go to waiting: its id's entry in the index, the order, the order's neighbours and level
are each a cache miss where the book is large, one behind the other. A batch knows the commands to come, so their ids
are hashed ahead, and each link of that chain is prefetched a few commands before the next link is read. Accounts are
found the same way.

Where commands go to several books, turn and turn about, nothing of a book is at hand when its turn comes. There, the
way of a new order through the price tree and the order that it would trade with are followed ahead, too; in one book
that costs more than it saves.

What is read ahead may be out of date when its turn comes. That is harmless: slots and references never leave their
arrays, which only grow, and nothing but prefetches comes of them.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport Accounts, account_row
from orderbook.book cimport Book, order_at
from orderbook.index cimport Index, index_hash
from orderbook.levels cimport IS_LEVEL, NODE_SLOT, BookSide, Node, level_at, node_at, way
from orderbook.matching cimport Matcher
from orderbook.records cimport Command, Level, Order, prefetch


cdef enum:                 # how many commands ahead what is done
    AHEAD_ENTRY = 16       # hash the ids, fetch their index entries
    AHEAD_WAY = 11         # of several books: look into the top node of the price tree, and then
    AHEAD_WAY_NEXT = 9     # three steps down, which is as deep as most trees are
    AHEAD_WAY_THIRD = 7
    AHEAD_WAY_LAST = 5
    # Read the entries, fetch the order and the account; of several books: the best level.
    AHEAD_ORDER = 10
    # Read the order, fetch its neighbours and its level; of several books: the first maker.
    AHEAD_LINKS = 6
    # Read the level, fetch the node of the price tree above it; of several books: the order behind which the new one
    # would stand, and what the first maker leads to.
    AHEAD_NODE = 3
    MAKERS_AHEAD = 2       # at each command, of the orders that trade next


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
    """Begin to follow the way that a new order would take to its price."""
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


cdef inline const Level *makers_level(const Book *book, const Command *command) noexcept nogil:
    """Return the level that a new order would trade with first."""
    return level_at(&book.store, book.sides[command.side & 1].best)


cdef inline void fetch_first_maker(const Matcher *matcher, const Command *command) noexcept nogil:
    """Read the order that a new order would trade with first, and fetch what it leads to."""
    cdef const Book *book = matcher.book
    cdef const Order *order = order_at(book, makers_level(book, command).oldest)
    prefetch(order_at(book, order.younger))
    prefetch(&book.index.entries[order.hash >> book.index.shift])
    prefetch(account_row(matcher.money.accounts, order.account))


cdef inline void fetch_of_several(Ahead *ring, size_t i, const Command *commands) noexcept nogil:
    """Do what is worth while only where commands go to several books."""
    cdef Ahead *ahead = &ring[(i + AHEAD_WAY) % AHEAD_ENTRY]
    begin_way(ahead, ahead.matcher.book, &commands[i + AHEAD_WAY])
    ahead = &ring[(i + AHEAD_WAY_NEXT) % AHEAD_ENTRY]
    follow_way(ahead, ahead.matcher.book)
    ahead = &ring[(i + AHEAD_WAY_THIRD) % AHEAD_ENTRY]
    follow_way(ahead, ahead.matcher.book)
    ahead = &ring[(i + AHEAD_WAY_LAST) % AHEAD_ENTRY]
    follow_way(ahead, ahead.matcher.book)
    ahead = &ring[(i + AHEAD_ORDER) % AHEAD_ENTRY]
    prefetch(makers_level(ahead.matcher.book, &commands[i + AHEAD_ORDER]))
    ahead = &ring[(i + AHEAD_LINKS) % AHEAD_ENTRY]
    prefetch(order_at(ahead.matcher.book, makers_level(ahead.matcher.book, &commands[i + AHEAD_LINKS]).oldest))
    ahead = &ring[(i + AHEAD_NODE) % AHEAD_ENTRY]
    end_way(ahead, ahead.matcher.book)
    fetch_first_maker(ahead.matcher, &commands[i + AHEAD_NODE])


cdef inline void fetch_ahead(Ahead *ring, size_t i, Matcher *markets, const Command *commands, bint several,
                             bint funded) noexcept nogil:
    """Do at command i what is to be done for those to come, of which there are AHEAD_ENTRY at least."""
    cdef Ahead *ahead = &ring[(i + AHEAD_ORDER) % AHEAD_ENTRY]
    fetch_order(ahead, market_of(ahead, markets, funded), funded)
    ahead = &ring[(i + AHEAD_LINKS) % AHEAD_ENTRY]
    fetch_links(ahead, market_of(ahead, markets, funded).book)
    ahead = &ring[(i + AHEAD_NODE) % AHEAD_ENTRY]
    fetch_node(ahead, market_of(ahead, markets, funded).book)
    if several:
        fetch_of_several(ring, i, commands)
