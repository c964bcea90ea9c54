"""Figures as people read them, and how far the measuring is."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from obctl.bench.turns import Figures, Progress

UNKNOWN = "–"


class Bar:
    """A progress bar for each measurement, on standard error if that is a terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        shown = sys.stderr.isatty()
        self.bars = Bars(*columns, console=Console(stderr=True), transient=True, disable=not shown)

    def __enter__(self) -> Self:
        """Show what is there."""
        self.bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take all away."""
        self.bars.stop()

    def begin(self, name: str) -> Progress:
        """Add a bar; return who is told how far the measurement is."""
        task = self.bars.add_task(name, total=1.0)
        return lambda part: self.bars.update(task, completed=part)


def print_figures(measured: dict[str, Figures]) -> None:
    """Print a table to standard output."""
    table = Table(box=None, pad_edge=False)
    table.add_column("measurement", style="bold cyan")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, figures in measured.items():
        shown_name = name
        for figure, value in figures.items():
            table.add_row(shown_name, figure.replace("_", " "), number_text(value))
            shown_name = ""
    Console(highlight=False, markup=False).print(table)


def number_text(value: float | None) -> str:
    """Return a number with about four digits that count."""
    if value is None:
        return UNKNOWN
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"
