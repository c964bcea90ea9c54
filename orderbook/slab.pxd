"""A slab: fixed-size items in one growing array, named by 32-bit slot numbers, with a free list through the items.

Invariant: every slot in 1 … used-1 is either live or on the free list; slots from `used` on were never taken. A freed
slot is the next one taken, while its cache line is still warm. Slot 0 is never given out: it means "none".

Taking cannot fail: callers reserve first (`slab_reserve`), which is where memory may run out, and nothing has changed
by then. Worst case: one reservation doubles the array; large arrays move without copying (pages.pxd).
"""

from libc.stdint cimport uint32_t

from orderbook.pages cimport pages_free, pages_grow
from orderbook.records cimport prefetch


cdef enum:
    SLAB_FIRST_CAPACITY = 64
    SLAB_MAX_CAPACITY = 1 << 31  # the hash index needs a bit of the 32


cdef struct Slab:
    char *items
    size_t item_size     # bytes
    uint32_t capacity    # slots in the array, slot 0 included
    uint32_t used        # slots ever taken, slot 0 included
    uint32_t live        # slots taken now, slot 0 included
    uint32_t free        # the slot freed last, 0 when none


cdef inline int slab_init(Slab *slab, size_t item_size) noexcept nogil:
    """Make an empty slab; return 0, or -1 when memory is out."""
    slab.items = <char *>pages_grow(NULL, 0, SLAB_FIRST_CAPACITY * item_size)
    slab.item_size = item_size
    slab.capacity = SLAB_FIRST_CAPACITY if slab.items != NULL else 0
    slab.used = slab.live = 1
    slab.free = 0
    return 0 if slab.items != NULL else -1


cdef inline void slab_destroy(Slab *slab) noexcept nogil:
    if slab.items != NULL:
        pages_free(slab.items, slab.capacity * slab.item_size)
        slab.items = NULL


cdef inline int slab_grow(Slab *slab) noexcept nogil:
    """Double the array; return 0, or -1 when memory or slot numbers are out."""
    cdef size_t bytes = slab.capacity * slab.item_size
    if slab.capacity >= <uint32_t>SLAB_MAX_CAPACITY:
        return -1
    cdef char *items = <char *>pages_grow(slab.items, bytes, 2 * bytes)
    if items == NULL:
        return -1
    slab.items = items
    slab.capacity *= 2
    return 0


cdef inline int slab_reserve(Slab *slab) noexcept nogil:
    """See to it that one more slot can be taken; return 0, or -1 when memory is out."""
    return slab_grow(slab) if slab.live == slab.capacity else 0


cdef inline uint32_t slab_take(Slab *slab, size_t item_size) noexcept nogil:
    """Take a reserved slot. Its content is what it was when freed, but for the first four bytes; zero if never used.

    Here and below, `item_size` is the slab's own, handed in as a constant: a shift instead of a multiplication.
    """
    cdef uint32_t slot = slab.free
    if slot:
        slab.free = (<uint32_t *>(slab.items + slot * item_size))[0]
        prefetch(slab.items + slab.free * item_size)  # the next one to be taken
    else:
        slot = slab.used
        slab.used += 1
    slab.live += 1
    return slot


cdef inline void slab_give_back(Slab *slab, uint32_t slot, size_t item_size) noexcept nogil:
    (<uint32_t *>(slab.items + slot * item_size))[0] = slab.free
    slab.free = slot
    slab.live -= 1
