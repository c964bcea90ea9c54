"""The walk over every invariant of the money, beside that of check.pyx over each book, and the digest of it all.

Both see the markets from position `first` on, `count` of them. That accounts have reserved too much can be told only
when all markets are seen; that they have reserved too little, and that nothing was made or lost, always.
"""

import hashlib

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport (
    Accounts, Holding, account_find, account_id, holding_at, holding_offset, seat_at,
)
from orderbook.book cimport Book, OrderBook, book_order_count, hash_book, order_at, side_of
from orderbook.check cimport book_check
from orderbook.levels cimport level_at, level_next
from orderbook.matching cimport Matcher
from orderbook.money cimport Money, given, needed
from orderbook.records cimport ASK, BID, DECREMENT, Order
from orderbook.seats cimport Seat
from orderbook.wide cimport Wide


cdef const char *orders_audit(const Matcher *market, uint64_t *needs) noexcept nogil:
    """Walk a book's orders: each has a seat; add what it needs to that of its account and asset."""
    cdef Book *book = market.book
    cdef const Money *money = &market.money
    cdef const Accounts *accounts = money.accounts
    cdef const Seat *seat
    cdef const Order *order
    cdef uint32_t asset, level, slot
    cdef int side
    for side in range(1, 3):
        asset = money.quote if side == BID else money.base
        level = side_of(book, side).best
        while level:
            slot = level_at(&book.store, level).oldest
            while slot:
                order = order_at(book, slot)
                if not 0 < order.account < accounts.used:
                    return "an order belongs to no account"
                seat = seat_at(accounts, order.account, money.seat)
                if order.entry >= seat.size or seat.entries[order.entry] != slot:
                    return "an order is not entered at its account's seat"
                if order.prevention > DECREMENT:
                    return "an order came under a prevention that there is not"
                needs[<size_t>order.account * accounts.assets + asset] += needed(side, order.price, order.quantity)
                slot = order.younger
            level = level_next(&book.store, level)
    return NULL


cdef const char *seats_audit(const Matcher *market) noexcept nogil:
    """Walk the seats of a market: they hold the orders of the book, and no others."""
    cdef const Accounts *accounts = market.money.accounts
    cdef const Seat *seat
    cdef uint64_t entered = 0
    cdef uint32_t slot, place, open_places
    for slot in range(1, accounts.used):
        seat = seat_at(accounts, slot, market.money.seat)
        open_places = 0
        for place in range(seat.size):
            open_places += seat.entries[place] != 0
        if open_places != seat.open or seat.size > seat.capacity:
            return "a seat counts other orders than it holds"
        entered += open_places
    if entered != book_order_count(market.book):
        return "the seats hold other orders than the book"
    return NULL


cdef const char *sums_audit(const Accounts *accounts) noexcept nogil:
    """See that per asset all holdings together are what was issued."""
    cdef const Holding *holding
    cdef uint32_t asset, slot
    cdef Wide total
    for asset in range(accounts.assets):
        total = 0
        for slot in range(1, accounts.used):
            holding = holding_at(accounts, slot, holding_offset(accounts, asset))
            total += holding.available
            total += holding.reserved
        if total != accounts.issued[asset]:
            return "the accounts hold another sum of an asset than was issued"
    for slot in range(1, accounts.used):
        if account_find(accounts, account_id(accounts, slot)) != slot:
            return "the index does not find an account"
    if accounts.index.count != accounts.used - 1:
        return "the index holds other accounts than there are"
    return NULL


cdef const char *reservations_audit(const Accounts *accounts, const uint64_t *needs, bint whole) noexcept nogil:
    """See that what each account has reserved is what its orders need; no less where not `whole` of them were seen."""
    cdef uint32_t asset, slot
    cdef uint64_t reserved, need
    for slot in range(1, accounts.used):
        for asset in range(accounts.assets):
            reserved = holding_at(accounts, slot, holding_offset(accounts, asset)).reserved
            need = needs[<size_t>slot * accounts.assets + asset]
            if reserved < need or whole and reserved != need:
                return "an account has reserved other than what its resting orders need"
    return NULL


cdef int fail(const char *broken, object where) except -1:
    """Raise AssertionError where an invariant is broken."""
    if broken != NULL:
        raise AssertionError(f"{where}: {broken.decode()}")
    return 0


cdef int audit(Venue venue, uint32_t first, uint32_t count) except -1:
    """Raise AssertionError naming the first invariant that is broken, and the market."""
    cdef const Accounts *accounts = &venue.ledger.accounts
    cdef const Matcher *market
    cdef uint32_t position
    cdef uint64_t *needs = <uint64_t *>PyMem_Calloc(<size_t>accounts.used * accounts.assets, sizeof(uint64_t))
    if needs == NULL:
        raise MemoryError("no memory for what the orders need")
    try:
        for position in range(first, first + count):
            market = &venue.markets[position]
            symbol = venue.instruments[position].symbol
            fail(book_check(market.book), symbol)
            fail(orders_audit(market, needs), symbol)
            fail(seats_audit(market), symbol)
        fail(sums_audit(accounts), "ledger")
        fail(reservations_audit(accounts, needs, count == venue.count), "ledger")
    finally:
        PyMem_Free(needs)
    return 0


cdef size_t account_size(const Accounts *accounts, uint32_t slot, const Matcher *markets,
                         uint32_t count) noexcept nogil:
    """Return how many words the digest covers of an account, at most."""
    cdef size_t size = 1 + 2 * <size_t>accounts.assets
    cdef uint32_t position
    for position in range(count):
        size += 1 + seat_at(accounts, slot, markets[position].money.seat).open
    return size


cdef uint64_t *holding_words(const Holding *holding, uint64_t *word) noexcept nogil:
    word[0] = holding.available
    word[1] = holding.reserved
    return word + 2


cdef uint64_t *seat_words(const Seat *seat, const Book *book, uint64_t *word) noexcept nogil:
    """Write the number of an account's orders and their ids, in order of entry; return the word behind."""
    cdef uint32_t place
    word[0] = seat.open
    word += 1
    for place in range(seat.size):
        if seat.entries[place]:
            word[0] = order_at(book, seat.entries[place]).id
            word += 1
    return word


cdef uint64_t *account_words(const Accounts *accounts, uint32_t slot, const Matcher *markets, uint32_t count,
                             uint64_t *word) noexcept nogil:
    """Write what the digest covers of an account; return the word behind."""
    cdef uint32_t asset, position
    word[0] = account_id(accounts, slot)
    word += 1
    if count == accounts.markets:
        for asset in range(accounts.assets):
            word = holding_words(holding_at(accounts, slot, holding_offset(accounts, asset)), word)
    else:
        word = holding_words(given(&markets.money, slot, ASK), word)
        word = holding_words(given(&markets.money, slot, BID), word)
    for position in range(count):
        word = seat_words(seat_at(accounts, slot, markets[position].money.seat), markets[position].book, word)
    return word


cdef int digest_account(digest, const Accounts *accounts, uint32_t slot, const Matcher *markets,
                        uint32_t count) except -1:
    cdef uint64_t *words = <uint64_t *>PyMem_Malloc(account_size(accounts, slot, markets, count) * sizeof(uint64_t))
    cdef uint64_t *end
    if words == NULL:
        raise MemoryError("no memory for the digest of an account")
    end = account_words(accounts, slot, markets, count, words)
    try:
        digest.update(PyBytes_FromStringAndSize(<char *>words, (end - words) * sizeof(uint64_t)))
    finally:
        PyMem_Free(words)
    return 0


cdef str state_digest(Venue venue, uint32_t first, uint32_t count):
    """Return 32 hexadecimal digits over books and balances: see docs/money.md."""
    cdef const Accounts *accounts = &venue.ledger.accounts
    cdef uint32_t position, slot
    digest = hashlib.blake2b(digest_size=16)
    for position in range(first, first + count):
        hash_book(<OrderBook>venue.books[position], digest)
    cdef list slots = []
    for slot in range(1, accounts.used):
        slots.append((account_id(accounts, slot), slot))
    slots.sort()
    for _, slot in slots:
        digest_account(digest, accounts, slot, &venue.markets[first], count)
    return digest.hexdigest()
