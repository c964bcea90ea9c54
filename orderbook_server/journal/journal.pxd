"""The one interface between the sequencer and whatever keeps its commands."""

from libc.stdint cimport uint64_t

from orderbook.records cimport Command


cdef enum:
    RECORD_ROOM = 128          # bytes: a record without data and what stands before it, and some more


cdef class Journal:
    cdef readonly uint64_t appended  # sequence of the last record
    cdef readonly uint64_t durable   # of the last one that is kept, as `refresh` last learnt
    cdef bint keeps                  # False: nothing is to be appended
    cdef uint64_t budget             # bytes that there is room for, before `make_room` is to be asked
    cdef bint make_room(self) noexcept nogil
    cdef void append(self, const Command *command, uint64_t time, uint64_t session) noexcept nogil
    cdef void append_session(self, int code, uint64_t time, uint64_t session) noexcept nogil
    cpdef publish(self)


cdef inline bint journal_has_room(Journal journal) noexcept nogil:
    """Tell whether one more record can be appended."""
    return journal.budget >= RECORD_ROOM or journal.make_room()
