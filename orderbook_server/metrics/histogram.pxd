"""A histogram of integers in powers of two: counting a value is two additions."""

from libc.stdint cimport uint64_t

from orderbook.records cimport clz


cdef class Histogram:
    cdef uint64_t buckets[65]      # by the bit length of the value
    cdef uint64_t sum


cdef inline void observe(Histogram histogram, uint64_t value) noexcept nogil:
    histogram.buckets[64 - clz(value) if value else 0] += 1
    histogram.sum += value
