"""Price-time priority over one instrument's state: what the reference's engines, with and without money, share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from orderbook.enums import OrderType, RejectReason, RemoveReason, SelfTradePrevention, Side
from orderbook.errors import CrossedOrder, DuplicateOrder, InvalidQuantity, MissingPrice, OrderBookError
from orderbook.instruments import DEFAULT_INSTRUMENT
from orderbook.reference.book import OrderBook
from orderbook.reference.checks import Number, invariant, optional_u64, order_type_of, side_of, u64
from orderbook.reference.events import EventLog
from orderbook.reference.limits import Limits
from orderbook.reference.prevention import Plan, plan
from orderbook.reference.state import Order
from orderbook.views import BookAdded, BookRemoved, BookUpdated, EngineEvent, Fill, MatchResult, Rejection, Trade

RESTING_TYPES = (OrderType.LIMIT, OrderType.POST_ONLY)
ERROR_OF_REASON: dict[RejectReason, type[OrderBookError]] = {
    RejectReason.DUPLICATE: DuplicateOrder,
    RejectReason.CROSSED: CrossedOrder,
    RejectReason.INVALID_QUANTITY: InvalidQuantity,
    RejectReason.MISSING_PRICE: MissingPrice,
}


@dataclass(frozen=True, slots=True)
class Request:
    """An order as it was asked for. A MARKET order's price is None; `prevention` is the mode in force, None for off."""

    order_id: int
    side: Side
    order_type: OrderType
    price: int | None
    quantity: int
    account_id: int = 0
    prevention: SelfTradePrevention | None = None


def new_request(order_id: Number, side: Number, order_type: Number, price: Number | None, quantity: Number) -> Request:
    """Check the arguments of a new order, which is nobody's as yet."""
    request = Request(
        u64(order_id, "order_id"),
        side_of(side),
        order_type_of(order_type),
        optional_u64(price, "price"),
        u64(quantity, "quantity"),
    )
    return replace(request, price=None) if request.order_type is OrderType.MARKET else request


def no_money(taker: Request, maker: Order, quantity: int) -> None:
    """Settle nothing: the trades of an engine without accounts."""


class Matcher:
    """Matches over a book that it takes over. Arguments are valid here.

    `settle(taker, maker, quantity)` is called for every trade. `position` is the instrument's number in the events.
    """

    def __init__(
        self,
        book: OrderBook,
        log: EventLog,
        limits: Limits | None = None,
        position: int = 0,
        settle: Callable[[Request, Order, int], None] = no_money,
    ) -> None:
        self.book = book
        self.state = book._hand_over(log)
        self.log = log
        self.limits = Limits(DEFAULT_INSTRUMENT) if limits is None else limits
        self.position = position
        self.settle = settle

    def submit(self, taker: Request) -> MatchResult:
        """Match a new order and rest what its type lets rest."""
        self.require_price(taker)
        if taker.quantity == 0:
            raise self._refusal(taker, RejectReason.INVALID_QUANTITY)
        if taker.order_id in self.state.orders:
            raise self._refusal(taker, RejectReason.DUPLICATE)
        rests = taker.order_type in RESTING_TYPES
        if rests:
            self.state.require_total(taker.side, taker.quantity)
        self.limits.require(taker.price, taker.quantity, self.notional(taker))
        if rests:
            self.limits.require_place(self.orders_of(taker.account_id))
        if taker.price is not None and rests:
            self._require_place(taker, taker.price)
        if taker.order_type is OrderType.FILL_OR_KILL and self._plan(taker).traded() < taker.quantity:
            self._emit_rejection(taker, RejectReason.INSUFFICIENT_LIQUIDITY)
            return MatchResult((), None, taker.quantity)
        return self._execute(taker)

    def require_price(self, taker: Request) -> None:
        """Raise MissingPrice, with its event, if the order needs a price and has none."""
        if taker.price is None and taker.order_type is not OrderType.MARKET:
            raise self._refusal(taker, RejectReason.MISSING_PRICE)

    def notional(self, taker: Request) -> int:
        """Return price times quantity; without a price, the value of what the order would trade."""
        return self._plan(taker).value() if taker.price is None else taker.price * taker.quantity

    def orders_of(self, account_id: int) -> Iterator[Order]:
        """Iterate over the resting orders of an account in order of entry."""
        return (order for order in self.state.orders.values() if order.account_id == account_id)

    def modify(self, order: Order, quantity: int, price: int | None) -> MatchResult:
        """Set a resting order's open quantity, and its price: a new one is a cancel-and-replace under the same id."""
        order_type = OrderType.POST_ONLY if order.post_only else OrderType.LIMIT
        taker = Request(order.id, order.side, order_type, price, quantity, order.account_id, order.prevention)
        if quantity == 0:
            raise self._refusal(taker, RejectReason.INVALID_QUANTITY)
        self.state.require_total(order.side, quantity, replaced=order.quantity)
        if order.grows(quantity, price):
            target = order.price if price is None else price
            self.limits.require(target, quantity, target * quantity)
        if price is None or price == order.price:
            self.state.resize(order, quantity)
            self._emit(BookUpdated, *order.view())
            return MatchResult((), order.view(), 0)
        self._require_place(taker, price, leaving=order)
        self.cancel(order)
        return self._execute(taker)

    def cancel(self, order: Order) -> None:
        """Take a resting order out of the book."""
        self.state.remove(order)
        self._emit(BookRemoved, *order.view(), RemoveReason.CANCELED)

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        self.state.check()
        invariant(not self.state.is_crossed(), "the best bid is below the best ask")

    def _require_place(self, taker: Request, price: int, leaving: Order | None = None) -> None:
        """Raise CrossedOrder if the order may not cross and does, CapacityExceeded if there is no room for it.

        One that crosses and still rests has emptied a level of the other side: it makes its own room.
        """
        if not self.state.crosses(taker.side, price):
            self.state.require_room(taker.side, price, leaving)
        elif taker.order_type is OrderType.POST_ONLY:
            raise self._refusal(taker, RejectReason.CROSSED)

    def _plan(self, taker: Request) -> Plan:
        """Return what the order would do now."""
        makers = self.state.would_meet(taker.side, taker.price)
        return plan(makers, taker.account_id, taker.prevention, taker.quantity)

    def _execute(self, taker: Request) -> MatchResult:
        """Trade what can be traded; rest what remains of an order of a resting type, drop it for the others."""
        steps, left = self._plan(taker)
        fills = []
        for maker, quantity, is_trade in steps:
            if is_trade:
                fills.append(Fill(maker.id, maker.price, quantity))
                trade = (taker.order_id, maker.id, taker.side, taker.order_type, maker.price, quantity)
                self._emit(Trade, *trade)
                self.settle(taker, maker, quantity)
            self._reduce(maker, quantity, RemoveReason.FILLED if is_trade else RemoveReason.SELF_TRADE)
        traded = sum(fill.quantity for fill in fills)
        if left == 0 or taker.price is None or taker.order_type not in RESTING_TYPES:
            return MatchResult(tuple(fills), None, taker.quantity - traded)
        post_only = taker.order_type is OrderType.POST_ONLY
        order = Order(taker.order_id, taker.side, taker.price, left, post_only, taker.account_id, taker.prevention)
        self.state.add(order)
        self._emit(BookAdded, *order.view())
        return MatchResult(tuple(fills), order.view(), taker.quantity - traded - left)

    def _reduce(self, maker: Order, quantity: int, reason: RemoveReason) -> None:
        """Take lots from a resting order, which leaves the book with the last of them, for this reason."""
        if quantity == maker.quantity:
            self.state.remove(maker)
            self._emit(BookRemoved, *maker.view(), reason)
        else:
            self.state.resize(maker, maker.quantity - quantity)
            self._emit(BookUpdated, *maker.view())

    def _refusal(self, taker: Request, reason: RejectReason) -> OrderBookError:
        """Record the rejection of the request and return the error to raise."""
        self._emit_rejection(taker, reason)
        return ERROR_OF_REASON[reason](f"order {taker.order_id} refused: {reason.name.lower()}")

    def _emit_rejection(self, taker: Request, reason: RejectReason) -> None:
        asked_for = (taker.order_id, taker.side, taker.order_type, taker.price, taker.quantity)
        self._emit(Rejection, *asked_for, reason)

    def _emit(self, kind: Callable[..., EngineEvent], *fields: object) -> None:
        self.log.emit(self.position, kind, *fields)
