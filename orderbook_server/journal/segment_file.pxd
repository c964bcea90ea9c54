"""A segment's file, read in pieces."""

from libc.stdint cimport uint8_t, uint64_t


cdef class SegmentFile:
    cdef readonly object path
    cdef int descriptor
    cdef uint8_t *buffer
    cdef size_t capacity
    cdef uint64_t begin        # where in the file the buffer's bytes begin
    cdef size_t filled         # how many there are

    cdef size_t load(self, uint64_t offset, size_t size) except? 0
    cdef int fill(self) except -1
    cdef size_t loaded(self, uint64_t offset) noexcept
    cdef const uint8_t *at(self, uint64_t offset) noexcept
    cdef uint64_t end_of_data(self, uint64_t offset) except? 0
    cdef uint64_t good_frame(self, uint64_t offset, uint64_t end) except? 0
