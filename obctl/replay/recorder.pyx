"""The recorder: turns trades, events and the state of the book into rows of cells."""

from libc.stdint cimport uint8_t, uint32_t

from obctl.flow.scan cimport u128
from orderbook.book cimport side_of
from orderbook.enums import OrderType, RejectReason, RemoveReason, Side
from orderbook.levels cimport BookSide, level_at, level_next
from orderbook.records cimport ASK, BID, BOOK_REMOVED, NO_PRICE, REJECTION, TRADE, Level
from obctl.replay.cells cimport cells_append, cells_leave_out
from obctl.replay.cells import Column


cdef void add_product(Wide *wide, uint64_t a, uint64_t b) noexcept nogil:
    """Add a × b."""
    cdef u128 product = <u128>a * b
    cdef u128 sum = ((<u128>wide.high << 64) | wide.low) + product
    wide.top += sum < product
    wide.high = <uint64_t>(sum >> 64)
    wide.low = <uint64_t>sum


cdef object number_of(const Wide *wide):
    """Return a wide number as Python's."""
    return (<object>wide.top << 128) + (<object>wide.high << 64) + wide.low


cdef enum:
    SAMPLES_MAX = 4096     # plot samples held, more than a plot has pixels across


def words_of(members):
    """Return an enumeration's words in the order of their values, as tables spell them."""
    return tuple(member.name.lower() for member in members)


SIDES = words_of(Side)
ORDER_TYPES = words_of(OrderType)
EVENT_KINDS = ("added", "updated", "removed", "trade", "rejection")
REASONS = words_of(RemoveReason) + words_of(RejectReason)
cdef uint8_t REJECT_REASONS_FROM = len(RemoveReason)

TRADE_COLUMNS = (
    Column("row"), Column("timestamp"), Column("taker_order_id"), Column("maker_order_id"), Column("taker_side", SIDES),
    Column("price"), Column("quantity"),
)
EVENT_COLUMNS = (
    Column("row"), Column("sequence"), Column("timestamp"), Column("kind", EVENT_KINDS), Column("order_id"),
    Column("maker_order_id"), Column("side", SIDES), Column("order_type", ORDER_TYPES), Column("price"),
    Column("quantity"), Column("reason", REASONS),
)
SAMPLE_COLUMNS = (Column("row"), Column("timestamp"), Column("best_bid"), Column("best_ask"), Column("trade_price"))


def depth_columns(levels):
    """Return the columns of a depth table with `levels` levels a side, in the order of LOBSTER's order book files."""
    fields = ("ask_price", "ask_quantity", "bid_price", "bid_quantity")
    names = [f"{field}_{level}" for level in range(1, levels + 1) for field in fields]
    return (Column("row"), Column("timestamp"), *[Column(name) for name in names])


cdef class Recorder:
    """Totals of a replay, and a block of rows for each table asked for (None otherwise).

    depth_levels: levels a side of the depth table, 0 for no depth table. samples: keep samples for a plot, never more
    than 4096 however long the replay is.
    """

    def __cinit__(self, *, bint trades=False, bint events=False, size_t depth_levels=0, bint samples=False):
        self.tape.levels = depth_levels
        self.tape.sample_every = 1
        if trades:
            self.trades = Block(TRADE_COLUMNS)
            self.tape.trade_rows = &self.trades.cells
        if events:
            self.events = Block(EVENT_COLUMNS)
            self.tape.event_rows = &self.events.cells
        if depth_levels:
            self.depth = Block(depth_columns(depth_levels))
            self.tape.depth_rows = &self.depth.cells
        if samples:
            self.samples = Block(SAMPLE_COLUMNS)
            self.tape.samples = &self.samples.cells

    @property
    def rows(self):
        """The input rows applied so far."""
        return self.tape.row

    @property
    def trade_count(self):
        """The trades so far."""
        return self.tape.trades

    @property
    def volume(self):
        """The lots traded so far."""
        return number_of(&self.tape.volume)

    @property
    def notional(self):
        """Price × quantity over all trades so far, in ticks × lots."""
        return number_of(&self.tape.notional)


cdef void tape_trade(Tape *tape, uint64_t timestamp, const uint64_t *taker_id, uint64_t maker_id, int taker_side,
                     uint64_t price, uint64_t quantity) noexcept nogil:
    """Record a trade caused by the row that is being applied; `taker_id` is NULL where no one knows it."""
    cdef uint64_t *row
    tape.trades += 1
    add_product(&tape.volume, 1, quantity)
    add_product(&tape.notional, price, quantity)
    tape.last_price = price
    tape.traded = True
    if tape.trade_rows == NULL:
        return
    row = cells_append(tape.trade_rows)
    if row == NULL:
        return
    row[0] = tape.row + 1
    row[1] = timestamp
    row[3] = maker_id
    row[4] = taker_side
    row[5] = price
    row[6] = quantity
    if taker_id != NULL:
        row[2] = taker_id[0]
    else:
        cells_leave_out(tape.trade_rows, 2)


cdef void tape_event(void *context, uint64_t sequence, const Event *event, const Order *_order) noexcept nogil:
    """Take one event from the engine: this is its sink."""
    cdef Tape *tape = <Tape *>context
    if event.kind == TRADE:
        tape_trade(
            tape, event.timestamp, &event.order_id, event.maker_order_id, event.side, event.price, event.quantity,
        )
    if tape.event_rows != NULL:
        record_event(tape, sequence, event)


cdef void record_event(Tape *tape, uint64_t sequence, const Event *event) noexcept nogil:
    cdef uint64_t *row = cells_append(tape.event_rows)
    if row == NULL:
        return
    row[0] = tape.row + 1
    row[1] = sequence
    row[2] = event.timestamp
    row[3] = event.kind
    row[4] = event.order_id
    row[5] = event.maker_order_id
    row[6] = event.side
    row[7] = event.order_type
    row[8] = event.price
    row[9] = event.quantity
    row[10] = 0
    if event.kind != TRADE:
        cells_leave_out(tape.event_rows, 5)
    if event.kind == BOOK_REMOVED:
        row[10] = event.reason
    elif event.kind == REJECTION:
        row[10] = REJECT_REASONS_FROM + (event.reason & ~<int>NO_PRICE)
        if event.reason & NO_PRICE:
            cells_leave_out(tape.event_rows, 8)


cdef void tape_state(Tape *tape, Book *book, uint64_t timestamp) noexcept nogil:
    """Record the book after a row."""
    if tape.depth_rows != NULL:
        record_depth(tape, book, timestamp)
    if tape.samples != NULL and tape.row % tape.sample_every == 0:
        record_sample(tape, book, timestamp)


cdef void record_depth(Tape *tape, Book *book, uint64_t timestamp) noexcept nogil:
    cdef uint64_t *row = cells_append(tape.depth_rows)
    if row == NULL:
        return
    row[0] = tape.row
    row[1] = timestamp
    record_side(tape, book, ASK, row, 2)
    record_side(tape, book, BID, row, 4)


cdef void record_side(Tape *tape, Book *book, int side_code, uint64_t *row, size_t column) noexcept nogil:
    """Fill one side's cells of the newest depth row; its levels stand four columns apart, the first at `column`."""
    cdef const BookSide *side = side_of(book, side_code)
    cdef uint32_t slot = side.best
    cdef const Level *level
    cdef size_t _level
    for _level in range(tape.levels):
        if slot:
            level = level_at(&book.store, slot)
            row[column] = level.key ^ side.mask
            row[column + 1] = level.total
            slot = level_next(&book.store, slot)
        else:
            cells_leave_out(tape.depth_rows, column)
            cells_leave_out(tape.depth_rows, column + 1)
        column += 4


cdef void record_sample(Tape *tape, Book *book, uint64_t timestamp) noexcept nogil:
    cdef uint64_t *row
    if tape.samples.count == SAMPLES_MAX:
        thin_samples(tape.samples)
        tape.sample_every *= 2
        if tape.row % tape.sample_every:
            return
    row = cells_append(tape.samples)
    if row == NULL:
        return
    row[0] = tape.row
    row[1] = timestamp
    record_best(tape.samples, side_of(book, BID), row, 2)
    record_best(tape.samples, side_of(book, ASK), row, 3)
    if tape.traded:
        row[4] = tape.last_price
    else:
        cells_leave_out(tape.samples, 4)
    tape.traded = False


cdef void record_best(Cells *samples, const BookSide *side, uint64_t *row, size_t column) noexcept nogil:
    if side.best:
        row[column] = side.best_key ^ side.mask
    else:
        cells_leave_out(samples, column)


cdef void thin_samples(Cells *samples) noexcept nogil:
    """Keep the later sample of each pair, with the earlier one's trade where it has none itself."""
    cdef size_t pair, cell, width = samples.width
    cdef size_t kept, earlier, later
    for pair in range(samples.count // 2):
        kept = pair * width
        earlier = 2 * pair * width
        later = earlier + width
        if samples.missing[later + width - 1]:
            samples.values[later + width - 1] = samples.values[earlier + width - 1]
            samples.missing[later + width - 1] = samples.missing[earlier + width - 1]
        for cell in range(width):
            samples.values[kept + cell] = samples.values[later + cell]
            samples.missing[kept + cell] = samples.missing[later + cell]
    samples.count //= 2
