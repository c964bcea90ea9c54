"""Making a venue, and running batches on its markets."""

from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport holding_offset, seat_offset
from orderbook.batch cimport BatchResult, CommandBuffer, ResultPool, new_batch_result
from orderbook.book cimport OrderBook
from orderbook.events cimport new_event_ring
from orderbook.fills cimport FillBuffer, fill_buffer_destroy
from orderbook.guard cimport Guard, guard_enter
from orderbook.ledger cimport Ledger, asset_position
from orderbook.limits cimport limits_set
from orderbook.matching cimport Matcher
from orderbook.numbers cimport as_prevention, as_u64
from orderbook.pipeline cimport run_records
from orderbook.records cimport ASK, BID, Command


cdef int open_market(Venue venue, uint32_t position) except -1:
    """Set up the matcher of one instrument."""
    cdef Matcher *market = &venue.markets[position]
    cdef Ledger ledger = venue.ledger
    cdef OrderBook book = venue.books[position]
    instrument = venue.instruments[position]
    book.guard = venue.guard
    book.events = venue.ring
    market.book = &book.state
    market.log = &venue.ring.log
    market.fills = &venue.fills
    market.instrument = position
    market.money.accounts = &ledger.accounts
    market.money.base = asset_position(ledger, instrument.base)
    market.money.quote = asset_position(ledger, instrument.quote)
    market.money.gives[BID - 1] = holding_offset(&ledger.accounts, market.money.quote)
    market.money.gives[ASK - 1] = holding_offset(&ledger.accounts, market.money.base)
    market.money.seat = seat_offset(position)
    market.money.usual = as_prevention(instrument.self_trade_prevention)
    limits_set(&market.money.limits, instrument)
    return 0


cdef class Venue:
    """The state of an exchange; RiskEngine and Exchange are its faces."""

    def __dealloc__(self):
        fill_buffer_destroy(&self.fills)
        PyMem_Free(self.markets)

    cdef int enter(self) except -1:
        """Begin a single command, unless a batch is running."""
        guard_enter(self.guard)
        self.fills.size = 0
        return 0

    cdef BatchResult process(self, object commands, uint32_t first, uint32_t count):
        """Run a batch on the markets from position `first` on, `count` of them."""
        cdef CommandBuffer buffer = CommandBuffer(commands)
        cdef Py_ssize_t size = buffer.view.len // <Py_ssize_t>sizeof(Command)
        self.enter()
        cdef BatchResult result = new_batch_result(self.result_pool, size)
        self.enter()  # making the result may have run the collector, and a finalizer the engine
        cdef FillBuffer single_fills = self.fills
        self.guard.busy = True
        self.fills = result.buffers.fills
        with nogil:
            run_records(
                &self.markets[first], first, count, <const Command *>buffer.view.buf, size, result.buffers.status,
                result.buffers.unfilled, True,
            )
        result.buffers.fills = self.fills
        self.fills = single_fills
        self.guard.busy = False
        return result


cdef Venue new_venue(tuple instruments, object event_capacity):
    """Return the venue of some instruments, all valid and different."""
    cdef uint64_t capacity = as_u64(event_capacity, "event_capacity")
    cdef Venue venue = Venue.__new__(Venue)
    cdef uint32_t position
    venue.instruments = instruments
    venue.count = <uint32_t>len(instruments)
    venue.guard = Guard()
    venue.ring = new_event_ring(capacity)
    cdef list pairs = [], books = []
    for instrument in instruments:
        pairs.append((instrument.base, instrument.quote))
        books.append(OrderBook())
    venue.ledger = Ledger(pairs)
    venue.ledger.guard = venue.guard
    venue.result_pool = ResultPool()
    venue.books = tuple(books)
    venue.markets = <Matcher *>PyMem_Calloc(venue.count, sizeof(Matcher))
    if venue.markets == NULL:
        raise MemoryError(f"no memory for {venue.count} markets")
    for position in range(venue.count):
        open_market(venue, position)
    return venue
