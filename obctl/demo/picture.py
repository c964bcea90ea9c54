"""What is to be seen of the demo at one moment: plain data, from which the view and the lines are made."""

from dataclasses import dataclass
from fractions import Fraction

from orderbook import LevelDepth, Side

Level = LevelDepth | None


@dataclass(frozen=True, slots=True)
class ShownTrade:
    """A trade. time_ns: since 1970; side: the taker's."""

    time_ns: int
    side: Side
    price: int
    quantity: int


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
class Market:
    """What the market did, as its feed told it. trades: the newest first; mark: what a lot is worth now."""

    symbol: str
    bids: tuple[LevelDepth, ...]
    asks: tuple[LevelDepth, ...]
    trades: tuple[ShownTrade, ...]
    trade_count: int
    volume: int
    value: int
    event_count: int
    mark: Fraction | None

    @property
    def best_bid(self) -> Level:
        """The best bid level."""
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> Level:
        """The best ask level."""
        return self.asks[0] if self.asks else None

    @property
    def spread(self) -> int | None:
        """The ticks between the best prices, None where a side is empty."""
        return self.asks[0].price - self.bids[0].price if self.bids and self.asks else None

    @property
    def vwap(self) -> Fraction | None:
        """The volume-weighted average price, in ticks."""
        return Fraction(self.value, self.volume) if self.volume else None


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
