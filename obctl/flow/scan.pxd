"""Text fields to C numbers: exact, without floats, without allocation.

A field is `start … end` and may be empty. Each function returns OK or the reason why the text is refused, and writes
`*number` only with OK. The fast paths are here, to be compiled into the parsers; the rare ones are in scan.pyx.
"""

from libc.stdint cimport uint64_t


cdef enum Reason:
    OK = 0
    MISSING
    NOT_INTEGER
    NOT_DECIMAL
    NOT_TIME
    NEGATIVE
    TOO_LARGE
    NOT_MULTIPLE      # of the unit (tick size, lot size)
    TOO_FINE          # a time with parts of a nanosecond
    BEFORE_1970
    BAD_SIDE
    BAD_KIND
    BAD_ORDER_TYPE
    CONTRADICTION     # the kind says one order type and the order type's column another
    OTHER_SYMBOL
    NO_ORDER_ID       # a cancel, modify or execution in a file without order ids
    BAD_EVENT_TYPE
    BAD_DIRECTION
    BAD_QUOTE
    COLUMN_COUNT
    LINE_TOO_LONG
    LEVEL_EMPTY       # a price with size 0
    LEVEL_NOT_EMPTY   # the empty level's price with a size
    LEVEL_GAP         # a level behind an empty one


cdef enum TimeUnit:
    AUTO = -1         # integers are nanoseconds, decimals seconds; the others say how many decimals a nanosecond is
    NANOSECONDS = 0
    MICROSECONDS = 3
    MILLISECONDS = 6
    SECONDS = 9


cdef enum:
    SCALE_MAX = 18


cdef extern from *:
    """
    #ifndef OBCTL_FLOW_SCAN
    #define OBCTL_FLOW_SCAN
    typedef unsigned __int128 obctl_u128;
    static const unsigned long long obctl_power10[20] = {
        1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull, 1000000000ull,
        10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull, 100000000000000ull, 1000000000000000ull,
        10000000000000000ull, 100000000000000000ull, 1000000000000000000ull, 10000000000000000000ull,
    };
    #endif
    """
    ctypedef unsigned long long u128 "obctl_u128"
    const uint64_t POWER10 "obctl_power10"[20]


cdef struct Unit:        # a tick or lot size: numerator / 10^scale
    uint64_t numerator   # 1 … 2^58-1, so that any 64-bit multiple of it fits 127 bits
    int scale            # 0 … SCALE_MAX


cdef int scan_long_u64(const char *start, const char *end, uint64_t *number) noexcept nogil
cdef int scan_long_scaled(const char *start, const char *end, const Unit *unit, uint64_t *number) noexcept nogil
cdef int scan_iso_time(const char *start, const char *end, uint64_t *nanoseconds) noexcept nogil
cdef Unit as_unit(object size, str name) except *


cdef inline int scan_u64(const char *start, const char *end, uint64_t *number) noexcept nogil:
    """Read an unsigned integer."""
    cdef uint64_t value = 0
    cdef unsigned int digit
    cdef const char *p = start
    if end - start > 19:
        return scan_long_u64(start, end, number)
    while p < end:
        digit = <unsigned int><unsigned char>p[0] - 48
        if digit > 9:
            return scan_long_u64(start, end, number)
        value = value * 10 + digit
        p += 1
    number[0] = value
    return OK if p > start else MISSING


cdef inline int scan_scaled(const char *start, const char *end, const Unit *unit, uint64_t *number) noexcept nogil:
    """Read a decimal number and divide it by the unit, exactly."""
    cdef uint64_t value = 0
    cdef unsigned int digit
    cdef Py_ssize_t decimals = 0
    cdef const char *p = start
    cdef u128 product
    if end - start > 18:
        return scan_long_scaled(start, end, unit, number)
    while p < end:
        digit = <unsigned int><unsigned char>p[0] - 48
        if digit > 9:
            break
        value = value * 10 + digit
        p += 1
    if p < end and p[0] == c'.' and p > start:
        decimals = end - p - 1
        p += 1
        while p < end:
            digit = <unsigned int><unsigned char>p[0] - 48
            if digit > 9:
                break
            value = value * 10 + digit
            p += 1
    if p < end or p == start or decimals > unit.scale:
        return scan_long_scaled(start, end, unit, number)
    product = <u128>value * POWER10[unit.scale - decimals]
    if product >> 64:
        return scan_long_scaled(start, end, unit, number)
    value = <uint64_t>product
    if unit.numerator != 1:
        if value % unit.numerator:
            return NOT_MULTIPLE
        value //= unit.numerator
    number[0] = value
    return OK


cdef inline int scan_time(const char *start, const char *end, int time_unit, uint64_t *nanoseconds) noexcept nogil:
    """Read a time as nanoseconds: a number in `time_unit`, or ISO 8601; an empty field is 0."""
    cdef Unit unit
    cdef int reason
    if start == end:
        nanoseconds[0] = 0
        return OK
    if time_unit <= 0:
        reason = scan_u64(start, end, nanoseconds)
        if reason == OK:
            return OK
    if end - start >= 10 and start[4] == c'-':
        return scan_iso_time(start, end, nanoseconds)
    if time_unit == AUTO and reason != NOT_INTEGER:
        return reason
    unit.numerator = 1
    unit.scale = SECONDS if time_unit == AUTO else time_unit
    reason = scan_scaled(start, end, &unit, nanoseconds)
    if reason == NOT_MULTIPLE:
        return TOO_FINE
    return NOT_TIME if reason == NOT_DECIMAL else reason
