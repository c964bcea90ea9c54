"""Feeds: who waits is woken once per turn of the loop, and an event is serialised once for all who read it."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc.events import account_event, engine_event
from orderbook_server.sequencer.release import wake

BLOCK_EVENTS = 256  # serialised together, and kept together
BLOCKS_MAX = 64  # kept: the ones that were used last
EXECUTIONS_MAX = 256  # read at once


class Reader(Protocol):
    """A place in a feed."""

    def has_news(self) -> bool:
        """Tell whether there is something behind it."""

    def messages(self) -> Iterator[bytes]:
        """Yield some of the messages that come next, none if there are none; raise SequenceGone."""


class Bell:
    """Wakes whoever waits for news and has some, once per turn of the loop, however many commands brought it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[asyncio.Future[None], Reader] = {}
        self._rung = False

    def ring(self) -> None:
        """Wake those who have news, soon. The sequencer calls it after commands that made events or executions."""
        if self._waiting and not self._rung:
            self._rung = True
            self._loop.call_soon(self._wake)

    def _wake(self) -> None:
        self._rung = False
        for future, reader in self._waiting.items():
            if reader.has_news():
                wake(future)

    def wake_all(self) -> None:
        """Wake all, news or not."""
        for future in self._waiting:
            wake(future)

    async def wait(self, reader: Reader) -> None:
        """Wait until the bell rings for a reader."""
        future = self._loop.create_future()
        self._waiting[future] = reader
        try:
            await future
        finally:
            del self._waiting[future]


class Block:
    """Serialised events with one number after the other; `after` is the number before the first."""

    __slots__ = ("after", "messages")

    def __init__(self, after: int) -> None:
        self.after = after
        self.messages: list[bytes] = []


class EventFeed:
    """The public feed as bytes, in blocks: n has the events n × BLOCK_EVENTS + 1 … (n + 1) × BLOCK_EVENTS.

    The first of them may be missing, where nobody asked for them, and the last, where they are not there yet.
    """

    def __init__(self, desk: Desk) -> None:
        self._exchange = desk.exchange
        self._symbols = desk.symbols
        self._blocks: dict[int, Block] = {}  # in order of use

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self._exchange.last_sequence

    def check(self, after: int) -> None:
        """Raise SequenceGone where events after a number are no longer held, or the number lies ahead."""
        self._exchange.events(after, 0)

    def messages(self, after: int) -> list[bytes]:
        """Return some of the events behind a number, none if there are none; raise SequenceGone."""
        number, last = after // BLOCK_EVENTS, self._exchange.last_sequence
        if after == last:
            return []
        block = self._blocks.pop(number, None)
        if block is None or not block.after <= after <= block.after + len(block.messages):
            block = Block(after)  # also behind the end of the other: what lies between may be gone
        end = block.after + len(block.messages)
        if end < min(last, (number + 1) * BLOCK_EVENTS):
            events = self._exchange.events(end, (number + 1) * BLOCK_EVENTS - end)
            block.messages += [engine_event(event, self._symbols).SerializeToString() for event in events]
        self._blocks[number] = block
        if len(self._blocks) > BLOCKS_MAX:
            del self._blocks[next(iter(self._blocks))]
        return block.messages[after - block.after :]


class EventReader:
    """A subscriber's place in the public feed."""

    def __init__(self, feed: EventFeed, after: int | None) -> None:
        """Begin after a number, or with the next event; raise SequenceGone."""
        self._feed = feed
        self.position = feed.last if after is None else after
        feed.check(self.position)

    @property
    def lag(self) -> int:
        """How many events it has not been sent yet."""
        return self._feed.last - self.position

    def has_news(self) -> bool:
        """Tell whether there are events behind it."""
        return self.lag > 0

    def messages(self) -> Iterator[bytes]:
        """Yield some of the events that come next, none if there are none; each counts as sent when asked for the one
        behind it. Raise SequenceGone where they are no longer held."""
        for message in self._feed.messages(self.position):
            yield message
            self.position += 1


class AccountReader:
    """A subscriber's place among the executions of an account."""

    def __init__(self, desk: Desk, account_id: int, after: int | None) -> None:
        """Begin after a number, or with the next execution; raise SequenceGone."""
        self._sequencer = desk.sequencer
        self._symbols = desk.symbols
        self._account_id = account_id
        self._position = desk.sequencer.last_execution if after is None else after
        desk.sequencer.executions(account_id, self._position, 0)

    def has_news(self) -> bool:
        """Tell whether there are executions behind it: there may be many who follow quiet accounts."""
        return self._sequencer.newest_execution(self._account_id) > self._position

    def messages(self) -> Iterator[bytes]:
        """Yield some of the executions that come next, none if there are none; raise SequenceGone."""
        for execution in self._sequencer.executions(self._account_id, self._position, EXECUTIONS_MAX):
            yield account_event(execution, self._symbols).SerializeToString()
            self._position = execution.sequence
