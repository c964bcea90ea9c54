"""One at a time: the flag that a book, its engine and all that shares them look at before they begin.

It is up while a batch runs without the GIL, and while Python objects are made in the middle of a walk: there another
thread, or a finalizer, could come in. Whoever finds it up is turned away with RuntimeError.
"""

from orderbook.records cimport unlikely


cdef class Guard:
    cdef bint busy
    cdef bint unmade       # nothing is behind it yet: an engine whose __init__ was not called


cdef int turn_away(Guard guard) except -1


cdef inline int guard_enter(Guard guard) except -1:
    """Begin a call that neither lets go of the GIL nor makes objects before it is done changing things."""
    return turn_away(guard) if unlikely(guard.busy) else 0


cdef inline int guard_hold(Guard guard) except -1:
    """Begin a call that may: the caller ends it with `guard.busy = False`, in a `finally` where it can raise."""
    guard_enter(guard)
    guard.busy = True
    return 0
