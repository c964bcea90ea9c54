"""A journal whose disk is the test: nothing is durable before the test says so."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer


class HeldJournal:
    """What Release knows of a journal.

    With `follow`, each call of the sequencer that made events counts as one record. `keep` may be called in any thread,
    all else in the loop's.
    """

    def __init__(self) -> None:
        self.appended = self.durable = 0
        self.full = False
        self.error: OSError | None = None
        self._kept = 0
        self._read, self._write = os.pipe()

    def follow(self, sequencer: Sequencer) -> None:
        """Append a record whenever the sequencer tells of something: before any gateway hears of it."""
        sequencer.listeners.insert(0, self.append)

    def append(self) -> None:
        self.appended += 1

    def keep(self, sequence: int | None = None) -> None:
        """Make all durable, or what there is up to a sequence."""
        self._kept = self.appended if sequence is None else sequence
        os.write(self._write, b".")

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Make all durable, time and again, while the block lasts."""
        done = threading.Event()

        def work() -> None:
            while not done.wait(0.002):
                self.keep()

        disk = threading.Thread(target=work)
        disk.start()
        try:
            yield
        finally:
            done.set()
            disk.join()

    def fail(self, error: OSError) -> None:
        self.error = error
        os.write(self._write, b".")

    def fileno(self) -> int:
        return self._read

    def refresh(self) -> None:
        os.read(self._read, 1 << 16)
        self.durable = self._kept

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


def waiting(release: Release) -> int:
    """Return how much a Release holds back."""
    return len(release._waiting)
