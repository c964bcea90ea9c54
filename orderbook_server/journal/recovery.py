"""Recovery: from what a data directory holds back to the exchange as it was (docs/journal.md, "Starting again")."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from orderbook import Exchange
from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.layout import journal_folder, segments, sequence_of, snapshot_name, snapshots_folder
from orderbook_server.journal.position import BEGINNING, Position, Tail
from orderbook_server.journal.reader import Frame, JournalReader
from orderbook_server.journal.replay import Replay
from orderbook_server.journal.snapshots import (
    SnapshotBad,
    SnapshotHeader,
    good_snapshots,
    load_snapshot,
    start_order,
)
from orderbook_server.sequencer.sequencer import Sequencer

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Where a recovery stops: behind the record with a sequence, or the one that made an event; None: at the end."""

    sequence: int | None = None
    event: int | None = None

    def __bool__(self) -> bool:
        """Tell whether it stops before the end."""
        return self.sequence is not None or self.event is not None

    def allows(self, header: SnapshotHeader) -> bool:
        """Tell whether a snapshot lies before it."""
        return (self.sequence is None or header.sequence <= self.sequence) and (
            self.event is None or header.event_sequence < self.event
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """An exchange that was recovered.

    position: behind the frame of the last record; sequence: of the last record that is contained; tail: how the journal
    ends, None where it was not read so far, or there is none; snapshot: where it began, None: at the beginning of the
    journal; records: how many were replayed; notes: what was passed over on the way.
    """

    sequencer: Sequencer
    sequence: int
    position: Position
    tail: Tail | None
    snapshot: SnapshotHeader | None
    records: int
    notes: list[str] = field(default_factory=list)


def recover(
    data_dir: Path,
    *,
    event_capacity: int,
    filling: bool = True,
    until: Until | None = None,
    from_beginning: bool = False,
    live: bool = False,
    progress: Progress | None = None,
) -> Recovered:
    """Return the exchange of a data directory; nothing is written, and nothing locked.

    event_capacity: events, and as many executions, that the rings hold; filling: begin early enough to fill them;
    from_beginning: take no snapshot; live: a server may be writing. `progress` is called with bytes read and bytes in all.
    Raise JournalDamaged, UnknownFormat, JournalError, OSError, MemoryError.
    """
    until = until or Until()
    folder = snapshots_folder(data_dir)
    good, bad = good_snapshots(folder)
    notes = [f"passed over: {error}" for error in bad]
    good = [header for header in good if until.allows(header)]
    first_record = _first_record(journal_folder(data_dir))
    starts = start_order([] if from_beginning else good, first_record, event_capacity if filling else 0)
    start, sequencer = _loaded(folder, starts, event_capacity, notes)
    sequence = start.sequence if start else 0
    reader = JournalReader(journal_folder(data_dir), after=sequence, until=until.sequence, live=live)
    if start:
        _require_joined(folder, start, reader.position)
    replay = Replay(sequencer, sequence, until=until.sequence, until_event=until.event)
    crossed = [header for header in reversed(good) if header.sequence > sequence]
    position = _replay(reader, replay, _Crossing(folder, crossed), _Meter(reader, progress))
    if crossed and not replay.reached ...
