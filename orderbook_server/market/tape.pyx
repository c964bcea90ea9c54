"""Tape: the newest trades of every instrument, and their bars of a second, read from the event log.

The log is read from where the last reading ended, so each event is looked at once, whoever watches: 48 bytes and a
branch. What is kept of a trade is kept in C: a ring of the newest TRADES of each instrument that has traded, and the
bar of the second at hand; a Python object is made per bar that is over, and per trade that somebody asks for.

Bars follow the times of the commands, which never go back. Where the log has dropped events that were not read yet,
their trades are in neither; the sums of `totals`, which the sequencer counts, have them all the same.
"""

from collections import deque

from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport uint32_t, uint64_t

from orderbook.events cimport EventLog, event_log_at, event_log_last, event_log_oldest
from orderbook.guard cimport guard_enter
from orderbook.numbers cimport as_u64
from orderbook.records cimport BID, TRADE, Event
from orderbook_server.sequencer.sequencer cimport Sequencer

TRADES = 512                       # kept of each instrument
BARS = 3600                        # likewise

cdef enum:
    KEPT = 512                     # TRADES, for C; a power of two
    SECOND_NS = 1_000_000_000


cdef struct TradeRecord:
    uint64_t sequence
    uint64_t timestamp             # nanoseconds since 1970
    uint64_t price                 # ticks
    uint64_t quantity              # lots
    uint32_t side                  # the taker's


cdef struct Bar:
    uint64_t second                # since 1970
    uint64_t open                  # ticks
    uint64_t high
    uint64_t low
    uint64_t close
    uint64_t volume                # lots
    uint64_t trades                # 0: there is no bar


cdef struct Strip:                 # of one instrument
    TradeRecord *trades            # the ring, NULL before the first
    uint64_t count                 # trades read so far
    uint64_t last_sequence         # of the instrument's last event
    Bar bar                        # of the second at hand


cdef inline void add_to_bar(Bar *bar, const Event *trade) noexcept nogil:
    """Count a trade of the bar's own second."""
    if bar.trades == 0:
        bar.second = trade.timestamp // SECOND_NS
        bar.open = bar.high = bar.low = trade.price
        bar.volume = 0
    bar.high = max(bar.high, trade.price)
    bar.low = min(bar.low, trade.price)
    bar.close = trade.price
    bar.volume += trade.quantity
    bar.trades += 1


cdef tuple as_bar(const Bar *bar):
    return bar.second, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades


cdef class Tape:
    """The newest trades and bars of the instruments of an exchange, as they were at the last `advance`."""

    cdef Sequencer sequencer
    cdef uint32_t count            # of instruments: the collector may take the sequencer first
    cdef EventLog *log
    cdef Strip *strips             # by instrument
    cdef list bars                 # by instrument: those that are over, oldest first
    cdef uint64_t position         # the last event that was read

    def __cinit__(self, Sequencer sequencer not None):
        self.sequencer = sequencer
        self.log = &sequencer.venue.ring.log
        self.count = sequencer.count
        self.strips = <Strip *>PyMem_Calloc(max(<uint32_t>1, self.count), sizeof(Strip))
        if self.strips == NULL:
            raise MemoryError("no memory for the instruments' trades")
        self.bars = []
        for _instrument in range(self.count):
            self.bars.append(deque(maxlen=BARS - 1))

    def __dealloc__(self):
        cdef uint32_t instrument
        if self.strips != NULL:
            for instrument in range(self.count):
                PyMem_Free(self.strips[instrument].trades)
            PyMem_Free(self.strips)

    def advance(self):
        """Read what has happened since the last call; return the number of the last event. O(events since)."""
        guard_enter(self.sequencer.exchange.guard)
        cdef uint64_t last = event_log_last(self.log)
        cdef const Event *event
        self.position = max(self.position, event_log_oldest(self.log) - 1)
        while self.position < last:
            event = event_log_at(self.log, self.position + 1)
            self.strips[event.instrument].last_sequence = self.position + 1
            if event.kind == TRADE:
                self.add(event)
            self.position += 1
        return last

    cdef int add(self, const Event *event) except -1:
        """Keep a trade."""
        cdef Strip *strip = &self.strips[event.instrument]
        cdef TradeRecord *trade
        if strip.trades == NULL:
            strip.trades = <TradeRecord *>PyMem_Calloc(KEPT, sizeof(TradeRecord))
            if strip.trades == NULL:
                raise MemoryError("no memory for the trades of an instrument")
        if strip.bar.trades and event.timestamp // SECOND_NS != strip.bar.second:
            self.bars[event.instrument].append(as_bar(&strip.bar))
            strip.bar.trades = 0
        add_to_bar(&strip.bar, event)
        trade = &strip.trades[strip.count & (KEPT - 1)]
        trade.sequence = self.position + 1
        trade.timestamp = event.timestamp
        trade.price = event.price
        trade.quantity = event.quantity
        trade.side = event.side
        strip.count += 1
        return 0

    cdef Strip *strip(self, object instrument) except NULL:
        cdef uint64_t position = as_u64(instrument, "instrument")
        if position >= self.count:
            raise IndexError(f"there is no instrument at position {position}")
        return &self.strips[position]

    def last_sequence(self, instrument):
        """Return the number of an instrument's last event, 0 before the first that was read."""
        return self.strip(instrument).last_sequence

    def trades(self, instrument, after=0, limit=TRADES):
        """Return the newest trades behind event number `after`, at most `limit` and TRADES, oldest first.

        A trade is (sequence, nanoseconds since 1970, price in ticks, quantity in lots, whether the taker bought).
        """
        cdef Strip *strip = self.strip(instrument)
        cdef uint64_t behind = as_u64(after, "after")
        cdef uint64_t held = min(strip.count, <uint64_t>KEPT, as_u64(limit, "limit"))
        cdef const TradeRecord *trade
        cdef list trades = []
        while held:
            trade = &strip.trades[(strip.count - held) & (KEPT - 1)]
            if trade.sequence > behind:
                trades.append((trade.sequence, trade.timestamp, trade.price, trade.quantity, trade.side == BID))
            held -= 1
        return trades

    def bars_of(self, instrument, since=0):
        """Return the newest bars from a second on, at most BARS, oldest first; the last of them may not be over.

        A bar is (second since 1970, open, high, low, close in ticks, volume in lots, number of trades).
        """
        cdef Strip *strip = self.strip(instrument)
        cdef uint64_t first = as_u64(since, "since")
        cdef list bars = []
        cdef tuple bar
        if strip.bar.trades and strip.bar.second >= first:
            bars.append(as_bar(&strip.bar))
        for bar in reversed(self.bars[<object>instrument]):
            if <uint64_t>bar[0] < first:
                break
            bars.append(bar)
        bars.reverse()
        return bars

    def totals(self, instrument):
        """Return (trades, volume in lots) of an instrument since the server began."""
        self.strip(instrument)
        return (
            self.sequencer.recorder.tallies[<uint32_t>instrument].trades,
            self.sequencer.recorder.tallies[<uint32_t>instrument].volume,
        )
