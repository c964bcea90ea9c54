"""The market as people look at it: the best levels, the latest trades, bars and sums, from the events as they come."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol, TypedDict

from obctl.client.words import NS_PER_SECOND
from orderbook import LevelDepth, Side, Trade

TRADES_KEPT = 500  # more than the rows of any terminal
BARS_KEPT = 3_600  # an hour in which each second has trades

Level = LevelDepth | None


@dataclass(frozen=True, slots=True)
class ShownTrade:
    """A trade. time_ns: since 1970; side: the taker's."""

    time_ns: int
    side: Side
    price: int
    quantity: int


class PriceBar(NamedTuple):
    """The trades of one second. second: since 1970; open to close: ticks; volume: lots."""

    second: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One instrument at one moment. bids, asks: best first; trades: the newest first; the sums: since it is followed.

    value: the sum of price × quantity in ticks × lots; event_count: events of this instrument.
    """

    symbol: str
    bids: tuple[LevelDepth, ...] = ()
    asks: tuple[LevelDepth, ...] = ()
    trades: tuple[ShownTrade, ...] = ()
    trade_count: int = 0
    volume: int = 0
    value: int = 0
    event_count: int = 0

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
    def mid(self) -> Fraction | None:
        """The middle of the best prices in ticks, None where a side is empty."""
        return Fraction(self.bids[0].price + self.asks[0].price, 2) if self.bids and self.asks else None

    @property
    def mark(self) -> Fraction | None:
        """What a lot is worth: between the best prices, else what was paid last, if anything was."""
        if self.mid is not None:
            return self.mid
        return Fraction(self.trades[0].price) if self.trades else None

    @property
    def vwap(self) -> Fraction | None:
        """The volume-weighted average price, in ticks."""
        return Fraction(self.value, self.volume) if self.volume else None


class Figures(TypedDict):
    """The fields of a Market that a Tally knows."""

    trades: tuple[ShownTrade, ...]
    trade_count: int
    volume: int
    value: int
    event_count: int


class Stamped(Protocol):
    """An event. timestamp: nanoseconds since 1970."""

    @property
    def timestamp(self) -> int:
        """When it happened."""


class Tally:
    """Counts the events of one instrument, and keeps its latest trades and bars. time_ns: of the last event."""

    def __init__(self) -> None:
        self.event_count = self.trade_count = self.volume = self.value = 0
        self.time_ns: int | None = None
        self._trades: deque[ShownTrade] = deque(maxlen=TRADES_KEPT)
        self._bars: deque[PriceBar] = deque(maxlen=BARS_KEPT)

    def add(self, event: Stamped) -> None:
        """Take in the next event."""
        self.event_count += 1
        self.time_ns = event.timestamp
        if isinstance(event, Trade):
            self.add_trade(ShownTrade(event.timestamp, event.taker_side, event.price, event.quantity))

    def add_trade(self, trade: ShownTrade) -> None:
        """Take in the next trade, which is no event by itself."""
        price, quantity = trade.price, trade.quantity
        self.trade_count += 1
        self.volume += quantity
        self.value += quantity * price
        self._trades.appendleft(trade)
        second = trade.time_ns // NS_PER_SECOND
        if self._bars and self._bars[-1].second == second:
            _, first, high, low, _, volume, trades = self._bars[-1]
            bar = PriceBar(second, first, max(high, price), min(low, price), price, volume + quantity, trades + 1)
            self._bars[-1] = bar
        else:
            self._bars.append(PriceBar(second, price, price, price, price, quantity, 1))

    def figures(self) -> Figures:
        """Return the latest trades, and the sums."""
        return {
            "trades": tuple(self._trades),
            "trade_count": self.trade_count,
            "volume": self.volume,
            "value": self.value,
            "event_count": self.event_count,
        }

    @property
    def bars(self) -> tuple[PriceBar, ...]:
        """The latest seconds that had trades, the oldest first."""
        return tuple(self._bars)
