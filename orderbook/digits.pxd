"""Numbers as decimal digits, for whoever writes text without a Python object per number."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy


cdef extern from *:
    """
    static const char orderbook_digit_pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    """
    const char *DIGIT_PAIRS "orderbook_digit_pairs"


cdef enum:
    DIGITS_MAX = 20  # of the largest 64-bit number


cdef inline size_t put_digits(char *out, uint64_t number) noexcept nogil:
    """Write a number in decimal digits and return how many. Two at a time, from the right: a division costs most."""
    cdef char digits[DIGITS_MAX]
    cdef size_t first = DIGITS_MAX
    cdef uint64_t rest
    while number >= 100:
        rest = number // 100
        first -= 2
        memcpy(digits + first, DIGIT_PAIRS + 2 * (number - 100 * rest), 2)
        number = rest
    if number >= 10:
        first -= 2
        memcpy(digits + first, DIGIT_PAIRS + 2 * number, 2)
    else:
        first -= 1
        digits[first] = <char>(c'0' + number)
    memcpy(out, digits + first, DIGITS_MAX - first)
    return DIGITS_MAX - first
