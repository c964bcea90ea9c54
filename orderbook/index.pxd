"""The index: order id → slot, by open addressing in buckets of one cache line.

A bucket holds seven orders: seven tags (the id's 32-bit hash, its lowest bit set so that 0 can mean "free"), seven slots,
and how many orders spilled over it: those whose home it is, or would have passed it, but which found it full and went on
to the next. All seven tags are compared at once, so where in the bucket an order sits costs no mispredicted branch, and
a search ends at the first bucket over which nothing spilled. Removal clears the tag and takes back the spill counts on
its way; nothing else moves and no tombstone stays, so the table is as compact after millions of cancels as before. The
full id is compared in the order itself, where the tag agrees.

Ids are chosen by strangers, so the hash is keyed with random numbers per book: two multiplications, each of which moves
every bit of the id. A bucket's number is the upper bits of the hash.

Size: between two and four orders per bucket once the table has grown, 16 to 32 bytes per order. At four, one order in
fifty is spilled. Growing doubles the table and places every entry anew from its tag, in one pass.
"""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.pages cimport pages_free, pages_grow
from orderbook.records cimport Order, ctz, likely


cdef extern from *:
    """
    /* The upper and lower halves of a 128-bit product, folded into one. */
    static inline uint64_t orderbook_fold(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128)a * b;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }

    /* A bit for each of the seven tags that equals `wanted`; `tags` is a whole bucket. */
    #if defined(__SSE2__)
    #include <emmintrin.h>
    static inline uint32_t orderbook_matches(const uint32_t *tags, uint32_t wanted) {
        __m128i all = _mm_set1_epi32((int)wanted);
        __m128i low = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)tags), all);
        __m128i high = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)tags + 1), all);
        __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128());
        return (uint32_t)_mm_movemask_epi8(bytes) & 0x7F;
    }
    #else
    static inline uint32_t orderbook_matches(const uint32_t *tags, uint32_t wanted) {
        uint32_t found = 0;
        for (int i = 0; i < 7; i++) found |= (uint32_t)(tags[i] == wanted) << i;
        return found;
    }
    #endif
    """
    uint64_t fold "orderbook_fold"(uint64_t a, uint64_t b) noexcept nogil
    uint32_t matches "orderbook_matches"(const uint32_t *tags, uint32_t wanted) noexcept nogil


cdef enum:
    INDEX_FIRST_BITS = 4     # 16 buckets
    INDEX_LAST_BITS = 29
    ORDERS_PER_BUCKET = 4    # on average, before the table grows


cdef struct Bucket:          # one cache line
    uint32_t tags[7]         # hashes with bit 0 set; 0: the place is free
    uint32_t spilled         # orders that passed this bucket because it was full
    uint32_t slots[7]        # of the orders
    uint32_t spare


cdef struct Index:
    Bucket *buckets
    uint64_t key_add         # random, xored into the id
    uint64_t key_multiply    # random and odd
    uint32_t mask            # buckets in the table - 1
    uint32_t shift           # 32 - log2(buckets): hash → bucket
    uint32_t count           # orders in it


cdef inline int index_init(Index *index, uint64_t key_add, uint64_t key_multiply) noexcept nogil:
    """Make an empty index with its two random keys; return 0, or -1 when memory is out."""
    index.buckets = <Bucket *>pages_grow(NULL, 0, sizeof(Bucket) << INDEX_FIRST_BITS)
    index.key_add = key_add
    index.key_multiply = key_multiply | 1
    index.mask = (1 << INDEX_FIRST_BITS) - 1
    index.shift = 32 - INDEX_FIRST_BITS
    index.count = 0
    return 0 if index.buckets != NULL else -1


cdef inline size_t index_bytes(const Index *index) noexcept nogil:
    return (<size_t>index.mask + 1) * sizeof(Bucket)


cdef inline void index_destroy(Index *index) noexcept nogil:
    if index.buckets != NULL:
        pages_free(index.buckets, index_bytes(index))
        index.buckets = NULL


cdef inline uint32_t index_hash(const Index *index, uint64_t id) noexcept nogil:
    return <uint32_t>(fold(fold(id ^ index.key_add, index.key_multiply), 0x9E3779B97F4A7C15) >> 32)


cdef inline Bucket *home_of(const Index *index, uint32_t hash) noexcept nogil:
    return &index.buckets[hash >> index.shift]


cdef inline Bucket *bucket_after(const Index *index, const Bucket *bucket) noexcept nogil:
    return &index.buckets[(bucket - index.buckets + 1) & index.mask]


cdef inline uint32_t index_find(const Index *index, const Order *orders, uint64_t id, uint32_t hash) noexcept nogil:
    """Return the slot of the order with this id, or 0."""
    cdef const Bucket *bucket = home_of(index, hash)
    cdef uint32_t found, slot
    while True:
        found = matches(bucket.tags, hash | 1)
        while found:
            slot = bucket.slots[ctz(found)]
            if likely(orders[slot].id == id):
                return slot
            found &= found - 1
        if likely(bucket.spilled == 0):
            return 0
        bucket = bucket_after(index, bucket)


cdef inline void index_place(Index *index, uint32_t hash, uint32_t slot) noexcept nogil:
    cdef Bucket *bucket = home_of(index, hash)
    cdef uint32_t free = matches(bucket.tags, 0)
    while not likely(free):
        bucket.spilled += 1
        bucket = bucket_after(index, bucket)
        free = matches(bucket.tags, 0)
    bucket.tags[ctz(free)] = hash | 1
    bucket.slots[ctz(free)] = slot


cdef inline int index_grow(Index *index) noexcept nogil:
    """Double the table; return 0, or -1 when memory is out."""
    cdef Index grown = index[0]
    cdef const Bucket *bucket
    cdef size_t number
    cdef int place
    if index.shift == 32 - INDEX_LAST_BITS:
        return -1
    grown.shift -= 1
    grown.mask = 2 * index.mask + 1
    grown.buckets = <Bucket *>pages_grow(NULL, 0, 2 * index_bytes(index))
    if grown.buckets == NULL:
        return -1
    for number in range(<size_t>index.mask + 1):
        bucket = &index.buckets[number]
        for place in range(7):
            if bucket.tags[place]:
                index_place(&grown, bucket.tags[place], bucket.slots[place])
    index_destroy(index)
    index[0] = grown
    return 0


cdef inline uint64_t index_room(const Index *index) noexcept nogil:
    """Return how many orders it takes before it must grow."""
    return (<uint64_t>index.mask + 1) * ORDERS_PER_BUCKET


cdef inline int index_reserve(Index *index) noexcept nogil:
    """See to it that one more order can be added; return 0, or -1 when memory is out."""
    return index_grow(index) if index.count >= index_room(index) else 0


cdef inline void index_add(Index *index, uint32_t hash, uint32_t slot) noexcept nogil:
    """Add an order that is not there; its place was reserved."""
    index_place(index, hash, slot)
    index.count += 1


cdef inline void index_remove(Index *index, uint32_t hash, uint32_t slot) noexcept nogil:
    """Remove an order that is there."""
    cdef Bucket *bucket = home_of(index, hash)
    cdef uint32_t found
    index.count -= 1
    while True:
        found = matches(bucket.tags, hash | 1)
        while found:
            if likely(bucket.slots[ctz(found)] == slot):
                bucket.tags[ctz(found)] = 0
                return
            found &= found - 1
        bucket.spilled -= 1
        bucket = bucket_after(index, bucket)
