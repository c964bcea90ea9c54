"""Which snapshots and segments are kept: those that a start may need, and as many snapshots as are wanted."""

from pathlib import Path

from orderbook_server.journal.layout import first_sequence, journal_folder, segments, snapshot_name, snapshots, snapshots_folder, sync_folder
from orderbook_server.journal.snapshots import filling_rings, good_snapshots


def retain(data_dir: Path, *, snapshots_kept: int, capacity: int) -> list[Path]:
    """Remove older snapshots, then the segments that no snapshot left needs; return what was removed. Raise OSError.

    snapshots_kept: the newest that are kept, 0 for all; capacity: events and executions that the rings hold, for which
    an older one may be needed. Without a good snapshot nothing is removed, and the last segment never is.
    """
    ...
