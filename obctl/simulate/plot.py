"""The plot of a simulation: prices, inventory, and profit and loss over time. PNG by matplotlib, HTML by plotly."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agents.simulation import Result, Samples
from obctl.outputs import OutputFile
from obctl.replay.plot import ASK_COLOUR, BID_COLOUR, TRADE_COLOUR

Numbers = Sequence[float | None]  # None: a gap
LABELS = ("price (ticks)", "inventory (lots)", "profit (ticks × lots)")
TIME_LABEL = "simulated time (s)"
LINES_MAX = 20  # of agents in a panel; groups of several are one line


class Line(NamedTuple):
    """One line: in which of the three panels it is, its name, its values over time, its colour if it has one."""

    panel: int
    name: str
    values: Numbers
    colour: str | None = None


def times_of(samples: Samples) -> list[float]:
    """Return the times in seconds."""
    return [sample.time_ns / 1e9 for sample in samples.market]


def lines_of(result: Result) -> Iterator[Line]:
    """Yield what there is to draw: the prices, and a line for each agent, or group of agents, in the other panels."""
    market = result.samples.market
    yield Line(0, "best ask", [sample.best_ask for sample in market], ASK_COLOUR)
    yield Line(0, "best bid", [sample.best_bid for sample in market], BID_COLOUR)
    yield Line(0, "last trade", [sample.last_price for sample in market], TRADE_COLOUR)
    groups: dict[str, list[str]] = {}
    for agent in result.agents:
        groups.setdefault(agent.group, []).append(agent.name)
    for group, names in list(groups.items())[:LINES_MAX]:
        label = group if len(names) == 1 else f"{group} ({len(names)})"
        inventories = zip(*map(result.samples.inventories, names), strict=True)
        yield Line(1, label, [float(sum(row)) for row in inventories])
        profits = zip(*map(result.samples.profits, names), strict=True)
        yield Line(2, label, [None if None in row else float(sum(filter(None, row))) for row in profits])


def draw(output: OutputFile, ending: str, title: str, result: Result) -> None:
    """Draw into a file. Publishing it is the owner's."""
    (draw_png if ending == ".png" else draw_html)(output, title, result)


def draw_png(output: OutputFile, title: str, result: Result) -> None:
    """Draw with matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 10), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 2))
    panels[0].set_title(title)
    times = times_of(result.samples)
    for line in lines_of(result):
        values = [float("nan") if value is None else value for value in line.values]
        panels[line.panel].step(times, values, where="post", color=line.colour, linewidth=1, label=line.name)
    for axes, label in zip(panels, LABELS, strict=True):
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        axes.ticklabel_format(axis="y", useOffset=False, style="plain")
        axes.legend(loc="upper left", fontsize="small")
    panels[2].set_xlabel(TIME_LABEL)
    figure.savefig(output.file, format="png", dpi=120)


def draw_html(output: OutputFile, title: str, result: Result) -> None:
    """Draw with plotly, its script inside the file: the page loads nothing from anywhere."""
    from plotly.graph_objects import Figure, Scatter
    from plotly.subplots import make_subplots

    figure: Figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, row_heights=[0.44, 0.28, 0.28], vertical_spacing=0.06
    )
    times = times_of(result.samples)
    for line in lines_of(result):
        style: dict[str, Any] = {"width": 1} | ({"color": line.colour} if line.colour else {})
        trace = Scatter(x=times, y=line.values, name=line.name, line=style, line_shape="hv", mode="lines")
        figure.add_trace(trace, row=line.panel + 1, col=1)
    for row, label in enumerate(LABELS, 1):
        figure.update_yaxes(title_text=label, tickformat="~f", row=row, col=1)
    figure.update_xaxes(title_text=TIME_LABEL, row=3, col=1)
    figure.update_layout(title=title, template="plotly_white", height=1000)
    page = figure.to_html(include_plotlyjs=True, config={"displaylogo": False})
    output.file.write(page.encode())
