"""Python arguments to C numbers, at the border and nowhere else.

C's own conversions would take 1.5 as 1 and True as 1. Here an argument is an exact int (the fast path) or has
`__index__`; everything else is a TypeError, and what does not fit is an OverflowError. Each function takes the
argument's name, for the message. The slow paths are in numbers.pyx, so that the callers stay small.
"""

from cpython.exc cimport PyErr_Clear, PyErr_Occurred
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t


cdef extern from "Python.h":
    # Without except clauses: the callers look for the error themselves.
    unsigned long long PyLong_AsUnsignedLongLong(object value)
    long PyLong_AsLong(object value)
    PyObject *PyTuple_GET_ITEM(object items, Py_ssize_t index)


cdef tuple SIDES        # the members by value: (None, Side.BID, Side.ASK)
cdef tuple ORDER_TYPES  # (None, OrderType.MARKET, …)
cdef tuple REMOVE_REASONS
cdef tuple REJECT_REASONS
cdef tuple PREVENTIONS

cdef uint64_t slow_u64(object value, str name) except? 0xDEADBEEFDEADBEEF
cdef int slow_member(object value, str name, tuple members) except -1


cdef inline uint64_t as_u64(object value, str name) except? 0xDEADBEEFDEADBEEF:
    """Return `value` as an unsigned 64-bit number, or raise TypeError or OverflowError naming the argument."""
    cdef uint64_t number
    if PyLong_CheckExact(value):
        number = PyLong_AsUnsignedLongLong(value)
        if number != <uint64_t>-1 or not PyErr_Occurred():
            return number
        PyErr_Clear()
    return slow_u64(value, name)


cdef inline int as_member(object value, str name, tuple members) except -1:
    """Return the number of an enum's member or an equal integer, else raise TypeError or ValueError."""
    cdef Py_ssize_t number
    for number in range(1, len(members)):
        if value is <object>PyTuple_GET_ITEM(members, number):
            return <int>number
    if PyLong_CheckExact(value):
        number = PyLong_AsLong(value)
        if 1 <= number < len(members):
            return <int>number
        PyErr_Clear()
    return slow_member(value, name, members)


cdef inline int as_side(object value) except -1:
    """Return 1 (BID) or 2 (ASK), else raise TypeError or ValueError."""
    return as_member(value, "side", SIDES)


cdef inline int as_order_type(object value) except -1:
    """Return 1 … 5, else raise TypeError or ValueError."""
    return as_member(value, "order_type", ORDER_TYPES)


cdef inline int as_prevention(object value) except -1:
    """Return 1 … 4, or 0 for None, else raise TypeError or ValueError."""
    return 0 if value is None else as_member(value, "self_trade_prevention", PREVENTIONS)
