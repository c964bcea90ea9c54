"""What a noise trader goes by."""

from dataclasses import dataclass
from fractions import Fraction

from agents.strategies.settings import SettingsError, check_ranges, setting

NS_PER_SECOND = 1_000_000_000
ACTIONS_PER_SECOND_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class NoiseTraderSettings:
    """The settings of a noise trader; raise SettingsError for what cannot be."""

    actions_per_second: Fraction = setting(Fraction(10), "Orders and cancels a second, on average.")
    reference_price: int = setting(100_000, "The price to begin around, in ticks.", minimum=1, maximum=2**62)
    walk_ticks: int = setting(1, "By how many ticks the reference price may move with an action.", maximum=2**32)
    depth_ticks: int = setting(25, "How far from the middle its prices lie, at most.", minimum=1, maximum=2**32)
    quantity_max: int = setting(10, "Lots per order, at most.", minimum=1, maximum=2**32)
    open_orders_max: int = setting(10, "Orders that it leaves in the book, at most.", minimum=1, maximum=10_000)
    taker_percent: int = setting(15, "Of its actions, how many are market or ioc orders.", maximum=100)
    cancel_percent: int = setting(35, "Of its actions, how many are cancels.", maximum=100)
    seed: int = setting(0, "What its chances are drawn from.")

    def __post_init__(self) -> None:
        check_ranges(self)
        if not 0 < self.actions_per_second <= ACTIONS_PER_SECOND_MAX:
            raise SettingsError("actions_per_second", f"must be above 0, and {ACTIONS_PER_SECOND_MAX} at most")
        if self.taker_percent + self.cancel_percent > 100:
            raise SettingsError("cancel_percent", "and taker_percent are more than 100 together")

    @property
    def pause_ns(self) -> int:
        """Nanoseconds from one action to the next, on average."""
        return int(NS_PER_SECOND / self.actions_per_second)
