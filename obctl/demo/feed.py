"""The market as its feed over gRPC tells it: a copy of the book, the latest trades, and sums."""

import asyncio
from collections import deque
from fractions import Fraction

from agents.replica import BookReplica
from obctl.demo.picture import Market, ShownTrade
from orderbook import BookSnapshot, EngineEvent, Trade

TRADES_KEPT = 200  # more than the rows of any terminal
LEVELS_SHOWN = 100  # the same


class Feed:
    """What a follower of one instrument knows. `on_event` is told of each event, after the replica has it."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.replica = BookReplica(symbol)
        self.event_count = self.trade_count = self.volume = self.value = 0
        self._trades: deque[ShownTrade] = deque(maxlen=TRADES_KEPT)
        self._news = asyncio.Event()

    def on_event(self, event: EngineEvent) -> None:
        """Count an event."""
        self.event_count += 1
        if isinstance(event, Trade):
            self.trade_count += 1
            self.volume += event.quantity
            self.value += event.quantity * event.price
            self._trades.appendleft(ShownTrade(event.timestamp, event.taker_side, event.price, event.quantity))
        self._news.set()

    async def book_at(self, sequence: int) -> BookSnapshot:
        """Wait for the events up to a number; return the book as it is then."""
        ...

    def market(self) -> Market:
        """Return what is known now."""
        bids, asks = self.replica.depth(LEVELS_SHOWN)[:2]
        return Market(
            symbol=self.symbol,
            bids=bids,
            asks=asks,
            trades=tuple(self._trades),
            trade_count=self.trade_count,
            volume=self.volume,
            value=self.value,
            event_count=self.event_count,
            mark=self._mark(bids, asks),
        )
