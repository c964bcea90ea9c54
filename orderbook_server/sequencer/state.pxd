"""What a sequencer knows beside its exchange, as bytes."""

from orderbook_server.sequencer.sequencer cimport Sequencer


cdef bytes dump(Sequencer sequencer)
cdef int load(Sequencer sequencer, bytes data) except -1
