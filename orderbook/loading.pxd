"""A venue from the bytes of a state."""

from orderbook.venue cimport Venue


cdef int state_load(Venue venue, object data) except -1
