"""Match mode: rows are orders sent to a matching engine."""

from libc.stdint cimport uint8_t, uint64_t

from obctl.replay.replay cimport Replay
from orderbook.matching cimport MatchingEngine
from orderbook.records cimport Command

cdef enum:
    BATCH = 4096    # commands that run between two looks at their outcomes


cdef class MatchReplay(Replay):
    cdef MatchingEngine engine  # not for others: its sink writes to our recorder
    cdef uint8_t statuses[BATCH]      # of the commands that ran last
    cdef uint64_t unfilled[BATCH]     # the same

    cdef void run(self, const Command *commands, size_t count) noexcept nogil
