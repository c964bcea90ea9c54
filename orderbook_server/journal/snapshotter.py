"""The process that writes a snapshot: `python -m orderbook_server.journal.snapshotter DATA_DIR --until SEQUENCE`.

It loads the newest good snapshot and replays the journal up to a record that is durable, so the server that trades does
nothing for it. What it did is printed as one line of JSON. Exit status 1, 4 where the directory is damaged: why is on
standard error.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.layout import journal_folder, segments, snapshots_folder
from orderbook_server.journal.recovery import Recovered, recover
from orderbook_server.journal.snapshots import SnapshotHeader, remove_unfinished, write_snapshot

NICE = 10  # whoever trades comes first
FAILED, DAMAGED = 1, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A snapshot that was taken: up to which record, its size, how long it took."""

    sequence: int
    bytes: int
    seconds: float
    state_hash: str


def take_snapshot(data_dir: Path, until: int) -> Taken:
    """Write the snapshot at a record that is durable and the last of its frame; raise JournalError, OSError."""
    begun = time.monotonic()
    remove_unfinished(snapshots_folder(data_dir))
    recovered = recover(data_dir, event_capacity=1, fill_rings=False, until=until, live=True)
    if recovered.position.sequence != until:
        raise JournalError(f"record {until} is not the last one of its frame")
    _sync_journal(journal_folder(data_dir))
    header = _header(recovered)
    parts = {
        "exchange": recovered.sequencer.exchange.dump_state(),
        "sequencer": recovered.sequencer.dump_state(),
    }
    path = write_snapshot(snapshots_folder(data_dir), header, parts)
    seconds = round(time.monotonic() - begun, 3)
    return Taken(sequence=until, bytes=path.stat().st_size, seconds=seconds, state_hash=header.state_hash)


def _sync_journal(folder: Path) -> None:
    """Put the journal on the disk, as its server may not: no power cut shall leave a snapshot that goes beyond it."""
    for path in segments(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _header(recovered: Recovered) -> SnapshotHeader:
    """Return the header of a snapshot of what was recovered."""
    exchange = recovered.sequencer.exchange
    return SnapshotHeader(
        sequence=recovered.sequence,
        event_sequence=exchange.last_sequence,
        execution_sequence=recovered.sequencer.last_execution,
        epoch=recovered.position.epoch,
        frame_hash=recovered.position.frame_hash,
        time=time.time_ns(),
        state_hash=exchange.state_hash(),
        instruments=exchange.instruments,
    )


def main(arguments: list[str] | None = None) -> int:
    """Take the snapshot that the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m orderbook_server.journal.snapshotter")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--until", type=int, required=True, help="sequence of the last record that it is to contain")
    options = parser.parse_args(arguments)
    os.nice(NICE)
    try:
        taken = take_snapshot(options.data_dir, options.until)
    except (JournalError, OSError, MemoryError) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)
        return DAMAGED if isinstance(error, JournalDamaged) else FAILED
    print(json.dumps(asdict(taken)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
