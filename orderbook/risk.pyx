"""RiskEngine: one market with accounts, as Python sees it. It checks arguments, calls risk.pxd, and raises."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport (
    Accounts, account_find, account_give, account_lacks, account_open, account_take, issue_overflows,
)
from orderbook.audit cimport audit, state_digest
from orderbook.book cimport Book
from orderbook.guard cimport guard_enter, guard_hold
from orderbook.instruments import DEFAULT_INSTRUMENT, Instrument
from orderbook.limits cimport Limits
from orderbook.matching cimport withdraw
from orderbook.money cimport seat_of
from orderbook.numbers cimport as_order_type, as_prevention, as_side, as_u64
from orderbook.records cimport ASK, CANCELED, CAPACITY_EXCEEDED
from orderbook.refusals cimport refuse, refuse_account, refuse_funds
from orderbook.results cimport new_result, result_take
from orderbook.seats cimport Seat, seat_pack
from orderbook.venue cimport new_venue
from orderbook.views cimport MatchResult, new_account_snapshot, new_order_view


cdef const Seat *tidy_seat(const Money *money, uint32_t account, Book *book) noexcept nogil:
    """Return an account's seat, with not many more places in use than orders."""
    cdef Seat *seat = seat_of(money, account)
    if seat.size > 4 * seat.open:
        seat_pack(seat, book)
    return seat


cdef int risk_cancel_all(Matcher *matcher, uint64_t account_id) noexcept nogil:
    """Cancel all orders of an account, in order of entry; return a Code. `unfilled` becomes their number."""
    cdef uint32_t account = account_find(matcher.money.accounts, account_id)
    cdef const Seat *seat
    cdef uint32_t place
    if account == 0:
        return UNKNOWN_ACCOUNT
    seat = tidy_seat(&matcher.money, account, matcher.book)
    matcher.unfilled = seat.open
    for place in range(seat.size):  # the last to go empties the seat, whose places stay
        if seat.entries[place]:
            withdraw(matcher, seat.entries[place], CANCELED, True)
    return ACCEPTED


cdef int risk_credit(Matcher *matcher, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil:
    """Give an account base and quote, both or neither, and make it where there is none; return a Code."""
    cdef Accounts *accounts = matcher.money.accounts
    cdef uint32_t account
    if issue_overflows(accounts, matcher.money.base, base) or issue_overflows(accounts, matcher.money.quote, quote):
        return NUMERIC_OVERFLOW
    account = account_open(accounts, account_id)
    if account == 0:
        return CAPACITY_EXCEEDED
    account_give(accounts, account, matcher.money.base, base)
    account_give(accounts, account, matcher.money.quote, quote)
    return ACCEPTED


cdef int risk_debit(Matcher *matcher, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil:
    """Take base and quote that are available from an account, both or neither; return a Code."""
    cdef Accounts *accounts = matcher.money.accounts
    cdef uint32_t account = account_find(accounts, account_id)
    if account == 0:
        return UNKNOWN_ACCOUNT
    if account_lacks(accounts, account, matcher.money.base, base):
        return INSUFFICIENT_BASE
    if account_lacks(accounts, account, matcher.money.quote, quote):
        return INSUFFICIENT_QUOTE
    account_take(accounts, account, matcher.money.base, base)
    account_take(accounts, account, matcher.money.quote, quote)
    return ACCEPTED


cdef int refuse_order(RiskEngine engine, int code, uint64_t account_id, uint64_t order_id) except -1:
    """Raise what a code stands for; of too little money, say how much there is."""
    cdef int side = BID if code == INSUFFICIENT_QUOTE else ASK
    if code != insufficient(side):
        refuse(code, order_id)
    refuse_funds(
        code, order_id, account_id,
        given(&engine.core.money, account_find(engine.core.money.accounts, account_id), side).available,
        engine.instrument.quote if side == BID else engine.instrument.base,
    )


cdef RiskEngine new_market(Venue venue, uint32_t position):
    """Return the face of one of a venue's markets."""
    cdef RiskEngine engine = RiskEngine.__new__(RiskEngine)
    open_at(engine, venue, position)
    return engine


cdef int open_at(RiskEngine engine, Venue venue, uint32_t position) except -1:
    """Make an engine the face of a market."""
    engine.venue = venue
    engine.core = &venue.markets[position]
    engine.order_book = venue.books[position]
    engine.instrument = venue.instruments[position]
    engine.ring = venue.ring
    engine.guard = venue.guard
    return 0


cdef class RiskEngine(EventSource):
    """One market with accounts: who has the money may trade, and what is traded is settled at once.

    event_capacity: how many of the newest events are held; 0 records none.
    instrument: an Instrument, whose limits and self-trade prevention apply; by default one without.

    Prices are in ticks, quantities in lots; base is counted in lots, quote in ticks × lots. One thread at a time: a
    second one that enters while a batch runs gets RuntimeError. docs/money.md has all rules.
    """

    def __init__(self, *, event_capacity=65536, instrument=None):
        if self.venue is not None:
            raise TypeError("a RiskEngine is made once")
        if instrument is None:
            instrument = DEFAULT_INSTRUMENT
        if not isinstance(instrument, Instrument):
            raise TypeError(f"instrument must be an Instrument, not {type(instrument).__name__}")
        open_at(self, new_venue((instrument,), event_capacity), 0)

    def __reduce__(self):
        raise TypeError("a RiskEngine is neither picklable nor copyable; its order_book.snapshot() is")

    cdef int enter(self) except -1:
        """Begin a single command, unless a batch is running."""
        guard_enter(self.guard)
        self.venue.fills.size = 0
        self.core.timestamp = self.core.command = 0
        return 0

    def credit_account(self, account_id, base, quote):
        """Give an account base and quote, both or neither, and make it where there is none, also with (0, 0).

        Raise NumericOverflow where more than 2^64-1 of either would be issued in all. O(1).
        """
        cdef uint64_t id = as_u64(account_id, "account_id")
        cdef uint64_t lots = as_u64(base, "base")
        cdef uint64_t value = as_u64(quote, "quote")
        self.enter()
        cdef int code = risk_credit(self.core, id, lots, value)
        if code:
            refuse_account(code, id)

    def debit_account(self, account_id, base, quote):
        """Take base and quote that are available from an account, both or neither.

        Raise UnknownAccount, InsufficientBase or InsufficientQuote. O(1).
        """
        cdef uint64_t id = as_u64(account_id, "account_id")
        cdef uint64_t lots = as_u64(base, "base")
        cdef uint64_t value = as_u64(quote, "quote")
        self.enter()
        cdef int code = risk_debit(self.core, id, lots, value)
        if code:
            refuse_account(code, id)

    def account_snapshot(self, account_id):
        """Return what an account has of the market's two assets, or None where it was never credited. O(1)."""
        cdef uint64_t id = as_u64(account_id, "account_id")
        guard_enter(self.guard)
        cdef const Money *money = &self.core.money
        cdef uint32_t account = account_find(money.accounts, id)
        if account == 0:
            return None
        return new_account_snapshot(
            given(money, account, ASK).available, given(money, account, ASK).reserved,
            given(money, account, BID).available, given(money, account, BID).reserved,
        )

    def submit(self, account_id, order_id, side, order_type, price, quantity, *, self_trade_prevention=None):
        """Run a new order of an account; `price` may be None for MARKET, which ignores it.

        self_trade_prevention: a SelfTradePrevention for this order; None for what the instrument says.

        Return a MatchResult. Raise, in this order: MissingPrice, UnknownAccount, Halted, NumericOverflow (its value),
        InsufficientQuote or InsufficientBase, InvalidQuantity, DuplicateOrder, NumericOverflow (its side's total),
        PriceOutOfBand, QuantityTooLarge, NotionalTooLarge, TooManyOrders, CrossedOrder, CapacityExceeded. A
        FILL_OR_KILL that cannot be filled is no error: all of it is `unfilled`.
        """
        cdef uint64_t account = as_u64(account_id, "account_id")
        cdef uint64_t id = as_u64(order_id, "order_id")
        cdef int side_code = as_side(side)
        cdef int type_code = as_order_type(order_type)
        cdef bint has_price = price is not None
        cdef uint64_t ticks = as_u64(price, "price") if has_price else 0
        cdef uint64_t lots = as_u64(quantity, "quantity")
        cdef int prevention = as_prevention(self_trade_prevention)
        cdef MatchResult result = new_result()
        self.enter()
        cdef int code = risk_submit(
            self.core, account, id, side_code, type_code, ticks, has_price, lots, <uint8_t>prevention,
        )
        if code:
            refuse_order(self, code, account, id)
        result_take(result, self.core)
        return result

    def modify_order(self, account_id, order_id, quantity, price=None):
        """Set the open quantity of an account's order and, where given, its price; return a MatchResult.

        The same rules of place as MatchingEngine.modify_order. Raise UnknownOrder, AccountMismatch, Halted, and then as
        for a new order; the order's own reservation counts as available.
        """
        cdef uint64_t account = as_u64(account_id, "account_id")
        cdef uint64_t id = as_u64(order_id, "order_id")
        cdef uint64_t lots = as_u64(quantity, "quantity")
        cdef bint has_price = price is not None
        cdef uint64_t ticks = as_u64(price, "price") if has_price else 0
        cdef MatchResult result = new_result()
        self.enter()
        cdef int code = risk_modify(self.core, account, id, lots, ticks, has_price)
        if code:
            refuse_order(self, code, account, id)
        result_take(result, self.core)
        return result

    def cancel_order(self, account_id, order_id):
        """Take an account's order out of the book and return the quantity that was open.

        Raise UnknownOrder or AccountMismatch.
        """
        cdef uint64_t account = as_u64(account_id, "account_id")
        cdef uint64_t id = as_u64(order_id, "order_id")
        self.enter()
        cdef int code = risk_cancel(self.core, account, id)
        if code:
            refuse(code, id)
        return self.core.unfilled

    def cancel_all(self, account_id):
        """Cancel all resting orders of an account, in order of entry, and return how many; raise UnknownAccount."""
        cdef uint64_t id = as_u64(account_id, "account_id")
        self.enter()
        cdef int code = risk_cancel_all(self.core, id)
        if code:
            refuse_account(code, id)
        return self.core.unfilled

    def open_orders(self, account_id):
        """Return an account's resting orders in order of entry; none for an unknown account. O(its orders)."""
        cdef uint64_t id = as_u64(account_id, "account_id")
        cdef uint32_t account, place
        cdef const Seat *seat
        cdef const Order *order
        orders = []
        guard_hold(self.guard)
        try:
            account = account_find(self.core.money.accounts, id)
            if account:
                seat = tidy_seat(&self.core.money, account, self.core.book)
                for place in range(seat.size):
                    if seat.entries[place]:
                        order = order_at(self.core.book, seat.entries[place])
                        orders.append(new_order_view(order.id, order.side, order.price, order.quantity))
        finally:
            self.guard.busy = False
        return tuple(orders)

    def halt(self):
        """Refuse new orders, new prices and larger quantities from now on, with Halted."""
        guard_enter(self.guard)
        self.core.money.halted = True

    def resume(self):
        """End a halt."""
        guard_enter(self.guard)
        self.core.money.halted = False

    @property
    def halted(self):
        """Whether the instrument is halted."""
        guard_enter(self.guard)
        return self.core.money.halted

    @property
    def reference_price(self):
        """The price, in ticks, around which the band lies; None where there is none. It may be moved."""
        guard_enter(self.guard)
        cdef const Limits *limits = &self.core.money.limits
        return limits.reference_price if limits.referred else None

    @reference_price.setter
    def reference_price(self, price):
        cdef uint64_t ticks = 0 if price is None else as_u64(price, "reference_price")
        guard_enter(self.guard)
        cdef Limits *limits = &self.core.money.limits
        if price is None and limits.banded:
            raise ValueError(f"{self.instrument.symbol} has a price_band: its reference_price cannot be None")
        limits.referred = price is not None
        limits.reference_price = ticks

    def process(self, commands):
        """Run a batch: a contiguous buffer of COMMAND records of this instrument, of any kind, without the GIL.

        Return a BatchResult. A refused command is a status, never an exception, and the rest goes on. Raise TypeError
        where `commands` is no buffer and ValueError for a wrong item size or layout, before anything is applied;
        RuntimeError where another batch is running.
        """
        guard_enter(self.guard)
        return self.venue.process(commands, self.core.instrument, 1)

    def check(self):
        """Walk every invariant of the book and of what the accounts have reserved in it, and the ledger's sums.

        Raise AssertionError naming the first that is broken. O(orders + accounts).
        """
        guard_hold(self.guard)
        try:
            audit(self.venue, self.core.instrument, 1)
        finally:
            self.guard.busy = False

    def state_hash(self):
        """Return 32 hexadecimal digits that are equal exactly for equal books and balances: see docs/money.md."""
        guard_hold(self.guard)
        try:
            return state_digest(self.venue, self.core.instrument, 1)
        finally:
            self.guard.busy = False
