"""One instrument's resting orders, slow and obvious.

A side is a dictionary from price to the list of the orders there, oldest first, and a sorted list of those prices.
Every question is answered by walking that. The index of orders by id is also their order of entry.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from struct import pack

from orderbook.enums import SelfTradePrevention, Side
from orderbook.errors import CapacityExceeded, NumericOverflow, UnknownOrder
from orderbook.reference.checks import U64_MAX, invariant, opposite
from orderbook.views import OrderView


@dataclass(slots=True, eq=False)
class Order:
    """A resting order. `quantity` is what is still open; `prevention` is the mode it has when it is repriced."""

    id: int
    side: Side
    price: int
    quantity: int
    post_only: bool
    account_id: int = 0
    prevention: SelfTradePrevention | None = None

    def view(self) -> OrderView:
        return OrderView(self.id, self.side, self.price, self.quantity)

    def flags(self) -> int:
        """Return what a state hash covers beside the numbers: post-only in bit 0, the mode of prevention above it."""
        return self.post_only | (self.prevention or 0) << 1

    def grows(self, quantity: int, price: int | None) -> bool:
        """Tell whether a modify asks for another price (None: the same) or a larger quantity."""
        return quantity > self.quantity or price not in (None, self.price)


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

    def packed(self) -> bytes:
        """Return what a state hash covers of all orders, in the order they would trade."""
        parts = []
        for side, half in self.halves.items():
            orders = list(half.within(None))
            parts.append(pack("<BQ", side, len(orders)))
            parts += [pack("<QQQB", order.id, order.price, order.quantity, order.flags()) for order in orders]
        return b"".join(parts)

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
