"""BookReplica: a copy of one instrument's book, kept by a snapshot and the events after it. No input or output."""

from bisect import bisect_left, insort
from fractions import Fraction
from typing import NamedTuple

from orderbook import (
    BookAdded,
    BookRemoved,
    BookSnapshot,
    BookUpdated,
    LevelDepth,
    LevelSnapshot,
    OrderView,
    Side,
)
from orderbook.views import EngineEvent


class SequenceGap(ValueError):
    """An event is not the next one, or does not fit the book: a new snapshot is needed."""


class Depth(NamedTuple):
    """The best levels of a book, best first. sequence: of the last event that they contain."""

    bids: tuple[LevelDepth, ...]
    asks: tuple[LevelDepth, ...]
    sequence: int


class _Level:
    """The orders of one side at one price, by id, in the order of their queue; and the sum of their lots."""

    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.orders: dict[int, int] = {}
        self.total = 0


class _Levels:
    """One side of the book: its levels by price, and the prices in order, worst first.

    Asks are kept as negative numbers, so that the best price is the last one on either side: it comes and goes most,
    and at the end of a list that is cheap.
    """

    def __init__(self, side: Side) -> None:
        self.side = side
        self._sign = 1 if side is Side.BID else -1
        self._keys: list[int] = []
        self._levels: dict[int, _Level] = {}

    def load(self, levels: tuple[LevelSnapshot, ...]) -> None:
        for snapshot in levels:
            level = self._levels[snapshot.price] = _Level()
            level.orders = {order.id: order.quantity for order in snapshot.orders}
            level.total = sum(level.orders.values())
        self._keys = sorted(self._sign * price for price in self._levels)

    def add(self, order_id: int, price: int, quantity: int) -> None:
        level = self._levels.get(price)
        if level is None:
            level = self._levels[price] = _Level()
            insort(self._keys, self._sign * price)
        level.orders[order_id] = quantity
        level.total += quantity

    def update(self, order_id: int, price: int, quantity: int) -> None:
        level = self._levels[price]
        before = level.orders[order_id]
        if quantity > before:  # it goes to the end of its queue
            del level.orders[order_id]
        level.orders[order_id] = quantity
        level.total += quantity - before

    def remove(self, order_id: int, price: int) -> None:
        level = self._levels[price]
        level.total -= level.orders.pop(order_id)
        if not level.orders:
            del self._levels[price]
            del self._keys[bisect_left(self._keys, self._sign * price)]

    def quantity(self, order_id: int, price: int) -> int:
        return self._levels[price].orders[order_id]

    def best(self) -> tuple[int, int] | None:
        if not self._keys:
            return None
        price = self._sign * self._keys[-1]
        return price, self._levels[price].total

    def depth(self, levels: int) -> tuple[LevelDepth, ...]:
        return tuple(self._level_depth(self._sign * key) for key in self._keys[: -levels - 1 : -1])

    def _level_depth(self, price: int) -> LevelDepth:
        level = self._levels[price]
        return LevelDepth(price, level.total, len(level.orders))

    def snapshot(self) -> list[LevelSnapshot]:
        return [self._level_snapshot(self._sign * key) for key in reversed(self._keys)]

    def _level_snapshot(self, price: int) -> LevelSnapshot:
        level = self._levels[price]
        orders = [OrderView(order_id, self.side, price, quantity) for order_id, quantity in level.orders.items()]
        return LevelSnapshot(price, level.total, orders)


class BookReplica:
    """A copy of one instrument's book, queue order included. An event costs O(1), but for the first at a price.

    symbol: the instrument; "" is the first of wherever the events come from. sequence: of the last event that the book
    contains. is_ready: False before the first snapshot and behind a gap, until the next snapshot.
    """

    def __init__(self, symbol: str = "") -> None:
        self.symbol = symbol
        self.sequence = 0
        self.is_ready = False
        self._clear()

    def _clear(self) -> None:
        self._sides = {side: _Levels(side) for side in Side}
        self._places: dict[int, tuple[Side, int]] = {}  # by order id: where it rests

    def load(self, snapshot: BookSnapshot) -> None:
        """Begin again with a snapshot."""
        self._clear()
        for side, levels in ((Side.BID, snapshot.bids), (Side.ASK, snapshot.asks)):
            self._sides[side].load(levels)
            self._places |= {order.id: (side, level.price) for level in levels for order in level.orders}
        self.sequence = snapshot.sequence
        self.is_ready = True

    def apply(self, event: EngineEvent) -> None:
        """Take in the next event; one that the book contains already is ignored. Raise SequenceGap."""
        if not self._is_next(event.sequence):
            return
        try:
            if isinstance(event, BookAdded):
                self._add(event)
            elif isinstance(event, BookUpdated):
                self._sides[event.side].update(event.order_id, event.price, event.quantity)
            elif isinstance(event, BookRemoved):
                self._sides[event.side].remove(event.order_id, event.price)
                del self._places[event.order_id]
        except KeyError:
            self.is_ready = False
            raise SequenceGap(f"{event} does not fit the book of {self.sequence}") from None
        self.sequence = event.sequence

    def _add(self, event: BookAdded) -> None:
        if event.order_id in self._places:
            raise KeyError(event.order_id)
        self._places[event.order_id] = (event.side, event.price)
        self._sides[event.side].add(event.order_id, event.price, event.quantity)

    def skip(self, sequence: int) -> None:
        """Take in that an event was not of this instrument: its number alone counts. Raise SequenceGap."""
        if self._is_next(sequence):
            self.sequence = sequence

    def _is_next(self, sequence: int) -> bool:
        """Tell whether an event is the next one, not one that the book contains already; raise SequenceGap."""
        if self.is_ready and sequence <= self.sequence:
            return False
        if self.is_ready and sequence == self.sequence + 1:
            return True
        missing = f"those after {self.sequence} are missing" if self.is_ready else "there is no snapshot to begin with"
        self.is_ready = False
        raise SequenceGap(f"event {sequence} came, and {missing}")

    def best_bid(self) -> tuple[int, int] | None:
        """Return the highest bid and the lots there, None without bids."""
        return self._sides[Side.BID].best()

    def best_ask(self) -> tuple[int, int] | None:
        """Return the lowest ask and the lots there, None without asks."""
        return self._sides[Side.ASK].best()

    @property
    def spread(self) -> int | None:
        """The ticks between the best prices, None where a side is empty."""
        bid, ask = self.best_bid(), self.best_ask()
        return ask[0] - bid[0] if bid and ask else None

    @property
    def mid(self) -> Fraction | None:
        """The middle of the best prices in ticks, exact; None where a side is empty."""
        bid, ask = self.best_bid(), self.best_ask()
        return Fraction(bid[0] + ask[0], 2) if bid and ask else None

    def depth(self, levels: int = 10) -> Depth:
        """Return the best levels of each side, at most so many."""
        if levels < 0:
            raise ValueError(f"levels must not be negative, as {levels} is")
        return Depth(self._sides[Side.BID].depth(levels), self._sides[Side.ASK].depth(levels), self.sequence)

    def order(self, order_id: int) -> OrderView | None:
        """Return a resting order, None where none has this id."""
        if order_id not in self._places:
            return None
        side, price = self._places[order_id]
        return OrderView(order_id, side, price, self._sides[side].quantity(order_id, price))

    def snapshot(self) -> BookSnapshot:
        """Return the whole book, as the engine's own snapshot is."""
        return BookSnapshot(self._sides[Side.BID].snapshot(), self._sides[Side.ASK].snapshot(), self.sequence)
