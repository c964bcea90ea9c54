"""Several instruments over one ledger, with one sequence of events."""

from collections.abc import Iterable

from orderbook.errors import InsufficientBase, InsufficientQuote, InvalidCommand, UnknownSymbol
from orderbook.instruments import DEFAULT_INSTRUMENT, Instrument
from orderbook.reference.batch import BatchResult, Command, process
from orderbook.reference.checks import Number, state_hash, u64
from orderbook.reference.events import Engine, EventLog
from orderbook.reference.ledger import Ledger
from orderbook.reference.risk import RiskEngine
from orderbook.views import Balance, Fill, MatchResult, OrderView


def checked_instruments(instruments: Iterable[Instrument] | None) -> tuple[Instrument, ...]:
    """Return the configuration; TypeError for what is no Instrument, ValueError for none or two of one symbol."""
    listed = (DEFAULT_INSTRUMENT,) if instruments is None else tuple(instruments)
    for instrument in listed:
        if not isinstance(instrument, Instrument):
            raise TypeError(f"instruments must hold Instrument, not {type(instrument).__name__}")
    if not listed:
        raise ValueError("an exchange needs an instrument")
    if len({instrument.symbol for instrument in listed}) < len(listed):
        raise ValueError("two instruments have the same symbol")
    return listed


def checked_str(value: str, name: str) -> str:
    """Return a str; TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value


class Exchange(Engine):
    """The markets of several instruments. The newest `event_capacity` events of all are held."""

    def __init__(self, instruments: Iterable[Instrument] | None = None, *, event_capacity: Number = 65536) -> None:
        self._instruments = checked_instruments(instruments)
        self._log = EventLog(event_capacity)
        self._ledger = Ledger()
        self._markets = [
            RiskEngine._of_exchange(instrument, position, self._ledger, self._log)
            for position, instrument in enumerate(self._instruments)
        ]

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The configuration; events and records name an instrument by its position here."""
        return self._instruments

    def market(self, symbol: str) -> RiskEngine:
        """Return the market of a symbol; UnknownSymbol if there is none."""
        checked_str(symbol, "symbol")
        for market in self._markets:
            if market.instrument.symbol == symbol:
                return market
        raise UnknownSymbol(f"there is no instrument {symbol!r}")

    def submit(
        self,
        symbol: str,
        account_id: Number,
        order_id: Number,
        side: Number,
        order_type: Number,
        price: Number | None,
        quantity: Number,
        *,
        self_trade_prevention: Number | None = None,
    ) -> MatchResult:
        """Match a new order in the market of a symbol, as `RiskEngine.submit` does."""
        order = (account_id, order_id, side, order_type, price, quantity)
        return self.market(symbol).submit(*order, self_trade_prevention=self_trade_prevention)

    def modify_order(
        self, symbol: str, account_id: Number, order_id: Number, quantity: Number, price: Number | None = None
    ) -> MatchResult:
        """Modify an order in the market of a symbol."""
        return self.market(symbol).modify_order(account_id, order_id, quantity, price)

    def cancel_order(self, symbol: str, account_id: Number, order_id: Number) -> int:
        """Remove an order from the market of a symbol and return what was still open."""
        return self.market(symbol).cancel_order(account_id, order_id)

    def cancel_all(self, symbol: str, account_id: Number) -> int:
        """Remove an account's orders from the market of a symbol and return how many there were."""
        return self.market(symbol).cancel_all(account_id)

    def open_orders(self, symbol: str, account_id: Number) -> tuple[OrderView, ...]:
        """Return an account's orders in the market of a symbol, in order of entry."""
        return self.market(symbol).open_orders(account_id)

    def halt(self, symbol: str) -> None:
        """Refuse new orders, new prices and larger quantities in the market of a symbol."""
        self.market(symbol).halt()

    def resume(self, symbol: str) -> None:
        """End a halt of the market of a symbol."""
        self.market(symbol).resume()

    def _assets(self) -> list[str]:
        """Return the assets in the order in which the instruments name them, base before quote."""
        return list(dict.fromkeys(asset for i in self._instruments for asset in (i.base, i.quote)))

    def _known_asset(self, asset: str) -> str:
        if asset not in self._assets():
            raise UnknownSymbol(f"there is no asset {asset!r}")
        return asset

    def credit(self, account_id: Number, asset: str, amount: Number) -> None:
        """Give an amount of one asset; NumericOverflow if too much of it would be issued."""
        account_id, asset, amount = u64(account_id, "account_id"), checked_str(asset, "asset"), u64(amount, "amount")
        self._ledger.credit(account_id, {self._known_asset(asset): amount})

    def debit(self, account_id: Number, asset: str, amount: Number) -> None:
        """Take an amount of one asset from what is available."""
        account_id, asset, amount = u64(account_id, "account_id"), checked_str(asset, "asset"), u64(amount, "amount")
        self._known_asset(asset)
        names = next((i.base, i.quote) for i in self._instruments if asset in (i.base, i.quote))
        error = InsufficientBase if asset == names[0] else InsufficientQuote
        self._ledger.debit(account_id, {asset: (amount, error)})

    def total(self, asset: str) -> int:
        """Return what was credited of an asset less what was debited."""
        return self._ledger.total(self._known_asset(checked_str(asset, "asset")))

    def balance(self, account_id: Number, asset: str) -> Balance | None:
        """Return what an account has of an asset, None if the account was never credited."""
        account_id, asset = u64(account_id, "account_id"), self._known_asset(checked_str(asset, "asset"))
        if account_id not in self._ledger.accounts:
            return None
        return Balance(self._ledger.available(account_id, asset), self._ledger.reserved(account_id, asset))

    def process(self, commands: object) -> BatchResult:
        """Apply a buffer of COMMAND records for all instruments one by one; a refused one is a status."""
        return process(self._log, commands, self._apply)

    def _apply(self, command: Command) -> tuple[tuple[Fill, ...], int]:
        if command.instrument >= len(self._markets):
            raise InvalidCommand("unknown instrument")
        return self._markets[command.instrument]._apply(command)

    def state_hash(self) -> str:
        """Return 32 hexadecimal digits that cover all books, balances and open orders."""
        matchers = [market._matcher for market in self._markets]
        books = b"".join(matcher.state.packed() for matcher in matchers)
        return state_hash(books + self._ledger.packed(self._assets(), matchers))

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        for market in self._markets:
            market._matcher.check()
        self._ledger.check()
        self._log.check()
