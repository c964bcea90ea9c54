"""The common base of all replays: a reader's rows go into a book, and what became of them is counted."""

from libc.stdint cimport uint64_t

from obctl.flow.rows cimport Row, RowReader
from obctl.replay.recorder cimport Recorder
from orderbook.book cimport OrderBook

cdef enum:
    CODES = 256    # room for every status a command can get


cdef class Replay:
    cdef readonly OrderBook book
    cdef readonly Recorder recorder
    cdef uint64_t outcomes[CODES]     # commands by Code, 0 the accepted ones
    cdef readonly uint64_t ignored    # rows that this mode leaves alone
    cdef readonly uint64_t clamped    # reductions that asked for more than was left

    cpdef Py_ssize_t feed(self, RowReader reader, Py_ssize_t max_rows) except -1
    cdef void apply(self, const Row *rows, size_t count) noexcept nogil
