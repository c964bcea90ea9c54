"""Exchange: several markets over one ledger, with one sequence of events."""

from collections.abc import Iterable

from orderbook.audit cimport audit, state_digest
from orderbook.book cimport OrderBook
from orderbook.dumping cimport state_dump
from orderbook.errors import UnknownSymbol
from orderbook.guard cimport guard_enter, guard_hold
from orderbook.instruments import DEFAULT_INSTRUMENT, Instrument
from orderbook.loading cimport state_load
from orderbook.risk cimport new_market
from orderbook.venue cimport new_venue


cdef tuple checked(object instruments):
    """Return instruments as a tuple, or raise TypeError or ValueError."""
    if isinstance(instruments, Instrument) or not (instruments is None or isinstance(instruments, Iterable)):
        raise TypeError(f"instruments must be an iterable of Instrument, not {type(instruments).__name__}")
    result = (DEFAULT_INSTRUMENT,) if instruments is None else tuple(instruments)
    symbols = set()
    for position, instrument in enumerate(result):
        if not isinstance(instrument, Instrument):
            raise TypeError(f"instruments[{position}] must be an Instrument, not {type(instrument).__name__}")
        if instrument.symbol in symbols:
            raise ValueError(f"two instruments have the symbol {instrument.symbol!r}")
        symbols.add(instrument.symbol)
    if not result:
        raise ValueError("an exchange needs an instrument")
    return result


cdef class Exchange(EventSource):
    """Several instruments, each with its book, over one ledger, their events in one sequence.

    instruments: Instrument objects, whose positions the records of batches name; by default one, `BASE-QUOTE`.
    event_capacity: how many of the newest events are held; 0 records none.

    Numbers and threads are as for RiskEngine. docs/money.md has all rules.
    """

    def __init__(self, instruments=None, *, event_capacity=65536):
        cdef tuple described = checked(instruments)
        cdef Venue venue = new_venue(described, event_capacity)
        cdef dict markets = {}
        for position, instrument in enumerate(described):
            markets[instrument.symbol] = new_market(venue, position)
        if self.venue is not None:
            raise TypeError("an Exchange is made once")
        self.instruments = described
        self.markets = markets
        self.ring = venue.ring
        self.guard = venue.guard
        self.venue = venue

    def __reduce__(self):
        raise TypeError("an Exchange is neither picklable nor copyable; the snapshots of its books are")

    cdef RiskEngine market_of(self, object symbol):
        """Return the market of a symbol, or raise TypeError or UnknownSymbol."""
        if not isinstance(symbol, str):
            raise TypeError(f"symbol must be a str, not {type(symbol).__name__}")
        guard_enter(self.guard)
        market = self.markets.get(symbol)
        if market is None:
            raise UnknownSymbol(f"no instrument has the symbol {symbol!r}")
        return market

    def market(self, symbol):
        """Return the RiskEngine of an instrument; raise UnknownSymbol."""
        return self.market_of(symbol)

    def submit(
        self, symbol, account_id, order_id, side, order_type, price, quantity, *, self_trade_prevention=None,
    ):
        """Run a new order: RiskEngine.submit of the market `symbol`; UnknownSymbol where there is none."""
        return self.market_of(symbol).submit(
            account_id, order_id, side, order_type, price, quantity, self_trade_prevention=self_trade_prevention,
        )

    def modify_order(self, symbol, account_id, order_id, quantity, price=None):
        """Change an order: RiskEngine.modify_order of the market `symbol`."""
        return self.market_of(symbol).modify_order(account_id, order_id, quantity, price)

    def cancel_order(self, symbol, account_id, order_id):
        """Cancel an order and return the quantity that was open: RiskEngine.cancel_order of the market `symbol`."""
        return self.market_of(symbol).cancel_order(account_id, order_id)

    def cancel_all(self, symbol, account_id):
        """Cancel an account's orders in the market `symbol` and return how many: RiskEngine.cancel_all."""
        return self.market_of(symbol).cancel_all(account_id)

    def open_orders(self, symbol, account_id):
        """Return an account's resting orders in the market `symbol`, in order of entry: RiskEngine.open_orders."""
        return self.market_of(symbol).open_orders(account_id)

    def halt(self, symbol):
        """Halt a market: RiskEngine.halt."""
        self.market_of(symbol).halt()

    def resume(self, symbol):
        """End the halt of a market: RiskEngine.resume."""
        self.market_of(symbol).resume()

    def credit(self, account_id, asset, amount):
        """Give an account an amount of an asset, and make the account where there is none, for all markets.

        Raise UnknownSymbol, or NumericOverflow where more than 2^64-1 would be issued in all. O(1).
        """
        guard_enter(self.guard)
        self.venue.ledger.credit(account_id, asset, amount)

    def debit(self, account_id, asset, amount):
        """Take an available amount of an asset from an account.

        Raise UnknownSymbol, UnknownAccount, or InsufficientBase or InsufficientQuote: which, is what the first
        instrument that has the asset calls it. O(1).
        """
        guard_enter(self.guard)
        self.venue.ledger.debit(account_id, asset, amount)

    def balance(self, account_id, asset):
        """Return an account's Balance of an asset, None where the account is unknown; raise UnknownSymbol. O(1)."""
        guard_enter(self.guard)
        return self.venue.ledger.balance(account_id, asset)

    def total(self, asset):
        """Return all that was credited of an asset less what was debited; raise UnknownSymbol. O(1)."""
        guard_enter(self.guard)
        return self.venue.ledger.total(asset)

    def process(self, commands):
        """Run a batch: a contiguous buffer of COMMAND records of any instrument and kind, without the GIL.

        Results and errors are those of RiskEngine.process.
        """
        guard_enter(self.guard)
        return self.venue.process(commands, 0, self.venue.count)

    def check(self):
        """Walk every invariant of all books and of the ledger; raise AssertionError naming the first that is broken.

        O(orders + accounts × (assets + markets)).
        """
        guard_hold(self.guard)
        try:
            audit(self.venue, 0, self.venue.count)
        finally:
            self.guard.busy = False

    def state_hash(self):
        """Return 32 hexadecimal digits that are equal exactly for equal books and balances: see docs/money.md."""
        guard_hold(self.guard)
        try:
            return state_digest(self.venue, 0, self.venue.count)
        finally:
            self.guard.busy = False

    def dump_state(self):
        """Return all that decides what the exchange will do from here on, as bytes for `load_state`.

        Books with queue order and order of entry, balances, halts, moved reference prices, and the number of the last
        event; neither events nor what describes the instruments. Equal states, their accounts opened in the same order,
        make equal bytes. O(orders + accounts × (assets + markets)).
        """
        guard_hold(self.guard)
        try:
            return state_dump(self.venue)
        finally:
            self.guard.busy = False

    def load_state(self, data):
        """Take over a state that `dump_state` returned; the same commands then do the same as in the exchange it is of.

        data: a contiguous buffer that nobody changes meanwhile. Instruments are matched by symbol and assets by name:
        there may be others here, in any order, and what no order or balance needs may be lacking. Events go on behind
        the last number; none before is held.

        Raise RuntimeError where there are accounts or events already, ValueError naming what is wrong in the state,
        MemoryError; then nothing has changed. O(orders + accounts × (assets + markets)).
        """
        guard_hold(self.guard)
        try:
            state_load(self.venue, data)
        finally:
            self.guard.busy = False

    def memory_bytes(self):
        """Return the bytes that the arrays of accounts and books span, which double when full, without the events.

        O(accounts × instruments).
        """
        guard_enter(self.guard)
        cdef OrderBook book
        total = self.venue.ledger.memory_bytes()
        for book in self.venue.books:
            total += book.memory_bytes()
        return total
