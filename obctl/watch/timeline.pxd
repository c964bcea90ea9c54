"""The times of what was written down, as one line that never goes back and has a place for what has no time."""

from libc.stdint cimport UINT64_MAX, uint64_t

cdef enum:
    UNTIMED_STEP_NS = 1_000_000    # from the event before to one without a time


cdef class Timeline:
    cdef readonly uint64_t place   # of the last event passed, nanoseconds
    cdef readonly uint64_t time    # that it had itself, of those that had one; 0: none had
    cdef bint begun

    cdef inline uint64_t due(self, uint64_t time) noexcept nogil:
        """Return the place of an event, the next one, that has this time; 0: none."""
        cdef uint64_t step = UNTIMED_STEP_NS
        if not self.begun:
            return time
        if time:
            step = time - self.time if self.time and time > self.time else 0
        return self.place + min(step, UINT64_MAX - self.place)

    cdef inline void go_on(self, uint64_t time) noexcept nogil:
        """Pass the next event, which has this time."""
        self.place = self.due(time)
        self.begun = True
        if time:
            self.time = time
