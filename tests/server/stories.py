"""What each account must be told, worked out from commands, their results and the public events of the reference.

A `Storyteller` runs commands on the oracle of the engine and follows every order: whose it is, what is open of it,
which self-trade prevention it came under. From that it tells the executions that AccountEvent in orderbook.proto
promises.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from orderbook import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    Exchange,
    Instrument,
    MatchResult,
    OrderBookError,
    OrderType,
    RemoveReason,
    SelfTradePrevention,
    Side,
    Trade,
)
from orderbook.reference import Exchange as Oracle
from orderbook_server.sequencer.executions import CancelReason, Execution, ExecutionKind
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import PRICE_PRESENT, TOP, Command, Kind, lists, packed
from ..money.helpers import PREVENTION_SHIFT, run_one
from ..money.strategies import SYMBOLS

ACCEPTED, FILLED, CANCELED, REFUSED = ExecutionKind
REQUESTED, SELF_TRADE, UNFILLED = CancelReason
TOLD_KINDS = (Kind.NEW, Kind.CANCEL, Kind.MODIFY, Kind.CANCEL_ALL)  # a credit is no event of accounts


class Told(NamedTuple):
    """One execution, but for its number and its time."""

    kind: int
    instrument: int
    order_id: int
    command: int = 0
    side: int = 0
    order_type: int = 0
    price: int | None = None
    quantity: int = 0
    open_quantity: int = 0
    counter_order_id: int = 0
    maker: bool = False
    cancel_reason: int = 0
    refusal: int = 0


def told(execution: Execution) -> Told:
    """Return an execution of the sequencer without its number and its time."""
    return Told(*(getattr(execution, name) for name in Told._fields))


def story(sequencer: Any, account_id: int) -> list[Told]:
    """Return all that an account was told."""
    return [told(execution) for execution in sequencer.executions(account_id)]


@dataclass(slots=True)
class Order:
    """An order on its way through the market: `open` lots of it may still trade."""

    id: int
    account_id: int
    side: Side
    price: int | None
    open: int
    prevention: int  # a SelfTradePrevention, 0 for none
    session: Any


class Storyteller:
    """The oracle, with what it must tell each account, and what is to be counted of each instrument."""

    def __init__(self, instruments: list[Any]) -> None:
        self.exchange = Oracle(instruments, event_capacity=TOP)
        self.instruments = self.exchange.instruments
        self.stories: dict[int, list[Told]] = defaultdict(list)
        self.resting: list[dict[int, Order]] = [{} for _ in self.instruments]
        self.counts: list[Counter[str]] = [Counter() for _ in self.instruments]
        self.refusals: list[Counter[str]] = [Counter() for _ in self.instruments]
        self.known: set[int] = set()  # accounts that were credited

    def market(self, position: int) -> Any:
        """Return the oracle's market at a position."""
        return self.exchange.market(self.instruments[position].symbol)

    def run(self, command: Command, session: Any = None) -> Any:
        """Run a command that came through a session; return or raise what the oracle does."""
        before = self.exchange.last_sequence
        try:
            result = run_one(self.exchange, command)
        except OrderBookError as error:
            self._refuse(command, error)
            raise
        finally:
            events = self.exchange.events(before)
            for event in events:
                self._count(event)
        if command.kind == Kind.CREDIT:
            self.known.add(command.account_id)
        elif command.kind in (Kind.NEW, Kind.MODIFY):
            self._accept(command, result, events, session)
        else:
            for event in events:
                order = self.resting[command.instrument].pop(event.order_id)
                self._cancel(command.instrument, order, order.open, REQUESTED)
        return result

    def run_all(self, commands: list[Command], session: Any = None) -> tuple[list[int], list[int], list[Any]]:
        """Run commands one by one; return what `lists` makes of the result of a batch."""
        status, unfilled, fills = [], [], []
        for position, command in enumerate(commands):
            number, lots = 0, 0
            try:
                result = self.run(command, session)
            except OrderBookError as error:
                number = error.number
            else:
                lots = result.unfilled if isinstance(result, MatchResult) else result or 0
                fills += [(position, command.order_id, *fill) for fill in getattr(result, "fills", ())]
            status.append(number)
            unfilled.append(lots)
        return status, unfilled, fills

    def _count(self, event: Any) -> None:
        counts = self.counts[event.instrument]
        counts[type(event).__name__] += 1
        if isinstance(event, Trade):
            counts["volume"] += event.quantity

    def _refuse(self, command: Command, error: OrderBookError) -> None:
        """Tell of a refusal, unless nothing known was asked for or nobody known asked."""
        if command.instrument >= len(self.instruments):
            return
        if command.kind == Kind.NEW:
            self.refusals[command.instrument][error.code] += 1
        if command.account_id in self.known and command.kind in TOLD_KINDS:
            order_id = 0 if command.kind == Kind.CANCEL_ALL else command.order_id
            refusal = Told(REFUSED, command.instrument, order_id, command=command.kind, refusal=error.number)
            self.stories[command.account_id].append(refusal)

    def _accept(self, command: Command, result: MatchResult, events: list[Any], session: Any) -> None:
        """Follow a new order, or a changed one, through the events that it caused."""
        book, position = self.resting[command.instrument], command.instrument
        taker = self._taker(command, book.pop(command.order_id, None), session)
        order_type = command.order_type if command.kind == Kind.NEW else OrderType.LIMIT
        self.stories[taker.account_id].append(
            Told(ACCEPTED, position, taker.id, command.kind, taker.side, order_type, taker.price, taker.open)
        )
        left = iter(events)
        for event in left:
            if isinstance(event, Trade):
                self._fill(position, taker, event)
                next(left)  # what the book says of the maker
            elif isinstance(event, BookAdded | BookUpdated) and event.order_id == taker.id:
                assert (event.price, event.quantity) == (taker.price, taker.open)
                book[taker.id] = taker
            elif isinstance(event, BookUpdated):
                lost = book[event.order_id].open - event.quantity
                self._cancel(position, book[event.order_id], lost, SELF_TRADE)
                self._cancel(position, taker, lost, SELF_TRADE)
            elif isinstance(event, BookRemoved) and event.reason is RemoveReason.SELF_TRADE:
                self._prevent(position, taker, book.pop(event.order_id))
        if taker.id not in book and taker.open:
            self._cancel(position, taker, taker.open, self._why_dropped(position, taker, order_type, result))
        assert (result.resting is not None) == (taker.id in book)
        if command.kind == Kind.NEW:
            killed = order_type == OrderType.FILL_OR_KILL and result.unfilled > 0
            self.counts[position]["accepted"] += not killed
            self.refusals[position]["insufficient_liquidity"] += killed

    def _taker(self, command: Command, old: Order | None, session: Any) -> Order:
        """Return the order as it comes in; `old` is the resting one where the command changes it."""
        price = command.price if command.flags & PRICE_PRESENT else None
        if old is not None:
            return replace(old, price=old.price if price is None else price, open=command.quantity)
        return Order(
            command.order_id,
            command.account_id,
            Side(command.side),
            None if command.order_type == OrderType.MARKET else price,
            command.quantity,
            command.flags >> PREVENTION_SHIFT or self.instruments[command.instrument].self_trade_prevention or 0,
            session,
        )

    def _fill(self, position: int, taker: Order, trade: Trade) -> None:
        maker = self.resting[position][trade.maker_order_id]
        if maker.open == trade.quantity:
            del self.resting[position][maker.id]
        for order, counter in ((maker, taker), (taker, maker)):
            order.open -= trade.quantity
            fill = Told(
                FILLED,
                position,
                order.id,
                side=order.side,
                price=trade.price,
                quantity=trade.quantity,
                open_quantity=order.open,
                counter_order_id=counter.id,
                maker=order is maker,
            )
            self.stories[order.account_id].append(fill)

    def _prevent(self, position: int, taker: Order, maker: Order) -> None:
        """Tell of a maker that was removed, and of what the taker's mode takes off the taker."""
        lost = maker.open
        self._cancel(position, maker, lost, SELF_TRADE)
        if taker.prevention == SelfTradePrevention.DECREMENT:
            self._cancel(position, taker, lost, SELF_TRADE)
        elif taker.prevention == SelfTradePrevention.CANCEL_BOTH:
            self._cancel(position, taker, taker.open, SELF_TRADE)

    def _why_dropped(self, position: int, taker: Order, order_type: int, result: MatchResult) -> CancelReason:
        """Say why what was left of a taker does not rest: something is in its reach only if that is its account's."""
        if order_type == OrderType.FILL_OR_KILL:
            return UNFILLED
        in_reach = self.market(position).order_book.available_quantity(taker.side, taker.price) > 0
        assert in_reach or order_type in (OrderType.MARKET, OrderType.IOC), result
        return SELF_TRADE if in_reach else UNFILLED

    def _cancel(self, position: int, order: Order, quantity: int, reason: CancelReason) -> None:
        order.open -= quantity
        canceled = Told(
            CANCELED,
            position,
            order.id,
            side=order.side,
            price=order.price,
            quantity=quantity,
            open_quantity=order.open,
            cancel_reason=reason,
        )
        self.stories[order.account_id].append(canceled)


def send(sequencer: Any, command: Command, session: Any = None) -> tuple[int, int, list[tuple[int, ...]]]:
    """Give a command to the method of its kind; return status, unfilled lots and fills, as (taker, maker, …).

    What a method has no argument for, a prevention, an odd flag or kind or instrument, goes as a batch of one.
    """
    price = command.price if command.flags & PRICE_PRESENT else None
    account = (command.instrument, command.account_id)
    try:
        known = command.kind in tuple(Kind) and command.instrument < len(sequencer.exchange.instruments)
        if command.flags & ~PRICE_PRESENT or not known:
            (status,), (unfilled,), fills = lists(sequencer.process(packed([command]), session))
            return status, unfilled, [fill[1:] for fill in fills]
        if command.kind == Kind.NEW:
            order = (command.order_id, command.side, command.order_type, price, command.quantity)
            result = sequencer.submit(*account, *order, session)
        elif command.kind == Kind.MODIFY:
            result = sequencer.modify_order(*account, command.order_id, command.quantity, price, session)
        elif command.kind == Kind.CANCEL:
            return 0, sequencer.cancel_order(*account, command.order_id), []
        elif command.kind == Kind.CANCEL_ALL:
            return 0, sequencer.cancel_all(*account), []
        else:
            return 0, sequencer.credit_account(*account, command.price, command.quantity) or 0, []
    except OrderBookError as error:
        return error.number or 0, 0, []
    return 0, result.unfilled, [(command.order_id, *fill) for fill in result.fills]


def send_all(sequencer: Any, commands: list[Command], session: Any = None) -> tuple[list[int], list[int], list[Any]]:
    """Give commands one by one; return what `lists` makes of the result of a batch."""
    status, unfilled, fills = [], [], []
    for position, command in enumerate(commands):
        number, lots, own = send(sequencer, command, session)
        status.append(number)
        unfilled.append(lots)
        fills += [(position, *fill) for fill in own]
    return status, unfilled, fills


def process(sequencer: Any, commands: list[Command], session: Any = None) -> tuple[list[int], list[int], list[Any]]:
    """Give commands as one batch; return what `lists` makes of its result."""
    return lists(sequencer.process(packed(commands), session))


def exchange_of(count: int, **settings: Any) -> list[Instrument]:
    """Return up to three instruments over three assets, with these settings."""
    return [Instrument(symbol, *symbol.split("-"), **settings) for symbol in SYMBOLS[:count]]


def sequencer_of(count: int = 1, **settings: Any) -> Any:
    """Return a sequencer over a new exchange of so many instruments."""
    return Sequencer(Exchange(exchange_of(count)), **settings)
