"""Repair: what is wrong with a data directory, what could be kept of it, and the cut, for those who consent to it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.layout import (
    fsync_folder,
    journal_folder,
    lock,
    make_folder,
    segments,
    sequence_of,
    snapshots,
    snapshots_folder,
)
from orderbook_server.journal.position import BEGINNING, Position, Tail
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.segment_file import SegmentFile

PIECE_BYTES = 1 << 20


class Damage(NamedTuple):
    """A place that is not as it was written."""

    path: Path
    offset: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with a data directory, and what a cut would keep and lose.

    damage: where it begins, None where the directory is good; position: the end of what is good; torn_bytes: of a frame
    that was never finished, which needs no repair. Of a cut: lost_frames, lost_records: good frames behind the damage,
    and the records in them; segments, snapshots: files behind the cut, which are moved aside whole.
    """

    damage: Damage | None
    position: Position
    torn_bytes: int = 0
    lost_frames: int = 0
    lost_records: int = 0
    segments: tuple[Path, ...] = ()
    snapshots: tuple[Path, ...] = ()


class Cut(NamedTuple):
    """What was done: the folder with what was cut, and the files in it."""

    folder: Path
    files: tuple[Path, ...]


def examine(data_dir: Path) -> Findings:
    """Read the whole journal and say what is wrong; nothing is changed.

    Raises UnknownFormat where another version wrote it: nobody here can tell what is right there.
    """
    position, torn_bytes, damage = _read(journal_folder(data_dir))
    later = tuple(path for path in snapshots(snapshots_folder(data_dir)) if sequence_of(path) > position.sequence)
    if damage is None and later:
        reason = f"the snapshot lies behind the end of the journal, which is record {position.sequence}"
        damage = Damage(later[0], 0, reason)
    if damage is None:
        return Findings(damage=None, position=position, torn_bytes=torn_bytes)
    cut_off = _behind(journal_folder(data_dir), position)
    counts = [SegmentFile(path).good_frames(offset) for path, offset in cut_off]
    return Findings(
        damage=damage,
        position=position,
        torn_bytes=torn_bytes,
        lost_frames=sum(frames for frames, _ in counts),
        lost_records=sum(records for _, records in counts),
        segments=tuple(path for path, offset in cut_off if offset == 0),
        snapshots=later,
    )


def _read(folder: Path) -> tuple[Position, int, Damage | None]:
    """Read a journal from its first segment on: return how far it is good, torn bytes behind that, and what is wrong."""
    paths = segments(folder)
    if not paths:
        return BEGINNING, 0, None
    reader = JournalReader(folder, after=max(sequence_of(paths[0]) - 1, 0))
    try:
        for _ in reader.frames():
            pass
    except JournalDamaged as error:
        return reader.position, 0, Damage(error.path, error.offset, error.reason)
    return reader.position, reader.tail.torn_bytes if reader.tail else 0, None


def _behind(folder: Path, position: Position) -> list[tuple[Path, int]]:
    """Return what lies behind a position: the segment it is in with its offset, and later ones with 0."""
    if position.segment is None:
        return [(path, 0) for path in segments(folder)]
    later = [path for path in segments(folder) if path.name > position.segment.name]
    return [(position.segment, position.offset), *((path, 0) for path in later)]


def cut(data_dir: Path, findings: Findings) -> Cut:
    """Keep what comes before the damage; move the rest into a new folder of the directory, where it is kept, too.

    It is done under the lock, in an order that allows for a crash at any point: what is left can be examined and cut
    again. Raises DirectoryInUse, JournalError where the findings are not those of the directory as it is, OSError.
    """
    with lock(data_dir):
        if findings.damage is None or examine(data_dir) != findings:
            raise JournalError(f"{data_dir} is not as it was when it was examined, or needs no repair")
        aside = _new_folder(data_dir)
        files = [_copy_rest(findings.position, aside)] if findings.position.segment else []
        files += _move(findings.segments, aside)
        files += _move(findings.snapshots, aside)
        _cut_rest(findings.position)
        return Cut(aside, tuple(files))


def cut_torn(tail: Tail) -> None:
    """Write zeros over what is left of a frame that was never finished; raise OSError."""
    _zero(tail.segment, tail.offset, tail.torn_bytes)


def _new_folder(data_dir: Path) -> Path:
    """Make the folder for what is cut, named by the time."""
    name = f"cut-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = [name, *(f"{name}-{number}" for number in range(2, 100))]
    path = next(data_dir / name for name in names if not (data_dir / name).exists())
    make_folder(path)
    return path


def _copy_rest(position: Position, aside: Path) -> Path:
    """Copy what lies behind a position in its segment, up to the zeros at the end."""
    assert position.segment is not None
    path = aside / f"{position.segment.name}.from-{position.offset}"
    remaining = SegmentFile(position.segment).data_end(position.offset) - position.offset
    with position.segment.open("rb") as source, path.open("xb") as target:
        source.seek(position.offset)
        while remaining:
            remaining -= target.write(source.read(min(PIECE_BYTES, remaining)))
        target.flush()
        os.fsync(target.fileno())
    fsync_folder(aside)
    return path


def _move(paths: tuple[Path, ...], aside: Path) -> list[Path]:
    """Move files, the newest first: what is left is always a beginning."""
    moved = [path.rename(aside / path.name) for path in reversed(paths)]
    for folder in {aside, *(path.parent for path in paths)}:
        fsync_folder(folder)
    return moved


def _cut_rest(position: Position) -> None:
    """Write zeros over what lies behind a position in its segment."""
    if position.segment is not None:
        end = SegmentFile(position.segment).data_end(position.offset)
        _zero(position.segment, position.offset, end - position.offset)


def _zero(path: Path, offset: int, size: int) -> None:
    """Write zeros into a file, durably. It keeps its size: there is room for the frames to come."""
    with path.open("r+b") as file:
        file.seek(offset)
        while size:
            size -= file.write(bytes(min(PIECE_BYTES, size)))
        file.flush()
        os.fsync(file.fileno())
