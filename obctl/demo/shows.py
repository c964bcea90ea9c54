"""Ways to show what happens: over the whole terminal, or a line a second, or not at all."""

import io
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol, TextIO

import click
from rich.console import Console
from rich.live import Live

from obctl.client.words import NONE
from obctl.demo.picture import Picture
from obctl.demo.view import View
from obctl.demo.words import level_text, signed_text, together


class Show(Protocol):
    """Shows pictures. period_s: seconds from one to the next. log: where logs go."""

    period_s: float
    log: TextIO

    def announce(self, line: str) -> None:
        """Say something before the first picture."""

    def begin(self, hints: Iterable[str]) -> None:
        """Take the terminal. hints: what can be tried beside it."""

    def draw(self, picture: Picture) -> None:
        """Show a picture. It may have to wait for the terminal, and so is called in a thread."""

    def end(self) -> None:
        """Give the terminal back, if it was taken."""


class Screen:
    """The live view. What is logged meanwhile is held back until the terminal is free, and its last line shown."""

    period_s = 0.25

    def __init__(self) -> None:
        self._held = io.StringIO()
        self._live: Live | None = None
        self.log: TextIO = self._held

    def announce(self, line: str) -> None:
        """Print a line, which is there again when the view has gone."""
        click.echo(line)

    def begin(self, hints: Iterable[str]) -> None:
        """Open the view, which shows the hints."""
        self._live = Live(console=Console(highlight=False), screen=True, auto_refresh=False)
        self._live.start()

    def draw(self, picture: Picture) -> None:
        """Draw the view."""
        assert self._live is not None
        held = self._held.getvalue().rstrip().splitlines()
        self._live.update(View(replace(picture, note=held[-1] if held else "")), refresh=True)

    def end(self) -> None:
        """Close the view, and print what was held back."""
        if self._live is not None:
            self._live.stop()
        click.echo(self._held.getvalue(), nl=False, err=True)


class Lines:
    """A line for each picture, for pipes and files."""

    period_s = 1.0

    def __init__(self) -> None:
        self.log: TextIO = sys.stderr

    def announce(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)

    def begin(self, hints: Iterable[str]) -> None:
        """Print the hints."""
        self.announce("try  " + "   ".join(hints))

    def draw(self, picture: Picture) -> None:
        """Print a line."""
        print(line_of(picture), flush=True)

    def end(self) -> None:
        """Nothing was taken."""


class Nothing:
    """No pictures: standard output is for the summary alone. What must be said goes to standard error."""

    period_s = 1.0

    def __init__(self) -> None:
        self.log: TextIO = sys.stderr

    def announce(self, line: str) -> None:
        """Print a line on standard error."""
        click.echo(line, err=True)

    def begin(self, hints: Iterable[str]) -> None:
        """Nothing is to be taken, or said."""

    def draw(self, picture: Picture) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Nothing was taken."""


def choose_show(*, as_json: bool) -> Show:
    """Return the way that suits standard output."""
    if as_json:
        return Nothing()
    return Screen() if sys.stdout.isatty() and not Console().is_dumb_terminal else Lines()


def line_of(picture: Picture) -> str:
    """Return a picture as one line: time, best prices, last trade, trades, positions."""
    market = picture.market
    last = f"{market.trades[0].quantity:,} at {market.trades[0].price:,}" if market.trades else NONE
    parts = [
        time.strftime("%H:%M:%S"),
        f"bid {level_text(market.best_bid)}",
        f"ask {level_text(market.best_ask)}",
        f"last {last}",
        f"trades {market.trade_count:,}",
    ]
    standings = [*picture.agents, *([together("noise", picture.noise)] if picture.noise else [])]
    return "  ".join([*parts, *(f"{standing.name} {signed_text(standing.inventory)}" for standing in standings)])
