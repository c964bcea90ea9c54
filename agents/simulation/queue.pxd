"""The queue of what is to come: a binary heap of (time, number, agent) in C.

The entry with the lowest time comes out first; of equal times, the one that was put in first, which the number tells.
An agent waits for one thing at a time, so there is at most one entry of each, and the room is made once.
"""

from libc.stdint cimport uint32_t, uint64_t


cdef struct Entry:             # 24 bytes
    uint64_t time_ns
    uint64_t number            # of the entry, counting all
    uint32_t agent


cdef struct EventQueue:
    Entry *entries             # entries[i] is not behind entries[2 * i + 1] and entries[2 * i + 2]
    Py_ssize_t size
    uint64_t pushed            # entries ever put in


cdef inline bint comes_before(const Entry *left, const Entry *right) noexcept nogil:
    return left.number < right.number if left.time_ns == right.time_ns else left.time_ns < right.time_ns


cdef inline void queue_push(EventQueue *queue, uint64_t time_ns, uint32_t agent) noexcept nogil:
    """Put an entry in. There is room."""
    cdef Entry entry = Entry(time_ns, queue.pushed, agent)
    cdef Py_ssize_t place = queue.size
    cdef Py_ssize_t parent
    queue.pushed += 1
    queue.size += 1
    while place:
        parent = (place - 1) >> 1
        if not comes_before(&entry, &queue.entries[parent]):
            break
        queue.entries[place] = queue.entries[parent]
        place = parent
    queue.entries[place] = entry


cdef inline Entry queue_pop(EventQueue *queue) noexcept nogil:
    """Take the first entry out. There is one."""
    cdef Entry first = queue.entries[0]
    cdef Py_ssize_t place = 0
    cdef Py_ssize_t child = 1
    cdef const Entry *last
    queue.size -= 1
    last = &queue.entries[queue.size]
    while child < queue.size:
        if child + 1 < queue.size and comes_before(&queue.entries[child + 1], &queue.entries[child]):
            child += 1
        if not comes_before(&queue.entries[child], last):
            break
        queue.entries[place] = queue.entries[child]
        place = child
        child = 2 * place + 1
    queue.entries[place] = last[0]
    return first
