"""A seat: one account in one market, its resting orders in order of entry.

The orders' slots stand in an array; each order knows its place there. One that goes leaves a 0 behind, which touches no
other order. When the array is full it is packed, in place where at most a quarter is alive, otherwise into one twice
as large: so an order that comes to rest moves less than one other on the average. With the last order that goes, all
places are free again.

Invariant: entries[order.entry] is the order's slot; all other places below `size` are 0; `open` places are not.
"""

from libc.stdint cimport uint32_t
from libc.stdlib cimport realloc

from orderbook.book cimport Book, order_at
from orderbook.records cimport Order, likely


cdef enum:
    SEAT_FIRST_CAPACITY = 8


cdef struct Seat:              # 24 bytes
    uint32_t *entries          # slots of orders, oldest entry first; 0: it is gone
    uint32_t size              # places used, those of orders that are gone included
    uint32_t capacity          # places in the array
    uint32_t open              # orders that rest
    uint32_t spare


cdef inline void seat_pack(Seat *seat, Book *book) noexcept nogil:
    """Close the gaps that orders left behind."""
    cdef uint32_t size = 0
    cdef uint32_t place, slot
    for place in range(seat.size):  # without a branch, which nobody could predict; slot 0 is there to be written to
        slot = seat.entries[place]
        seat.entries[size] = slot
        order_at(book, slot).entry = size
        size += slot != 0
    seat.size = size


cdef inline int seat_make_room(Seat *seat, Book *book) noexcept nogil:
    """Pack the array, into a larger one where it is well filled; return 0, or -1 when memory is out."""
    cdef uint32_t capacity = seat.capacity
    cdef uint32_t *entries
    if seat.open >= capacity >> 2:
        capacity = 2 * capacity if capacity else <uint32_t>SEAT_FIRST_CAPACITY
        entries = <uint32_t *>realloc(seat.entries, capacity * sizeof(uint32_t))
        if entries == NULL:
            return -1
        seat.entries = entries
        seat.capacity = capacity
    seat_pack(seat, book)
    return 0


cdef inline int seat_reserve(Seat *seat, Book *book) noexcept nogil:
    """See to it that one more order can be entered; return 0, or -1 when memory is out."""
    return 0 if likely(seat.size < seat.capacity) else seat_make_room(seat, book)


cdef inline void seat_enter(Seat *seat, Order *order, uint32_t slot) noexcept nogil:
    """Enter an order that came to rest; its place was reserved."""
    seat.entries[seat.size] = slot
    order.entry = seat.size
    seat.size += 1
    seat.open += 1


cdef inline void seat_leave(Seat *seat, const Order *order) noexcept nogil:
    """Strike out an order that goes."""
    seat.entries[order.entry] = 0
    seat.open -= 1
    if seat.open == 0:
        seat.size = 0
