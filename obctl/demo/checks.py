"""Whether what clients know is what the engine knows: a demo that shows something else must not end well."""

import asyncio
from collections.abc import Iterable

from obctl.demo.feed import Feed
from obctl.demo.picture import Standing
from obctl.demo.summary import BookCheck
from obctl.demo.traders import Trader
from orderbook import BookSnapshot, Exchange, OrderBook

CATCH_UP_SECONDS = 5.0


class Differs(Exception):
    """What the feed or an agent knows is not what the engine knows."""


async def check_book(exchange: Exchange, feed: Feed) -> BookCheck:
    """Hold the feed's copy of the book against the engine's as it is now, queue by queue; raise Differs.

    Trade may go on meanwhile: the copies compared are those after the same event.
    """
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS):
            engine, copy = await same_moment(exchange.market(feed.symbol).order_book, feed)
    except TimeoutError:
        raise Differs(f"the feed did not come to where the engine is within {CATCH_UP_SECONDS:g} seconds") from None
    if copy != engine:
        raise Differs(f"the book that the feed tells is not the engine's after event {engine.sequence:,}")
    orders = sum(len(level.orders) for level in (*engine.bids, *engine.asks))
    return BookCheck(engine.sequence, orders)


async def same_moment(book: OrderBook, feed: Feed) -> tuple[BookSnapshot, BookSnapshot]:
    """Return the engine's book, and the feed's copy after the same event; a feed that begins anew may skip it."""
    while True:
        engine = book.snapshot()
        copy = await feed.book_at(engine.sequence)
        if copy.sequence == engine.sequence:
            return engine, copy


def check_tallies(traders: Iterable[Trader], standings: Iterable[Standing]) -> None:
    """Hold what agents heard of their trades against what the exchange has written down; raise Differs."""
    for trader, standing in zip(traders, standings, strict=True):
        tally = trader.tally
        heard = (tally.fills.total(), tally.inventory, tally.cash)
        written = (standing.fills, standing.inventory, standing.cash)
        if heard != written:
            raise Differs(f"{trader.name} knows of fills, inventory, cash {heard}; they are {written}")
