"""Whether standard output shows colours and blocks, and how wide it is."""

import os
import shutil
import sys

import click

from obctl.client.ladder import FULL
from orderbook import Side

COLOURS = {Side.BID: "green", Side.ASK: "red"}


def shows_colours() -> bool:
    """Return whether to colour: on a terminal that can, where nobody asked for none (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def shows_blocks() -> bool:
    """Return whether the encoding of standard output has the characters of bars."""
    try:
        FULL.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def width() -> int:
    """Return the characters of a line."""
    return shutil.get_terminal_size().columns


def print_coloured(text: str, side: Side | None) -> None:
    """Print a line in the colour of its side."""
    if side and shows_colours():
        text = click.style(text, fg=COLOURS[side])
    click.echo(text, color=True)
