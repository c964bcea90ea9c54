"""What the tests of playback share: a clock that goes only when it is slept on, and sources played by it."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, Protocol

from obctl.replay.plan import Plan
from obctl.watch.playback import PlaybackClock
from obctl.watch.source import MarketView
from obctl.watch.sources.file import FileSource

SPEEDS = (0.5, 1, 1_000, inf)
SECOND = 1_000_000_000


class FakeTime:
    """Time that passes where somebody sleeps, and nowhere else."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.naps = 0

    def now(self) -> float:
        """Return the time."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and others have their turn."""
        self.seconds += seconds
        self.naps += 1
        await asyncio.sleep(0)

    def clock(self, speed: float = 1) -> PlaybackClock:
        """Return a playback clock that goes by this time."""
        return PlaybackClock(speed, now=self.now, sleep=self.sleep)


class Played(Protocol):
    """A source that can be played."""

    controls: PlaybackClock

    async def open(self) -> None: ...
    async def run(self) -> None: ...
    async def close(self) -> None: ...
    def view(self) -> MarketView: ...


def plan(*files: object, **options: Any) -> Plan:
    """Return the plan of `obctl watch --replay` for files."""
    defaults: dict[str, Any] = {
        "format": None,
        "mode": None,
        "tick_size": None,
        "lot_size": None,
        "time_unit": "auto",
        "symbol": None,
        "seed_book": (),
        "on_error": "stop",
    }
    return Plan(files=tuple(map(str, files)), **defaults | options)


def files(*names: object, speed: float = inf, time: FakeTime | None = None, **options: Any) -> FileSource:
    """Return a source that plays files by a time of its own."""
    return FileSource(plan(*names, **options), (time or FakeTime()).clock(speed))


def final(source: Played) -> MarketView:
    """Play a source to its end; return what is to be seen then."""

    async def play() -> MarketView:
        try:
            await source.open()
            await source.run()
            return source.view()
        finally:
            await source.close()

    return asyncio.run(play())


def beside(source: Played, watch: Callable[[], Awaitable[None]]) -> None:
    """Play a source while something else goes on, which ends it."""

    async def both() -> None:
        await source.open()
        playing = asyncio.create_task(source.run())
        try:
            await asyncio.wait_for(watch(), 30)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await source.close()

    asyncio.run(both())


async def until(condition: Callable[[], bool]) -> None:
    """Give others their turn until something is so."""
    for _ in range(200_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")
