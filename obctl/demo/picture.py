"""What is to be seen of the demo at one moment: plain data, from which the view and the lines are made."""

from dataclasses import dataclass
from fractions import Fraction

from obctl.client.market import Market


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trader stands: lots bought less lots sold, what that left in ticks × lots, and its orders so far."""

    name: str
    account_id: int
    orders: int
    refused: int
    fills: int
    inventory: int
    cash: int

    def profit(self, mark: Fraction | None) -> Fraction:
        """Return profit and loss in ticks × lots, the inventory valued at `mark`; None where nothing has a price."""
        return self.cash + self.inventory * (mark or Fraction(0))


@dataclass(frozen=True, slots=True)
class Picture:
    """The market and its traders. hints: what to try beside it; note: the last warning of the log, or nothing."""

    market: Market
    agents: tuple[Standing, ...]
    noise: tuple[Standing, ...]
    elapsed_s: float
    events_per_second: float
    hints: tuple[str, ...]
    note: str = ""
