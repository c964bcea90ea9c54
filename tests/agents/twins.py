"""Both clients behind one face, so that what is said of one is said of the other; and a loop to have coroutines run."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agents.gateways.grpc import BlockingOrderBookClient, GrpcOrderBookClient
from agents.gateways.grpc.client import Stream

from ..server.running import SECONDS


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="client")
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()


class AsyncFeed:
    """A Stream as an iterator."""

    def __init__(self, loop: Loop, stream: Stream[Any]) -> None:
        self._loop = loop
        self._stream = stream

    def __iter__(self) -> "AsyncFeed":
        return self

    def __next__(self) -> Any:
        async def read() -> Any:
            return await anext(self._stream, StopIteration)

        if (message := self._loop.run(read())) is StopIteration:
            raise StopIteration
        return message

    def close(self) -> None:
        async def close() -> None:
            self._stream.close()

        self._loop.run(close())


class AsyncTwin:
    """A GrpcOrderBookClient, whose calls are waited for; its streams stand when they are returned."""

    def __init__(self, loop: Loop, client: GrpcOrderBookClient) -> None:
        self._loop = loop
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        async def subscribe(*args: Any, **kwargs: Any) -> AsyncFeed:
            stream = method(*args, **kwargs)
            await stream.subscribed()
            return AsyncFeed(self._loop, stream)

        call = subscribe if name.startswith("stream_") else method
        return lambda *args, **kwargs: self._loop.run(call(*args, **kwargs))


@contextmanager
def connector(kind: str) -> Iterator[Callable[..., Any]]:
    """Give a function that connects clients of a kind, "async" or "blocking", which are closed in the end."""
    clients: list[Any] = []
    loop = Loop()

    def connect(endpoint: str, **options: Any) -> Any:
        if kind == "async":
            client: Any = AsyncTwin(loop, loop.run(GrpcOrderBookClient.connect(endpoint, **options)))
        else:
            client = BlockingOrderBookClient.connect(endpoint, **options)
        clients.append(client)
        return client

    try:
        yield connect
    finally:
        for client in clients:
            client.close()
        loop.close()
