"""Numbers as decimal digits, for whoever writes text without a Python object per number."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

cdef enum:
    DIGITS_MAX = 20  # of the largest 64-bit number


cdef inline size_t put_number(char *out, uint64_t number) noexcept nogil:
    """Write a number in decimal digits and return how many."""
    cdef char digits[DIGITS_MAX]
    cdef size_t first = DIGITS_MAX
    while True:
        first -= 1
        digits[first] = <char>(c'0' + number % 10)
        number //= 10
        if number == 0:
            break
    memcpy(out, digits + first, DIGITS_MAX - first)
    return DIGITS_MAX - first
