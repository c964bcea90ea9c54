"""MarketFeed: who watches an instrument gets its book and trades, and then what of them has changed.

However much happens, an instrument is looked at once in UPDATE_SECONDS, for all who watch it; after a quiet time at
once, and once a second if nothing happens, so that silence means that something is wrong. What was seen leaves when it
is durable.

A text is handed to one subscriber per turn of the event loop: to send it takes longer than to carry out a command, and
those who trade are not to wait until the last of a hundred watchers has it. The next look stands in the same queue, so
that where very many watch they are told less often, and nothing piles up.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from orderbook_server.market.tape import Tape
from orderbook_server.market.window import Window
from orderbook_server.metrics.levels import level_counts
from orderbook_server.protocol import feed as messages
from orderbook_server.protocol.desk import Desk
from orderbook_server.sequencer.release import Release, wake

UPDATE_SECONDS = 1 / 30  # from one look to the next
QUIET_SECONDS = 1.0  # then an update says that nothing happened
UNWATCHED_SECONDS = 1.0  # from one reading of the trades to the next, while nobody watches
TEXTS_MAX = 64  # waiting for a subscriber
TRADES_IN_SNAPSHOT = 500
TRADES_IN_UPDATE = 200


class Subscriber:
    """Somebody who watches an instrument, and what waits for them.

    channel: the instrument, None for none. sequence: the last event in what they have taken.
    """

    def __init__(self) -> None:
        self.sequence = 0
        self.channel: Channel | None = None
        self._texts: deque[tuple[int, str]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._begun = False  # the snapshot of the channel is there: updates go on from it
        self._behind = False  # texts were dropped: a snapshot is to come

    async def next(self) -> str:
        """Return the next text, once there is one."""
        while not self._texts:
            if self._behind and self.channel is not None:
                self.channel.join(self)  # there is room again
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        self.sequence, text = self._texts.popleft()
        return text

    def begin(self, channel: "Channel", sequence: int, text: str) -> None:
        """Take a snapshot, in the place of all that waits."""
        if self.channel is channel:
            self._begun, self._behind = True, False
            self._texts.clear()
            self._put(sequence, text)

    def go_on(self, channel: "Channel", sequence: int, text: str) -> None:
        """Take an update; where too much waits, drop it all: a snapshot will take its place."""
        if self.channel is not channel or not self._begun or self._behind:
            return
        if len(self._texts) < TEXTS_MAX:
            self._put(sequence, text)
        else:
            self._texts.clear()
            self._behind = True

    def watch(self, channel: "Channel | None") -> None:
        """Watch an instrument instead of the one before, of which nothing more is told; None: none."""
        if self.channel is not None:
            self.channel.subscribers.discard(self)
        self.channel = channel
        self._texts.clear()
        self._begun = self._behind = False

    def _put(self, sequence: int, text: str) -> None:
        self._texts.append((sequence, text))
        if self._waiter is not None:
            wake(self._waiter)


class Deliveries:
    """Calls that are made in order, one per turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()

    def add(self, function: Callable[..., object], *arguments: Any) -> None:
        """Have a function called behind those that were added before."""
        if not self._calls:
            self._loop.call_soon(self._next)
        self._calls.append((function, arguments))

    def clear(self) -> None:
        """Forget what has not been called."""
        self._calls.clear()

    def _next(self) -> None:
        if not self._calls:
            return
        function, arguments = self._calls.popleft()
        if self._calls:
            self._loop.call_soon(self._next)
        function(*arguments)


class Channel:
    """An instrument that is watched: what its subscribers know of it. sequence: the last event in that.

    A snapshot is made of the window and the tape, which must stand at the same place. But the tape is everybody's, and
    goes on whenever somebody reads it. So who comes when it is ahead waits for the next look.
    """

    def __init__(self, feed: "MarketFeed", instrument: int) -> None:
        self.subscribers: set[Subscriber] = set()
        self.sequence = 0
        self._feed = feed
        self._instrument = instrument
        self._symbol = feed.desk.symbols[instrument]
        self._market = feed.desk.market(self._symbol)
        self._window = Window(self._market.order_book)
        self._bars = messages.BarTexts()
        self._second = 0  # of the newest bar at the last look: trades since then have changed that one, or made others
        self._snapshot = ""  # as of `sequence`, "" until somebody asks for it
        self._looked_at = 0.0  # by the loop's clock
        self._waiting: list[Subscriber] = []  # for the next look
        self._joining = 0  # subscribers whose snapshot is not released yet
        self._moment = self._now()

    @property
    def is_watched(self) -> bool:
        """Tell whether there is anybody to be told."""
        return bool(self.subscribers or self._joining or self._waiting)

    def join(self, subscriber: Subscriber) -> None:
        """Send a snapshot to a subscriber, and what comes after it. Who asks again and again gets the same one."""
        self._feed.tape.advance()
        if not self.is_watched and self._silent_for(UPDATE_SECONDS):
            self._look()
        if self._is_behind():
            self._waiting.append(subscriber)
        else:
            self._welcome(subscriber)

    def tell(self) -> None:
        """Tell the subscribers what has changed since the last time; if nothing has, after a quiet time only."""
        if self._is_behind() or self._silent_for(QUIET_SECONDS):
            self._look()

    def _is_behind(self) -> bool:
        """Tell whether the tape knows of something that the window does not."""
        return self._feed.tape.last_sequence(self._instrument) > self.sequence

    def _silent_for(self, seconds: float) -> bool:
        return self._feed.loop.time() - self._looked_at >= seconds

    def _look(self) -> None:
        """Look at the instrument, where the tape is now, and tell the subscribers."""
        before = self._moment
        self._moment = self._now()
        self.sequence, self._looked_at, self._snapshot = self._moment.sequence, self._feed.loop.time(), ""
        bids, asks = self._window.refresh()
        bars = self._feed.tape.bars_of(self._instrument, self._second)
        self._second = bars[-1][0] if bars else 0
        if self.is_watched:
            trades = self._feed.tape.trades(self._instrument, before.sequence, TRADES_IN_UPDATE)
            skipped = self._moment.totals.trades - before.totals.trades - len(trades)
            text = messages.update(self._moment, before.sequence, bids, asks, trades, skipped, bars if trades else ())
            self._feed.release.call(self._pass_on, self.sequence, text)
        waiting, self._waiting = self._waiting, []
        for subscriber in waiting:
            self._welcome(subscriber)

    def _welcome(self, subscriber: Subscriber) -> None:
        """Send a snapshot as of the last look."""
        if not self._snapshot:
            tape = self._feed.tape
            trades = tape.trades(self._instrument, limit=TRADES_IN_SNAPSHOT)
            bars = self._bars.rows(tape.bars_of(self._instrument))
            self._snapshot = messages.snapshot(self._moment, *self._window.levels(), trades, bars)
        self._joining += 1
        self._feed.release.call(self._admit, subscriber, self.sequence, self._snapshot)

    def _now(self) -> messages.Moment:
        sequence, book = self._feed.desk.exchange.last_sequence, self._market.order_book
        totals = messages.Totals(sequence, *self._feed.tape.totals(self._instrument), *level_counts(book), len(book))
        return messages.Moment(self._symbol, sequence, time.time_ns(), self._market.halted, totals)

    def _admit(self, subscriber: Subscriber, sequence: int, text: str) -> None:
        """Begin to tell a subscriber, who may have turned away meanwhile."""
        self._joining -= 1
        if subscriber.channel is self:
            self.subscribers.add(subscriber)
            subscriber.sequence = sequence
            self._feed.deliveries.add(subscriber.begin, self, sequence, text)

    def _pass_on(self, sequence: int, text: str) -> None:
        for subscriber in self.subscribers:
            self._feed.deliveries.add(subscriber.go_on, self, sequence, text)


class MarketFeed:
    """Tells subscribers of the markets of an exchange. tape: the trades, as far as anybody has read them."""

    def __init__(self, desk: Desk, release: Release, loop: asyncio.AbstractEventLoop) -> None:
        self.desk = desk
        self.release = release
        self.loop = loop
        self.tape = Tape(desk.sequencer)
        self.deliveries = Deliveries(loop)
        self._channels: dict[int, Channel] = {}
        self._looked_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._is_due = False  # the timer has run out, and the look is behind what is delivered
        self._soon = False  # there is a look as soon as may be
        desk.sequencer.listeners.append(self._on_news)
        self._on_news()  # what was recovered

    def subscribe(self, subscriber: Subscriber, symbol: str) -> None:
        """Have a subscriber watch an instrument, "" being the first: a snapshot comes next. Raise UnknownSymbol."""
        instrument = self.desk.position(symbol)
        channel = self._channels.get(instrument)
        if channel is None:
            channel = self._channels[instrument] = Channel(self, instrument)
        subscriber.watch(channel)
        channel.join(subscriber)
        self._schedule(UPDATE_SECONDS)

    def look(self) -> None:
        """Read what has happened, and tell those who watch."""
        self._looked_at = self.loop.time()
        self.tape.advance()
        for channel in self._watched():
            channel.tell()

    def lags(self) -> list[int]:
        """Return how many events each subscriber is behind."""
        last = self.desk.exchange.last_sequence
        return [last - subscriber.sequence for channel in self._channels.values() for subscriber in channel.subscribers]

    def close(self) -> None:
        """Tell nobody any more; harmless when that is so already."""
        if self._on_news in self.desk.sequencer.listeners:
            self.desk.sequencer.listeners.remove(self._on_news)
        if self._timer is not None:
            self._timer.cancel()
        self.deliveries.clear()

    def _watched(self) -> list[Channel]:
        return [channel for channel in self._channels.values() if channel.is_watched]

    def _on_news(self) -> None:
        """See to it that there is a look soon. The sequencer calls it after commands that made events."""
        if not self._soon:
            wait = self._looked_at + UPDATE_SECONDS - self.loop.time()
            self._schedule(max(0.0, wait) if self._watched() else UNWATCHED_SECONDS)
            self._soon = True

    def _schedule(self, seconds: float) -> None:
        """See to it that there is a look in so many seconds, or sooner."""
        due = self.loop.time() + seconds
        if self._is_due or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_due = self.loop.call_at(due, self._on_time), due

    def _on_time(self) -> None:
        self._timer = None
        self._is_due = self._soon = True
        self.deliveries.add(self._on_turn)

    def _on_turn(self) -> None:
        self._is_due = self._soon = False
        self.look()
        if self._watched():
            self._schedule(QUIET_SECONDS)
