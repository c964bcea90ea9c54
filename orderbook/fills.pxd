"""The growing buffer that fills are appended to."""

from libc.stdint cimport uint64_t
from libc.stdlib cimport realloc

from orderbook.pages cimport PAGES_HEAP_MAX, pages_free, pages_grow
from orderbook.records cimport Fill


cdef struct FillBuffer:
    Fill *items
    uint64_t size          # fills in it
    uint64_t capacity      # fills it has room for


cdef inline int fill_buffer_reserve(FillBuffer *fills, uint64_t room) noexcept nogil:
    """See to it that `room` more fills fit; return 0, or -1 when memory is out."""
    cdef uint64_t capacity = fills.capacity if fills.capacity else 32
    cdef Fill *items
    while capacity - fills.size < room:
        capacity *= 2
    if capacity > fills.capacity:
        items = <Fill *>pages_grow(fills.items, fills.capacity * sizeof(Fill), capacity * sizeof(Fill))
        if items == NULL:
            return -1
        fills.items = items
        fills.capacity = capacity
    return 0


cdef inline void fill_buffer_trim(FillBuffer *fills) noexcept nogil:
    """Give back the memory behind the last fill, where it is on the heap and so can be given back."""
    cdef void *items
    if fills.capacity * sizeof(Fill) < PAGES_HEAP_MAX:
        items = realloc(fills.items, fills.size * sizeof(Fill))
        if items != NULL:
            fills.items = <Fill *>items
            fills.capacity = fills.size


cdef inline void fill_buffer_destroy(FillBuffer *fills) noexcept nogil:
    if fills.items != NULL:
        pages_free(fills.items, fills.capacity * sizeof(Fill))
        fills.items = NULL
