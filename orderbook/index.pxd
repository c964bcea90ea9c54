"""The index: id → slot, of orders and of accounts, by open addressing with linear probing.

An entry is 8 bytes, eight to a cache line: the upper half the id's 32-bit hash, the lower half the item's slot. The
table is a power of two, an entry's home is the upper bits of its hash, and 0 is an empty place (slot 0 never exists).
The full id is compared in the item itself, of which it is the first field, only where all 32 bits of the hash agree.

Ids are chosen by strangers, so the hash is keyed with random numbers per index: two multiplications, each of which
moves every bit of the id. Removal shifts the entries behind it back instead of leaving a tombstone, so the table
stays as compact after millions of cancels as it was before. It is between a quarter and half full once it has grown:
16 to 32 bytes per order. Growing doubles the table and places every entry anew from its stored hash, in one pass.
"""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.pages cimport pages_free, pages_grow
from orderbook.records cimport likely, unlikely


cdef extern from *:
    """
    /* The upper and lower halves of a 128-bit product, folded into one. */
    static inline uint64_t orderbook_fold(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128)a * b;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    """
    uint64_t fold "orderbook_fold"(uint64_t a, uint64_t b) noexcept nogil


cdef enum:
    INDEX_FIRST_BITS = 7  # 128 entries


cdef struct Index:
    uint64_t *entries
    uint64_t key_add        # random, xored into the id
    uint64_t key_multiply   # random and odd
    uint32_t mask           # entries in the table - 1
    uint32_t shift          # 32 - log2(entries): hash → home
    uint32_t count          # entries in use
    uint64_t highest        # no id above this was ever added


cdef inline int index_init(Index *index, uint64_t key_add, uint64_t key_multiply) noexcept nogil:
    """Make an empty index with its two random keys; return 0, or -1 when memory is out."""
    index.entries = <uint64_t *>pages_grow(NULL, 0, sizeof(uint64_t) << INDEX_FIRST_BITS)
    index.key_add = key_add
    index.key_multiply = key_multiply | 1
    index.mask = (1 << INDEX_FIRST_BITS) - 1
    index.shift = 32 - INDEX_FIRST_BITS
    index.count = 0
    index.highest = 0
    return 0 if index.entries != NULL else -1


cdef inline size_t index_bytes(const Index *index) noexcept nogil:
    return (<size_t>index.mask + 1) * sizeof(uint64_t)


cdef inline void index_destroy(Index *index) noexcept nogil:
    if index.entries != NULL:
        pages_free(index.entries, index_bytes(index))
        index.entries = NULL


cdef inline uint32_t index_hash(const Index *index, uint64_t id) noexcept nogil:
    return <uint32_t>(fold(fold(id ^ index.key_add, index.key_multiply), 0x9E3779B97F4A7C15) >> 32)


cdef inline uint32_t index_find(const Index *index, const char *items, size_t item_size, uint64_t id,
                                uint32_t hash) noexcept nogil:
    """Return the slot of the item with this id, or 0. `item_size` is in bytes, a constant where the caller knows it."""
    cdef uint32_t place = hash >> index.shift
    cdef uint64_t entry = index.entries[place]
    while entry != 0:
        if <uint32_t>(entry >> 32) == hash and likely(
            (<const uint64_t *>(items + <uint32_t>entry * item_size))[0] == id
        ):
            return <uint32_t>entry
        place = (place + 1) & index.mask
        entry = index.entries[place]
    return 0


cdef inline bint index_holds(const Index *index, const char *items, size_t item_size, uint64_t id,
                             uint32_t hash) noexcept nogil:
    """Tell whether an item with this id is there. Most flows number upwards, and a new high needs no search."""
    return unlikely(id <= index.highest) and index_find(index, items, item_size, id, hash) != 0


cdef inline void index_place(Index *index, uint32_t hash, uint32_t slot) noexcept nogil:
    cdef uint32_t place = hash >> index.shift
    while index.entries[place] != 0:
        place = (place + 1) & index.mask
    index.entries[place] = (<uint64_t>hash << 32) | slot


cdef inline int index_widen(Index *index, uint32_t bits) noexcept nogil:
    """Make the table 2^bits times as large; return 0, or -1 when memory is out."""
    cdef Index wide = index[0]
    cdef size_t place
    if index.shift <= bits:
        return -1
    wide.shift -= bits
    wide.mask = ((index.mask + 1) << bits) - 1
    wide.entries = <uint64_t *>pages_grow(NULL, 0, index_bytes(&wide))
    if wide.entries == NULL:
        return -1
    for place in range(<size_t>index.mask + 1):
        if index.entries[place] != 0:
            index_place(&wide, <uint32_t>(index.entries[place] >> 32), <uint32_t>index.entries[place])
    index_destroy(index)
    index[0] = wide
    return 0


cdef inline int index_grow(Index *index) noexcept nogil:
    """Double the table; return 0, or -1 when memory is out."""
    return index_widen(index, 1)


cdef inline uint64_t index_room(const Index *index) noexcept nogil:
    """Return how many items it takes before it must grow: half of its places."""
    return (<uint64_t>index.mask + 1) >> 1


cdef inline int index_reserve(Index *index) noexcept nogil:
    """See to it that one more item can be added; return 0, or -1 when memory is out."""
    return index_grow(index) if index.count >= index_room(index) else 0


cdef inline int index_fit(Index *index, uint64_t count) noexcept nogil:
    """See to it that so many items can be in it; return 0, or -1 when memory is out."""
    cdef uint32_t bits = 0
    while index_room(index) << bits < count:
        bits += 1
    return index_widen(index, bits) if bits else 0


cdef inline void index_add(Index *index, uint64_t id, uint32_t hash, uint32_t slot) noexcept nogil:
    """Add an item that is not there; its place was reserved."""
    index_place(index, hash, slot)
    index.count += 1
    index.highest = max(index.highest, id)


cdef inline void index_remove(Index *index, uint32_t hash, uint32_t slot) noexcept nogil:
    """Remove an item that is there, and close the gap that it leaves."""
    cdef uint64_t wanted = (<uint64_t>hash << 32) | slot
    cdef uint32_t hole = hash >> index.shift
    while index.entries[hole] != wanted:
        hole = (hole + 1) & index.mask
    cdef uint32_t place = hole
    cdef uint64_t entry
    cdef uint32_t home
    while True:
        place = (place + 1) & index.mask
        entry = index.entries[place]
        if entry == 0:
            break
        home = <uint32_t>(entry >> 32) >> index.shift
        if ((place - home) & index.mask) >= ((place - hole) & index.mask):  # its home is not behind the hole
            index.entries[hole] = entry
            hole = place
    index.entries[hole] = 0
    index.count -= 1
