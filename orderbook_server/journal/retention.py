"""Which snapshots and segments are kept: as many snapshots as are wanted, and all that a start may need."""

import itertools
from pathlib import Path

from orderbook_server.journal.layout import (
    fsync_folder,
    journal_folder,
    segments,
    sequence_of,
    snapshots,
    snapshots_folder,
)
from orderbook_server.journal.snapshots import good_snapshots, start_order


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
    removed = [
        path for path in snapshots(folder) if sequence_of(path) not in needed and sequence_of(path) < good[0].sequence
    ]
    _remove(removed, folder)
    unneeded = _segments_up_to(journal_folder(data_dir), min(needed))
    _remove(unneeded, journal_folder(data_dir))
    return removed + unneeded


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
