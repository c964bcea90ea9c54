"""A gateway at work, in a thread and a loop of its own, so that tests can be plain blocking clients."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
import uvloop

SECONDS = 20  # that anything may take that should come at once

T = TypeVar("T")


class Running:
    """A gateway that listens, by default on a free port of loopback: `host`, `port`, `gateway`."""

    def __init__(
        self, make: Callable[[], Any], new_loop: Callable[[], asyncio.AbstractEventLoop], host: str, port: int
    ) -> None:
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway")
        self._thread.start()
        try:
            self.gateway = self.call(make)  # there, as gRPC wants to be made where it runs
            self.address: str = self.run(self.gateway.start(host, port))
        except BaseException:
            self._end()
            raise
        self.host, port = self.address.rsplit(":", 1)
        self.port = int(port)

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function in the loop's thread, and return what it returns."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(function(*args))
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(SECONDS)

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the loop, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    def hold(self, seconds: float) -> None:
        """Keep the loop from doing anything for some time, from now on: what clients send comes in one piece then."""
        held = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (held.set(), time.sleep(seconds)))
        assert held.wait(SECONDS)

    def begin_stop(self) -> "Future[None]":
        """Have the gateway stop; harmless when it is stopped."""
        return asyncio.run_coroutine_threadsafe(self.gateway.stop(), self._loop)

    def stop(self) -> float:
        """Stop the gateway, and return how many seconds that took; harmless when it is stopped."""
        began = time.monotonic()
        self.begin_stop().result(SECONDS)
        return time.monotonic() - began

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def close(self) -> None:
        """Stop gateway, loop and thread."""
        try:
            self.stop()
        finally:
            self._end()


@contextmanager
def running(
    make: Callable[[], Any],
    *,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Running]:
    """Run the gateway that `make` makes while the block lasts."""
    server = Running(make, new_loop, host, port)
    try:
        yield server
    finally:
        server.close()


def eventually(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until a condition holds that nothing tells of."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def has_ipv6() -> bool:
    """Tell whether this machine has the other loopback."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no [::1]")
