"""Numbers of 128 bits, for values: price × quantity, and sums of them over a book."""

from libc.stdint cimport uint64_t


cdef extern from *:
    """
    typedef unsigned __int128 orderbook_wide;
    /* No sum of values overflows: a book holds less than 2^65 lots, so it is worth less than 2^129 … and half of that
       on the side that a taker walks, 2^128 - 2^65 + 1 at most. */
    static inline orderbook_wide orderbook_value(uint64_t price, uint64_t quantity) {
        return (orderbook_wide)price * quantity;
    }
    static inline int orderbook_fits(orderbook_wide value) { return (uint64_t)(value >> 64) == 0; }
    """
    ctypedef unsigned long long Wide "orderbook_wide"  # wider than Cython knows: C does the arithmetic
    Wide value_of "orderbook_value"(uint64_t price, uint64_t quantity) noexcept nogil
    bint fits "orderbook_fits"(Wide value) noexcept nogil  # tell whether it is at most 2^64-1
