"""The numbered event log: a ring that holds the newest events and feeds everything downstream.

An event's sequence number is its place: 1, 2, 3 … without gaps. The ring is allocated whole at the start (its pages
take memory only when first written), so appending can neither fail nor allocate, and costs one 48-byte write. With
capacity 0 events are still numbered, and written to a single slot that nobody reads. A log may go on from the numbers
of another (an exchange that was loaded): the events before its own are not held.
"""

from libc.stdint cimport uint64_t

from orderbook.guard cimport Guard
from orderbook.pages cimport pages_free, pages_grow
from orderbook.records cimport Event, unlikely


cdef struct EventLog:
    Event *ring
    Event *next           # where the next event goes
    Event *end            # behind the ring's last slot
    uint64_t capacity     # events held at most; the ring has as many slots, but at least 1
    uint64_t before_ring  # events before the one in the ring's first slot
    uint64_t before_log   # events that were numbered elsewhere, before the first one here


cdef inline int event_log_init(EventLog *log, uint64_t capacity) noexcept nogil:
    """Make an empty log; return 0, or -1 when memory is out."""
    cdef uint64_t slots = capacity if capacity else 1
    if slots > (<uint64_t>1 << 48) // sizeof(Event):
        return -1
    log.ring = <Event *>pages_grow(NULL, 0, slots * sizeof(Event))
    log.next = log.ring
    log.end = log.ring + slots
    log.capacity = capacity
    log.before_ring = log.before_log = 0
    return 0 if log.ring != NULL else -1


cdef inline void event_log_destroy(EventLog *log) noexcept nogil:
    if log.ring != NULL:
        pages_free(log.ring, (log.end - log.ring) * sizeof(Event))
        log.ring = NULL


cdef inline void event_log_go_on(EventLog *log, uint64_t last) noexcept nogil:
    """Have the first event of an empty log come behind number `last`."""
    log.before_ring = log.before_log = last


cdef inline Event *event_log_append(EventLog *log) noexcept nogil:
    """Number a new event and return its record, to be filled in."""
    cdef Event *event = log.next
    log.next += 1
    if unlikely(log.next == log.end):
        log.before_ring += log.end - log.ring
        log.next = log.ring
    return event


cdef inline uint64_t event_log_last(const EventLog *log) noexcept nogil:
    """Return the sequence number of the last event, 0 before the first."""
    return log.before_ring + (log.next - log.ring)


cdef inline uint64_t event_log_oldest(const EventLog *log) noexcept nogil:
    """Return the sequence number of the oldest event held; one above the last when none is."""
    cdef uint64_t last = event_log_last(log)
    return max(last - min(last, log.capacity), log.before_log) + 1


cdef inline const Event *event_log_at(const EventLog *log, uint64_t sequence) noexcept nogil:
    """Return a held event."""
    cdef uint64_t back = event_log_last(log) + 1 - sequence
    cdef uint64_t next = log.next - log.ring
    return log.next - back + (0 if next >= back else log.end - log.ring)


cdef class EventRing:      # owns a log; the engines that write to it and their books share it
    cdef EventLog log


cdef EventRing new_event_ring(uint64_t capacity)


cdef class EventSource:    # the base of all engines
    cdef Guard guard
    cdef EventRing ring
