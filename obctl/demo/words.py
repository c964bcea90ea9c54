"""Numbers and times as the demo shows them, in the view, the lines and the summary alike."""

import time
from collections.abc import Iterable
from fractions import Fraction

from obctl.demo.picture import Level, Standing

NONE = "none"
NS_PER_SECOND = 1_000_000_000


def level_text(level: Level) -> str:
    """Return a level as lots at a price."""
    return f"{level.total_quantity:,} at {level.price:,}" if level else NONE


def average_text(price: Fraction | None) -> str:
    """Return an average price in ticks and hundredths of one."""
    return f"{float(price):,.2f}" if price is not None else NONE


def signed_text(lots: int) -> str:
    """Return a position, with its sign."""
    return f"{lots:+,}" if lots else "0"


def clock_text(time_ns: int) -> str:
    """Return a time since 1970 as the clock on the wall shows it."""
    return time.strftime("%H:%M:%S", time.localtime(time_ns // NS_PER_SECOND))


def duration_text(seconds: float) -> str:
    """Return a duration as minutes and seconds."""
    return "{}:{:02}".format(*divmod(round(seconds), 60))


def together(name: str, standings: Iterable[Standing]) -> Standing:
    """Return how several traders stand in all, as one of that name; its account is 0."""
    several = tuple(standings)
    sums = [
        sum(getattr(standing, field) for standing in several)
        for field in ("orders", "refused", "fills", "inventory", "cash")
    ]
    return Standing(name, 0, *sums)
