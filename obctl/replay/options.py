"""What the commands that read files of order flow share: where rows come from, and how they are to be read."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class PositiveDecimal(click.ParamType):  # type: ignore[type-arg]
    """A decimal number above 0, kept exactly."""

    name = "decimal"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the number."""
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal(0)
        if not number.is_finite() or number <= 0:
            self.fail(f"{value!r} is not a decimal number above 0.", param, ctx)
        return number


INPUT = click.Path(allow_dash=True)  # whether it can be read is found out, and told, by who reads it


def input_options(cls: type[click.Option] = click.Option) -> Decorator:
    """Give a command the options that say how files of order flow are read; `cls` is what they are made as."""
    options = (
        click.option(
            "--format",
            type=click.Choice(["csv", "lobster", "bin"]),
            help="The files' format, if it is not to be recognised by content and name.",
            cls=cls,
        ),
        click.option(
            "--mode",
            type=click.Choice(["match", "book"]),
            help="match: rows are orders sent to the matching engine. book: rows are what an exchange reported, "
            "applied without matching. By default book for LOBSTER files, match for others.",
            cls=cls,
        ),
        click.option(
            "--tick-size",
            type=PositiveDecimal(),
            help="CSV: the price of one tick, such as 0.01; prices in the file must be multiples. By default prices "
            "are whole ticks.",
            cls=cls,
        ),
        click.option(
            "--lot-size",
            type=PositiveDecimal(),
            help="CSV: the size of one lot, such as 0.001. By default quantities are whole lots.",
            cls=cls,
        ),
        click.option(
            "--time-unit",
            type=click.Choice(["auto", "s", "ms", "us", "ns"]),
            default="auto",
            show_default=True,
            help="CSV: the unit of times that are plain numbers; auto: whole numbers are nanoseconds, decimals "
            "seconds.",
            cls=cls,
        ),
        click.option(
            "--seed-book",
            type=INPUT,
            metavar="FILE",
            multiple=True,
            help="LOBSTER: the order book file to begin with and to adopt levels from. By default the one beside FILE "
            "with _orderbook_ for _message_ in its name, if there is one. Once per FILE.",
            cls=cls,
        ),
        click.option(
            "--on-error",
            type=click.Choice(["stop", "skip"]),
            default="stop",
            show_default=True,
            help="A wrong row: stop with exit status 1 and write no file, or skip and count it.",
            cls=cls,
        ),
    )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
