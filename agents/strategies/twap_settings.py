"""What a TWAP goes by."""

from dataclasses import dataclass

from agents.strategies.settings import NS_PER_MILLI, SettingsError, check_ranges, setting
from orderbook import OrderType, Side

SLICES_MAX = 100_000  # a schedule is made of all of them at once


@dataclass(frozen=True, slots=True)
class TwapSettings:
    """The settings of a TWAP; raise SettingsError for what cannot be."""

    side: Side = setting(Side.BID, "Buy (bid) or sell (ask).")
    order_type: OrderType = setting(OrderType.LIMIT, "The type of the slices' orders.")
    price: int | None = setting(None, "The limit of every slice, in ticks; needed unless the type is market.")
    total_quantity: int = setting(1_000, "Lots to trade in a cycle.", minimum=1)
    slices: int = setting(5, "Into how many orders the total is cut.", minimum=1, maximum=SLICES_MAX)
    slice_interval_millis: int = setting(1_000, "Milliseconds from one slice to the next.", minimum=1)
    cycle_pause_millis: int = setting(5_000, "Milliseconds from the end of a cycle to the next.")
    once: bool = setting(False, "Leave after one cycle.")
    time_jitter_percent: int = setting(0, "Send each slice later, by up to this part of its interval.", maximum=100)
    size_jitter_percent: int = setting(0, "Vary the slices' sizes by up to this part; the total stays.", maximum=100)
    seed: int = setting(0, "What the jitter is drawn from.")

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.price is None and self.order_type != OrderType.MARKET:
            raise SettingsError("price", f"is needed for {self.order_type.name.lower()} orders")

    @property
    def slice_quantity(self) -> int:
        """Lots of every slice but the last: the total by the slices, rounded up."""
        return -(-self.total_quantity // self.slices)

    @property
    def slice_count(self) -> int:
        """How many slices there are: fewer than asked for where rounding up uses the total up before."""
        return -(-self.total_quantity // self.slice_quantity)

    @property
    def slice_interval_ns(self) -> int:
        """Nanoseconds from one slice to the next."""
        return self.slice_interval_millis * NS_PER_MILLI

    @property
    def cycle_pause_ns(self) -> int:
        """Nanoseconds between cycles."""
        return self.cycle_pause_millis * NS_PER_MILLI
