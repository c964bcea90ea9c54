"""Numbers as the command line takes them: whole ones of 64 bits, and seconds to wait."""

from typing import Any, NoReturn

import click

SECONDS_MAX = 86_400  # a day is as good as for ever, and no clock of gRPC or of sockets goes round


class Whole(click.ParamType):  # type: ignore[type-arg]
    """A whole number that fits 64 bits: ticks, lots, units, ids, sequence numbers."""

    name = "whole number"

    def __init__(self, minimum: int = 0) -> None:
        self.minimum = minimum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value)
        if not (text.isascii() and text.isdigit()) or len(text) > 20 or not self.minimum <= int(text) < 1 << 64:
            self.fail(f"{text!r} is {self.complaint()}.", param, ctx)
        return int(text)

    def complaint(self) -> str:
        """Return what anything else is."""
        return f"no whole number from {self.minimum} to 2^64-1"


class Seconds(click.ParamType):  # type: ignore[type-arg]
    """A time in seconds, above 0."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        try:
            seconds = float(value)
        except ValueError:
            self.wrong(value, param, ctx)
        return seconds if 0 < seconds <= SECONDS_MAX else self.wrong(value, param, ctx)

    def wrong(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        """Say what would be right."""
        self.fail(f"{str(value)!r} is no number of seconds above 0, up to {SECONDS_MAX}.", param, ctx)
