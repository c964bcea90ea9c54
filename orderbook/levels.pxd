"""The price levels of a book: for each side an ordered map from price to level, and the best level at hand.

Keys. Both sides are one code path: a side orders its prices by key = price ^ mask, where mask is 0 for asks and all ones
for bids. The best level of either side is the one with the lowest key, and a price is as good as another or better when
its key is not above the other's.

The map is a radix tree with 64-way nodes, six bits of the key per node, and a 64-bit bitmap of its children in each: the
next level in price order is a bit scan away. Paths are compressed: a node stands only where keys part (it has two
children or more, save a leaf), so a book whose prices lie within a few thousand ticks is two or three nodes deep, and
the whole 64-bit range at most eleven. Leaves hold level slots; the leaf of the best level is tried first, since most
orders come near the touch.

Invariants: a node's children agree with it in all key bits above its own six; an inner node has at least two children, a
leaf at least one; bit i of the bitmap is set exactly when children[i] is not 0; a free node's children are all 0.

Worst case: a new price makes a leaf and an inner node, 640 bytes, wherever it lies; a search visits eleven nodes.
Levels and nodes of both sides share two slabs.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.records cimport Level, clz, ctz, likely, unlikely
from orderbook.slab cimport Slab, slab_destroy, slab_give_back, slab_init, slab_reserve, slab_take


cdef enum:
    NODE_BITS = 6
    NODE_WAYS = 64
    NODES_PER_LEVEL = 2  # the most that one new price needs


cdef struct Node:              # five cache lines
    uint64_t bitmap            # which children there are
    uint64_t base              # the lowest key below it
    uint32_t parent            # slot of the node above, 0 at the root
    uint8_t shift              # where its six key bits begin; 0: a leaf, its children are levels
    uint8_t place              # its place among its parent's children
    uint8_t spare[2]
    uint32_t children[64]      # slots of nodes, or of levels in a leaf; 0 none
    uint8_t fill[40]           # to whole cache lines


cdef struct BookSide:
    uint64_t mask              # key = price ^ mask
    uint64_t best_key          # of the best level, when there is one
    uint64_t total             # lots open on this side
    uint32_t best              # slot of the best level, 0 when the side is empty
    uint32_t root              # slot of the tree's top node, 0 when the side is empty
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
    """See to it that one level can be added at any price; return 0, or -1 when memory is out."""
    return slab_reserve(&store.levels, 1) | slab_reserve(&store.nodes, NODES_PER_LEVEL)


cdef inline Level *level_at(const LevelStore *store, uint32_t slot) noexcept nogil:
    return &(<Level *>store.levels.items)[slot]


cdef inline Node *node_at(const LevelStore *store, uint32_t slot) noexcept nogil:
    return &(<Node *>store.nodes.items)[slot]


cdef inline uint32_t way(uint64_t key, const Node *node) noexcept nogil:
    """Return which child of `node` leads to `key`."""
    return <uint32_t>(key >> node.shift) & (NODE_WAYS - 1)


cdef inline bint is_below(uint64_t key, const Node *node) noexcept nogil:
    """Tell whether `key` agrees with `node` in all bits above the node's own."""
    return ((key ^ node.base) >> node.shift) >> NODE_BITS == 0


cdef inline uint32_t level_find(const LevelStore *store, const BookSide *side, uint64_t key) noexcept nogil:
    """Return the slot of the level with this key, or 0."""
    cdef uint32_t slot = side.root
    cdef const Node *node
    if side.best and (key ^ side.best_key) < NODE_WAYS:
        slot = level_at(store, side.best).leaf
    while slot:
        node = node_at(store, slot)
        if not is_below(key, node):
            return 0
        slot = node.children[way(key, node)]
        if node.shift == 0:
            return slot
    return 0


cdef inline void node_attach(LevelStore *store, BookSide *side, uint32_t parent, uint32_t place,
                             uint32_t child) noexcept nogil:
    """Hang node `child` below `parent`, or at the top where `parent` is 0."""
    cdef Node *below = node_at(store, child)
    cdef Node *above
    below.parent = parent
    below.place = <uint8_t>place
    if parent == 0:
        side.root = child
        return
    above = node_at(store, parent)
    above.children[place] = child
    above.bitmap |= <uint64_t>1 << place


cdef inline uint32_t node_take(LevelStore *store, uint64_t key, uint8_t shift) noexcept nogil:
    """Take a node for the keys that agree with `key` above its six bits."""
    cdef uint32_t slot = slab_take(&store.nodes)
    cdef Node *node = node_at(store, slot)
    node.bitmap = 0
    node.base = ((key >> shift) >> NODE_BITS << NODE_BITS) << shift
    node.shift = shift
    return slot


cdef inline uint32_t leaf_obtain(LevelStore *store, BookSide *side, uint64_t key) noexcept nogil:
    """Return the leaf for `key`, made (and the path to it) if there is none; nodes were reserved."""
    cdef uint32_t parent = 0
    cdef uint32_t place = 0
    cdef uint32_t slot = side.root
    cdef uint32_t leaf, fork
    cdef Node *node
    while slot:
        node = node_at(store, slot)
        if not is_below(key, node):
            break
        if node.shift == 0:
            return slot
        parent = slot
        place = way(key, node)
        slot = node.children[place]
    leaf = node_take(store, key, 0)
    if slot:  # a node of other keys stands where the path ends: fork above it, at the highest six bits that differ
        fork = node_take(store, key, <uint8_t>((63 - clz(key ^ node.base)) // NODE_BITS * NODE_BITS))
        node_attach(store, side, parent, place, fork)
        parent = fork
        node_attach(store, side, fork, way(node.base, node_at(store, fork)), slot)
        place = way(key, node_at(store, fork))
    node_attach(store, side, parent, place, leaf)
    return leaf


cdef inline uint32_t level_add(LevelStore *store, BookSide *side, uint64_t key) noexcept nogil:
    """Make the level with this key, which is not there; room was reserved. It is empty until an order joins."""
    cdef uint32_t leaf
    cdef uint32_t slot
    cdef Level *level
    cdef Node *node
    if side.best and (key ^ side.best_key) < NODE_WAYS:
        leaf = level_at(store, side.best).leaf
    else:
        leaf = leaf_obtain(store, side, key)
    slot = slab_take(&store.levels)
    level = level_at(store, slot)
    level.key = key
    level.total = 0
    level.oldest = level.youngest = level.count = 0
    level.leaf = leaf
    node = node_at(store, leaf)
    node.children[key & (NODE_WAYS - 1)] = slot
    node.bitmap |= <uint64_t>1 << (key & (NODE_WAYS - 1))
    side.level_count += 1
    if side.best == 0 or key < side.best_key:
        side.best = slot
        side.best_key = key
    return slot


cdef inline uint32_t first_below(const LevelStore *store, uint32_t slot) noexcept nogil:
    """Return the level with the lowest key below node `slot`."""
    cdef const Node *node = node_at(store, slot)
    while node.shift:
        node = node_at(store, node.children[ctz(node.bitmap)])
    return node.children[ctz(node.bitmap)]


cdef inline void leaf_remove(LevelStore *store, BookSide *side, uint32_t slot) noexcept nogil:
    """Remove an empty leaf, and the fork above it if that has only one child left."""
    cdef Node *leaf = node_at(store, slot)
    cdef uint32_t above = leaf.parent
    cdef Node *fork
    cdef uint32_t place, remaining
    if above == 0:
        side.root = 0
    else:
        fork = node_at(store, above)
        fork.children[leaf.place] = 0
        fork.bitmap &= ~(<uint64_t>1 << leaf.place)
        if fork.bitmap & (fork.bitmap - 1) == 0:
            place = ctz(fork.bitmap)
            remaining = fork.children[place]
            fork.children[place] = 0
            node_attach(store, side, fork.parent, fork.place, remaining)
            slab_give_back(&store.nodes, above)
    slab_give_back(&store.nodes, slot)


cdef inline void level_remove(LevelStore *store, BookSide *side, uint32_t slot) noexcept nogil:
    """Remove a level without orders."""
    cdef Level *level = level_at(store, slot)
    cdef Node *leaf = node_at(store, level.leaf)
    cdef uint64_t key = level.key
    leaf.children[key & (NODE_WAYS - 1)] = 0
    leaf.bitmap &= ~(<uint64_t>1 << (key & (NODE_WAYS - 1)))
    side.level_count -= 1
    if leaf.bitmap != 0:
        if slot == side.best:
            side.best = leaf.children[ctz(leaf.bitmap)]
            side.best_key = level_at(store, side.best).key
    else:
        leaf_remove(store, side, level.leaf)
        if slot == side.best:
            side.best = first_below(store, side.root) if side.root else 0
            side.best_key = level_at(store, side.best).key
    slab_give_back(&store.levels, slot)


cdef inline uint32_t level_next(const LevelStore *store, uint32_t slot) noexcept nogil:
    """Return the next level behind this one in its side's order, or 0."""
    cdef const Level *level = level_at(store, slot)
    cdef const Node *node = node_at(store, level.leaf)
    cdef uint32_t place = level.key & (NODE_WAYS - 1)
    cdef uint64_t behind
    while True:
        behind = node.bitmap & ((<uint64_t>-2) << place)
        if behind:
            slot = node.children[ctz(behind)]
            return slot if node.shift == 0 else first_below(store, slot)
        if node.parent == 0:
            return 0
        place = node.place
        node = node_at(store, node.parent)
