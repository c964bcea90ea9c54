"""The slow, obvious book: the questions that one instrument's resting orders answer, and the changes they allow."""

from orderbook.enums import Side
from orderbook.errors import CrossedOrder, DuplicateOrder, InvalidQuantity
from orderbook.reference.checks import NotCopyable, Number, invariant, optional_u64, side_of, state_hash, u64
from orderbook.reference.events import EventLog
from orderbook.reference.state import HalfBook, Order, State
from orderbook.views import BookSnapshot, LevelDepth, LevelSnapshot, OrderView


class OrderBook(NotCopyable):
    """The state of one instrument. A book that an engine owns answers every question and refuses every change.

    `allow_crossed` is for books rebuilt from an exchange's reports. `max_orders` and `max_levels` cap both sides
    together; None is no cap.
    """

    def __init__(
        self, *, allow_crossed: bool = False, max_orders: Number | None = None, max_levels: Number | None = None
    ) -> None:
        self._allow_crossed = allow_crossed
        self._state = State(optional_u64(max_orders, "max_orders"), optional_u64(max_levels, "max_levels"))
        self._log: EventLog | None = None  # of the engine that owns the book

    def _own_state(self) -> State:
        """Return the state to change it; RuntimeError if it is an engine's to change."""
        if self._log is not None:
            raise RuntimeError("an engine owns this book: only the engine may change it")
        return self._state

    def _hand_over(self, log: EventLog) -> State:
        """Give the state to the engine with this log: RuntimeError if it is owned, ValueError if it is crossed."""
        state = self._own_state()
        if state.is_crossed():
            raise ValueError("the book is locked or crossed: an engine cannot take it over")
        self._log = log
        return state

    def add_order(self, order_id: Number, side: Number, price: Number, quantity: Number) -> None:
        """Rest an order, last in its level, without matching."""
        order = Order(u64(order_id, "order_id"), side_of(side), u64(price, "price"), u64(quantity, "quantity"), False)
        state = self._own_state()
        if order.quantity == 0:
            raise InvalidQuantity("a quantity must be above 0")
        if order.id in state.orders:
            raise DuplicateOrder(f"the id {order.id} belongs to a resting order")
        state.require_total(order.side, order.quantity)
        if not self._allow_crossed and state.crosses(order.side, order.price):
            raise CrossedOrder(f"{order.side.name} at {order.price} would cross the book")
        state.require_room(order.side, order.price)
        state.add(order)

    def cancel(self, order_id: Number) -> int:
        """Remove an order and return what was still open."""
        order_id = u64(order_id, "order_id")
        state = self._own_state()
        order = state.existing(order_id)
        state.remove(order)
        return order.quantity

    def update_order_quantity(self, order_id: Number, quantity: Number) -> None:
        """Set an order's open quantity: more goes to the back of its level, the same or less keeps its place."""
        order_id, quantity = u64(order_id, "order_id"), u64(quantity, "quantity")
        state = self._own_state()
        order = state.existing(order_id)
        if quantity == 0:
            raise InvalidQuantity("a quantity must be above 0")
        state.require_total(order.side, quantity, replaced=order.quantity)
        state.resize(order, quantity)

    def order(self, order_id: Number) -> OrderView | None:
        """Return the resting order with this id, or None."""
        order = self._state.orders.get(u64(order_id, "order_id"))
        return None if order is None else order.view()

    def __contains__(self, order_id: Number) -> bool:
        return u64(order_id, "order_id") in self._state.orders

    def __len__(self) -> int:
        return len(self._state.orders)

    def total_orders(self) -> int:
        """Return the number of resting orders on both sides."""
        return len(self)

    def total_quantity(self, side: Number) -> int:
        """Return the open quantity of all orders resting on `side`."""
        return self._state.halves[side_of(side)].total_quantity

    def best_bid(self) -> tuple[int, int] | None:
        """Return (price, total quantity) of the highest bid level, or None."""
        return self._best_level(Side.BID)

    def best_ask(self) -> tuple[int, int] | None:
        """Return (price, total quantity) of the lowest ask level, or None."""
        return self._best_level(Side.ASK)

    def _best_level(self, side: Side) -> tuple[int, int] | None:
        half = self._state.halves[side]
        return next(((price, half.level_quantity(price)) for price in half.best_first()), None)

    def best_order(self, side: Number) -> OrderView | None:
        """Return the oldest order of the best level of those resting on `side`, or None."""
        return next((order.view() for order in self._state.halves[side_of(side)].within(None)), None)

    def available_quantity(self, side: Number, price_limit: Number | None = None) -> int:
        """Return what a taker of `side` could trade at that limit or better."""
        makers = self._state.would_meet(side_of(side), optional_u64(price_limit, "price_limit"))
        return sum(order.quantity for order in makers)

    def market_order_cost(self, side: Number, quantity: Number) -> tuple[int, int]:
        """Return (sum of price times quantity, quantity filled) of a market order by a taker of `side`."""
        taker_side, wanted = side_of(side), u64(quantity, "quantity")
        cost = filled = 0
        for maker in self._state.would_meet(taker_side, None):
            traded = min(wanted - filled, maker.quantity)
            cost += maker.price * traded
            filled += traded
        return cost, filled

    def level_total_quantity(self, side: Number, price: Number) -> int | None:
        """Return the open quantity resting on `side` at `price`, or None if there is no such level."""
        half, price = self._state.halves[side_of(side)], u64(price, "price")
        return half.level_quantity(price) if price in half.levels else None

    def level_orders(self, side: Number, price: Number) -> tuple[OrderView, ...] | None:
        """Return the orders resting on `side` at `price`, oldest first, or None if there is no such level."""
        half, price = self._state.halves[side_of(side)], u64(price, "price")
        return tuple(order.view() for order in half.levels[price]) if price in half.levels else None

    def depth(self, levels: Number | None = None) -> tuple[tuple[LevelDepth, ...], tuple[LevelDepth, ...]]:
        """Return (bids, asks), the best `levels` price levels of each (None: all), best first."""
        count = optional_u64(levels, "levels")
        bids, asks = self._state.halves.values()
        return self._half_depth(bids, count), self._half_depth(asks, count)

    @staticmethod
    def _half_depth(half: HalfBook, count: int | None) -> tuple[LevelDepth, ...]:
        prices = list(half.best_first())[:count]
        return tuple(LevelDepth(price, half.level_quantity(price), len(half.levels[price])) for price in prices)

    def snapshot(self) -> BookSnapshot:
        """Return every order of the book; `sequence` is the owning engine's last event, 0 without an engine."""
        bids, asks = (
            [LevelSnapshot(p, half.level_quantity(p), [o.view() for o in half.levels[p]]) for p in half.best_first()]
            for half in self._state.halves.values()
        )
        return BookSnapshot(bids, asks, 0 if self._log is None else self._log.last_sequence)

    def state_hash(self) -> str:
        """Return 32 hexadecimal digits that cover every order in queue order."""
        return state_hash(self._state.packed())

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        self._state.check()
        invariant(self._allow_crossed or not self._state.is_crossed(), "the best bid is below the best ask")
