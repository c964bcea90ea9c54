"""The accounts of an exchange: what each has of every asset, and its seat in every market.

An account is one row of a growing array, found by its id through the same index as orders are. Assets and markets
are fixed when the array is made, so a row is the id, a seat per market and a holding per asset, side by side: one
cache line for one market, and nothing is looked up but the row. A row's slot is what an order carries; slot 0 is none.

Invariants: per asset, available + reserved over all rows = issued; reserved is what the resting orders need. `issued`
is at most 2^64-1, so no sum of holdings can overflow: what is added to one has been taken from another.

Rows are never given back. Memory: 8 + 24 × markets + 16 × assets bytes per account, in whole cache lines, and 32 to 64
in the index.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from orderbook.index cimport (
    Index, index_add, index_bytes, index_destroy, index_find, index_grow, index_hash, index_init, index_room,
)
from orderbook.pages cimport pages_free, pages_grow
from orderbook.seats cimport Seat


cdef enum:
    ACCOUNTS_FIRST_CAPACITY = 16
    ACCOUNTS_MAX = 1 << 31     # the index needs a bit of the 32


cdef struct Holding:           # 16 bytes: what an account has of an asset
    uint64_t available
    uint64_t reserved          # for its resting orders


cdef struct Accounts:
    char *rows
    size_t row_size            # bytes, whole cache lines
    uint32_t capacity          # rows, slot 0 included
    uint32_t used              # rows taken, slot 0 included
    uint32_t assets
    uint32_t markets
    uint64_t *issued           # per asset: credited less debited
    Index index                # account id → slot


cdef inline uint32_t seat_offset(uint32_t market) noexcept nogil:
    """Return where in a row the seat in a market is, in bytes."""
    return <uint32_t>(sizeof(uint64_t) + market * sizeof(Seat))


cdef inline uint32_t holding_offset(const Accounts *accounts, uint32_t asset) noexcept nogil:
    """Return where in a row the holding of an asset is, in bytes."""
    return <uint32_t>(seat_offset(accounts.markets) + asset * sizeof(Holding))


cdef inline int accounts_init(Accounts *accounts, uint32_t assets, uint32_t markets, uint64_t key_add,
                              uint64_t key_multiply) noexcept nogil:
    """Make an empty array for so many assets and markets; return 0, or -1 when memory is out."""
    accounts.assets = assets
    accounts.markets = markets
    accounts.row_size = (holding_offset(accounts, assets) + 63) & ~<size_t>63
    accounts.capacity = ACCOUNTS_FIRST_CAPACITY
    accounts.used = 1
    accounts.rows = <char *>pages_grow(NULL, 0, accounts.capacity * accounts.row_size)
    accounts.issued = <uint64_t *>calloc(assets, sizeof(uint64_t))
    cdef int failed = index_init(&accounts.index, key_add, key_multiply)
    return -1 if failed or accounts.rows == NULL or accounts.issued == NULL else 0


cdef inline char *account_row(const Accounts *accounts, uint32_t slot) noexcept nogil:
    return accounts.rows + slot * accounts.row_size


cdef inline uint64_t account_id(const Accounts *accounts, uint32_t slot) noexcept nogil:
    return (<uint64_t *>account_row(accounts, slot))[0]


cdef inline Seat *seat_at(const Accounts *accounts, uint32_t slot, uint32_t offset) noexcept nogil:
    return <Seat *>(account_row(accounts, slot) + offset)


cdef inline Holding *holding_at(const Accounts *accounts, uint32_t slot, uint32_t offset) noexcept nogil:
    return <Holding *>(account_row(accounts, slot) + offset)


cdef inline void accounts_destroy(Accounts *accounts) noexcept nogil:
    cdef uint32_t slot, market
    if accounts.rows != NULL:
        for slot in range(1, accounts.used):
            for market in range(accounts.markets):
                free(seat_at(accounts, slot, seat_offset(market)).entries)
        pages_free(accounts.rows, accounts.capacity * accounts.row_size)
    free(accounts.issued)
    index_destroy(&accounts.index)


cdef inline size_t accounts_bytes(const Accounts *accounts) noexcept nogil:
    """Return the bytes that rows, seats' entries and index span. O(accounts × markets)."""
    cdef size_t bytes = accounts.capacity * accounts.row_size + index_bytes(&accounts.index)
    cdef uint32_t slot, market
    for slot in range(1, accounts.used):
        for market in range(accounts.markets):
            bytes += seat_at(accounts, slot, seat_offset(market)).capacity * sizeof(uint32_t)
    return bytes


cdef inline uint32_t account_find_hashed(const Accounts *accounts, uint64_t id, uint32_t hash) noexcept nogil:
    """Return the slot of the account with this id, or 0."""
    return index_find(&accounts.index, accounts.rows, accounts.row_size, id, hash)


cdef inline uint32_t account_find(const Accounts *accounts, uint64_t id) noexcept nogil:
    return account_find_hashed(accounts, id, index_hash(&accounts.index, id))


cdef inline int accounts_reserve(Accounts *accounts) noexcept nogil:
    """See to it that one more account can be opened; return 0, or -1 when memory is out.

    The index is kept emptier than that of orders: accounts come in no order, and where an id is not at its home, the
    processor has guessed wrong.
    """
    cdef size_t bytes = accounts.capacity * accounts.row_size
    cdef char *rows
    if accounts.index.count >= index_room(&accounts.index) >> 1 and index_grow(&accounts.index):
        return -1
    if accounts.used < accounts.capacity:
        return 0
    if accounts.capacity >= <uint32_t>ACCOUNTS_MAX:
        return -1
    rows = <char *>pages_grow(accounts.rows, bytes, 2 * bytes)
    if rows == NULL:
        return -1
    accounts.rows = rows
    accounts.capacity *= 2
    return 0


cdef inline uint32_t account_open(Accounts *accounts, uint64_t id) noexcept nogil:
    """Return the slot of the account with this id, a new one where there is none; 0 when memory is out."""
    cdef uint32_t hash = index_hash(&accounts.index, id)
    cdef uint32_t slot = account_find_hashed(accounts, id, hash)
    if slot == 0 and accounts_reserve(accounts) == 0:
        slot = accounts.used
        accounts.used += 1
        (<uint64_t *>account_row(accounts, slot))[0] = id
        index_add(&accounts.index, id, hash, slot)
    return slot


cdef inline bint issue_overflows(const Accounts *accounts, uint32_t asset, uint64_t amount) noexcept nogil:
    """Tell whether that much more of an asset would be above 2^64-1 in all."""
    return accounts.issued[asset] + amount < amount


cdef inline void account_give(Accounts *accounts, uint32_t slot, uint32_t asset, uint64_t amount) noexcept nogil:
    """Issue an asset to an account; it was checked that it does not overflow."""
    accounts.issued[asset] += amount
    holding_at(accounts, slot, holding_offset(accounts, asset)).available += amount


cdef inline bint account_lacks(const Accounts *accounts, uint32_t slot, uint32_t asset, uint64_t amount) noexcept nogil:
    """Tell whether less than that is available to an account."""
    return holding_at(accounts, slot, holding_offset(accounts, asset)).available < amount


cdef inline void account_take(Accounts *accounts, uint32_t slot, uint32_t asset, uint64_t amount) noexcept nogil:
    """Take an asset back from an account; it was checked that it has so much."""
    accounts.issued[asset] -= amount
    holding_at(accounts, slot, holding_offset(accounts, asset)).available -= amount
