"""What is wrong with a data directory that a server refuses, and what of it can be kept."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from orderbook_server.journal.errors import JournalDamaged
from orderbook_server.journal.layout import (
    journal_folder,
    segments,
    sequence_of,
    snapshot_name,
    snapshots,
    snapshots_folder,
)
from orderbook_server.journal.position import BEGINNING, Found, Position
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.segment_file import SegmentFile
from orderbook_server.journal.snapshots import SnapshotBad, SnapshotHeader, good_snapshots, load_snapshot

EVENT_CAPACITY = 1 << 20  # as servers have it


class Damage(NamedTuple):
    """A place that is not as it was written."""

    path: Path
    offset: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with a data directory, and what a cut would keep and lose.

    damage: why a server refuses it, None where it does not; torn_bytes: of a frame that was never finished, which needs
    no repair. can_be_cut: whether there is a cut behind which it can be recovered; if so:

    position: the end of what is kept. base: None where all before that is kept; else the damage is older than a good
    snapshot, and this is where the journal goes on behind that: the state is kept, the history before it is moved aside
    (`segment` None: nothing of the journal behind it is good). lost_frames, lost_records: good frames behind
    `position`, and the records in them. segments, snapshots: files that are moved aside whole.
    """

    damage: Damage | None
    position: Position
    torn_bytes: int = 0
    can_be_cut: bool = False
    base: Position | None = None
    lost_frames: int = 0
    lost_records: int = 0
    segments: tuple[Path, ...] = ()
    snapshots: tuple[Path, ...] = ()


class _Read(NamedTuple):
    """How far a journal is good: `ends` are the hashes of its frames by the sequence that they end with."""

    position: Position
    damaged: bool
    ends: dict[int, bytes]


def examine(data_dir: Path, *, event_capacity: int = EVENT_CAPACITY) -> Findings:
    """Recover the exchange as a server would; where it cannot be, find what can be kept. Nothing is changed.

    Raise UnknownFormat where another version wrote it: nobody here can tell what is right there; JournalError, OSError.
    """
    try:
        recovered = recover(data_dir, event_capacity=event_capacity)
    except JournalDamaged as error:
        return _cut_for(data_dir, Damage(error.path, error.offset, error.reason))
    torn_bytes = recovered.tail.torn_bytes if recovered.tail else 0
    return Findings(damage=None, position=recovered.position, torn_bytes=torn_bytes)


def _cut_for(data_dir: Path, damage: Damage) -> Findings:
    """Find the cut that keeps most: up to the damage, or from the newest good snapshot on where that is behind it."""
    folder = journal_folder(data_dir)
    headers, _ = good_snapshots(snapshots_folder(data_dir))
    read = _read_from_the_first(folder, {header.sequence for header in headers})
    snapshot = _newest_good(data_dir, (header for header in headers if _is_behind(header, read.position)))
    base = _base(folder, snapshot) if snapshot else None
    if base is not None:
        read = _read(JournalReader(folder, start=base)) if base.segment else _Read(base, True, {})
    moved = _moved_snapshots(data_dir, headers, read, base)
    lost = _good_frames_behind(folder, read.position)
    return Findings(
        damage=damage,
        position=read.position,
        can_be_cut=(read.damaged or base is not None or bool(moved)) and _has_a_start(folder, headers, read, base),
        base=base,
        lost_frames=len(lost),
        lost_records=sum(frame.records for frame in lost),
        segments=_moved_segments(folder, read.position, base),
        snapshots=moved,
    )


def _read_from_the_first(folder: Path, wanted: Collection[int]) -> _Read:
    """Read a journal from the first segment that there is."""
    paths = segments(folder)
    if not paths:
        return _Read(BEGINNING, False, {})
    return _read(JournalReader(folder, after=max(sequence_of(paths[0]) - 1, 0)), wanted)


def _read(reader: JournalReader, wanted: Collection[int] = ()) -> _Read:
    """Read a journal as far as it is good; note the hashes of frames that end with the records that are wanted."""
    ends = {}
    try:
        for frame in reader.frames():
            if frame.last_sequence in wanted:
                ends[frame.last_sequence] = frame.digest
    except JournalDamaged:
        return _Read(reader.position, True, ends)
    return _Read(reader.position, False, ends)


def _is_behind(header: SnapshotHeader, position: Position) -> bool:
    """Tell whether a snapshot holds more than the journal up to a position, or what it holds of itself."""
    return header.sequence > position.sequence or (position.segment is None and header.sequence == position.sequence)


def _newest_good(data_dir: Path, newest_first: Iterable[SnapshotHeader]) -> SnapshotHeader | None:
    """Return the first snapshot that can be loaded."""
    for header in newest_first:
        path = snapshots_folder(data_dir) / snapshot_name(header.sequence)
        with suppress(SnapshotBad):
            return load_snapshot(path, event_capacity=1, execution_capacity=1)[0]
    return None


def _base(folder: Path, snapshot: SnapshotHeader) -> Position:
    """Return where the journal goes on behind a snapshot: at a frame that has the next record, and the right hash."""
    at = snapshot.sequence, snapshot.frame_hash, snapshot.epoch
    for path in reversed(segments(folder)):  # the newest one: a cut that was not finished may have left two
        for frame in SegmentFile(path).good_frames(snapshot.sequence):
            if (frame.sequence, frame.previous) == (snapshot.sequence + 1, snapshot.frame_hash):
                return Position(*at, path, frame.offset)
    return Position(*at, None, 0)


def _moved_snapshots(
    data_dir: Path, headers: list[SnapshotHeader], read: _Read, base: Position | None
) -> tuple[Path, ...]:
    """Return the snapshots that do not go with what is kept of the journal."""
    begin, end = base.sequence if base else 0, read.position.sequence
    strange = {
        header.sequence for header in headers if read.ends.get(header.sequence, b"") not in (b"", header.frame_hash)
    }
    return tuple(
        path
        for path in snapshots(snapshots_folder(data_dir))
        if not begin <= sequence_of(path) <= end or sequence_of(path) in strange
    )


def _moved_segments(folder: Path, end: Position, base: Position | None) -> tuple[Path, ...]:
    """Return the segments that do not stay as they are, the one with the end apart."""
    kept = end.segment
    first = base.segment if base else None
    return tuple(
        path for path in segments(folder) if kept is None or path > kept or (first is not None and path <= first)
    )


def _good_frames_behind(folder: Path, end: Position) -> list[Found]:
    """Return the frames that are good in themselves, and whose records are none of those kept."""
    return [frame for path in segments(folder) for frame in SegmentFile(path).good_frames(end.sequence)]


def _has_a_start(folder: Path, headers: list[SnapshotHeader], read: _Read, base: Position | None) -> bool:
    """Tell whether what is before the first segment is known, or was nothing."""
    paths = segments(folder)
    before = sequence_of(paths[0]) - 1 if paths else 0
    return (
        base is not None
        or before == 0
        or any(before <= header.sequence <= read.position.sequence for header in headers)
    )
