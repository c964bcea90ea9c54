"""The slow paths of numbers.pxd: anything that is not an exact int in range or an enum's own member."""

from operator import index

from orderbook.enums import OrderType, RejectReason, RemoveReason, SelfTradePrevention, Side

SIDES = (None, *Side)
ORDER_TYPES = (None, *OrderType)
REMOVE_REASONS = (None, *RemoveReason)
REJECT_REASONS = (None, *RejectReason)
PREVENTIONS = (None, *SelfTradePrevention)


cdef object whole_number(object value, str name):
    """Return `value` as an int, or raise TypeError: a bool is no number here."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return index(value)


cdef str shown(object number):
    """Return a number for a message; one of thousands of digits would be an error of its own."""
    return str(number) if number.bit_length() <= 128 else f"of {number.bit_length()} bits"


cdef uint64_t slow_u64(object value, str name) except? 0xDEADBEEFDEADBEEF:
    number = whole_number(value, name)
    if not 0 <= number < 1 << 64:
        raise OverflowError(f"{name} {shown(number)} is outside 0 … 2^64-1")
    return number


cdef int slow_member(object value, str name, tuple members) except -1:
    number = whole_number(value, name)
    if not 1 <= number < len(members):
        raise ValueError(f"{name} {shown(number)} is none of {', '.join(f'{int(m)} ({m.name})' for m in members[1:])}")
    return number


def u64(value, str name not None):
    """Return `value` as an int in 0 … 2^64-1; raise TypeError or OverflowError naming it."""
    return as_u64(value, name)


def optional_prevention(value):
    """Return None for None, else the SelfTradePrevention that `value` is or equals; raise TypeError or ValueError."""
    return PREVENTIONS[as_prevention(value)]
