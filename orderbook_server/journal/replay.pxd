"""Replay: the records of a journal carried out again."""

from libc.stdint cimport uint64_t

from orderbook.records cimport Command
from orderbook_server.journal.reader cimport Frame
from orderbook_server.sequencer.sequencer cimport Sequencer


cdef class Replay:
    cdef readonly Sequencer sequencer
    cdef readonly uint64_t sequence  # of the last record carried out
    cdef readonly bint reached       # the record or event to stop with was taken: nothing more is
    cdef uint64_t until              # sequence of the last record to be carried out
    cdef uint64_t until_event        # number of the event to stop with
    cdef Command *commands           # those taken and not yet carried out, whose sequences follow, with their times
    cdef uint64_t *sessions          # where they came from
    cdef size_t size                 # how many
    cdef uint64_t time               # of the commands that follow
    cdef uint64_t session
    cdef Frame frame                 # at hand

    cdef const char *take(self, const char *p, const char *end) noexcept nogil
    cdef const char *take_data(self, const char *p) except NULL
    cdef int reconfigure(self, bytes data) except -1
    cdef object damage(self, str reason)
    cdef int pass_stop(self, int stop, const Command *command, uint64_t sequence) except -1
