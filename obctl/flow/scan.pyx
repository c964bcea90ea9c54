"""The rare paths of scan.pxd: long numbers, exponents, ISO 8601 times; and the units that Python hands in."""

from decimal import Decimal, InvalidOperation


cdef inline bint is_digit(char byte) noexcept nogil:
    return c'0' <= byte <= c'9'


cdef int scan_long_u64(const char *start, const char *end, uint64_t *number) noexcept nogil:
    """Read an unsigned integer of any length, leading zeros included."""
    cdef const char *p = start
    cdef bint negative = p < end and p[0] == c'-'
    cdef u128 value = 0
    p += negative
    if p == end:
        return NOT_INTEGER
    while p < end:
        if not is_digit(p[0]):
            return NOT_INTEGER
        if value >> 64 == 0:  # beyond 64 bits it stays too large whatever follows
            value = value * 10 + <unsigned int>(p[0] - c'0')
        p += 1
    if negative:
        return NEGATIVE
    if value >> 64:
        return TOO_LARGE
    number[0] = <uint64_t>value
    return OK


cdef int scan_long_scaled(const char *start, const char *end, const Unit *unit, uint64_t *number) noexcept nogil:
    """Read a decimal number of any length, with an exponent too, and divide it by the unit, exactly."""
    cdef const char *p = start
    cdef bint negative = p < end and p[0] == c'-'
    cdef bint fraction = False
    cdef bint overflow = False
    cdef Py_ssize_t digits = 0
    cdef Py_ssize_t decimals = 0  # of `value`; zeros at the end of the fraction are not in it
    cdef Py_ssize_t zeros = 0     # zeros of the fraction that count only if another digit follows
    cdef u128 value = 0
    if start == end:
        return MISSING
    p += negative
    while p < end:
        if p[0] == c'.' and not fraction:
            fraction = True
        elif not is_digit(p[0]):
            break
        else:
            digits += 1
            if fraction and p[0] == c'0':
                zeros += 1
            else:
                overflow |= append_zeros(&value, zeros + 1)
                value += <unsigned int>(p[0] - c'0')
                if fraction:
                    decimals += zeros + 1
                    zeros = 0
        p += 1
    if digits == 0:
        return NOT_DECIMAL
    if p < end and not scan_exponent(p, end, &decimals):
        return NOT_DECIMAL
    if negative:
        return NEGATIVE
    return divide(value, overflow, decimals, unit, number)


cdef bint append_zeros(u128 *value, Py_ssize_t count) noexcept nogil:
    """Multiply by 10^count. Return True, with the value unchanged, when that does not fit 127 bits."""
    cdef u128 result = value[0]
    if result == 0:
        return False
    while count > 0:
        if result >> 123:
            return True
        result *= 10
        count -= 1
    value[0] = result
    return False


cdef bint scan_exponent(const char *p, const char *end, Py_ssize_t *decimals) noexcept nogil:
    """Read `e±N` and take N off the decimals. Return False when the text is anything else."""
    cdef Py_ssize_t exponent = 0
    cdef bint negative
    if p[0] != c'e' and p[0] != c'E':
        return False
    p += 1
    negative = p < end and p[0] == c'-'
    p += negative or (p < end and p[0] == c'+')
    if p == end or end - p > 4:
        return False
    while p < end:
        if not is_digit(p[0]):
            return False
        exponent = exponent * 10 + p[0] - c'0'
        p += 1
    decimals[0] += exponent if negative else -exponent
    return True


cdef int divide(u128 value, bint overflow, Py_ssize_t decimals, const Unit *unit, uint64_t *number) noexcept nogil:
    """Divide value / 10^decimals by the unit."""
    while decimals > 0 and not overflow and value % 10 == 0 and value:
        value //= 10
        decimals -= 1
    if value == 0 and not overflow:
        number[0] = 0
        return OK
    if decimals > unit.scale:
        return NOT_MULTIPLE
    if overflow or append_zeros(&value, unit.scale - decimals):
        return TOO_LARGE
    if value % unit.numerator:
        return NOT_MULTIPLE
    value //= unit.numerator
    if value >> 64:
        return TOO_LARGE
    number[0] = <uint64_t>value
    return OK


cdef int two_digits(const char *p, const char *end) noexcept nogil:
    """Return the number that two digits make, -1 when they are not two digits."""
    if end - p < 2 or not is_digit(p[0]) or not is_digit(p[1]):
        return -1
    return (p[0] - c'0') * 10 + (p[1] - c'0')


cdef int days_in_month(int year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef int scan_date(const char *p, const char *end, long long *days) noexcept nogil:
    """Read YYYY-MM-DD as days since 1970."""
    cdef int century = two_digits(p, end)
    cdef int rest = two_digits(p + 2, end)
    cdef int month = two_digits(p + 5, end)
    cdef int day = two_digits(p + 8, end)
    cdef int year = century * 100 + rest
    cdef int shifted
    if century < 0 or rest < 0 or not 1 <= month <= 12 or day < 1 or p[4] != c'-' or p[7] != c'-':
        return NOT_TIME
    if day > days_in_month(year, month):
        return NOT_TIME
    # Count from 1 March, so that the leap day is the last of its year: 719,468 days from year 0 to 1970.
    shifted = year - (month <= 2)
    days[0] = (365 * shifted + shifted // 4 - shifted // 100 + shifted // 400
               + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468)
    return OK


cdef int scan_zone(const char *p, const char *end, long long *seconds) noexcept nogil:
    """Read Z, ±HH, ±HHMM, ±HH:MM or nothing (UTC) as seconds east."""
    cdef int hours
    cdef int minutes = 0
    cdef bint west
    seconds[0] = 0
    if p == end or ((p[0] == c'Z' or p[0] == c'z') and p + 1 == end):
        return OK
    if p[0] != c'+' and p[0] != c'-':
        return NOT_TIME
    west = p[0] == c'-'
    hours = two_digits(p + 1, end)
    p += 3
    if p < end and p[0] == c':':
        p += 1
        if p == end:
            return NOT_TIME
    if p < end:
        minutes = two_digits(p, end)
        p += 2
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59 or p != end:
        return NOT_TIME
    seconds[0] = (hours * 60 + minutes) * 60
    if west:
        seconds[0] = -seconds[0]
    return OK


cdef int scan_fraction(const char **at, const char *end, long long *nanoseconds) noexcept nogil:
    """Read the digits behind a second's point, and leave `at` behind them."""
    cdef const char *start = at[0]
    cdef const char *p = start
    cdef long long value = 0
    while p < end and is_digit(p[0]):
        if p - start < 9:
            value = value * 10 + p[0] - c'0'
        elif p[0] != c'0':
            return TOO_FINE
        p += 1
    if p == start:
        return NOT_TIME
    if p - start < 9:
        value *= <long long>POWER10[9 - (p - start)]
    nanoseconds[0] = value
    at[0] = p
    return OK


cdef int scan_iso_time(const char *start, const char *end, uint64_t *nanoseconds) noexcept nogil:
    """Read YYYY-MM-DD[T ]HH:MM[:SS[.fraction]][zone]; without a zone it is UTC."""
    cdef const char *p = start + 16
    cdef long long days, zone
    cdef long long fraction = 0
    cdef int hour, minute, reason
    cdef int second = 0
    cdef long long total
    reason = scan_date(start, end, &days)
    if reason:
        return reason
    if end - start < 16 or (start[10] != c'T' and start[10] != c't' and start[10] != c' ') or start[13] != c':':
        return NOT_TIME
    hour = two_digits(start + 11, end)
    minute = two_digits(start + 14, end)
    if p < end and p[0] == c':':
        second = two_digits(p + 1, end)
        p += 3
        if p < end and (p[0] == c'.' or p[0] == c','):
            p += 1
            reason = scan_fraction(&p, end, &fraction)
            if reason:
                return reason
    if not 0 <= hour <= 23 or not 0 <= minute <= 59 or not 0 <= second <= 59:
        return NOT_TIME
    reason = scan_zone(p, end, &zone)
    if reason:
        return reason
    total = days * 86400 + hour * 3600 + minute * 60 + second - zone
    if total < 0:
        return BEFORE_1970
    if total >= 18446744073LL:  # the second in which 2^64 nanoseconds end, in the year 2554
        return TOO_LARGE
    nanoseconds[0] = <uint64_t>total * 1000000000 + <uint64_t>fraction
    return OK


cdef Unit as_unit(object size, str name) except *:
    """Return a tick or lot size as a fraction. Takes an int, a Decimal or text; None is 1.

    Raise TypeError for a float (0.01 is none of the numbers a float can be) and ValueError for what is not a positive
    decimal number with at most 18 decimals.
    """
    cdef Unit unit
    if isinstance(size, (bool, float)) or not isinstance(size, (int, str, Decimal, type(None))):
        raise TypeError(f"{name} must be text, an int or a Decimal, not {type(size).__name__}")
    try:
        exact = Decimal(1 if size is None else size)
    except InvalidOperation:
        raise ValueError(f"{name} {size} is not a number") from None
    if not exact.is_finite() or exact <= 0:
        raise ValueError(f"{name} {size} is not a positive number")
    numerator, denominator = exact.as_integer_ratio()
    scale = 0
    while 10 ** scale % denominator:
        scale += 1
        if scale > SCALE_MAX:
            raise ValueError(f"{name} {size} has more than {SCALE_MAX} decimals")
    numerator = numerator * 10 ** scale // denominator
    if numerator >= 1 << 58:
        raise ValueError(f"{name} {size} is too large")
    unit.numerator = numerator
    unit.scale = scale
    return unit
