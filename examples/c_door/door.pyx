"""Drive the engine from compiled code: no Python object per command, no GIL while commands run.

`Tape` is a sink: it takes every event as it happens. `run` sends command records to an engine, `load` puts resting
orders into a book, `lots_ahead` walks a queue.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from orderbook.book cimport Book, OrderBook, book_add, book_find, order_at
from orderbook.guard cimport guard_enter
from orderbook.matching cimport Matcher, MatchingEngine, matcher_cancel, matcher_modify, matcher_submit
from orderbook.records cimport ACCEPTED, CANCEL, HAS_PRICE, NEW, TRADE, Command, Event, Fill, Order


cdef struct Record:            # what the sink writes down of an event, 56 bytes
    uint64_t sequence
    Event event


cdef struct Reel:
    Record *records
    size_t capacity            # records there is room for
    size_t size                # events seen, which may be more
    uint64_t volume            # lots traded


cdef void take_event(void *context, uint64_t sequence, const Event *event, const Order *order) noexcept nogil:
    """Take one event. It is copied: neither it nor the pointer outlives the call."""
    cdef Reel *reel = <Reel *>context
    if reel.size < reel.capacity:
        reel.records[reel.size].sequence = sequence
        reel.records[reel.size].event = event[0]
    reel.size += 1
    if event.kind == TRADE:
        reel.volume += event.quantity


cdef class Tape:
    """The first `capacity` events of an engine, as C records, and the sum of what traded."""

    cdef Reel reel

    def __cinit__(self, size_t capacity):
        self.reel.records = <Record *>malloc((capacity + 1) * sizeof(Record))
        if self.reel.records == NULL:
            raise MemoryError(f"no memory for {capacity} events")
        self.reel.capacity = capacity

    def __dealloc__(self):
        free(self.reel.records)

    def __len__(self):
        return self.reel.size

    @property
    def volume(self):
        """Lots traded."""
        return self.reel.volume

    def tobytes(self):
        """Return the records, 56 bytes each."""
        return PyBytes_FromStringAndSize(
            <char *>self.reel.records, min(self.reel.size, self.reel.capacity) * sizeof(Record),
        )


cdef int run_one(Matcher *matcher, const Command *command) noexcept nogil:
    """Send one command; return its code. Side and type of a record are trusted here."""
    cdef bint has_price = command.flags & HAS_PRICE
    if command.kind == NEW:
        return matcher_submit(
            matcher, command.order_id, command.side, command.order_type, command.price, has_price, command.quantity,
        )
    if command.kind == CANCEL:
        return matcher_cancel(matcher, command.order_id)
    return matcher_modify(matcher, command.order_id, command.quantity, command.price, has_price)


def run(MatchingEngine engine not None, const unsigned char[::1] commands not None, Tape tape=None):
    """Run command records; return how many were accepted, and the fills as bytes of FILL records.

    With a tape, every event goes there as it happens, and no fills are kept: they would say the same once more.
    """
    cdef const Command *items = <const Command *>&commands[0] if commands.shape[0] else NULL
    cdef size_t count = commands.shape[0] // sizeof(Command)
    cdef size_t accepted = 0, i
    engine.enter()                      # raises if the engine is in use; empties the buffer of fills
    engine.guard.busy = True            # from here on, others are turned away
    if tape is not None:
        engine.core.fills = NULL
        engine.core.sink = take_event
        engine.core.sink_context = &tape.reel
    with nogil:
        for i in range(count):
            engine.core.command = i
            engine.core.timestamp = items[i].timestamp
            accepted += run_one(&engine.core, &items[i]) == ACCEPTED
    engine.core.sink = NULL             # before the tape can go
    engine.core.fills = &engine.single_fills
    engine.core.command = engine.core.timestamp = 0
    engine.guard.busy = False
    if tape is not None:
        return accepted, b""
    return accepted, PyBytes_FromStringAndSize(
        <char *>engine.single_fills.items, engine.single_fills.size * sizeof(Fill),
    )


def load(OrderBook book not None, const unsigned char[::1] commands not None):
    """Rest the order of each record in a book that no engine owns, without matching; return how many came in."""
    cdef const Command *items = <const Command *>&commands[0] if commands.shape[0] else NULL
    cdef size_t count = commands.shape[0] // sizeof(Command)
    cdef size_t added = 0, i
    book.enter_to_change()              # raises if the book is in use or belongs to an engine
    book.guard.busy = True
    with nogil:
        for i in range(count):
            added += book_add(
                &book.state, items[i].order_id, items[i].side, items[i].price, items[i].quantity, False,
            ) == ACCEPTED
    book.guard.busy = False
    return added


cdef uint64_t queue_ahead(const Book *book, uint32_t slot) noexcept nogil:
    """Return the lots that trade before the order in a slot, at its price."""
    cdef uint64_t lots = 0
    slot = order_at(book, slot).older
    while slot:
        lots += order_at(book, slot).quantity
        slot = order_at(book, slot).older
    return lots


def lots_ahead(OrderBook book not None, uint64_t order_id):
    """Return the lots that trade before an order, at its price; None where no such order rests."""
    guard_enter(book.guard)             # raises if the book is in use
    cdef uint32_t slot = book_find(&book.state, order_id)
    return queue_ahead(&book.state, slot) if slot else None
