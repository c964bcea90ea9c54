"""The clock that plays what was written down: how fast, whether at all, and how far it has come."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import Protocol

from obctl.watch.source import State

Now = Callable[[], float]  # seconds, of a clock that never goes back
Sleep = Callable[[float], Awaitable[object]]

SLOW = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5)
FAST = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, inf)
SPEEDS = SLOW + FAST
NS_PER_SECOND = 1_000_000_000
PLACE_MAX = (1 << 64) - 1
TICK_SECONDS = 1 / 60  # between two looks at the clock
SLICE_SECONDS = 0.02  # of work, before the view has its turn
TURN_SECONDS = 0.005  # which it then has at least
WAIT_SECONDS_MAX = 2.0  # of watching, without anything that happens


class Recording(Protocol):
    """What is played: events, each at its place on a timeline (obctl.watch.timeline), in nanoseconds."""

    async def look_ahead(self) -> int | None:
        """Return the place of the next event, None at the end."""

    def carry_out(self, until: int) -> None:
        """Carry out events up to a place, but not for longer than some milliseconds."""


class PlaybackClock:
    """Plays a recording at a speed that can be changed meanwhile, for ever faster or slower; this is a Playback.

    speed: seconds of the recording in one on the wall, `inf` as fast as it goes. The recording itself says where it
    stands: `position` from 0 to 1, and `time_ns`. Where it cannot keep up, the clock is late.
    """

    def __init__(self, speed: float = 1, *, now: Now = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self.speed = speed
        self.is_paused = False
        self.has_ended = False
        self.position: float | None = 0.0
        self.time_ns: int | None = None
        self._now = now
        self._sleep = sleep
        self._looked = now()
        self._place = 0
        self._next: int | None = None  # the place of the next event
        self._waited = 0.0  # seconds, since the last one

    @property
    def state(self) -> State:
        """How this stands."""
        return "ended" if self.has_ended else "paused" if self.is_paused else "playing"

    @property
    def quiet(self) -> str | None:
        """That nothing happens for so long that it is passed over, in words, where that is so."""
        if self._next is None or self.speed == inf:
            return None
        seconds = (self._next - self._place) / NS_PER_SECOND
        if self._waited + seconds / self.speed <= WAIT_SECONDS_MAX:
            return None
        return f"nothing for {lasting(seconds)}: goes on in {WAIT_SECONDS_MAX - self._waited:.0f} s"

    def toggle(self) -> None:
        """Pause, or go on."""
        self._look()
        self.is_paused = not self.is_paused

    def faster(self) -> None:
        """Play faster, by a step."""
        self._change(min((speed for speed in SPEEDS if speed > self.speed), default=self.speed))

    def slower(self) -> None:
        """Play slower, by a step."""
        self._change(max((speed for speed in SPEEDS if speed < self.speed), default=self.speed))

    def _change(self, speed: float) -> None:
        self._look()
        self.speed = speed

    async def play(self, recording: Recording) -> None:
        """Play a recording to its end. Raise what it raises."""
        began = self._now()
        while (place := await recording.look_ahead()) is not None:
            if self._next is None:
                self._place, self._looked = place, self._now()
            self._next = place
            if self._now() - began >= SLICE_SECONDS:
                await self._sleep(TURN_SECONDS)
                self._be_late()
                began = self._now()
            if await self._reach(place):
                began = self._now()
            recording.carry_out(PLACE_MAX if self.speed == inf else self._place)
            self._waited = 0.0
        self._next = None
        self.has_ended = True

    def _be_late(self) -> None:
        """Have the clock wait for a recording that has not come as far as it should: work does not pile up."""
        if self._next is not None and self._next <= self._place:
            self._place = self._next
            self._looked = self._now()

    async def _reach(self, place: int) -> bool:
        """Wait until a place is reached; return whether there was anything to wait for."""
        waited = False
        self._look()
        while self.is_paused or self._place < place:
            waited = True
            await self._sleep(TICK_SECONDS)
            self._look()
        return waited

    def _look(self) -> None:
        """Move on by the time that has gone by since the last look."""
        now = self._now()
        seconds, self._looked = now - self._looked, now
        if self.is_paused or self._next is None:
            return
        self._waited += seconds
        if self.speed == inf or self._waited >= WAIT_SECONDS_MAX:
            self._place = max(self._place, self._next)
        else:
            self._place += round(seconds * self.speed * NS_PER_SECOND)


def lasting(seconds: float) -> str:
    """Return a duration in the largest unit of which there is one, and the next."""
    whole = round(seconds)
    for unit, name, smaller, smaller_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit:
            return f"{whole // unit:,} {name} {whole % unit // smaller} {smaller_name}"
    return f"{seconds:.3g} s"
