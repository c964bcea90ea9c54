"""Balances in front of the matcher: one market, alone or of an exchange."""

from collections.abc import Callable
from dataclasses import replace

from orderbook.enums import OrderType, Side
from orderbook.errors import AccountMismatch, Halted, InsufficientBase, InsufficientQuote, NumericOverflow
from orderbook.instruments import DEFAULT_INSTRUMENT, Instrument
from orderbook.reference.batch import BatchResult, Command, Kind, check_command, process
from orderbook.reference.book import OrderBook
from orderbook.reference.checks import U64_MAX, Number, optional_u64, prevention_of, state_hash, u64
from orderbook.reference.events import Engine, EventLog
from orderbook.reference.ledger import Ledger, need
from orderbook.reference.limits import Limits
from orderbook.reference.matching import Matcher, Request, new_request
from orderbook.reference.state import Order
from orderbook.views import AccountSnapshot, Fill, MatchResult, OrderView


class RiskEngine(Engine):
    """One instrument's matcher with balances in front of it. The newest `event_capacity` events are held."""

    def __init__(self, *, event_capacity: Number = 65536, instrument: Instrument | None = None) -> None:
        instrument = DEFAULT_INSTRUMENT if instrument is None else instrument
        if not isinstance(instrument, Instrument):
            raise TypeError(f"instrument must be an Instrument, not {type(instrument).__name__}")
        self._begin(instrument, 0, Ledger(), EventLog(event_capacity))

    @classmethod
    def _of_exchange(cls, instrument: Instrument, position: int, ledger: Ledger, log: EventLog) -> "RiskEngine":
        """Return the market at a position of an exchange with this ledger and log."""
        market = cls.__new__(cls)
        market._begin(instrument, position, ledger, log)
        return market

    def _begin(self, instrument: Instrument, position: int, ledger: Ledger, log: EventLog) -> None:
        self._instrument = instrument
        self._position = position
        self._ledger = ledger
        self._log = log
        self._limits = Limits(instrument)
        self._halted = False
        self._matcher = Matcher(OrderBook(), log, self._limits, position, self._settle)
        ledger.markets.append((instrument, self._matcher))

    @property
    def order_book(self) -> OrderBook:
        """The book, to be asked and not changed."""
        return self._matcher.book

    @property
    def instrument(self) -> Instrument:
        """The description of the market."""
        return self._instrument

    @property
    def reference_price(self) -> int | None:
        """The middle of the price band, in ticks; None where there is none."""
        return self._limits.reference_price

    @reference_price.setter
    def reference_price(self, price: Number | None) -> None:
        checked = optional_u64(price, "reference_price")
        if checked is None and self._instrument.price_band is not None:
            raise ValueError("a price band needs a reference price")
        self._limits.reference_price = checked

    @property
    def halted(self) -> bool:
        """Whether new orders, new prices and larger quantities are refused."""
        return self._halted

    def halt(self) -> None:
        """Refuse new orders, new prices and larger quantities from now on."""
        self._halted = True

    def resume(self) -> None:
        """End a halt."""
        self._halted = False

    def credit_account(self, account_id: Number, base: Number, quote: Number) -> None:
        """Give both assets, or neither: NumericOverflow if too much would be issued of one."""
        account_id, base, quote = u64(account_id, "account_id"), u64(base, "base"), u64(quote, "quote")
        self._ledger.credit(account_id, {self._instrument.base: base, self._instrument.quote: quote})

    def debit_account(self, account_id: Number, base: Number, quote: Number) -> None:
        """Take from what is available, both assets or neither."""
        account_id, base, quote = u64(account_id, "account_id"), u64(base, "base"), u64(quote, "quote")
        amounts = {
            self._instrument.base: (base, InsufficientBase),
            self._instrument.quote: (quote, InsufficientQuote),
        }
        self._ledger.debit(account_id, amounts)

    def account_snapshot(self, account_id: Number) -> AccountSnapshot | None:
        """Return what an account has of both assets, None if it was never credited."""
        account_id = u64(account_id, "account_id")
        if account_id not in self._ledger.accounts:
            return None
        assets = (self._instrument.base, self._instrument.quote)
        questions = (self._ledger.available, self._ledger.reserved)
        return AccountSnapshot(*(ask(account_id, asset) for asset in assets for ask in questions))

    def submit(
        self,
        account_id: Number,
        order_id: Number,
        side: Number,
        order_type: Number,
        price: Number | None,
        quantity: Number,
        *,
        self_trade_prevention: Number | None = None,
    ) -> MatchResult:
        """Match an account's new order and rest what its type lets rest. A MARKET order's price is ignored."""
        account_id = u64(account_id, "account_id")
        request = new_request(order_id, side, order_type, price, quantity)
        own_mode = prevention_of(self_trade_prevention)
        prevention = self._instrument.self_trade_prevention if own_mode is None else own_mode
        return self._submit(replace(request, account_id=account_id, prevention=prevention))

    def _submit(self, taker: Request) -> MatchResult:
        self._matcher.require_price(taker)
        self._ledger.require_account(taker.account_id)
        if self._halted:
            raise Halted(f"{self._instrument.symbol} is halted")
        notional = self._matcher.notional(taker)
        if taker.side is Side.BID or taker.order_type is not OrderType.MARKET:
            require_notional(notional)
        self._require_funds(taker.account_id, taker.side, notional, taker.quantity)
        return self._matcher.submit(taker)

    def _require_funds(self, account_id: int, side: Side, notional: int, quantity: int, held: int = 0) -> None:
        """Raise unless the account can pay the notional, or deliver the quantity, also with what is held already."""
        if side is Side.BID:
            self._ledger.require(account_id, self._instrument.quote, notional, InsufficientQuote, held)
        else:
            self._ledger.require(account_id, self._instrument.base, quantity, InsufficientBase, held)

    def _settle(self, taker: Request, maker: Order, quantity: int) -> None:
        """Pay for a trade at the maker's price."""
        buyer, seller = taker.account_id, maker.account_id
        if taker.side is Side.ASK:
            buyer, seller = seller, buyer
        self._ledger.pay(seller, buyer, self._instrument.base, quantity)
        self._ledger.pay(buyer, seller, self._instrument.quote, maker.price * quantity)

    def modify_order(
        self, account_id: Number, order_id: Number, quantity: Number, price: Number | None = None
    ) -> MatchResult:
        """Set an order's open quantity, and its price: a new price is a cancel-and-replace under the same id."""
        account_id, order_id = u64(account_id, "account_id"), u64(order_id, "order_id")
        quantity, price = u64(quantity, "quantity"), optional_u64(price, "price")
        order = self._own_order(account_id, order_id)
        if self._halted and order.grows(quantity, price):
            raise Halted(f"{self._instrument.symbol} is halted")
        notional = (order.price if price is None else price) * quantity
        require_notional(notional)
        _, held = need(self._instrument, order)
        self._require_funds(account_id, order.side, notional, quantity, held)
        return self._matcher.modify(order, quantity, price)

    def cancel_order(self, account_id: Number, order_id: Number) -> int:
        """Remove an account's order and return what was still open."""
        order = self._own_order(u64(account_id, "account_id"), u64(order_id, "order_id"))
        self._matcher.cancel(order)
        return order.quantity

    def _own_order(self, account_id: int, order_id: int) -> Order:
        """Return the resting order; UnknownOrder if there is none, AccountMismatch if it is another account's."""
        order = self._matcher.state.existing(order_id)
        if order.account_id != account_id:
            raise AccountMismatch(f"order {order_id} is not account {account_id}'s")
        return order

    def cancel_all(self, account_id: Number) -> int:
        """Remove an account's orders, in order of entry, and return how many there were."""
        account_id = u64(account_id, "account_id")
        self._ledger.require_account(account_id)
        orders = list(self._matcher.orders_of(account_id))
        for order in orders:
            self._matcher.cancel(order)
        return len(orders)

    def open_orders(self, account_id: Number) -> tuple[OrderView, ...]:
        """Return an account's resting orders, in order of entry."""
        return tuple(order.view() for order in self._matcher.orders_of(u64(account_id, "account_id")))

    def process(self, commands: object) -> BatchResult:
        """Apply a buffer of COMMAND records one by one; a refused one is a status, and the rest goes on."""
        return process(self._log, commands, self._apply)

    def _apply(self, command: Command) -> tuple[tuple[Fill, ...], int]:
        check_command(command, frozenset(Kind), self._position)
        return APPLY[Kind(command.kind)](self, command)

    def _apply_new(self, c: Command) -> tuple[tuple[Fill, ...], int]:
        order = (c.account_id, c.order_id, c.side, c.order_type, c.limit, c.quantity)
        result = self.submit(*order, self_trade_prevention=c.prevention)
        return result.fills, result.unfilled

    def _apply_cancel(self, c: Command) -> tuple[tuple[Fill, ...], int]:
        return (), self.cancel_order(c.account_id, c.order_id)

    def _apply_modify(self, c: Command) -> tuple[tuple[Fill, ...], int]:
        result = self.modify_order(c.account_id, c.order_id, c.quantity, c.limit)
        return result.fills, result.unfilled

    def _apply_credit(self, c: Command) -> tuple[tuple[Fill, ...], int]:
        self.credit_account(c.account_id, c.price, c.quantity)
        return (), 0

    def _apply_cancel_all(self, c: Command) -> tuple[tuple[Fill, ...], int]:
        return (), self.cancel_all(c.account_id)

    def state_hash(self) -> str:
        """Return 32 hexadecimal digits that cover the book, both assets of all accounts, and their open orders."""
        assets = [self._instrument.base, self._instrument.quote]
        return state_hash(self._matcher.state.packed() + self._ledger.packed(assets, [self._matcher]))

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        self._matcher.check()
        self._ledger.check()
        self._log.check()


APPLY: dict[Kind, Callable[[RiskEngine, Command], tuple[tuple[Fill, ...], int]]] = {
    Kind.NEW: RiskEngine._apply_new,
    Kind.CANCEL: RiskEngine._apply_cancel,
    Kind.MODIFY: RiskEngine._apply_modify,
    Kind.CREDIT: RiskEngine._apply_credit,
    Kind.CANCEL_ALL: RiskEngine._apply_cancel_all,
}


def require_notional(notional: int) -> None:
    """Raise NumericOverflow if a value is beyond what an account can have."""
    if notional > U64_MAX:
        raise NumericOverflow("price times quantity would exceed 2^64-1")
