"""Book mode: rows are what an exchange reported, applied to a book without matching."""

from libc.stdint cimport uint32_t, uint64_t

from obctl.flow.rows cimport Row
from obctl.replay.replay cimport Replay
from orderbook.book cimport Book, book_drop, book_resize, order_at


cdef class BookReplay(Replay):
    cdef int apply_row(self, const Row *row) noexcept nogil
    cdef int take(self, const Row *row, bint everything) noexcept nogil


cdef inline bint reduce_order(Book *book, uint32_t slot, uint64_t quantity) noexcept nogil:
    """Take lots from an order, wherever it stands in its queue; return whether that was more than it had left."""
    cdef uint64_t left = order_at(book, slot).quantity
    if quantity < left:
        book_resize(book, slot, left - quantity)
    else:
        book_drop(book, slot)
    return quantity > left
