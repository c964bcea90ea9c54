"""Which snapshots and segments are kept: as many snapshots as are wanted, and all that a start may need."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from orderbook_server.journal.layout import (
    fsync_folder,
    journal_folder,
    segments,
    sequence_of,
    snapshots,
    snapshots_folder,
)
from orderbook_server.journal.snapshots import SnapshotHeader, good_snapshots, reach, start_order

STEPS = 4  # in which what a start begins with comes nearer, while the rings are filled anew


def retain(data_dir: Path, *, snapshots_kept: int, capacity: int) -> list[Path]:
    """Remove older snapshots, then the segments that none of those left needs; return what was removed. Raise OSError.

    snapshots_kept: how many of the newest stay, 0 for all snapshots and the whole journal. capacity: how many events
    and executions a start wants to replay. Without a good snapshot nothing is removed; the last segment never is.
    """
    folder = snapshots_folder(data_dir)
    good, _ = good_snapshots(folder)
    if not snapshots_kept or not good:
        return []
    first_record = sequence_of(segments(journal_folder(data_dir))[0])
    start = start_order(good, first_record, capacity)[0]
    needed = {header.sequence for header in good[:snapshots_kept]} | {start.sequence if start else 0}
    needed |= {header.sequence for header in _starts_to_come(good, start, capacity)}
    removed = [
        path for path in snapshots(folder) if sequence_of(path) not in needed and sequence_of(path) < good[0].sequence
    ]
    _remove(removed, folder)
    unneeded = _segments_up_to(journal_folder(data_dir), min(needed))
    _remove(unneeded, journal_folder(data_dir))
    return removed + unneeded


def _starts_to_come(
    newest_first: list[SnapshotHeader], start: SnapshotHeader | None, capacity: int
) -> Iterator[SnapshotHeader]:
    """Yield the snapshots that starts will begin with when there is more behind them: a few, well apart.

    Each is so far from the one before it, which stays, too: so those that are yielded once are the next time.
    """
    last = start
    for header in reversed(newest_first):
        if (not start or header.sequence > start.sequence) and reach(last, header) * STEPS >= capacity:
            last = header
            yield header


def _segments_up_to(folder: Path, sequence: int) -> list[Path]:
    """Return the segments all of whose records come up to a sequence, oldest first."""
    paths = segments(folder)
    return [path for path, next_one in itertools.pairwise(paths) if sequence_of(next_one) <= sequence + 1]


def _remove(paths: list[Path], folder: Path) -> None:
    """Remove files of a folder in this order, durably."""
    for path in paths:
        path.unlink()
    if paths:
        fsync_folder(folder)
