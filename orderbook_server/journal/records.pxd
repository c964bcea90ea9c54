"""Records as Python sees them."""

from libc.stdint cimport uint64_t

from orderbook.records cimport Command


cdef class Record:
    cdef readonly uint64_t sequence
    cdef readonly object frame
    cdef readonly bint raw
    cdef readonly int code
    cdef readonly uint64_t session
    cdef readonly bytes data
    cdef int kind_number
    cdef Command command       # its `timestamp` is the record's time, whatever its kind


cdef list frame_records(object frame, const char *payload, size_t size, uint64_t sequence, uint64_t time)
