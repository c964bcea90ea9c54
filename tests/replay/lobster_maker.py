"""A small exchange that writes what it does as a pair of LOBSTER files.

Its book is deeper than what the order book file shows, and older than the message file: the first orders have ids that
the file never adds, and levels come into sight at the last column as better ones go. It keeps the exact book, order by
order, and counts what it wrote, so that tests know what a replay must find.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path

BUY, SELL = 1, -1
TICK = 100
EMPTY = 9999999999


@dataclass
class Order:
    """A resting order of the simulated exchange."""

    order_id: int
    side: int
    price: int
    quantity: int


@dataclass
class Lobster:
    """The exchange and the lines it has written so far. `levels` is the number of levels a side that it shows."""

    seed: int = 1
    levels: int = 5
    messages: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    older_ids: set[int] = field(default_factory=set)
    trades: list[tuple[int, int, int]] = field(default_factory=list)  # order id, price, quantity
    runs: int = 0
    hidden: int = 0
    crosses: int = 0
    halts: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.orders: dict[int, Order] = {}  # in the order of their arrival, which is their priority at one price
        self.next_id = 1_000
        self.clock = 34_200 * 10**9
        for side in (BUY, SELL):
            for level in range(3 * self.levels + 5):
                for _ in range(self.random.randint(1, 3)):
                    self.place(side, 1_000_000 - side * TICK * (level + 1), 100 * self.random.randint(1, 5))
        self.first_new_id = self.next_id = 10_000

    def place(self, side: int, price: int, quantity: int) -> Order:
        """Rest an order without a message."""
        self.next_id += 1
        order = self.orders[self.next_id] = Order(self.next_id, side, price, quantity)
        return order

    def depth(self, side: int) -> list[tuple[int, int]]:
        """Return all levels of a side as (price, quantity), best first."""
        totals: dict[int, int] = {}
        for order in self.orders.values():
            if order.side == side:
                totals[order.price] = totals.get(order.price, 0) + order.quantity
        return sorted(totals.items(), reverse=side == BUY)

    def write(self, kind: int, order_id: int, size: int, price: int, side: int) -> None:
        """Write a message, and the book after it."""
        time = f"{self.clock // 10**9}.{self.clock % 10**9:09d}"
        self.messages.append(f"{time},{kind},{order_id},{size},{price},{side}")
        asks, bids = self.depth(SELL), self.depth(BUY)
        fields: list[int] = []
        for level in range(self.levels):
            fields += asks[level] if level < len(asks) else (EMPTY, 0)
            fields += bids[level] if level < len(bids) else (-EMPTY, 0)
        self.rows.append(",".join(map(str, fields)))
        if kind in (2, 3, 4) and order_id < self.first_new_id:
            self.older_ids.add(order_id)

    def tick(self) -> None:
        """Let some time pass."""
        self.clock += self.random.randint(1, 10**6)

    def add(self, side: int, price: int, quantity: int) -> Order:
        """Bring a new order in."""
        self.tick()
        order = self.place(side, price, quantity)
        self.write(1, order.order_id, quantity, price, side)
        return order

    def take(self, order: Order, quantity: int, kind: int) -> None:
        """Take lots from an order: a partial cancel (2), a deletion (3) or an execution (4)."""
        order.quantity -= quantity
        if order.quantity == 0:
            del self.orders[order.order_id]
        self.write(kind, order.order_id, quantity, order.price, order.side)

    def cancel(self, order: Order, quantity: int) -> None:
        """Take lots from an order, or all of it."""
        self.tick()
        self.take(order, quantity, 3 if quantity == order.quantity else 2)

    def queue(self, side: int) -> list[Order]:
        """Return the orders of a side in the order in which they trade."""
        orders = [order for order in self.orders.values() if order.side == side]
        return sorted(orders, key=lambda order: -side * order.price)  # stable: arrival within a price

    def execute(self, side: int, quantity: int, *, hidden: bool = False) -> None:
        """Let an incoming order trade with the resting orders of `side`: one run of executions."""
        self.tick()
        self.runs += 1
        for order in self.queue(side):
            traded = min(order.quantity, quantity)
            self.trades.append((order.order_id, order.price, traded))
            self.take(order, traded, 4)
            quantity -= traded
            if hidden and quantity:
                self.hidden += 1
                self.write(5, 0, 7, order.price - side * TICK // 2, side)
            if quantity == 0:
                return

    def visible(self, side: int) -> list[Order]:
        """Return the orders on the levels that the order book file shows."""
        prices = {price for price, _ in self.depth(side)[: self.levels]}
        return [order for order in self.orders.values() if order.side == side and order.price in prices]

    def act(self) -> None:
        """Do one thing at random."""
        side = self.random.choice((BUY, SELL))
        choice = self.random.random()
        visible = self.visible(side)
        if choice < 0.45 or len(visible) < 4:
            self.add(side, self.new_price(side), 100 * self.random.randint(1, 4))
        elif choice < 0.75:
            order = self.random.choice(visible)
            whole = order.quantity == 100 or self.random.random() < 0.7
            self.cancel(order, order.quantity if whole else 100)
        elif choice < 0.97:
            self.execute(side, 100 * self.random.randint(1, 12), hidden=self.random.random() < 0.3)
        elif choice < 0.98:
            self.tick()
            self.crosses += 1
            self.write(6, -1, 500, 1_000_000, self.random.choice((BUY, SELL)))
        elif choice < 0.99:
            self.tick()
            self.hidden += 1
            self.write(5, 0, 50, 1_000_000, side)
        else:
            self.tick()
            self.halts += 1
            self.write(7, 0, 0, self.random.choice((-1, 0, 1)), -1)

    def new_price(self, side: int) -> int:
        """Return a price for a new order: in sight mostly, sometimes one level better or far behind."""
        own, other = self.depth(side), self.depth(-side)
        if not own:
            return other[0][0] - side * TICK if other else 1_000_000
        best = own[0][0]
        price = best + side * TICK * self.random.choice((1, 0, 0, -1, -1, -2, -self.levels, -self.levels - 2))
        if other and side * (price - other[0][0]) >= 0:
            return best
        return price

    def run(self, actions: int) -> "Lobster":
        """Do a number of things; return the exchange."""
        for _ in range(actions):
            self.act()
        return self

    def save(self, folder: Path, name: str = "TEST_2012-06-21_34200000_57600000") -> tuple[Path, Path]:
        """Write both files under LOBSTER's naming; return their paths, messages first."""
        message = folder / f"{name}_message_{self.levels}.csv"
        book = folder / f"{name}_orderbook_{self.levels}.csv"
        message.write_text("\n".join(self.messages) + "\n")
        book.write_text("\n".join(self.rows) + "\n")
        return message, book
