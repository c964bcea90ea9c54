"""Repair: the cut that makes a damaged data directory one that can be recovered, for those who consent to it."""

import os
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orderbook_server.journal.checksums import crc32c_of
from orderbook_server.journal.errors import JournalError
from orderbook_server.journal.findings import Damage, Findings, examine
from orderbook_server.journal.layout import (
    fsync_folder,
    journal_folder,
    lock,
    make_folder,
    segment_name,
    write_zeros,
)
from orderbook_server.journal.position import Position
from orderbook_server.journal.segment_file import SegmentFile

__all__ = ["Cut", "Damage", "Findings", "cut", "examine"]

PIECE_BYTES = 1 << 20
HEADER = struct.Struct("<8sIIQQI12s16s")  # of a segment: magic, version, CRC, sequence, time, epoch, spare, previous
VERSION = 1


class Cut(NamedTuple):
    """What was done: the folder with what was cut, and the files in it."""

    folder: Path
    files: tuple[Path, ...]


def cut(data_dir: Path, findings: Findings) -> Cut:
    """Keep what the findings say; move the rest into a new folder of the directory, where it is kept, too.

    It is done under the lock, in an order that allows for a crash at any point: what is left can be examined and cut
    again. Raises DirectoryInUse, JournalError where the findings are not those of the directory as it is, OSError.
    """
    with lock(data_dir):
        if not findings.can_be_cut or examine(data_dir) != findings:
            raise JournalError(f"{data_dir} is not as it was when it was examined, or no cut would help")
        aside = _new_folder(data_dir)
        base, end = findings.base, findings.position
        files = []
        rest = _rest(end) if end.segment is not None and end.segment not in findings.segments else 0
        if rest:
            files.append(_copy_rest(end, rest, aside))
        if base is not None:
            files += _go_on_from(base, end, journal_folder(data_dir), aside)
        files += _move(
            [path for path in (*findings.segments, *findings.snapshots) if aside / path.name not in files], aside
        )
        if rest and end.segment is not None:
            write_zeros(end.segment, end.offset, rest)
        return Cut(aside, tuple(files))


def _new_folder(data_dir: Path) -> Path:
    """Make the folder for what is cut, named by the time."""
    name = f"cut-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = [name, *(f"{name}-{number}" for number in range(2, 100))]
    path = next(data_dir / name for name in names if not (data_dir / name).exists())
    make_folder(path)
    return path


def _rest(position: Position) -> int:
    """Return how many bytes lie behind a position in its segment, up to the zeros at the end."""
    assert position.segment is not None
    return SegmentFile(position.segment).data_end(position.offset) - position.offset


def _copy_rest(position: Position, size: int, aside: Path) -> Path:
    """Copy what lies behind a position in its segment."""
    assert position.segment is not None
    path = aside / f"{position.segment.name}.from-{position.offset}"
    _write(path, b"", position.segment, position.offset, size)
    return path


def _go_on_from(base: Position, end: Position, folder: Path, aside: Path) -> list[Path]:
    """Begin the journal anew behind a snapshot, with the good frames of the segment that it goes on in.

    Return what was put aside for it: a segment of the same name.
    """
    path = folder / segment_name(base.sequence + 1)
    temporary = path.with_name(path.name + ".tmp")
    source, size = base.segment or path, 0
    if base.segment is not None:
        size = (end.offset if end.segment == source else source.stat().st_size) - base.offset
    _write(temporary, _header(base), source, base.offset, size)
    displaced = []
    if path.exists():
        displaced.append(aside / path.name)
        os.link(path, displaced[0])  # so that it is always there, under one name or both
        fsync_folder(aside)
    temporary.replace(path)
    fsync_folder(folder)
    return displaced


def _header(base: Position) -> bytes:
    """Return the header of a segment that goes on behind a position."""
    fields = [b"OBJOURNL", VERSION, 0, base.sequence + 1, time.time_ns(), base.epoch, bytes(12), base.frame_hash]
    fields[2] = crc32c_of(HEADER.pack(*fields))
    return HEADER.pack(*fields)


def _write(path: Path, header: bytes, source: Path, offset: int, size: int) -> None:
    """Write a file of a header and a part of another file, durably."""
    with path.open("wb") as target:
        target.write(header)
        if size:
            with source.open("rb") as file:
                file.seek(offset)
                while size:
                    size -= target.write(file.read(min(PIECE_BYTES, size)))
        target.flush()
        os.fsync(target.fileno())
    fsync_folder(path.parent)


def _move(paths: list[Path], aside: Path) -> list[Path]:
    """Move files, the newest first: what is left is always a beginning."""
    moved = [path.rename(aside / path.name) for path in reversed(paths)]
    for folder in {aside, *(path.parent for path in paths)}:
        fsync_folder(folder)
    return moved
