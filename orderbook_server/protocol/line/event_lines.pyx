"""Events as lines of the feed."""

from libc.stdlib cimport calloc, free

from orderbook.events cimport event_log_at, event_log_last
from orderbook.records cimport (
    BID, BOOK_ADDED, BOOK_REMOVED, BOOK_UPDATED, FILLED, NO_PRICE, TRADE,
)
from orderbook_server.protocol.line.output cimport output_destroy, put_byte, put_field, put_text, reserve

cdef enum:
    EVENT_BYTES_MAX = 192          # of a line without the symbol: 6 numbers and some words

cdef tuple TYPE_WORDS = (b"", b"MARKET", b"LIMIT", b"IOC", b"FOK", b"POST_ONLY")
cdef tuple REJECT_WORDS = (b"", b"DUPLICATE", b"CROSSED", b"INVALID_QTY", b"MISSING_PRICE", b"INSUFFICIENT_LIQ")


cdef inline void put_word(Output *output, bytes word):
    put_byte(output, c' ')
    put_text(output, <const char *>word, len(word))


cdef inline void put_side(Output *output, int side) noexcept nogil:
    put_byte(output, c' ')
    put_byte(output, c'B' if side == BID else c'A')


cdef inline void put_trade(Output *output, const Event *event):
    put_text(output, b" TRADE", 6)
    put_field(output, event.order_id)
    put_field(output, event.maker_order_id)
    put_side(output, event.side)
    put_word(output, TYPE_WORDS[event.order_type])
    put_field(output, event.price)
    put_field(output, event.quantity)


cdef inline void put_rejection(Output *output, const Event *event):
    put_text(output, b" REJECT", 7)
    put_field(output, event.order_id)
    put_side(output, event.side)
    put_word(output, TYPE_WORDS[event.order_type])
    if event.reason & NO_PRICE:
        put_text(output, b" -", 2)
    else:
        put_field(output, event.price)
    put_field(output, event.quantity)
    put_word(output, REJECT_WORDS[event.reason & ~NO_PRICE])


cdef inline void put_book_event(Output *output, const Event *event):
    if event.kind == BOOK_ADDED:
        put_text(output, b" BOOK_ADD", 9)
    elif event.kind == BOOK_UPDATED:
        put_text(output, b" BOOK_UPDATE", 12)
    else:
        put_text(output, b" BOOK_REMOVE", 12)
    put_field(output, event.order_id)
    put_side(output, event.side)
    put_field(output, event.price)
    put_field(output, event.quantity)
    if event.kind == BOOK_REMOVED:
        if event.reason == FILLED:
            put_text(output, b" FILLED", 7)
        else:  # by self-trade prevention, too: the protocol has no other word
            put_text(output, b" CANCELED", 9)


cdef class EventLines:
    """The feed of one exchange as lines, made once for all subscribers that are at the same place."""

    def __cinit__(self, Sequencer sequencer not None):
        cdef bytes symbol
        self.sequencer = sequencer
        self.log = &sequencer.venue.ring.log
        self.symbols = tuple([instrument.symbol.encode() for instrument in sequencer.exchange.instruments])
        self.positions = {symbol: position for position, symbol in enumerate(self.symbols)}
        self.names = <Text *>calloc(len(self.symbols), sizeof(Text))
        if self.names == NULL:
            raise MemoryError("no memory for the symbols")
        for position, symbol in enumerate(self.symbols):
            self.names[position].bytes = symbol
            self.names[position].size = len(symbol)

    def __dealloc__(self):
        free(self.names)

    cdef int put(self, Output *output, uint64_t sequence) except -1:
        """Write an event that is held."""
        cdef const Event *event = event_log_at(self.log, sequence)
        cdef const Text *name = &self.names[event.instrument]
        reserve(output, EVENT_BYTES_MAX + name.size)
        put_text(output, b"EVENT", 5)
        put_field(output, sequence)
        if event.kind == TRADE:
            put_trade(output, event)
        elif event.kind <= BOOK_REMOVED:
            put_book_event(output, event)
        else:
            put_rejection(output, event)
        if len(self.symbols) > 1:
            put_byte(output, c' ')
            put_text(output, name.bytes, name.size)
        put_byte(output, c'\n')
        return 0

    cdef bytes take(self, uint64_t after, size_t bytes_max):
        """Return the lines of the events behind `after`, all of which are held, up to about `bytes_max` bytes.

        `block_until` says how far they go.
        """
        cdef uint64_t last = event_log_last(self.log)
        cdef Output output
        if (
            self.block is not None and self.block_after == after and self.block_bytes_max == bytes_max
            and (self.block_until == last or <size_t>len(self.block) > bytes_max)
        ):
            return self.block
        output.bytes = NULL
        output.size = output.capacity = 0
        self.block = None
        self.block_after = self.block_until = after
        self.block_bytes_max = bytes_max
        try:
            while self.block_until < last and output.size <= bytes_max:
                self.put(&output, self.block_until + 1)
                self.block_until += 1
            self.block = output.bytes[:output.size]
        finally:
            output_destroy(&output)
        return self.block
