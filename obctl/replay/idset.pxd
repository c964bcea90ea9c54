"""A growing set of 64-bit ids: which orders a file has ever added, so that an id never seen can be told from one gone.

Open addressing with linear probing over one power-of-two table, at most three quarters full: 11 to 22 bytes per id. 0
marks an empty place, so the id 0 has a flag of its own. The hash is keyed, as in the engine's index.
"""

from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free

from orderbook.index cimport fold


cdef struct IdSet:
    uint64_t *ids
    uint64_t mask       # places in the table - 1
    uint64_t count      # ids in the table
    uint64_t key        # random
    bint has_zero


cdef inline int id_set_init(IdSet *ids, uint64_t key) noexcept nogil:
    """Make an empty set; return 0, or -1 when memory is out."""
    ids.mask = 1023
    ids.count = 0
    ids.key = key
    ids.has_zero = False
    ids.ids = <uint64_t *>calloc(ids.mask + 1, sizeof(uint64_t))
    return 0 if ids.ids != NULL else -1


cdef inline void id_set_destroy(IdSet *ids) noexcept nogil:
    free(ids.ids)
    ids.ids = NULL


cdef inline uint64_t id_set_place(const IdSet *ids, uint64_t id) noexcept nogil:
    """Return the place where this id is, or would go."""
    cdef uint64_t place = fold(id ^ ids.key, 0x9E3779B97F4A7C15) & ids.mask
    while ids.ids[place] != 0 and ids.ids[place] != id:
        place = (place + 1) & ids.mask
    return place


cdef inline bint id_set_has(const IdSet *ids, uint64_t id) noexcept nogil:
    if id == 0:
        return ids.has_zero
    return ids.ids[id_set_place(ids, id)] != 0


cdef inline int id_set_grow(IdSet *ids) noexcept nogil:
    """Double the table; return 0, or -1 when memory is out."""
    cdef IdSet grown = ids[0]
    cdef uint64_t place
    grown.mask = 2 * ids.mask + 1
    grown.ids = <uint64_t *>calloc(grown.mask + 1, sizeof(uint64_t))
    if grown.ids == NULL:
        return -1
    for place in range(ids.mask + 1):
        if ids.ids[place] != 0:
            grown.ids[id_set_place(&grown, ids.ids[place])] = ids.ids[place]
    free(ids.ids)
    ids[0] = grown
    return 0


cdef inline int id_set_add(IdSet *ids, uint64_t id) noexcept nogil:
    """Add an id, which may be there already; return 0, or -1 when memory is out."""
    cdef uint64_t place
    if id == 0:
        ids.has_zero = True
        return 0
    if 4 * (ids.count + 1) > 3 * (ids.mask + 1) and id_set_grow(ids):
        return -1
    place = id_set_place(ids, id)
    ids.count += ids.ids[place] == 0
    ids.ids[place] = id
    return 0
