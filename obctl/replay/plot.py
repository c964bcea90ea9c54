"""The plot: price with best bid and ask over time, and the depth at the end. PNG by matplotlib, HTML by plotly.

What is drawn is sampled (recorder.pyx), so a plot costs the same for any length of replay.
"""

from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from obctl.libraries import need
from obctl.outputs import OutputFile
from obctl.replay.cells import Block
from orderbook import LevelDepth, OrderBook

if TYPE_CHECKING:
    import numpy

DEPTH_LEVELS = 40  # drawn of each side: far behind them are orders that nobody means
BID_COLOUR, ASK_COLOUR, TRADE_COLOUR = "#1a7f5a", "#c2410c", "#334155"


class Curves(NamedTuple):
    """What a plot draws: over `time`, and quantity against price."""

    title: str
    price_label: str
    time_label: str
    time: "numpy.ndarray[Any, Any]"
    best_bid: "numpy.ndarray[Any, Any]"  # NaN where the side is empty
    best_ask: "numpy.ndarray[Any, Any]"
    trades: "numpy.ndarray[Any, Any]"  # NaN where there was none
    bids: tuple[list[float], list[int]]  # prices, and all lots from the best price up to each
    asks: tuple[list[float], list[int]]


def check_plot_path(option: str, path: Path) -> None:
    """Raise before any work starts if the library for this ending is missing."""
    need(option, "matplotlib" if path.suffix.lower() == ".png" else "plotly", "numpy", extra="data")


def curves_of(title: str, samples: Block, book: OrderBook, tick_size: Decimal | None) -> Curves:
    """Return what there is to draw."""
    import numpy

    tick = float(tick_size or 1)
    shape = (len(samples), len(samples.columns))
    values = numpy.frombuffer(samples.values(), numpy.uint64).reshape(shape)
    missing = numpy.frombuffer(samples.missing(), numpy.bool_).reshape(shape)
    rows, timestamps = values[:, 0], values[:, 1]
    prices = numpy.where(missing[:, 2:], numpy.nan, values[:, 2:] * tick)
    bids, asks = book.depth(DEPTH_LEVELS)
    timed = len(timestamps) > 0 and 0 < timestamps.max() < 1 << 62  # no clock, or one that no calendar has: by row
    return Curves(
        title=title,
        price_label="price" if tick_size else "price (ticks)",
        time_label="time" if timed else "row",
        time=timestamps.astype("datetime64[ns]") if timed else rows,
        best_bid=prices[:, 0],
        best_ask=prices[:, 1],
        trades=prices[:, 2],
        bids=cumulated(bids, tick),
        asks=cumulated(asks, tick),
    )


def cumulated(levels: tuple[LevelDepth, ...], tick: float) -> tuple[list[float], list[int]]:
    """Return the prices of a side, and the lots from its best price up to each of them."""
    return [level.price * tick for level in levels], list(accumulate(level.total_quantity for level in levels))


def draw(output: OutputFile, ending: str, curves: Curves) -> None:
    """Draw into a file. Publishing it is the owner's."""
    (draw_png if ending == ".png" else draw_html)(output, curves)


def draw_png(output: OutputFile, curves: Curves) -> None:
    """Draw with matplotlib."""
    import numpy
    from matplotlib.dates import DateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained")
    over_time, depth = figure.subplots(2, 1, height_ratios=(3, 2))
    over_time.set_title(curves.title)
    over_time.step(curves.time, curves.best_ask, where="post", color=ASK_COLOUR, linewidth=1, label="best ask")
    over_time.step(curves.time, curves.best_bid, where="post", color=BID_COLOUR, linewidth=1, label="best bid")
    traded = ~numpy.isnan(curves.trades)
    over_time.plot(curves.time[traded], curves.trades[traded], ".", color=TRADE_COLOUR, markersize=3, label="trades")
    over_time.set_xlabel(curves.time_label)
    over_time.set_ylabel(curves.price_label)
    if curves.time_label == "time":
        over_time.xaxis.set_major_formatter(DateFormatter("%H:%M:%S"))  # type: ignore[no-untyped-call]
    over_time.legend(loc="best")
    for (prices, lots), colour, name in ((curves.bids, BID_COLOUR, "bids"), (curves.asks, ASK_COLOUR, "asks")):
        depth.fill_between(prices, lots, step="post", color=colour, alpha=0.4, label=name)
    depth.set_xlabel(curves.price_label)
    depth.set_ylabel("lots up to the price, at the end")
    depth.legend(loc="best")
    for axes in (over_time, depth):
        axes.grid(alpha=0.3)
        axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    depth.ticklabel_format(axis="x", useOffset=False, style="plain")
    figure.savefig(output.file, format="png", dpi=120)


def draw_html(output: OutputFile, curves: Curves) -> None:
    """Draw with plotly, its script inside the file: the page loads nothing from anywhere."""
    from plotly.graph_objects import Figure, Scatter
    from plotly.subplots import make_subplots

    figure: Figure = make_subplots(rows=2, cols=1, row_heights=[0.6, 0.4], vertical_spacing=0.12)

    def line(x: Any, y: Any, name: str, colour: str, row: int, **style: Any) -> None:
        figure.add_trace(Scatter(x=x, y=y, name=name, line={"color": colour, "width": 1}, **style), row=row, col=1)

    line(curves.time, curves.best_ask, "best ask", ASK_COLOUR, 1, line_shape="hv")
    line(curves.time, curves.best_bid, "best bid", BID_COLOUR, 1, line_shape="hv")
    line(curves.time, curves.trades, "trades", TRADE_COLOUR, 1, mode="markers", marker={"size": 3})
    line(*curves.bids, "bids", BID_COLOUR, 2, line_shape="hv", fill="tozeroy")
    line(*curves.asks, "asks", ASK_COLOUR, 2, line_shape="hv", fill="tozeroy")
    time_format = {"tickformat": "%H:%M:%S"} if curves.time_label == "time" else {}
    figure.update_xaxes(title_text=curves.time_label, **time_format, row=1, col=1)
    figure.update_xaxes(title_text=curves.price_label, row=2, col=1)
    figure.update_yaxes(title_text=curves.price_label, tickformat="~f", row=1, col=1)
    figure.update_yaxes(title_text="lots up to the price, at the end", row=2, col=1)
    figure.update_layout(title=curves.title, template="plotly_white", height=900)
    page = figure.to_html(include_plotlyjs=True, config={"displaylogo": False})
    output.file.write(page.encode())
