"""Clocks, in nanoseconds."""

from libc.stdint cimport uint64_t
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec


cdef extern from *:
    """
    #include <time.h>
    #ifdef CLOCK_MONOTONIC_COARSE
    #define ORDERBOOK_COARSE_CLOCK CLOCK_MONOTONIC_COARSE
    #else
    #define ORDERBOOK_COARSE_CLOCK CLOCK_MONOTONIC
    #endif
    """
    const int COARSE_CLOCK "ORDERBOOK_COARSE_CLOCK"


cdef enum:
    NS_PER_SECOND = 1_000_000_000


cdef inline uint64_t clock_ns(int clock) noexcept nogil:
    cdef timespec time
    clock_gettime(clock, &time)
    return <uint64_t>time.tv_sec * NS_PER_SECOND + <uint64_t>time.tv_nsec


cdef inline uint64_t real_ns() noexcept nogil:
    """Return the time since 1970."""
    return clock_ns(CLOCK_REALTIME)


cdef inline uint64_t monotonic_ns() noexcept nogil:
    """Return the time since some moment; it never goes back."""
    return clock_ns(CLOCK_MONOTONIC)


cdef inline uint64_t coarse_ns() noexcept nogil:
    """Return the same to some milliseconds, for a fifth of the price."""
    return clock_ns(COARSE_CLOCK)


cdef inline uint64_t deadline(uint64_t ns_max) noexcept nogil:
    """Return when work that may go on for so long is late, by the coarse clock; 0: never."""
    cdef uint64_t now = coarse_ns()
    return now + min(ns_max, ~now) if ns_max else 0  # no sum goes round


cdef inline bint is_late(uint64_t deadline) noexcept nogil:
    return deadline != 0 and coarse_ns() >= deadline
