"""The options of what is played: how fast."""

from math import inf
from typing import Any

import click

SLOWEST, FASTEST = 0.001, 10_000
MAX = "max"


class PlaybackOption(click.Option):
    """An option that help lists apart: it says what is played, and how."""

    group = "Playback"


class Speed(click.ParamType):  # type: ignore[type-arg]
    """How many times as fast as it was: 10x, 0.5x, or max."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, inf for max."""
        text = str(value).strip().lower()
        if text == MAX:
            return inf
        try:
            speed = float(text.removesuffix("x").removesuffix("×"))
        except ValueError:
            speed = 0.0
        if not SLOWEST <= speed <= FASTEST:
            self.fail(f"{value!r} is no speed: {SLOWEST}x to {FASTEST}x, or {MAX}.", param, ctx)
        return speed


speed_option = click.option(
    "--speed",
    type=Speed(),
    default="1x",
    show_default=True,
    metavar="N",
    cls=PlaybackOption,
    help="How fast it is played: 10x is ten times as fast as it was, max as fast as it goes.",
)
