"""Match mode for LOBSTER: runs of executions become incoming orders, and their fills are compared with the file's."""

from libc.stdint cimport uint64_t

from obctl.flow.rows cimport Row
from obctl.replay.lobster cimport LobsterReplay
from orderbook.matching cimport FillBuffer, MatchingEngine


cdef struct Run:
    uint64_t line          # of its first message
    uint64_t timestamp     # of all its messages
    uint64_t price         # of its last execution
    uint64_t quantity      # lots of all its executions; 0: there is no run
    uint64_t rows          # its messages, hidden executions in between included
    int side               # of the resting orders


cdef class LobsterMatchReplay(LobsterReplay):
    cdef MatchingEngine engine  # not for others: its sink writes to our recorder
    cdef Run run
    cdef FillBuffer stated             # the run's fills as the file has them
    cdef FillBuffer found              # the run's fills as the engine made them
    cdef readonly uint64_t runs, identical_runs
    cdef readonly object first_difference
    cdef object name                   # of the message file

    cdef bint belongs(self, const Row *row) noexcept nogil
    cdef int join(self, const Row *row) noexcept nogil
    cdef void execute(self) noexcept nogil
    cdef void put_right(self) noexcept nogil
    cdef int give_back(self, uint64_t id, uint64_t price, uint64_t quantity) noexcept nogil
    cdef int note_difference(self) except -1
