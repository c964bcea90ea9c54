"""The state of a venue as bytes."""

from orderbook.venue cimport Venue


cdef bytes state_dump(Venue venue)
