"""The price chart: what was paid, second by second, the latest trades as dots, and the volume below."""

from collections.abc import Sequence

from obctl.client.market import PriceBar, ShownTrade
from obctl.client.words import NS_PER_SECOND, clock_text
from obctl.watch.canvas import DOTS_ACROSS, DOTS_DOWN, Canvas
from obctl.watch.source import MarketView
from obctl.watch.widgets.panel import SIDE_STYLES, Line, Panel

SECONDS_MIN = 30  # that the chart is wide
VOLUME_HEIGHT = 2  # lines, where there is room
HEIGHT_WITH_VOLUME = 9


class PriceChart(Panel):
    """The range and the close of each second, as many seconds with trades as there are columns of dots."""

    def __init__(self, *, id: str = "price") -> None:  # noqa: A002 - textual's own name of it
        super().__init__("Price", id=id)

    def draw(self, market: MarketView, width: int, height: int) -> list[Line]:
        """Return the chart, with prices beside it and times below."""
        if not market.bars or height < 3 or width < 12:
            return [(("no trades yet", "quiet"),)]
        bars = market.bars[-width * DOTS_ACROSS :]
        low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
        labels = [f"{high:,}", f"{low:,}"]
        margin = max(map(len, labels)) + 1
        volume_height = VOLUME_HEIGHT if height >= HEIGHT_WITH_VOLUME else 0
        end = max(bars[-1].second, (market.time_ns or 0) // NS_PER_SECOND) + 1
        begin = min(bars[0].second, end - SECONDS_MIN)
        plot = Plot(width - margin, height - 1 - volume_height, begin, end, low, high)
        plot.draw_bars(bars)
        plot.draw_trades(market.trades)
        lines = [*plot.canvas.lines(), *volume_lines(plot, bars, volume_height)]
        beside = [f"{'':>{margin}}" for _ in lines]
        beside[0] = f"{labels[0]:>{margin - 1}} "
        beside[plot.canvas.height - 1] = f"{labels[1]:>{margin - 1}} "
        drawn: list[Line] = [((label, "quiet"), *line) for label, line in zip(beside, lines, strict=True)]
        return [*drawn, clocks(begin, end, margin, width)]


class Plot:
    """The chart itself: seconds from `begin` to `end` across, ticks from `low` to `high` upwards."""

    def __init__(self, width: int, height: int, begin: int, end: int, low: int, high: int) -> None:
        self.canvas = Canvas(max(1, width), max(1, height))
        self._begin_ns, self._span_ns = begin * NS_PER_SECOND, (end - begin) * NS_PER_SECOND
        self._low, self._span = low, high - low

    def across(self, time_ns: int) -> int:
        """Return the column of dots of a time."""
        columns = self.canvas.width * DOTS_ACROSS
        return min(columns - 1, (time_ns - self._begin_ns) * columns // self._span_ns)

    def down(self, price: int) -> int:
        """Return the row of dots of a price; one price alone is in the middle."""
        rows = self.canvas.height * DOTS_DOWN - 1
        return rows - ((price - self._low) * rows // self._span if self._span else rows // 2)

    def draw_bars(self, bars: Sequence[PriceBar]) -> None:
        """Draw what was paid in each second, and a line from close to close."""
        at: tuple[int, int] | None = None  # where the line is
        for bar in bars:
            across, down = self.across(bar.second * NS_PER_SECOND), self.down(bar.close)
            self.canvas.upright(across, self.down(bar.high), self.down(bar.low), "line")
            if at is not None:
                for between in range(at[0] + 1, across):
                    self.canvas.dot(between, at[1], "line")
                self.canvas.upright(across, at[1], self.down(bar.open), "line")
            at = across, down

    def draw_trades(self, trades: Sequence[ShownTrade]) -> None:
        """Draw trades in the colour of their taker, the newest over the others."""
        for trade in reversed(trades):
            across = self.across(trade.time_ns)
            if across >= 0:
                self.canvas.dot(across, self.down(trade.price), SIDE_STYLES[trade.side])


def volume_lines(plot: Plot, bars: Sequence[PriceBar], height: int) -> list[Line]:
    """Return the lots of each column of cells as columns."""
    if not height:
        return []
    volumes = [0] * plot.canvas.width
    for bar in bars:
        volumes[plot.across(bar.second * NS_PER_SECOND) // DOTS_ACROSS] += bar.volume
    canvas = Canvas(plot.canvas.width, height)
    largest = max(volumes)
    for x, volume in enumerate(volumes):
        canvas.column(x, -(-volume * height * 8 // largest), "quiet")
    return canvas.lines()


def clocks(begin: int, end: int, margin: int, width: int) -> Line:
    """Return a line with the first time and the last one."""
    left, right = (clock_text(second * NS_PER_SECOND) for second in (begin, end))
    room = width - margin
    text = f"{left}{right:>{room - len(left)}}" if room >= len(left) + len(right) + 1 else f"{right:>{room}}"[:room]
    return ((" " * margin + text, "quiet"),)
