"""Turning away whoever comes in while an engine is in use."""


cdef class Guard:
    """Whether a batch or a walk is under way."""


cdef int turn_away(Guard guard) except -1:
    if guard.unmade:
        raise RuntimeError("the engine was never made: its __init__ was not called")
    raise RuntimeError("the book is in use: a batch is running on it, or another call is reading it")
