"""The price levels of a book: for each side an ordered map from price to level, and the best level at hand.

Keys. Both sides are one code path: a side orders its prices by key = price ^ mask, where mask is 0 for asks and all
ones for bids. The best level of either side is the one with the lowest key, and a price is as good as another or
better when its key is not above the other's.

The map is a radix tree with 64-way nodes, six bits of the key per node, and a 64-bit bitmap of its children in each:
the next level in price order is a bit scan away. Paths are compressed at both ends: a node stands only where keys
part, so it has two children or more, each a node or a level itself. A book whose prices lie within a few thousand
ticks is two or three nodes deep, the whole 64-bit range at most eleven.

A reference to a node says where the node's six bits begin, so that a search reads one child per node and nothing
else: it follows the key's bits without looking whether the skipped ones agree, and compares the whole key in the
level at the end. Only where that fails is the place looked for at which the key parts from what is there.

Invariants: what is below a node agrees with it in all key bits above its own six; a node has at least two children;
bit i of the bitmap is set exactly when children[i] is not 0; a free node's children are all 0.

Worst case: a new price makes one node and one level, 352 bytes, wherever it lies; a search visits eleven nodes.
Levels and nodes of both sides share two slabs.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.records cimport Level, clz, ctz
from orderbook.slab cimport Slab, slab_destroy, slab_give_back, slab_grow, slab_init, slab_reserve, slab_take


cdef enum:
    NODE_BITS = 6
    NODE_WAYS = 64

cdef extern from *:
    """
    /* A reference (uint32_t): 0 for none, a level's slot with IS_LEVEL, or a node's slot with half its shift above. */
    #define ORDERBOOK_IS_LEVEL ((uint32_t)1 << 31)
    #define ORDERBOOK_NODE_SLOT (((uint32_t)1 << 26) - 1)
    """
    const uint32_t IS_LEVEL "ORDERBOOK_IS_LEVEL"
    const uint32_t NODE_SLOT "ORDERBOOK_NODE_SLOT"


cdef struct Node:              # five cache lines
    uint64_t bitmap            # which children there are
    uint64_t base              # the lowest key that it covers
    uint32_t parent            # reference to the node above, 0 at the root
    uint32_t spare
    uint32_t children[64]      # references to nodes or levels
    uint8_t fill[40]           # to whole cache lines


cdef struct BookSide:
    uint64_t mask              # key = price ^ mask
    uint64_t best_key          # of the best level, when there is one
    uint64_t total             # lots open on this side
    uint32_t best              # slot of the best level, 0 when the side is empty
    uint32_t root              # reference to the tree's top, 0 when the side is empty
    uint32_t order_count
    uint32_t level_count


cdef struct LevelStore:
    Slab levels                # of Level
    Slab nodes                 # of Node


cdef inline int level_store_init(LevelStore *store) noexcept nogil:
    """Make an empty store; return 0, or -1 when memory is out."""
    cdef int levels_failed = slab_init(&store.levels, sizeof(Level))
    cdef int nodes_failed = slab_init(&store.nodes, sizeof(Node))
    return levels_failed | nodes_failed


cdef inline void level_store_destroy(LevelStore *store) noexcept nogil:
    slab_destroy(&store.levels)
    slab_destroy(&store.nodes)


cdef inline int level_store_reserve(LevelStore *store) noexcept nogil:
    """See to it that one level can be added at any price; return 0, or -1 when memory is out.

    There are always fewer nodes than levels, so with as many slots for either, there is a node when there is a level.
    """
    if store.levels.live > NODE_SLOT or slab_reserve(&store.levels):
        return -1
    return slab_grow(&store.nodes) if store.nodes.capacity < store.levels.capacity else 0


cdef inline Level *level_at(const LevelStore *store, uint32_t slot) noexcept nogil:
    return &(<Level *>store.levels.items)[slot]


cdef inline Node *node_at(const LevelStore *store, uint32_t reference) noexcept nogil:
    return &(<Node *>store.nodes.items)[reference & NODE_SLOT]


cdef inline uint32_t shift_of(uint32_t reference) noexcept nogil:
    """Return where the six key bits of a node begin."""
    return (reference >> 25) & 62


cdef inline uint32_t way(uint64_t key, uint32_t reference) noexcept nogil:
    """Return which child of a node leads to `key`."""
    return <uint32_t>(key >> shift_of(reference)) & (NODE_WAYS - 1)


cdef inline uint64_t low_key(const LevelStore *store, uint32_t reference) noexcept nogil:
    """Return the lowest key that a level or node stands for."""
    return level_at(store, reference & ~IS_LEVEL).key if reference & IS_LEVEL else node_at(store, reference).base


cdef inline uint32_t parting(uint64_t key, uint64_t other) noexcept nogil:
    """Return where the highest six bits begin in which two different keys differ."""
    return (63 - clz(key ^ other)) // NODE_BITS * NODE_BITS


cdef struct Place:             # where a search for a key ended
    uint32_t parent            # reference to the last node on the way, 0 none
    uint32_t end               # reference to what is there, 0 nothing


cdef inline Place level_seek(const LevelStore *store, const BookSide *side, uint64_t key) noexcept nogil:
    """Follow the bits of `key` to where they end."""
    cdef Place place
    place.parent = 0
    place.end = side.root
    while place.end != 0 and not place.end & IS_LEVEL:
        place.parent = place.end
        place.end = node_at(store, place.end).children[way(key, place.end)]
    return place


cdef inline uint32_t level_found(const LevelStore *store, Place place, uint64_t key) noexcept nogil:
    """Return the slot of the key's own level, if that is where a search ended, else 0."""
    cdef uint32_t slot = place.end & ~IS_LEVEL
    return slot if place.end != 0 and level_at(store, slot).key == key else 0


cdef inline uint32_t level_find(const LevelStore *store, const BookSide *side, uint64_t key) noexcept nogil:
    """Return the slot of the level with this key, or 0."""
    return level_found(store, level_seek(store, side, key), key)


cdef inline void attach(LevelStore *store, BookSide *side, uint32_t parent, uint64_t key,
                        uint32_t child) noexcept nogil:
    """Hang `child`, which holds `key`, below node `parent`, or at the top where `parent` is 0."""
    cdef Node *above
    if child & IS_LEVEL:
        level_at(store, child & ~IS_LEVEL).parent = parent
    else:
        node_at(store, child).parent = parent
    if parent == 0:
        side.root = child
        return
    above = node_at(store, parent)
    above.children[way(key, parent)] = child
    above.bitmap |= <uint64_t>1 << way(key, parent)


cdef inline uint32_t fork(LevelStore *store, BookSide *side, Place place, uint64_t key, uint32_t shift) noexcept nogil:
    """Put a node above what is at `place`, where `key` parts from it; return a reference to the node."""
    cdef uint32_t reference = slab_take(&store.nodes, sizeof(Node)) | shift << 25
    cdef Node *node = node_at(store, reference)
    cdef uint64_t other = low_key(store, place.end)
    node.bitmap = 0
    node.base = ((key >> shift) >> NODE_BITS << NODE_BITS) << shift
    attach(store, side, place.parent, key, reference)
    attach(store, side, reference, other, place.end)
    return reference


cdef inline uint32_t parent_for(LevelStore *store, BookSide *side, Place place, uint64_t key) noexcept nogil:
    """Return the node (0: the top) below which a new level belongs, by where a search for its key ended in vain."""
    cdef uint64_t other
    cdef uint32_t shift
    if place.end == 0 and (
        place.parent == 0
        or (key ^ node_at(store, place.parent).base) >> shift_of(place.parent) >> NODE_BITS == 0
    ):
        return place.parent
    other = low_key(store, place.end if place.end else place.parent)
    shift = parting(key, other)
    if place.end == 0 or place.parent and shift_of(place.parent) < shift:  # they part further up: go there
        place.parent = 0
        place.end = side.root
        while not place.end & IS_LEVEL and shift_of(place.end) > shift:
            place.parent = place.end
            place.end = node_at(store, place.end).children[way(key, place.end)]
    return fork(store, side, place, key, shift)


cdef inline uint32_t level_add(LevelStore *store, BookSide *side, Place place, uint64_t key) noexcept nogil:
    """Make the level with this key where a search for it ended in vain; room was reserved. It is yet without orders."""
    cdef uint32_t slot = slab_take(&store.levels, sizeof(Level))
    cdef Level *level = level_at(store, slot)
    level.key = key
    level.total = 0
    level.oldest = level.youngest = level.count = 0
    attach(store, side, parent_for(store, side, place, key), key, slot | IS_LEVEL)
    side.level_count += 1
    if side.best == 0 or key < side.best_key:
        side.best = slot
        side.best_key = key
    return slot


cdef inline uint32_t first_of(const LevelStore *store, uint32_t reference) noexcept nogil:
    """Return the slot of the level with the lowest key in a level or below a node."""
    cdef const Node *node
    while not reference & IS_LEVEL:
        node = node_at(store, reference)
        reference = node.children[ctz(node.bitmap)]
    return reference & ~IS_LEVEL


cdef inline void level_remove(LevelStore *store, BookSide *side, uint32_t slot) noexcept nogil:
    """Remove a level without orders, and the node above it if that has only one child left."""
    cdef Level *level = level_at(store, slot)
    cdef uint32_t above = level.parent
    cdef uint64_t key = level.key
    cdef uint32_t remaining
    cdef Node *node
    side.level_count -= 1
    if above == 0:
        side.root = side.best = 0
    else:
        node = node_at(store, above)
        node.children[way(key, above)] = 0
        node.bitmap &= ~(<uint64_t>1 << way(key, above))
        if slot == side.best:  # the next one is below the same node, which had another child
            side.best = first_of(store, node.children[ctz(node.bitmap)])
            side.best_key = level_at(store, side.best).key
        if node.bitmap & (node.bitmap - 1) == 0:
            remaining = node.children[ctz(node.bitmap)]
            node.children[ctz(node.bitmap)] = 0
            attach(store, side, node.parent, key, remaining)
            slab_give_back(&store.nodes, above & NODE_SLOT, sizeof(Node))
    slab_give_back(&store.levels, slot, sizeof(Level))


cdef inline uint32_t level_next(const LevelStore *store, uint32_t slot) noexcept nogil:
    """Return the next level behind this one in its side's order, or 0."""
    cdef uint64_t key = level_at(store, slot).key
    cdef uint32_t above = level_at(store, slot).parent
    cdef const Node *node
    cdef uint64_t behind
    while above:
        node = node_at(store, above)
        behind = node.bitmap & ((<uint64_t>-2) << way(key, above))
        if behind:
            return first_of(store, node.children[ctz(behind)])
        above = node.parent
    return 0
