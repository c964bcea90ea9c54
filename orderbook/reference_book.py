"""The slow, obvious book: one instrument's resting orders, and the checks of arguments and invariants.

A side is a dictionary from price to the list of the orders there, oldest first, and a sorted list of those prices.
Every question is answered by walking that.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from operator import index
from struct import pack
from typing import NoReturn, SupportsIndex, TypeAlias

from orderbook.enums import OrderType, Side
from orderbook.errors import (
    CapacityExceeded,
    CrossedOrder,
    DuplicateOrder,
    InvalidQuantity,
    NumericOverflow,
    UnknownOrder,
)
from orderbook.views import BookSnapshot, LevelDepth, LevelSnapshot, OrderView

Number: TypeAlias = SupportsIndex

U64_MAX = 2**64 - 1


def whole_number(value: Number, name: str) -> int:
    """Return `value` as an int; TypeError for a bool and for what has no `__index__`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return index(value)


def u64(value: Number, name: str) -> int:
    """Return `value` as an int in 0 … 2^64-1; OverflowError outside."""
    number = whole_number(value, name)
    if not 0 <= number <= U64_MAX:
        raise OverflowError(f"{name} is outside 0 … 2^64-1")
    return number


def optional_u64(value: Number | None, name: str) -> int | None:
    """Return None for None, else `value` as `u64` does."""
    return None if value is None else u64(value, name)


def side_of(value: Number) -> Side:
    """Return the Side that `value` is or equals; ValueError for another integer."""
    return Side(whole_number(value, "side"))


def order_type_of(value: Number) -> OrderType:
    """Return the OrderType that `value` is or equals; ValueError for another integer."""
    return OrderType(whole_number(value, "order_type"))


def opposite(side: Side) -> Side:
    return Side.ASK if side is Side.BID else Side.BID


def invariant(holds: bool, name: str) -> None:
    """Raise AssertionError naming the invariant unless it holds, also under `python -O`."""
    if not holds:
        raise AssertionError(name)


class NotCopyable:
    """The base of what has an identity: refuses pickling and copying."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} can be neither pickled nor copied; take a snapshot")


@dataclass(slots=True, eq=False)
class Order:
    """A resting order. `quantity` is what is still open."""

    id: int
    side: Side
    price: int
    quantity: int
    post_only: bool

    def view(self) -> OrderView:
        return OrderView(self.id, self.side, self.price, self.quantity)


class HalfBook:
    """One side: its levels by price, each a list of orders, oldest first; no level is empty."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.levels: dict[int, list[Order]] = {}
        self.prices: list[int] = []  # of the levels, ascending
        self.total_quantity = 0

    def best_first(self) -> Iterator[int]:
        """Iterate over the prices, best first."""
        return reversed(self.prices) if self.side is Side.BID else iter(self.prices)

    def within(self, limit: int | None) -> Iterator[Order]:
        """Iterate over the orders that a taker with this limit (None: any price) meets, in the order it meets them."""
        for price in self.best_first():
            if limit is not None and (price < limit if self.side is Side.BID else price > limit):
                return
            yield from self.levels[price]

    def level_quantity(self, price: int) -> int:
        return sum(order.quantity for order in self.levels[price])

    def append(self, order: Order) -> None:
        """Put the order last in its level."""
        if order.price not in self.levels:
            self.levels[order.price] = []
            insort(self.prices, order.price)
        self.levels[order.price].append(order)
        self.total_quantity += order.quantity

    def remove(self, order: Order) -> None:
        """Take the order out, and its level if it was alone there."""
        level = self.levels[order.price]
        level.remove(order)
        self.total_quantity -= order.quantity
        if not level:
            del self.levels[order.price]
            self.prices.remove(order.price)

    def check(self) -> None:
        """Raise AssertionError naming the first invariant of this side that does not hold."""
        name = self.side.name
        invariant(self.prices == sorted(self.levels), f"{name}: the prices are those of the levels, sorted")
        invariant(all(self.levels.values()), f"{name}: no level is empty")
        for price, level in self.levels.items():
            invariant(all(order.price == price for order in level), f"{name}: an order is in its price's level")
            invariant(all(order.side is self.side for order in level), f"{name}: an order is on its own side")
            invariant(all(0 < order.quantity <= U64_MAX for order in level), f"{name}: every order is open")
        total = sum(order.quantity for order in self.within(None))
        invariant(self.total_quantity == total <= U64_MAX, f"{name}: the total is the sum of the orders")


class State:
    """The state of one instrument: what an OrderBook shows and a MatchingEngine changes. Arguments are valid here."""

    def __init__(self, max_orders: int | None, max_levels: int | None) -> None:
        self.orders: dict[int, Order] = {}
        self.halves = {side: HalfBook(side) for side in Side}
        self.max_orders = max_orders
        self.max_levels = max_levels
        self.sequence = 0  # of the last event, counted by the engine that owns the book

    def existing(self, order_id: int) -> Order:
        """Return the resting order with this id or raise UnknownOrder."""
        if order_id not in self.orders:
            raise UnknownOrder(f"no resting order has the id {order_id}")
        return self.orders[order_id]

    def add(self, order: Order) -> None:
        self.orders[order.id] = order
        self.halves[order.side].append(order)

    def remove(self, order: Order) -> None:
        del self.orders[order.id]
        self.halves[order.side].remove(order)

    def resize(self, order: Order, quantity: int) -> None:
        """Set the open quantity: more goes to the back of the level, the same or less keeps its place."""
        half = self.halves[order.side]
        if quantity > order.quantity:
            half.remove(order)
            order.quantity = quantity
            half.append(order)
        else:
            half.total_quantity -= order.quantity - quantity
            order.quantity = quantity

    def level_count(self) -> int:
        """Return the number of price levels of both sides."""
        return sum(len(half.levels) for half in self.halves.values())

    def would_meet(self, side: Side, limit: int | None) -> Iterator[Order]:
        """Iterate over the orders that a taker of `side` would trade with, in that order."""
        return self.halves[opposite(side)].within(limit)

    def crosses(self, side: Side, limit: int | None) -> bool:
        """Tell whether an order of `side` at this limit would trade."""
        return any(True for _ in self.would_meet(side, limit))

    def require_total(self, side: Side, quantity: int, replaced: int = 0) -> None:
        """Raise NumericOverflow if the side's total, without the replaced quantity, cannot take `quantity` more."""
        if self.halves[side].total_quantity - replaced + quantity > U64_MAX:
            raise NumericOverflow(f"the total quantity of side {side.name} would exceed 2^64-1")

    def require_room(self, side: Side, price: int, leaving: Order | None = None) -> None:
        """Raise CapacityExceeded if an order cannot rest at `price`, once `leaving` has left."""
        orders = len(self.orders)
        levels = self.level_count()
        if leaving is not None:
            orders -= 1
            levels -= len(self.halves[leaving.side].levels[leaving.price]) == 1
        if self.max_orders is not None and orders >= self.max_orders:
            raise CapacityExceeded(f"the book is capped at {self.max_orders} orders")
        if self.max_levels is not None and levels >= self.max_levels and price not in self.halves[side].levels:
            raise CapacityExceeded(f"the book is capped at {self.max_levels} price levels")

    def hash(self) -> str:
        """Return a digest of all orders, in the order they would trade."""
        digest = blake2b(digest_size=16)
        for side, half in self.halves.items():
            orders = list(half.within(None))
            digest.update(pack("<BQ", side, len(orders)))
            for order in orders:
                digest.update(pack("<QQQB", order.id, order.price, order.quantity, order.post_only))
        return digest.hexdigest()

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        for half in self.halves.values():
            half.check()
        queued = [order for half in self.halves.values() for order in half.within(None)]
        invariant(len(queued) == len(self.orders), "as many orders in the levels as in the index")
        invariant(all(self.orders.get(order.id) is order for order in queued), "every order is indexed by its id")
        invariant(self.max_orders is None or len(queued) <= self.max_orders, "no more orders than the cap")
        invariant(self.max_levels is None or self.level_count() <= self.max_levels, "no more levels than the cap")

    def is_crossed(self) -> bool:
        """Tell whether the best bid reaches the best ask: the book is locked or crossed."""
        bids = self.halves[Side.BID].prices
        return bool(bids) and self.crosses(Side.BID, bids[-1])


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
        self._owned = False

    def _own_state(self) -> State:
        """Return the state to change it; RuntimeError if it is an engine's to change."""
        if self._owned:
            raise RuntimeError("an engine owns this book: only the engine may change it")
        return self._state

    def _hand_over(self) -> State:
        """Give the state to the engine that asks: RuntimeError if it is owned, ValueError if it is crossed."""
        state = self._own_state()
        if state.is_crossed():
            raise ValueError("the book is locked or crossed: an engine cannot take it over")
        self._owned = True
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
        return BookSnapshot(bids, asks, self._state.sequence)

    def state_hash(self) -> str:
        """Return 32 hexadecimal digits that cover every order in queue order."""
        return self._state.hash()

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        self._state.check()
        invariant(self._allow_crossed or not self._state.is_crossed(), "the best bid is below the best ask")
