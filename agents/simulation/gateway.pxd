"""The gateway of an agent in a simulation."""

from libc.stdint cimport uint64_t

from agents.simulation.tape cimport Tally, Tape


cdef class SimulatedGateway:
    cdef readonly object account_id
    cdef readonly uint64_t base_deposit   # lots
    cdef readonly uint64_t quote_deposit  # ticks × lots
    cdef Tape market_tape
    cdef Tally tally
    cdef uint64_t next_id            # of its orders
    cdef object tape_before          # volume and value at the first call of `tape`

    cpdef object submit(self, object side, object order_type, object price, object quantity)
    cpdef object modify(self, object order_id, object quantity, object price=*)
    cpdef object cancel(self, object order_id)
    cpdef object best(self)
    cpdef object orders(self)
    cdef int begin(self) except -1
    cdef int end(self, int code, uint64_t order_id) except -1
    cdef tuple take_fills(self)
