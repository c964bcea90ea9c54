"""LOBSTER order-book files: one row per message, the book's best levels after it."""

from libc.stdint cimport uint64_t

from obctl.flow.lines cimport LineBlocks
from obctl.flow.text_reader cimport Failure


cdef struct BookLevel:
    uint64_t price       # 1/10000 dollar
    uint64_t quantity


cdef class LobsterBookReader:
    cdef BookLevel *asks              # the levels of the last row read, best first; valid until the next `read`
    cdef BookLevel *bids
    cdef readonly Py_ssize_t levels   # levels per side that a row has room for
    cdef readonly Py_ssize_t ask_count  # filled ones; those behind are empty
    cdef readonly Py_ssize_t bid_count
    cdef readonly uint64_t line       # line number of the last row read
    cdef readonly str name
    cdef object source
    cdef LineBlocks lines

    cpdef bint read(self) except -1
    cdef int measure(self) except -1
    cdef char *find_line(self) except? NULL
    cdef bint parse_row(self, char *line, char *newline, Failure *failure) noexcept nogil
    cdef object row_error(self, char *line, char *newline, const Failure *failure)
