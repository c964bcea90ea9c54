"""The numbered event log: a ring that holds the newest events and feeds everything downstream.

An event's sequence number is its place: 1, 2, 3 … without gaps. The ring is allocated whole at the start (its pages take
memory only when first written), so appending can neither fail nor allocate, and costs one 48-byte write. With capacity 0
events are still numbered, and written to a single slot that nobody reads.
"""

from libc.stdint cimport uint64_t

from orderbook.pages cimport pages_free, pages_grow
from orderbook.records cimport Event, unlikely


cdef struct EventLog:
    Event *ring
    uint64_t capacity     # events held at most
    uint64_t slots        # of the ring: the capacity, but at least 1
    uint64_t next         # where the next event goes
    uint64_t sequence     # of the last event, 0 before the first


cdef inline int event_log_init(EventLog *log, uint64_t capacity) noexcept nogil:
    """Make an empty log; return 0, or -1 when memory is out."""
    log.capacity = capacity
    log.slots = capacity if capacity else 1
    log.next = log.sequence = 0
    if log.slots > (<uint64_t>1 << 48) // sizeof(Event):
        return -1
    log.ring = <Event *>pages_grow(NULL, 0, log.slots * sizeof(Event))
    return 0 if log.ring != NULL else -1


cdef inline void event_log_destroy(EventLog *log) noexcept nogil:
    if log.ring != NULL:
        pages_free(log.ring, log.slots * sizeof(Event))
        log.ring = NULL


cdef inline Event *event_log_append(EventLog *log) noexcept nogil:
    """Number a new event and return its record, to be filled in."""
    cdef Event *event = log.ring + log.next
    log.sequence += 1
    log.next += 1
    if unlikely(log.next == log.slots):
        log.next = 0
    return event


cdef inline uint64_t event_log_oldest(const EventLog *log) noexcept nogil:
    """Return the sequence number of the oldest event held; one above the last when none is."""
    return log.sequence - log.capacity + 1 if log.sequence > log.capacity else 1


cdef inline const Event *event_log_at(const EventLog *log, uint64_t sequence) noexcept nogil:
    """Return a held event."""
    cdef uint64_t back = log.sequence + 1 - sequence
    return log.ring + (log.next - back if log.next >= back else log.next + log.slots - back)


cdef list event_log_read(const EventLog *log, uint64_t after, uint64_t limit)
