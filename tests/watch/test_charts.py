"""The charts: dots and columns, the depth of both sides, what was paid and when."""

import pytest

from obctl.client.market import PriceBar, ShownTrade
from obctl.watch.canvas import Canvas
from obctl.watch.source import MarketView
from obctl.watch.widgets.depth_chart import DepthChart
from obctl.watch.widgets.panel import Line
from obctl.watch.widgets.price_chart import PriceChart
from orderbook import LevelDepth, Side

from .staged import NOW, NS, a_market

SIZES = [(60, 20), (200, 60), (30, 9), (13, 4), (12, 3), (4, 2), (1, 1), (3, 50)]


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def heights(lines: list[Line]) -> list[int]:
    """Return how high each column of a chart is, in eighths of a line."""
    rows = texts(lines)
    return [sum(" ▁▂▃▄▅▆▇█".index(row[x]) for row in rows if row[x] in "▁▂▃▄▅▆▇█") for x in range(len(rows[0]))]


def test_dots() -> None:
    canvas = Canvas(2, 1)
    canvas.dot(0, 0, "bid")
    canvas.dot(1, 3, "ask")
    canvas.dot(4, 0, "bid")
    canvas.dot(0, 4, "bid")
    assert canvas.lines() == [(("⢁", "ask"), (" ", ""))]
    canvas.upright(3, 3, 0, "line")
    assert canvas.lines() == [(("⢁", "ask"), ("⢸", "line"))]


def test_columns() -> None:
    canvas = Canvas(3, 2)
    for x, eighths in enumerate((3, 8, 13)):
        canvas.column(x, eighths, "bid")
    assert texts(canvas.lines()) == ["  ▅", "▃██"]
    canvas.write(1, 0, "long", "quiet")
    assert texts(canvas.lines()) == [" lo", "▃██"]


def test_the_depth_of_both_sides() -> None:
    bids = (LevelDepth(99, 10, 1), LevelDepth(97, 20, 1), LevelDepth(95, 10, 1))
    asks = (LevelDepth(101, 40, 1), LevelDepth(105, 40, 1))
    lines = DepthChart().draw(MarketView(symbol="X", bids=bids, asks=asks, state="live"), 20, 11)
    columns = heights(lines[:-1])
    assert columns[0:2] == [40, 30]
    assert columns[10:12] == [0, 40], "up to 100.5, and up to 101"
    assert columns[18:] == [40, 80]
    assert columns[9] == 0
    assert columns[8] == 10
    assert columns[4] == 30, "two levels are at most three from the middle"
    assert texts(lines)[0].startswith("80")
    assert texts(lines)[-1].split() == ["95", "100", "105"]
    styles = {names for line in lines[:-1] for text, names in line if text.strip() and "8" not in text}
    assert styles == {"bid-bar", "ask-bar"}


def test_a_level_far_away_does_not_squeeze_the_others() -> None:
    bids = tuple(LevelDepth(1_000_000 - i, 10, 1) for i in range(1, 20))
    asks = tuple(LevelDepth(1_000_000 + i, 10, 1) for i in range(1, 20))
    far = LevelDepth(900_000_000, 10, 1)
    lines = DepthChart().draw(MarketView(symbol="X", bids=bids, asks=(*asks, far), state="live"), 40, 11)
    assert len(set(heights(lines[:-1])[20:])) > 8


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chart", [DepthChart, PriceChart])
def test_charts_of_any_size(chart: type[DepthChart] | type[PriceChart], size: tuple[int, int]) -> None:
    width, height = size
    for market in (
        a_market(),
        a_market(levels=0),
        a_market(levels=1, seconds=1),
        a_market(seconds=0, trades=(), bars=()),
    ):
        for line in texts(chart().draw(market, width, height)):
            assert len(line) <= max(width, 13), "what has no room at all is cut off by the panel"
        assert len(chart().draw(market, width, height)) <= height


def dotted(lines: list[Line]) -> dict[tuple[int, int], str]:
    """Return the cells with dots, by place, and their styles."""
    cells = {}
    for y, line in enumerate(lines):
        x = 0
        for text, names in line:
            for letter in text:
                if "⠀" < letter <= "⣿":
                    cells[x, y] = names
                x += 1
    return cells


def price_market(*trades: ShownTrade) -> MarketView:
    bars = tuple(PriceBar(trade.time_ns // NS, *[trade.price] * 4, trade.quantity, 1) for trade in trades)
    return MarketView(symbol="X", bars=bars, trades=tuple(reversed(trades)), state="live", time_ns=trades[-1].time_ns)


def test_what_was_paid() -> None:
    """The first trade is at the lower left, the last at the upper right, and prices and times stand beside them."""
    trades = (
        ShownTrade(NOW * NS, Side.ASK, 1_000, 5),
        ShownTrade((NOW + 60) * NS, Side.BID, 1_010, 7),
    )
    lines = PriceChart().draw(price_market(*trades), 46, 8)
    rows, cells = texts(lines), dotted(lines)
    assert rows[0].startswith("1,010 ")
    assert rows[6].startswith("1,000 ")
    assert cells[6, 6] == "ask"
    last = max(x for x, _ in cells)
    assert cells[last, 0] == "bid"
    assert last >= 44
    assert {style for place, style in cells.items() if place not in ((6, 6), (last, 0))} == {"line"}


def test_the_latest_seconds_are_shown() -> None:
    trades = [ShownTrade((NOW + i) * NS, Side.BID, 1_000 + i, 1) for i in range(500)]
    lines = PriceChart().draw(price_market(*trades), 46, 8)
    assert texts(lines)[0].startswith("1,499")
    assert texts(lines)[6].startswith(f"{1_500 - 92:,}"), "as many seconds as there are columns of dots"


def test_volume_below() -> None:
    trades = (ShownTrade(NOW * NS, Side.BID, 1_000, 100), ShownTrade((NOW + 29) * NS, Side.BID, 1_000, 50))
    lines = PriceChart().draw(price_market(*trades), 46, 12)
    columns = [height for height in heights(lines[9:11]) if height]
    assert columns == [16, 8]
