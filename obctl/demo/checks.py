"""Whether what clients know is what the engine knows: a demo that shows something else must not end well."""

import asyncio
from collections.abc import Iterable

from obctl.demo.feed import Feed
from obctl.demo.picture import Standing
from obctl.demo.summary import BookCheck
from obctl.demo.traders import Trader
from orderbook import Exchange

CATCH_UP_SECONDS = 5.0


class Differs(Exception):
    """What the feed or an agent knows is not what the engine knows."""


async def check_book(exchange: Exchange, feed: Feed) -> BookCheck:
    """Hold the feed's copy of the book against the engine's as it is now, queue by queue; raise Differs.

    Trade may go on meanwhile: the copies compared are those after the same event.
    """
    while True:
        engine = exchange.market(feed.symbol).order_book.snapshot()
        try:
            copy = await asyncio.wait_for(feed.book_at(engine.sequence), CATCH_UP_SECONDS)
        except TimeoutError:
            raise Differs(f"event {engine.sequence:,} did not reach the feed within {CATCH_UP_SECONDS:g} s") from None
        if copy.sequence == engine.sequence:
            break
    if copy != engine:
        raise Differs(f"the book that the feed tells is not the engine's after event {engine.sequence:,}")
    orders = sum(len(level.orders) for level in (*engine.bids, *engine.asks))
    return BookCheck(engine.sequence, orders)


def check_tallies(traders: Iterable[Trader], standings: Iterable[Standing]) -> None:
    """Hold what agents heard of their trades against what the exchange has written down; raise Differs."""
    for trader, standing in zip(traders, standings, strict=True):
        tally = trader.tally
        heard = (tally.fills.total(), tally.inventory, tally.cash)
        written = (standing.fills, standing.inventory, standing.cash)
        if heard != written:
            raise Differs(f"{trader.name} knows of fills, inventory, cash {heard}; they are {written}")
