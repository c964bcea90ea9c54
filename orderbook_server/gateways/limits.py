"""Messages per second, per connection."""

from collections.abc import Callable
from time import monotonic


class Bucket:
    """What a connection may still send now, and when that was worked out."""

    __slots__ = ("stamp", "tokens")

    def __init__(self, tokens: float, stamp: float) -> None:
        self.tokens = tokens
        self.stamp = stamp


class RateLimit:
    """Token buckets by the name of a connection: each holds a second's worth, and fills up within a second.

    A bucket that was not touched for a second is full, which is what a new one is: it can be forgotten. They stand in
    two generations; those of the older one that are used move over, and every second the rest of it is dropped. Memory
    is bounded by the connections of the last two seconds in which anybody sent something.
    """

    def __init__(self, per_second: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._young: dict[str, Bucket] = {}
        self._old: dict[str, Bucket] = {}
        self._turned = clock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, connection: str, count: int) -> bool:
        """Take `count` tokens, all or none, and tell whether they were there. O(1)."""
        now = self._clock()
        if now - self._turned >= 1:
            self._young, self._old = {}, self._young
            self._turned = now
        bucket = self._young.get(connection)
        if bucket is None:
            bucket = self._old.pop(connection, None) or Bucket(self._per_second, now)
            self._young[connection] = bucket
        filled = bucket.tokens + (now - bucket.stamp) * self._per_second
        bucket.tokens = min(filled, self._per_second)
        bucket.stamp = now
        if bucket.tokens < count:
            return False
        bucket.tokens -= count
        return True
