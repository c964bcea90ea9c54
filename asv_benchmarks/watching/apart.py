"""An object in a process of its own, so that its work is not in the way of what is measured here."""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

WAIT_SECONDS = 60.0  # for an answer, beyond what a call takes by its nature


class Apart:
    """The process of an object, while the block lasts. Its methods are called one after the other."""

    def __init__(self, make: Callable[..., Any], *arguments: Any) -> None:
        """Start it; make: of the object, there."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        self._process.start()
        theirs.close()
        self.end()

    def __enter__(self) -> Self:
        """Be ready."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(WAIT_SECONDS)

    def begin(self, method: str, *arguments: Any) -> None:
        """Have a method begin."""
        self._connection.send((method, arguments))

    def end(self, seconds: float = 0.0) -> Any:
        """Wait until it ends, which takes so many seconds by its nature; return or raise what it does."""
        if not self._connection.poll(seconds + WAIT_SECONDS):
            raise TimeoutError(f"no answer from process {self._process.pid}")
        result = self._connection.recv()
        if isinstance(result, BaseException):
            raise result
        return result

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method."""
        self.begin(method, *arguments)
        return self.end()


def _serve(connection: Connection, make: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Make the object, and call its methods until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started us
    try:
        made = make(*arguments)
        connection.send(None)
        while True:
            method, values = connection.recv()
            connection.send(_outcome(getattr(made, method), values))
    except EOFError:
        pass


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Return what a function returns, or raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return error
