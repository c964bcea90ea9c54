"""The disk alone: what one `fdatasync` takes, to which all else is compared. Disks change their speed by themselves."""

import os
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from obctl.bench.turns import Reached, in_turns, percentile

FILE_BYTES = 1 << 23

Row = dict[str, float | str | None]


class BareSync:
    """A zero-filled file that takes writes of one size, each synced before the next, as the journal's file does.

    folder: on the disk to be measured. `times`: of each write with its sync, in nanoseconds.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed at the end of our own block
        self.file.write(bytes(FILE_BYTES))
        self.file.flush()
        os.fsync(self.file.fileno())
        self.data = os.urandom(size)
        self.place = 0
        self.times: list[int] = []

    def __enter__(self) -> Self:
        """Be ready."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Remove the file."""
        self.file.close()

    def turn(self, seconds: float) -> Reached:
        """Write and sync, one after the other."""
        descriptor, data, clock = self.file.fileno(), self.data, time.perf_counter_ns
        times: list[int] = []
        began = now = clock()
        while now - began < seconds * 1e9:
            before = now
            os.pwrite(descriptor, data, self.place)
            os.fdatasync(descriptor)
            self.place = (self.place + len(data)) % FILE_BYTES
            now = clock()
            times.append(now - before)
        self.times += times
        return Reached(len(times) / ((now - began) / 1e9), None)

    def row(self) -> Row:
        """Return what there is to say of it."""
        return microseconds(self.times)


def microseconds(times: list[int]) -> Row:
    """Return percentiles of times in nanoseconds."""
    ordered = sorted(times)
    return {f"us_p{part * 100:g}": percentile(ordered, part) / 1e3 for part in (0.5, 0.99)}


def measure_disk(folder: Path, seconds: float) -> list[Row]:
    """Measure a write and its sync, by size."""
    with BareSync(folder, 512) as small, BareSync(folder, 4096) as page:
        in_turns({"512 bytes": small.turn, "4 KiB": page.turn}, seconds)
        return [{"write": "512 bytes", **small.row()}, {"write": "4 KiB", **page.row()}]
