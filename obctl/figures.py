"""Figures as people read them: a name and a text on each line, coloured on a terminal only."""

import sys
from collections.abc import Iterable

import click

NAME_WIDTH = 11  # of the first column


def print_figures(figures: Iterable[tuple[str, str]]) -> None:
    """Print pairs of a name and a text: folded and in colour on a terminal, one line each elsewhere."""
    figures = list(figures)
    if not sys.stdout.isatty():
        for name, text in figures:
            click.echo(f"{name:<{NAME_WIDTH}} {text}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", min_width=NAME_WIDTH)
    table.add_column(overflow="fold")
    for name, text in figures:
        table.add_row(name, text)
    Console(highlight=False, markup=False).print(table)
