"""Calls that last: who they are, how they are ended, and which of them are not read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import grpc
import structlog

from orderbook import SequenceGone
from orderbook_server.gateways.grpc.feeds import Bell
from orderbook_server.gateways.grpc.refusals import GOODBYE, Refused, SlowConsumer, broken_is_gone, refuse
from orderbook_server.metrics.transport import TransportStats

log = structlog.get_logger()

Context = grpc.aio.ServicerContext[Any, Any]
WATCHES_PER_LIMIT = 4  # looks at the subscribers in the time that one may be slow


class Reader(Protocol):
    """A place in a feed."""

    def messages(self) -> Iterator[bytes]:
        """Yield some of the messages that come next, none if there are none; raise SequenceGone."""


class Stream:
    """A call that lasts, and how to end it."""

    def __init__(self, task: "asyncio.Task[Any]") -> None:
        self._task = task
        self.refusal: Refused | None = None  # why the server ends it
        self.writing_since: float | None = None  # by the loop's clock; None while no subscriber is being written to

    def end(self, refusal: Refused) -> None:
        """End the call with a status, behind what was written to it before."""
        if self.refusal is None:
            self.refusal = refusal
            self._task.cancel()


class Streams:
    """All calls that last."""

    def __init__(self, stats: TransportStats, slow_consumer_seconds: float) -> None:
        self._stats = stats
        self._slow_seconds = slow_consumer_seconds
        self._loop = asyncio.get_running_loop()
        self._open: set[Stream] = set()
        self._closed = False
        self._watch = self._loop.create_task(self._find_slow())

    async def run(self, rpc: str, context: Context, talk: Callable[[Stream], Awaitable[None]]) -> None:
        """Run the talk of a call, to its end, or until the server or the client ends it."""
        task = asyncio.current_task()
        assert task is not None  # a handler is always run by one
        stream = Stream(task)
        refusal = None
        self._open.add(stream)
        self._stats.connections += 1
        log.info("stream opened", transport="grpc", rpc=rpc, peer=context.peer())
        try:
            if self._closed:
                raise Refused(grpc.StatusCode.UNAVAILABLE, GOODBYE)
            with broken_is_gone():
                await talk(stream)
        except Refused as error:
            refusal = error
        except asyncio.CancelledError:
            if stream.refusal is None:
                raise  # the client has gone
            refusal = stream.refusal
        finally:
            self._open.discard(stream)
            self._stats.connections -= 1
            log.info("stream closed", transport="grpc", rpc=rpc, peer=context.peer())
        if refusal is not None:
            self._stats.slow_consumers += isinstance(refusal, SlowConsumer)
            await refuse(context, rpc, refusal)

    async def follow(self, stream: Stream, context: Context, bell: Bell, reader: Reader) -> None:
        """Write what a reader finds, for ever; raise SlowConsumer when what comes next is no longer held."""
        clock = self._loop.time
        while True:
            idle = True
            try:
                for message in reader.messages():
                    idle = False
                    stream.writing_since = clock()
                    await context.write(message)
            except SequenceGone:
                raise SlowConsumer("events that were not sent yet are no longer held") from None
            stream.writing_since = None
            if idle:
                await bell.wait()

    async def _find_slow(self) -> None:
        """End subscribers to whom a single message could not be sent for too long."""
        while True:
            await asyncio.sleep(self._slow_seconds / WATCHES_PER_LIMIT)
            latest = self._loop.time() - self._slow_seconds
            for stream in self._open:
                if stream.writing_since is not None and stream.writing_since < latest:
                    stream.end(SlowConsumer(f"nothing was read for {self._slow_seconds} seconds"))

    def close(self) -> None:
        """End all, and those that come later: the server shuts down."""
        self._closed = True
        self._watch.cancel()
        for stream in self._open:
            stream.end(Refused(grpc.StatusCode.UNAVAILABLE, GOODBYE))
