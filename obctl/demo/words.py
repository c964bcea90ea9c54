"""Numbers and times as the demo shows them, in the view, the lines and the summary alike."""

from collections.abc import Iterable

from obctl.client.market import Level
from obctl.client.words import NONE
from obctl.demo.picture import Standing


def level_text(level: Level) -> str:
    """Return a level as lots at a price."""
    return f"{level.total_quantity:,} at {level.price:,}" if level else NONE


def signed_text(lots: int) -> str:
    """Return a position, with its sign."""
    return f"{lots:+,}" if lots else "0"


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
