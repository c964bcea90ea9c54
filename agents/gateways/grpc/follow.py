"""Keeping a replica of a book true to a server, over gaps, lost connections and restarts."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Never

from agents.errors import ServerBusy, ServerUnavailable
from agents.gateways.grpc.client import GrpcOrderBookClient, Stream
from agents.gateways.grpc.events import MarketEvent, UnknownEvent
from agents.replica import BookReplica, SequenceGap
from agents.runner.backoff import Backoff
from orderbook import SequenceGone


class _Follower:
    """Subscribes, again and again. `newest` is the last event that was seen: by it a server is known again."""

    def __init__(
        self,
        client: GrpcOrderBookClient,
        replica: BookReplica,
        on_event: Callable[[MarketEvent], object] | None,
        on_stands: Callable[[], object] | None,
        backoff: Backoff,
    ) -> None:
        self._client = client
        self._replica = replica
        self._on_event = on_event
        self._on_stands = on_stands
        self._backoff = backoff
        self._symbol = ""
        self._newest: MarketEvent | None = None

    async def follow(self) -> None:
        """Follow until the feed ends; raise what ends it."""
        if self._newest is None or not self._replica.is_ready:
            await self._begin()
        else:
            await self._resume(self._newest)

    async def _begin(self) -> None:
        """Take a snapshot, of which the subscription tells what comes after it."""
        self._newest = None
        async with self._client.stream_events() as events:
            symbol = self._replica.symbol or self._client.symbol
            self._symbol = symbol or (await self._client.instruments())[0].symbol
            self._replica.load(await self._client.snapshot(symbol=symbol))
            await self._read(events)

    async def _resume(self, newest: MarketEvent) -> None:
        """Go on behind what is known, where the server is the one that told it: it tells the last event once more."""
        with closing(self._client.stream_events(newest.event.sequence - 1)) as events:
            try:
                async with asyncio.timeout(self._client.timeout_s):
                    is_known = await anext(events, None) == newest
            except TimeoutError:
                is_known = False
            if not is_known:
                raise SequenceGap("the server is another one, or began anew")
            await self._read(events)

    async def _read(self, events: Stream[MarketEvent]) -> None:
        self._backoff.reset()
        if self._on_stands is not None:
            self._on_stands()
        async for market_event in events:
            event = market_event.event
            is_news = event.sequence > self._replica.sequence
            if market_event.symbol != self._symbol or isinstance(event, UnknownEvent):
                self._replica.skip(event.sequence)
            else:
                self._replica.apply(event)
                if is_news and self._on_event is not None:
                    self._on_event(market_event)
            self._newest = market_event
        raise ServerUnavailable(f"the feed ended ({self._client.name})")


async def follow_book(
    client: GrpcOrderBookClient,
    replica: BookReplica,
    *,
    on_event: Callable[[MarketEvent], object] | None = None,
    on_stands: Callable[[], object] | None = None,
    on_lost: Callable[[Exception, float], object] | None = None,
    backoff: Backoff,
) -> Never:
    """Keep a replica true, for ever: subscribe, take a snapshot, apply the events behind it.

    When the feed ends, it is asked for again behind the last event, so that none is missed; where that cannot be had,
    or the server began anew, there is a new snapshot, and what happened between is in it alone. on_event: told of each
    event of the replica's instrument, when the replica contains it; on_stands: that the replica is true, and events
    follow; on_lost: why they do not, and in how many seconds they are asked for again. Raise what trying again does
    not mend: NotPermitted, UnknownSymbol and the like.
    """
    follower = _Follower(client, replica, on_event, on_stands, backoff)
    while True:
        lost: Exception
        try:
            await follower.follow()
        except (SequenceGap, SequenceGone) as error:
            replica.is_ready = False
            lost = error
        except (ServerBusy, ServerUnavailable) as error:
            lost = error
        delay_s = backoff.next_delay_s()
        if on_lost is not None:
            on_lost(lost, delay_s)
        await asyncio.sleep(delay_s)
