"""Calls that last: who they are, how they are ended, and which of them are not read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import structlog

from orderbook import SequenceGone
from orderbook_server.gateways.grpc.feeds import Bell, Reader
from orderbook_server.gateways.grpc.refusals import GOODBYE, Refused, SlowConsumer, broken_is_gone, refuse
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.release import Release

log = structlog.get_logger()

Context = grpc.aio.ServicerContext[Any, Any]
CLOSE_SECONDS = 1.0  # for streams to end by themselves when the server shuts down: first those that trade, then feeds
WATCHES_PER_LIMIT = 4  # looks at the subscribers in the time that one may be slow


class Stream:
    """A call that lasts, and how to end it."""

    def __init__(self, task: "asyncio.Task[Any]") -> None:
        self.task = task
        self.follows = False  # a feed
        self.busy = False  # with something that is to be carried out whole
        self.refusal: Refused | None = None  # why the server ends it
        self.writing_since: float | None = None  # by the loop's clock; None while no subscriber is being written to

    def end(self, refusal: Refused) -> None:
        """End the call with a status, behind what was written to it before and what it is busy with."""
        if self.refusal is None:
            self.refusal = refusal
            if not self.busy:
                self.task.cancel()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Put off the server's end of the call to the first await behind the block: what is written there is sent.

        Not that by the client, who goes away: it comes through the block as CancelledError.
        """
        self.busy = True
        yield
        self.busy = False
        if self.refusal is not None:
            self.task.cancel()

    def cut_off(self) -> None:
        """End the call in the middle of what it is busy with; `end` came before."""
        self.busy = False
        self.task.cancel()


class Streams:
    """All calls that last."""

    def __init__(self, stats: TransportStats, slow_consumer_seconds: float, release: Release) -> None:
        self._stats = stats
        self._release = release
        self._slow_seconds = slow_consumer_seconds
        self._loop = asyncio.get_running_loop()
        self._open: set[Stream] = set()
        self._closed = False
        self._draining = False
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
        """Write what a reader finds when it is durable, for ever; raise SlowConsumer when what comes next is gone."""
        clock = self._loop.time
        stream.follows = True
        while True:
            idle = True
            try:
                for message in reader.messages():
                    if idle:  # at the first of them: what a reader finds together is there by then
                        await self._release.settled()
                        idle = False
                    stream.writing_since = clock()
                    await context.write(message)
            except SequenceGone:
                raise SlowConsumer("events that were not sent yet are no longer held") from None
            stream.writing_since = None
            if idle and self._draining:
                raise Refused(grpc.StatusCode.UNAVAILABLE, GOODBYE)
            if idle:
                await bell.wait(reader)

    async def _find_slow(self) -> None:
        """End subscribers to whom a single message could not be sent for too long."""
        while True:
            await asyncio.sleep(self._slow_seconds / WATCHES_PER_LIMIT)
            latest = self._loop.time() - self._slow_seconds
            for stream in self._open:
                if stream.writing_since is not None and stream.writing_since < latest:
                    stream.end(SlowConsumer(f"nothing was read for {self._slow_seconds} seconds"))

    async def close(self, bell: Bell) -> None:
        """End all, and those that come later: the server shuts down. Feeds tell what the end of the others changed."""
        self._closed = True
        self._watch.cancel()
        others = {stream for stream in self._open if not stream.follows}
        self._end(others)
        await wait_for(others)
        late = {stream for stream in others & self._open if stream.busy}
        for stream in late:
            stream.cut_off()
        await wait_for(late)
        self._draining = True
        bell.wake_all()
        await wait_for(self._open)
        self._end(self._open)

    def _end(self, streams: set[Stream]) -> None:
        for stream in streams:
            stream.end(Refused(grpc.StatusCode.UNAVAILABLE, GOODBYE))


async def wait_for(streams: set[Stream]) -> None:
    """Wait until streams have ended, but not long."""
    if streams:
        await asyncio.wait([stream.task for stream in streams], timeout=CLOSE_SECONDS)
