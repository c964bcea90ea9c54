"""The tape: listens to the engine through its sink, in the middle of each command (docs/c-api.md)."""

from array import array

from libc.stdlib cimport free, realloc
from libc.string cimport memset

from orderbook.accounts cimport Accounts, account_find
from orderbook.guard cimport guard_enter
from orderbook.records cimport BID, TRADE, Event, Order
from orderbook.wide cimport value_of

cdef size_t FIRST_CAPACITY = 64

COLUMNS = (
    "time_ns", "price", "quantity", "taker_side", "taker_order_id", "maker_order_id", "taker_account", "maker_account",
)


cdef void *with_room(void *items, size_t count, size_t *capacity, size_t itemsize) noexcept nogil:
    """Return an array with room for one more item, NULL when memory is out, and then the old one is still there."""
    cdef size_t wanted = capacity[0]
    if count < wanted:
        return items
    wanted = 2 * wanted if wanted else FIRST_CAPACITY
    items = realloc(items, wanted * itemsize)
    if items != NULL:
        capacity[0] = wanted
    return items


cdef bint note_fill(Tally *tally, uint64_t order_id, int side, const Event *event, bint is_maker) noexcept nogil:
    """Note a fill of an account; return whether there was memory."""
    cdef FillRecord *untold = <FillRecord *>with_room(
        tally.untold, tally.untold_count, &tally.untold_capacity, sizeof(FillRecord),
    )
    if untold == NULL:
        return False
    tally.untold = untold
    untold[tally.untold_count] = FillRecord(order_id, event.price, event.quantity, side, is_maker)
    tally.untold_count += 1
    tally.fills += 1
    if side == BID:
        tally.bought += event.quantity
    else:
        tally.sold += event.quantity
    return True


cdef bint note_trade(TapeState *tape, const Event *event, const Tally *maker) noexcept nogil:
    """Note a trade of the market; return whether there was memory."""
    cdef TradeRecord *trades
    tape.volume += event.quantity
    tape.value += value_of(event.price, event.quantity)
    tape.last_price = event.price
    if tape.keeps_trades:
        trades = <TradeRecord *>with_room(tape.trades, tape.trade_count, &tape.trade_capacity, sizeof(TradeRecord))
        if trades == NULL:
            return False
        tape.trades = trades
        trades[tape.trade_count] = TradeRecord(
            tape.now_ns, event.price, event.quantity, event.side, event.order_id, event.maker_order_id,
            tape.taker.account_id if tape.taker != NULL else 0, maker.account_id if maker != NULL else 0,
        )
    tape.trade_count += 1
    return True


cdef void take_event(void *context, uint64_t sequence, const Event *event, const Order *order) noexcept nogil:
    """Take one event of the engine: what is a trade, for the tape and its two accounts."""
    cdef TapeState *tape = <TapeState *>context
    cdef Tally *maker
    cdef bint noted
    if event.kind != TRADE:
        return
    maker = tape.tallies[order.account] if order.account < tape.slots else NULL
    noted = note_trade(tape, event, maker)
    if noted and maker != NULL:
        noted = note_fill(maker, event.maker_order_id, 3 - event.side, event, True)
    if noted and tape.taker != NULL:
        noted = note_fill(tape.taker, event.order_id, event.side, event, False)
    tape.failed |= not noted


cdef class Tape:
    """What one market of an engine trades from now on, with the simulated time of each trade.

    keeps_trades: hold them all, 64 bytes each, for `columns`; the sums are there in any case. Accounts that are not
    followed appear as 0. It listens from `listen` to `hang_up`; no other sink may be set meanwhile.
    """

    def __init__(self, RiskEngine engine not None, *, keeps_trades=True):
        self.engine = engine
        self.owners = []
        self.state.keeps_trades = keeps_trades

    def __dealloc__(self):
        free(self.state.tallies)
        free(self.state.trades)

    cdef int follow(self, object owner, Tally *tally) except -1:
        """Tell a tally of the trades of its account, which is made; keep the owner, so that the tally stays."""
        cdef Accounts *accounts = self.engine.core.money.accounts
        cdef Tally **tallies
        cdef uint32_t slot = account_find(accounts, tally.account_id)
        if slot:
            raise ValueError(f"account {tally.account_id} is there already")
        self.engine.credit_account(tally.account_id, 0, 0)
        slot = account_find(accounts, tally.account_id)
        tallies = <Tally **>realloc(self.state.tallies, (slot + 1) * sizeof(Tally *))
        if tallies == NULL:
            raise MemoryError("no memory for an account of the simulation")
        memset(tallies + self.state.slots, 0, (slot + 1 - self.state.slots) * sizeof(Tally *))
        self.state.tallies = tallies
        self.state.slots = slot + 1
        tallies[slot] = tally
        tally.slot = slot
        self.owners.append(owner)
        return 0

    cdef int check(self) except -1:
        """Raise MemoryError where something could not be noted."""
        if self.state.failed:
            raise MemoryError("no memory for the trades of the simulation")
        return 0

    def listen(self):
        """Hear of all that happens in the market from now on."""
        guard_enter(self.engine.guard)
        if self.engine.core.sink != NULL:
            raise RuntimeError("the market has a sink already")
        self.engine.core.sink = take_event
        self.engine.core.sink_context = &self.state

    def hang_up(self):
        """Hear no more."""
        guard_enter(self.engine.guard)
        self.engine.core.sink = NULL
        self.engine.core.sink_context = NULL

    @property
    def trades(self):
        """The number of trades."""
        return self.state.trade_count

    @property
    def volume(self):
        """Lots traded."""
        return self.state.volume

    @property
    def value(self):
        """Ticks × lots traded."""
        return (int(<uint64_t>(self.state.value >> 64)) << 64) + int(<uint64_t>self.state.value)

    @property
    def last_price(self):
        """The price of the last trade, in ticks; None before the first."""
        return self.state.last_price if self.state.trade_count else None

    def columns(self):
        """Return the trades, in order: an array of 64-bit numbers for each of COLUMNS."""
        cdef size_t row
        cdef int place
        cdef const uint64_t[:, ::1] records
        cdef uint64_t[::1] column
        count = self.state.trade_count if self.state.keeps_trades else 0
        columns = {name: array("Q", bytes(8 * count)) for name in COLUMNS}
        if count:
            records = <const uint64_t[:count, :len(COLUMNS)]><const uint64_t *>self.state.trades
            for place, values in enumerate(columns.values()):
                column = values
                for row in range(count):
                    column[row] = records[row, place]
        return columns
