"""How many events there are a second, of late."""

from collections import deque

WINDOW_S = 3.0


class Rate:
    """Looks at a count now and then, and says how fast it grew over the last WINDOW_S seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()  # time, count; the oldest is as old as the window, if it can be

    def at(self, now_s: float, count: int) -> float:
        """Return the growth a second up to now; 0 at the first look."""
        self._seen.append((now_s, count))
        while len(self._seen) > 2 and self._seen[1][0] <= now_s - WINDOW_S:
            self._seen.popleft()
        then_s, before = self._seen[0]
        return (count - before) / (now_s - then_s) if now_s > then_s else 0.0
