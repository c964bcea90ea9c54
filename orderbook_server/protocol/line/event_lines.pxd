"""Events as lines of the feed."""

from libc.stdint cimport uint64_t

from orderbook.events cimport EventLog
from orderbook.records cimport Event
from orderbook_server.protocol.line.output cimport Output, Text
from orderbook_server.sequencer.sequencer cimport Sequencer


cdef class EventLines:
    cdef Sequencer sequencer
    cdef const EventLog *log
    cdef readonly tuple symbols    # of the instruments, as bytes
    cdef dict positions            # {symbol: position}
    cdef Text *names               # the same for C; what follows each event, where there are several instruments
    cdef bytes block               # the newest block, which subscribers at the same place share
    cdef uint64_t block_after      # events behind this number,
    cdef uint64_t block_until      # up to this one
    cdef uint64_t block_bytes_max  # that it was made with
    cdef int put(self, Output *output, uint64_t sequence) except -1
    cdef bytes take(self, uint64_t after, size_t bytes_max)
