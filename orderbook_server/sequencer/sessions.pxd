"""Sessions: which orders came through which connection, and are cancelled with it where that was asked for."""

from libc.stdint cimport uint32_t, uint64_t


cdef class Session             # which sequencers know, too

from orderbook_server.sequencer.sequencer cimport Sequencer


cdef class Session:
    cdef readonly Sequencer sequencer
    cdef uint64_t number           # that its orders carry
    cdef uint64_t *accounts        # a bit per slot of an account: an order of it came through here
    cdef uint32_t words            # of them
    cdef bint of_any               # it is not known which accounts they are
    cdef bint cancels              # its orders are cancelled when it ends
    cdef bint ended
    cdef void note(self, uint32_t account) noexcept nogil
    cdef bint noted(self, uint32_t account) noexcept nogil
    cdef bint noted_any(self, uint32_t account) noexcept nogil
