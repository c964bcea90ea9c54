"""What the markets of one exchange share: the ledger, the sequence of events, the guard, the buffers of a batch."""

from libc.stdint cimport uint32_t

from orderbook.batch cimport BatchResult, ResultPool
from orderbook.events cimport EventRing
from orderbook.fills cimport FillBuffer
from orderbook.guard cimport Guard
from orderbook.ledger cimport Ledger
from orderbook.matching cimport Matcher


cdef class Venue:
    cdef readonly tuple instruments
    cdef tuple books           # an OrderBook per instrument
    cdef Matcher *markets      # one per instrument
    cdef uint32_t count        # of instruments
    cdef Guard guard
    cdef EventRing ring
    cdef Ledger ledger
    cdef FillBuffer fills      # of the command or batch at hand
    cdef ResultPool result_pool
    cdef int enter(self) except -1
    cdef BatchResult process(self, object commands, uint32_t first, uint32_t count)


cdef Venue new_venue(tuple instruments, object event_capacity)
