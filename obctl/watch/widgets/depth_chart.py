"""The depth chart: how many lots there are up to a price, bids on the left, asks on the right."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from obctl.client.words import average_text
from obctl.watch.canvas import Canvas
from obctl.watch.source import MarketView
from obctl.watch.widgets.panel import Line, Panel
from orderbook import LevelDepth

NEAR = Fraction(4, 5)  # of the levels of a side: these are shown, and some room; the last ones may be far away
ROOM = Fraction(5, 4)


class DepthChart(Panel):
    """The lots of both sides, added up from the middle outwards."""

    def __init__(self, *, id: str = "depth") -> None:  # noqa: A002 - textual's own name of it
        super().__init__("Depth", id=id)

    def draw(self, market: MarketView, width: int, height: int) -> list[Line]:
        """Return the chart, with prices below it; all of it around the middle of the best prices."""
        if market.mark is None or not (market.bids or market.asks) or height < 2 or width < 4:
            return [(("nothing yet", "quiet"),)]
        canvas = Canvas(width, height - 1)
        middle, half = market.mark, width // 2
        bids, asks = (Cumulative(middle, levels) for levels in (market.bids, market.asks))
        span = max(bids.span(), asks.span(), Fraction(1))
        heights = [
            (half + direction * column - (direction < 0), side.total(span * (column + 1) / half), style)
            for side, direction, style in ((bids, -1, "bid-bar"), (asks, 1, "ask-bar"))
            for column in range(half)
        ]
        largest = max((total for _, total, _ in heights), default=0) or 1
        for x, total, style in heights:
            canvas.column(x, -(-total * canvas.height * 8 // largest), style)
        canvas.write(0, 0, f"{largest:,}", "quiet")
        return [*canvas.lines(), scale(width, middle - span, middle, middle + span)]


class Cumulative:
    """One side of the book, by the distance from the middle."""

    def __init__(self, middle: Fraction, levels: Sequence[LevelDepth]) -> None:
        self._distances = [abs(level.price - middle) for level in levels]
        self._totals = [0, *accumulate(level.total_quantity for level in levels)]

    def span(self) -> Fraction:
        """Return how far from the middle is worth to be seen."""
        if not self._distances:
            return Fraction(0)
        near = self._distances[-(-len(self._distances) * NEAR.numerator // NEAR.denominator) - 1]
        return min(self._distances[-1], near * ROOM)

    def total(self, distance: Fraction) -> int:
        """Return the lots that are at most so far from the middle."""
        return self._totals[bisect_right(self._distances, distance)]


def scale(width: int, *prices: Fraction) -> Line:
    """Return a line with the prices at the left, the middle and the right; the middle alone where that is too much."""
    left, middle, right = (average_text(price).removesuffix(".00") for price in prices)
    room = width - len(left) - len(right)
    if room < len(middle) + 2:
        return ((f"{middle:^{width}}"[:width], "quiet"),)
    begin = min(max(len(left) + 1, (width - len(middle)) // 2), width - len(right) - len(middle) - 1)
    text = f"{left:<{begin}}{middle}"
    return ((f"{text}{right:>{width - len(text)}}", "quiet"),)
