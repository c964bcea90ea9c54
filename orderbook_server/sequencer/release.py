"""Release: what leaves the server leaves when everything that it may tell of is kept.

An answer shows what its own command did, and what those before it did, of whomever. So it may leave when all that was
in the journal at its making is durable, which is one number; the same holds for events, for questions, and for the end
of a connection behind its last words. Numbers only rise, so what is held back stands in a queue, in order.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Any

import structlog

from orderbook_server.journal.journal import Journal

log = structlog.get_logger()


def wake(future: "asyncio.Future[None]") -> None:
    """Let who awaits a future go on, if it still does."""
    if not future.done():
        future.set_result(None)


class Release:
    """What leaves the server leaves through here: at once where all is kept, else when it is.

    journal: what keeps; nobody else refreshes it. loop: the one that all calls come from. After the journal's `error`
    nothing that waits is ever released.

    `holds`: whether anything is ever held back; not so in memory. `on_change`: called, without arguments, whenever the
    journal had something to tell: more is durable, it is full or no longer, or it has failed.
    """

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop) -> None:
        self.on_change: list[Callable[[], object]] = []
        self.holds = journal.fileno() >= 0
        self._journal = journal
        self._loop = loop
        self._tickets = count()
        self._waiting: OrderedDict[int, tuple[int, Callable[..., object], tuple[Any, ...]]] = OrderedDict()
        if self.holds:
            loop.add_reader(journal.fileno(), self._refresh)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function when all that was appended up to now is durable, behind what was to be called before."""
        if self._journal.durable >= self._journal.appended and not self._waiting:
            function(*arguments)
        else:
            self._hold(function, arguments)

    async def settled(self) -> None:
        """Return when all that was appended up to now is durable. Who is cancelled meanwhile leaves nothing behind."""
        if self._journal.durable >= self._journal.appended:
            return
        future = self._loop.create_future()
        ticket = self._hold(wake, (future,))
        try:
            await future
        finally:
            self._waiting.pop(ticket, None)

    def close(self) -> None:
        """Listen to the journal no longer: what waits is not released."""
        if self.holds:
            self._loop.remove_reader(self._journal.fileno())

    def _hold(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> int:
        """Put a call in the queue; return its ticket."""
        ticket = next(self._tickets)
        self._waiting[ticket] = (self._journal.appended, function, arguments)
        return ticket

    def _refresh(self) -> None:
        """Learn what is durable, and let it go."""
        self._journal.refresh()
        while self._waiting:
            ticket, (mark, function, arguments) = next(iter(self._waiting.items()))
            if mark > self._journal.durable:
                break
            del self._waiting[ticket]
            self._run(function, arguments)
        for function in tuple(self.on_change):
            self._run(function, ())

    def _run(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        """Call a function whose failure concerns no other."""
        try:
            function(*arguments)
        except Exception:
            log.exception("release failed")
