"""Comparing the book after each message with the row of LOBSTER's order book file."""

from libc.stdint cimport uint64_t

from obctl.flow.lobster_book cimport BookLevel, LobsterBookReader
from orderbook.book cimport Book
from orderbook.records cimport ASK


cdef bint next_stated(LobsterBookReader reader) except -1


cdef class Verification:
    cdef object name                         # of the message file, for differences
    cdef LobsterBookReader expected          # its order book file
    cdef readonly uint64_t rows, equal       # rows of messages, and of those the ones whose book was as stated
    cdef readonly Py_ssize_t levels          # compared a side
    cdef readonly object first_difference    # dict, or None

    cdef int check_row(self, Book *book, uint64_t line, bint stated) except -1
    cdef bint check_side(self, Book *book, uint64_t line, int side_code) except -1
    cdef int note(self, uint64_t line, reason, side=*, level=*, stated=*, found=*) except -1


cdef inline const BookLevel *stated_levels(LobsterBookReader reader, int side) noexcept:
    """Return a side's levels in the row that the reader is at, best first."""
    return reader.asks if side == ASK else reader.bids


cdef inline Py_ssize_t stated_count(LobsterBookReader reader, int side) noexcept:
    """Return how many levels the row that the reader is at has on a side."""
    return reader.ask_count if side == ASK else reader.bid_count
