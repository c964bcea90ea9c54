"""The numbered events as the reference keeps them: one log, shared by all markets of an exchange."""

from collections import deque
from collections.abc import Callable
from itertools import islice

from orderbook.errors import SequenceGone
from orderbook.reference.checks import NotCopyable, Number, invariant, optional_u64, u64
from orderbook.views import EngineEvent


class EventLog:
    """The newest `capacity` events, numbered 1, 2, 3 … without gaps over all instruments."""

    def __init__(self, capacity: Number) -> None:
        self.capacity = u64(capacity, "event_capacity")
        self.held: deque[EngineEvent] = deque()
        self.last_sequence = 0  # the number of the newest event
        self.timestamp = 0  # of the command at hand

    @property
    def oldest_sequence(self) -> int:
        return self.last_sequence + 1 - len(self.held)

    def emit(self, instrument: int, kind: Callable[..., EngineEvent], *fields: object) -> None:
        """Record the next event, and forget the oldest beyond the capacity."""
        self.last_sequence += 1
        self.held.append(kind(self.last_sequence, self.timestamp, *fields, instrument))
        if len(self.held) > self.capacity:
            self.held.popleft()

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        numbers = [event.sequence for event in self.held]
        invariant(numbers == list(range(self.oldest_sequence, self.last_sequence + 1)), "the events have no gap")
        invariant(len(numbers) <= self.capacity, "no more events than the capacity")


class Engine(NotCopyable):
    """What whoever keeps an event log shows of it."""

    _log: EventLog

    @property
    def last_sequence(self) -> int:
        """The number of the newest event, 0 before the first."""
        return self._log.last_sequence

    @property
    def oldest_sequence(self) -> int:
        """The number of the oldest event held; one above the last when none is."""
        return self._log.oldest_sequence

    def events(self, after: Number = 0, limit: Number | None = None) -> list[EngineEvent]:
        """Return the events above `after`, oldest first, at most `limit`; SequenceGone if they are not all held."""
        first, count = u64(after, "after") + 1, optional_u64(limit, "limit")
        if not self.oldest_sequence <= first <= self.last_sequence + 1:
            raise SequenceGone(f"events after {first - 1}: {self.oldest_sequence} … {self.last_sequence} are held")
        return list(islice(self._log.held, first - self.oldest_sequence, None))[:count]
