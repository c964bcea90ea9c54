"""A venue as a whole: its invariants walked, its state digested."""

from libc.stdint cimport uint32_t

from orderbook.venue cimport Venue

cdef int audit(Venue venue, uint32_t first, uint32_t count) except -1

cdef str state_digest(Venue venue, uint32_t first, uint32_t count)
