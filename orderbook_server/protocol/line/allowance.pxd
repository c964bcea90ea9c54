"""Lines per second: what a connection may send now. What a second allows may be used at once."""

from libc.stdint cimport uint64_t

from orderbook_server.clock cimport NS_PER_SECOND, monotonic_ns


cdef struct Allowance:
    uint64_t line_ns           # of a second, that a line uses up; 0: any number may come
    uint64_t left_ns           # of the second that there is at most
    uint64_t filled_at         # when that was, by the monotonic clock


cdef inline Allowance allowance_of(uint64_t lines_per_second) noexcept nogil:
    """Return a full allowance; 0: without limit."""
    cdef Allowance allowance
    allowance.line_ns = NS_PER_SECOND // lines_per_second if lines_per_second else 0
    allowance.left_ns = NS_PER_SECOND
    allowance.filled_at = 0
    return allowance


cdef inline void refill(Allowance *allowance) noexcept nogil:
    """Add the time since the last call."""
    cdef uint64_t now
    if allowance.line_ns:
        now = monotonic_ns()
        allowance.left_ns = min(allowance.left_ns + (now - allowance.filled_at), <uint64_t>NS_PER_SECOND)
        allowance.filled_at = now


cdef inline bint take_line(Allowance *allowance) noexcept nogil:
    """Take a line off, if it is still there."""
    if allowance.line_ns > allowance.left_ns:
        return False
    allowance.left_ns -= allowance.line_ns
    return True
