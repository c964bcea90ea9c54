"""Replay: the records of a journal carried out again."""

from libc.stdint cimport uint64_t

from orderbook.records cimport Command
from orderbook_server.sequencer.sequencer cimport Sequencer


cdef class Replay:
    cdef readonly Sequencer sequencer
    cdef readonly uint64_t sequence  # of the last record carried out
    cdef readonly bint reached       # where to stop: nothing more is taken
    cdef uint64_t until              # sequence of the last record to be carried out
    cdef uint64_t until_event        # number of the event with which to stop
    cdef Command *commands           # those taken and not yet carried out, whose sequences follow, with their times
    cdef uint64_t *sessions          # where they came from
    cdef size_t size                 # how many
    cdef char *records               # of the frame at hand, with some bytes behind them that may be looked at
    cdef size_t room                 # bytes there
    cdef uint64_t time               # of the commands that follow
    cdef uint64_t session
    cdef object segment              # where the frame at hand is
    cdef uint64_t offset

    cdef int hold(self, bytes payload) except -1
    cdef const char *take(self, const char *p, const char *end) noexcept nogil
    cdef const char *take_data(self, const char *p) except NULL
    cdef int settle(self, size_t done) except -1
    cdef object damage(self, uint64_t sequence, str reason)
