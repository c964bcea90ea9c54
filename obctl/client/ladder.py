"""A book as a ladder: sellers above, buyers below, the best prices in the middle, a bar for the lots of each level."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orderbook import LevelDepth, LevelSnapshot, OrderView, Side

EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"
BAR_WIDTH_MAX = 40
HEADINGS = ("price", "lots", "orders")


class Rung(NamedTuple):
    """A level of the ladder. orders: in the order in which they will be filled; none where they are not shown."""

    price: int
    total_quantity: int
    order_count: int
    orders: tuple[OrderView, ...] = ()


class Line(NamedTuple):
    """A line of the ladder, and the side that it belongs to."""

    text: str
    side: Side | None = None


def rung_of(level: LevelDepth | LevelSnapshot) -> Rung:
    """Return a level of either kind as a rung."""
    if isinstance(level, LevelDepth):
        return Rung(level.price, level.total_quantity, level.order_count)
    return Rung(level.price, level.total_quantity, len(level.orders), level.orders)


class Ladder:
    """Both sides of a book, best first. width: of a line, in characters; blocks: make bars of ▏ to █, else of #."""

    def __init__(self, bids: Sequence[Rung], asks: Sequence[Rung], *, width: int = 80, blocks: bool = True) -> None:
        self.bids = bids
        self.asks = asks
        self.blocks = blocks
        rungs = [*bids, *asks]
        self.columns = [
            max(len(heading), *(len(str(rung[place])) for rung in rungs)) if rungs else len(heading)
            for place, heading in enumerate(HEADINGS)
        ]
        self.largest = max((rung.total_quantity for rung in rungs), default=0)
        self.bar_width = max(0, min(BAR_WIDTH_MAX, width - len(self._row("", "", "", "")) - 2))

    def lines(self) -> Iterator[Line]:
        """Return the lines from top to bottom."""
        if not self.bids and not self.asks:
            yield Line("the book is empty")
            return
        yield Line(self._row("", *HEADINGS))
        for rung in reversed(self.asks):
            yield from self._rung(Side.ASK, rung)
        yield Line(f"---  {self._middle()}")
        for rung in self.bids:
            yield from self._rung(Side.BID, rung)

    def _rung(self, side: Side, rung: Rung) -> Iterator[Line]:
        """Return the lines of a level, and of its orders."""
        row = self._row(side.name.lower(), rung.price, rung.total_quantity, rung.order_count)
        yield Line(f"{row}  {self._bar(rung.total_quantity)}".rstrip(), side)
        for order in rung.orders:
            yield Line(f"{self._row('', '', order.quantity, '').rstrip()}  order {order.id}", side)

    def _row(self, side: str, price: int | str, quantity: int | str, count: int | str) -> str:
        """Return the left part of a line, its numbers aligned to the right."""
        prices, quantities, counts = self.columns
        return f"{side:<3}  {price:>{prices}}  {quantity:>{quantities}}  {count:>{counts}}"

    def _middle(self) -> str:
        """Say what lies between the best prices."""
        if not self.asks:
            return "no asks"
        if not self.bids:
            return "no bids"
        bid, ask = self.bids[0].price, self.asks[0].price
        middle, half = divmod(bid + ask, 2)
        return f"spread {ask - bid}, middle {middle}{'.5' if half else ''}"

    def _bar(self, quantity: int) -> str:
        """Return the bar of a level, which is never nothing: but for no room at all."""
        return bar(quantity, self.largest, self.bar_width, blocks=self.blocks)


def bar(quantity: int, largest: int, width: int, *, blocks: bool) -> str:
    """Return a bar of `width` characters for the largest quantity and a part of that for others, rounded up."""
    if not blocks:
        return "#" * -(-quantity * width // largest)
    full, eighths = divmod(-(-quantity * width * 8 // largest), 8)
    return FULL * full + EIGHTHS[eighths].strip()
