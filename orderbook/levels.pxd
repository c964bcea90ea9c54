"""The price levels of a book: for each side an ordered map from price to level, and the best level at hand.

Keys. Both sides are one code path: a side orders its prices by key = price ^ mask, where mask is 0 for asks and all ones
for bids. The best level of either side is the one with the lowest key, and a price is as good as another or better when
its key is not above the other's.

The map is a radix tree with 64-way nodes, six bits of the key per node, and a 64-bit bitmap of its children in each: the
next level in price order is a bit scan away. Paths are compressed at both ends: a node stands only where keys part, so
it has two children or more, each a node or a level itself. A book whose prices lie within a few thousand ticks is two
or three nodes deep, the whole 64-bit range at most eleven. Searches begin at the node above the best level where that
one covers the price, since most orders come near the touch.

Invariants: what is below a node agrees with it in all key bits above its own six; a node has at least two children; bit
i of the bitmap is set exactly when children[i] is not 0; a free node's children are all 0.

Worst case: a new price makes one node and one level, 352 bytes, wherever it lies; a search visits eleven nodes. Levels
and nodes of both sides share two slabs.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.records cimport Level, clz, ctz
from orderbook.slab cimport Slab, slab_destroy, slab_give_back, slab_grow, slab_init, slab_reserve, slab_take


cdef enum:
    NODE_BITS = 6
    NODE_WAYS = 64

cdef enum:
    IS_LEVEL = 1 << 31         # in a child: it is a level's slot, else a node's (no slot is that large)


cdef struct Node:              # five cache lines
    uint64_t bitmap            # which children there are
    uint64_t base              # the lowest key that it covers
    uint32_t parent            # slot of the node above, 0 at the root
    uint8_t shift              # where its six key bits begin
    uint8_t spare[3]
    uint32_t children[64]      # slots of nodes, or of levels with IS_LEVEL; 0 none
    uint8_t fill[40]           # to whole cache lines


cdef struct BookSide:
    uint64_t mask              # key = price ^ mask
    uint64_t best_key          # of the best level, when there is one
    uint64_t total             # lots open on this side
    uint32_t best              # slot of the best level, 0 when the side is empty
    uint32_t root              # the tree's top, a child as in Node; 0 when the side is empty
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
    if slab_reserve(&store.levels):
        return -1
    return slab_grow(&store.nodes) if store.nodes.capacity < store.levels.capacity else 0


cdef inline Level *level_at(const LevelStore *store, uint32_t slot) noexcept nogil:
    return &(<Level *>store.levels.items)[slot]


cdef inline Node *node_at(const LevelStore *store, uint32_t slot) noexcept nogil:
    return &(<Node *>store.nodes.items)[slot]


cdef inline uint32_t way(uint64_t key, const Node *node) noexcept nogil:
    """Return which child of `node` leads to `key`."""
    return <uint32_t>(key >> node.shift) & (NODE_WAYS - 1)


cdef inline bint covers(const Node *node, uint64_t key) noexcept nogil:
    """Tell whether `key` agrees with `node` in all bits above the node's own."""
    return ((key ^ node.base) >> node.shift) >> NODE_BITS == 0


cdef struct Place:             # where a key is in the tree, or where it would join
    uint32_t parent            # the last node on the path that covers the key, 0 none
    uint32_t child             # what stands there: 0 nothing, the key's own level, or something of other keys


cdef inline Place level_seek(const LevelStore *store, const BookSide *side, uint64_t key) noexcept nogil:
    """Follow the path to `key` as far as it goes."""
    cdef Place place
    cdef const Node *node
    place.parent = level_at(store, side.best).parent
    if place.parent == 0 or not covers(node_at(store, place.parent), key):
        place.parent = 0
        place.child = side.root
        if place.child == 0 or place.child & IS_LEVEL:
            return place
        node = node_at(store, place.child)
        if not covers(node, key):
            return place
        place.parent = place.child
    while True:
        node = node_at(store, place.parent)
        place.child = node.children[way(key, node)]
        if place.child == 0 or place.child & IS_LEVEL or not covers(node_at(store, place.child), key):
            return place
        place.parent = place.child


cdef inline uint32_t level_found(const LevelStore *store, Place place, uint64_t key) noexcept nogil:
    """Return the slot of the key's own level, if that is what a search came to, else 0."""
    cdef uint32_t slot = place.child & ~<uint32_t>IS_LEVEL
    return slot if place.child & IS_LEVEL and level_at(store, slot).key == key else 0


cdef inline uint32_t level_find(const LevelStore *store, const BookSide *side, uint64_t key) noexcept nogil:
    """Return the slot of the level with this key, or 0."""
    return level_found(store, level_seek(store, side, key), key)


cdef inline void attach(LevelStore *store, BookSide *side, uint32_t parent, uint64_t key, uint32_t child) noexcept nogil:
    """Hang `child`, which holds `key`, below node `parent`, or at the top where `parent` is 0."""
    cdef Node *above
    if child & IS_LEVEL:
        level_at(store, child & ~<uint32_t>IS_LEVEL).parent = parent
    else:
        node_at(store, child).parent = parent
    if parent == 0:
        side.root = child
        return
    above = node_at(store, parent)
    above.children[way(key, above)] = child
    above.bitmap |= <uint64_t>1 << way(key, above)


cdef inline uint32_t fork(LevelStore *store, BookSide *side, Place place, uint64_t key) noexcept nogil:
    """Put a node above what stands at `place`, at the highest six bits in which it differs from `key`; return it."""
    cdef uint64_t other = (
        level_at(store, place.child & ~<uint32_t>IS_LEVEL).key if place.child & IS_LEVEL
        else node_at(store, place.child).base
    )
    cdef uint32_t slot = slab_take(&store.nodes)
    cdef Node *node = node_at(store, slot)
    node.bitmap = 0
    node.shift = <uint8_t>((63 - clz(key ^ other)) // NODE_BITS * NODE_BITS)
    node.base = ((key >> node.shift) >> NODE_BITS << NODE_BITS) << node.shift
    attach(store, side, place.parent, key, slot)
    attach(store, side, slot, other, place.child)
    return slot


cdef inline uint32_t level_add(LevelStore *store, BookSide *side, Place place, uint64_t key) noexcept nogil:
    """Make the level with this key where a search for it ended in vain; room was reserved. It is yet without orders."""
    cdef uint32_t slot = slab_take(&store.levels)
    cdef Level *level = level_at(store, slot)
    level.key = key
    level.total = 0
    level.oldest = level.youngest = level.count = 0
    attach(store, side, fork(store, side, place, key) if place.child else place.parent, key, slot | IS_LEVEL)
    side.level_count += 1
    if side.best == 0 or key < side.best_key:
        side.best = slot
        side.best_key = key
    return slot


cdef inline uint32_t first_of(const LevelStore *store, uint32_t child) noexcept nogil:
    """Return the slot of the level with the lowest key in `child`."""
    cdef const Node *node
    while not child & IS_LEVEL:
        node = node_at(store, child)
        child = node.children[ctz(node.bitmap)]
    return child & ~<uint32_t>IS_LEVEL


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
        node.children[way(key, node)] = 0
        node.bitmap &= ~(<uint64_t>1 << way(key, node))
        remaining = node.children[ctz(node.bitmap)]
        if slot == side.best:  # the next one is below the same node, which had another child
            side.best = first_of(store, remaining)
            side.best_key = level_at(store, side.best).key
        if node.bitmap & (node.bitmap - 1) == 0:
            node.children[ctz(node.bitmap)] = 0
            attach(store, side, node.parent, key, remaining)
            slab_give_back(&store.nodes, above)
    slab_give_back(&store.levels, slot)


cdef inline uint32_t level_next(const LevelStore *store, uint32_t slot) noexcept nogil:
    """Return the next level behind this one in its side's order, or 0."""
    cdef uint64_t key = level_at(store, slot).key
    cdef uint32_t above = level_at(store, slot).parent
    cdef const Node *node
    cdef uint64_t behind
    while above:
        node = node_at(store, above)
        behind = node.bitmap & ((<uint64_t>-2) << way(key, node))
        if behind:
            return first_of(store, node.children[ctz(behind)])
        above = node.parent
    return 0
