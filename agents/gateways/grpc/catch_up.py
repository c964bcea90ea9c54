"""What happened since it was asked for last, read from feeds up to a known number: nothing is lost or told twice.

Each reader knows the number that it has read to, its cursor, which outlives connections. A feed is read no further than
to a number that the server named before, so that it ends.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from agents.errors import ClientError, ServerUnavailable
from agents.gateways.grpc.client import GrpcOrderBookClient, Stream
from agents.gateways.grpc.events import MarketEvent
from agents.gateways.grpc.executions import Execution, Filled
from agents.requests import OwnFill, Tape
from orderbook import SequenceGone, Trade

T = TypeVar("T")


async def read_until(stream: Stream[T], sequence: int, take: Callable[[T], int], patience_s: float) -> None:
    """Read a feed until a number was taken; take: keeps a message, and returns its number.

    Raise what ends the feed, ServerUnavailable also where nothing comes for patience_s.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience_s) as patience:
            async for message in stream:
                if take(message) >= sequence:
                    return
                patience.reschedule(loop.time() + patience_s)
    except TimeoutError:
        raise ServerUnavailable(f"a feed did not come to {sequence}: nothing for {patience_s:g} s") from None
    raise ServerUnavailable(f"a feed ended before {sequence}")


class FillReader:
    """The fills of an account in one instrument, from its executions. missed: how often some may have been."""

    def __init__(self, client: GrpcOrderBookClient, account_id: int) -> None:
        self.missed = 0
        self._client = client
        self._account_id = account_id
        self._cursor: int | None = None
        self._fills: list[OwnFill] = []
        self._stream: Stream[Execution] | None = None  # stays open, where all goes well: there is much to ask

    async def read(self, sequence: int, symbol: str) -> tuple[OwnFill, ...]:
        """Return the fills since the last call, up to an execution; the first call tells of none."""
        if self._cursor is None:
            self._cursor = sequence
        elif sequence < self._cursor:
            self._miss(sequence)  # the server began anew
        while self._cursor < sequence:
            is_new = self._stream is None
            try:
                await self._read(self._cursor, sequence, symbol)
            except SequenceGone:
                self._miss(sequence)
            except ClientError:
                if is_new:
                    raise
        fills = tuple(self._fills)
        self._fills.clear()
        return fills

    async def _read(self, cursor: int, sequence: int, symbol: str) -> None:
        def take(execution: Execution) -> int:
            self._cursor = execution.sequence
            if isinstance(execution, Filled) and execution.symbol == symbol:
                self._fills.append(
                    OwnFill(execution.order_id, execution.side, execution.price, execution.quantity, execution.is_maker)
                )
            return execution.sequence

        stream = self._stream or self._client.stream_account_events(self._account_id, cursor)
        self._stream = None
        try:
            await read_until(stream, sequence, take, self._client.timeout_s)
        except BaseException:
            stream.close()
            raise
        self._stream = stream

    def _miss(self, sequence: int) -> None:
        self.close()
        self.missed += 1
        self._cursor = sequence

    def forget(self) -> None:
        """Begin again: the server is a new one. Fills that were read are told, later ones are lost with the old."""
        self.close()
        if self._cursor:  # an account without executions had no orders
            self.missed += 1
        self._cursor = None

    def close(self) -> None:
        """End the feed; it is asked for again when there is something to read."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class TapeReader:
    """What the market of one instrument traded, from the public feed."""

    def __init__(self, client: GrpcOrderBookClient) -> None:
        self._client = client
        self._cursor: int | None = None
        self._tape = Tape()

    async def read(self, sequence: int, symbol: str) -> Tape:
        """Return what was traded since the first call, up to an event."""

        def take(market_event: MarketEvent) -> int:
            event = market_event.event
            self._cursor = event.sequence
            if isinstance(event, Trade) and market_event.symbol == symbol:
                volume, value, gaps = self._tape
                self._tape = Tape(volume + event.quantity, value + event.quantity * event.price, gaps)
            return event.sequence

        if self._cursor is None:
            self._cursor = sequence
        elif sequence < self._cursor:
            self._miss(sequence)  # the server began anew
        if self._cursor < sequence:
            stream = self._client.stream_events(self._cursor)
            try:
                await read_until(stream, sequence, take, self._client.timeout_s)
            except SequenceGone:
                self._miss(sequence)
            finally:
                stream.close()
        return self._tape

    def _miss(self, sequence: int) -> None:
        self._tape = self._tape._replace(gaps=self._tape.gaps + 1)
        self._cursor = sequence

    def forget(self) -> None:
        """Begin again: the server is a new one. What happened until the next call is missing, if there was a first."""
        if self._cursor is not None:
            self._tape = self._tape._replace(gaps=self._tape.gaps + 1)
        self._cursor = None
