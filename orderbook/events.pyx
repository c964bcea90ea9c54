"""Events as Python objects."""

from orderbook.errors import SequenceGone
from orderbook.guard cimport Guard, guard_enter, guard_hold
from orderbook.numbers cimport as_u64
from orderbook.records cimport BOOK_ADDED, BOOK_REMOVED, BOOK_UPDATED, NO_PRICE, TRADE, assert_size
from orderbook.views cimport BookAdded, BookEvent, BookRemoved, BookUpdated, EngineEvent, Rejection, Trade


cdef EngineEvent new_trade(const Event *event):
    cdef Trade trade = Trade.__new__(Trade)
    trade.taker_order_id = event.order_id
    trade.maker_order_id = event.maker_order_id
    trade.price = event.price
    trade.quantity = event.quantity
    trade._taker_side = event.side
    trade._order_type = event.order_type
    return trade


cdef EngineEvent new_rejection(const Event *event):
    cdef Rejection rejection = Rejection.__new__(Rejection)
    rejection.order_id = event.order_id
    rejection.quantity = event.quantity
    rejection._side = event.side
    rejection._order_type = event.order_type
    rejection._price = event.price
    rejection._has_price = not event.reason & NO_PRICE
    rejection._reason = event.reason & ~NO_PRICE
    return rejection


cdef EngineEvent new_book_event(const Event *event):
    cdef BookEvent change
    if event.kind == BOOK_ADDED:
        change = BookAdded.__new__(BookAdded)
    elif event.kind == BOOK_UPDATED:
        change = BookUpdated.__new__(BookUpdated)
    else:
        change = BookRemoved.__new__(BookRemoved)
        (<BookRemoved>change)._reason = event.reason
    change.order_id = event.order_id
    change.price = event.price
    change.quantity = event.quantity
    change._side = event.side
    return change


cdef EngineEvent new_event(const Event *event, uint64_t sequence):
    cdef EngineEvent event_view
    if event.kind == TRADE:
        event_view = new_trade(event)
    elif event.kind <= BOOK_REMOVED:
        event_view = new_book_event(event)
    else:
        event_view = new_rejection(event)
    event_view.made = True
    event_view.sequence = sequence
    event_view.timestamp = event.timestamp
    event_view.instrument = event.instrument
    return event_view


cdef class EventRing:
    """The owner of an event log, for as long as anybody may ask for its last number."""

    def __dealloc__(self):
        event_log_destroy(&self.log)


cdef EventRing new_event_ring(uint64_t capacity):
    """Return an empty log that holds `capacity` events, or raise MemoryError."""
    cdef EventRing ring = EventRing.__new__(EventRing)
    if event_log_init(&ring.log, capacity):
        raise MemoryError(f"no memory for {capacity} events")
    return ring


cdef list event_log_read(const EventLog *log, uint64_t after, uint64_t limit):
    """Return the events held with a number above `after`, at most `limit`; raise SequenceGone where they are not."""
    cdef uint64_t oldest = event_log_oldest(log)
    cdef uint64_t last = event_log_last(log)
    cdef uint64_t sequence
    if after > last:
        raise SequenceGone(f"events after {after} are not there yet: the last is {last}")
    if after + 1 < oldest:
        raise SequenceGone(f"events after {after} are no longer held: the oldest is {oldest}")
    events = []
    for sequence in range(after + 1, after + 1 + min(last - after, limit)):
        events.append(new_event(event_log_at(log, sequence), sequence))
    return events


cdef class EventSource:
    """What records numbered events: the base of MatchingEngine, RiskEngine and Exchange."""

    def __cinit__(self, *_arguments, **_options):
        self.guard = Guard()
        self.guard.busy = self.guard.unmade = True  # until __init__ puts the guard of its books here

    @property
    def last_sequence(self):
        """The number of the last event, 0 before the first."""
        guard_enter(self.guard)
        return event_log_last(&self.ring.log)

    @property
    def oldest_sequence(self):
        """The number of the oldest event held; one above the last when none is."""
        guard_enter(self.guard)
        return event_log_oldest(&self.ring.log)

    def events(self, after=0, limit=None):
        """Return the events held with a number above `after`, at most `limit`, as a list.

        Raise SequenceGone where `after` lies ahead of the last event, or events behind it are no longer held.
        """
        cdef uint64_t first = as_u64(after, "after")
        cdef uint64_t most = <uint64_t>-1 if limit is None else as_u64(limit, "limit")
        guard_hold(self.guard)
        try:
            return event_log_read(&self.ring.log, first, most)
        finally:
            self.guard.busy = False


cdef void check_layout() noexcept nogil:
    assert_size(sizeof(Event), 48)
