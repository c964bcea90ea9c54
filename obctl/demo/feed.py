"""The market as its feed over gRPC tells it: a copy of the book, the latest trades, and sums."""

import asyncio

from agents.gateways.grpc import MarketEvent
from agents.replica import BookReplica
from obctl.client.market import Market, Tally
from orderbook import BookSnapshot

LEVELS_SHOWN = 100  # more than the rows of any terminal
POLL_S = 0.01


class Feed:
    """What a follower of one instrument knows. `on_event` is to be told of each event once the replica has it."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.replica = BookReplica(symbol)
        self._tally = Tally()
        self._wanted: tuple[int, asyncio.Future[BookSnapshot]] | None = None  # a number; the book after it

    @property
    def event_count(self) -> int:
        """How many events there were."""
        return self._tally.event_count

    async def stands(self) -> None:
        """Wait for the first snapshot, which nothing tells of."""
        while not self.replica.is_ready:
            await asyncio.sleep(POLL_S)

    async def has_prices(self) -> None:
        """Wait until somebody bids, and somebody asks."""
        while not (self.replica.best_bid() and self.replica.best_ask()):
            await asyncio.sleep(POLL_S)

    def on_event(self, market_event: MarketEvent) -> None:
        """Count an event."""
        self._tally.add(market_event.event)
        self._hand_out()

    async def book_at(self, sequence: int) -> BookSnapshot:
        """Return the book after the event of a number, or after a later one where that was skipped."""
        book: asyncio.Future[BookSnapshot] = asyncio.get_running_loop().create_future()
        self._wanted = (sequence, book)
        self._hand_out()
        return await book

    def _hand_out(self) -> None:
        """Give the book to who waits for it."""
        if self._wanted is not None and self.replica.sequence >= self._wanted[0]:
            _, book = self._wanted
            self._wanted = None
            if not book.done():
                book.set_result(self.replica.snapshot())

    def market(self) -> Market:
        """Return what is known now."""
        depth = self.replica.depth(LEVELS_SHOWN)
        return Market(symbol=self.symbol, bids=depth.bids, asks=depth.asks, **self._tally.figures())
