"""The time of a live run, and waits that end early when the run shall stop."""

import asyncio
import time

NS_PER_S = 1_000_000_000


class LiveClock:
    """The machine's monotonic clock, for a run that an event stops."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.stop = stop

    def now_ns(self) -> int:
        """Return the time now."""
        return time.monotonic_ns()

    async def wait_until(self, time_ns: int) -> int:
        """Wait until a time or the stop; return the time then. Others get their turn even when nothing is to wait."""
        await asyncio.sleep(0)
        while (left_ns := time_ns - self.now_ns()) > 0 and not self.stop.is_set():
            await self.wait(left_ns / NS_PER_S)
        return self.now_ns()

    async def wait(self, seconds: float) -> None:
        """Wait for some seconds, or until the stop."""
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return
