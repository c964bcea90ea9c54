"""Snapshots: the whole exchange in one file, from which a start replays only what came after (docs/journal.md)."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orderbook import Exchange
from orderbook_server.journal.errors import JournalError
from orderbook_server.journal.instruments import Instruments, as_plain, of_plain
from orderbook_server.journal.layout import fsync_folder, snapshot_name, snapshots
from orderbook_server.sequencer.sequencer import Sequencer

FORMAT = 1
PARTS = ("exchange", "sequencer")
PIECE_BYTES = 1 << 20  # written between two syncs, so that a journal on the same disk never waits for much
LINE_BYTES_MAX = 1 << 26
FILE_MODE = 0o600  # as segments have it
RECORDS_PER_EVENT = 4
TEMPORARY = ".tmp"
VOUCHES = b',"line_digest":"'  # what the line ends with: the digest of all before it


class SnapshotBad(JournalError):
    """A snapshot is not as it was written, or was written by another version of the format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHeader:
    """What the first line of a snapshot says of it.

    sequence: of the last record that it contains; frame_hash: of the frame that ends with that record.
    """

    sequence: int
    event_sequence: int
    execution_sequence: int
    epoch: int
    frame_hash: bytes
    time: int  # nanoseconds since 1970
    state_hash: str
    instruments: Instruments


def write_snapshot(folder: Path, header: SnapshotHeader, parts: Mapping[str, bytes]) -> Path:
    """Write a snapshot so that it is there whole or not at all, whatever happens; return its path. Raise OSError."""
    path = folder / snapshot_name(header.sequence)
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        temporary.touch(FILE_MODE)
        with temporary.open("wb") as file:
            file.write(_line(header, parts))
            for part in parts.values():
                _write_paced(file, part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(folder)
    return path


def _line(header: SnapshotHeader, parts: Mapping[str, bytes]) -> bytes:
    """Return the first line of a snapshot."""
    digest = hashlib.blake2b(digest_size=32)
    for part in parts.values():
        digest.update(part)
    fields = {
        "format": FORMAT,
        "sequence": header.sequence,
        "event_sequence": header.event_sequence,
        "execution_sequence": header.execution_sequence,
        "epoch": header.epoch,
        "frame_hash": header.frame_hash.hex(),
        "time": header.time,
        "state_hash": header.state_hash,
        "instruments": as_plain(header.instruments),
        "parts": [[name, len(part)] for name, part in parts.items()],
        "digest": digest.hexdigest(),
    }
    line = json.dumps(fields, separators=(",", ":")).encode().removesuffix(b"}")
    return line + _vouching(line)


def _vouching(line: bytes) -> bytes:
    """Return the end of a line: a digest of what it says."""
    return VOUCHES + hashlib.blake2b(line, digest_size=16).hexdigest().encode() + b'"}\n'


def _write_paced(file: BinaryIO, part: bytes) -> None:
    """Write bytes a piece at a time, each put on the disk before the next."""
    view = memoryview(part)
    for begin in range(0, len(part), PIECE_BYTES):
        file.write(view[begin : begin + PIECE_BYTES])
        file.flush()
        os.fdatasync(file.fileno())


def read_header(path: Path) -> SnapshotHeader:
    """Return the header of a snapshot whose line is good and whose length is right; raise SnapshotBad, OSError."""
    with path.open("rb") as file:
        return _read_line(file, path)[0]


def _read_line(file: BinaryIO, path: Path) -> tuple[SnapshotHeader, list[tuple[str, int]], str]:
    """Return header, parts (name, bytes) and their digest; leave the file where the parts begin."""
    line = file.readline(LINE_BYTES_MAX)
    said, _, _ = line.rpartition(VOUCHES)
    if not said or line != said + _vouching(said):
        raise SnapshotBad(f"{path}: its first line is not as it was written")
    fields = json.loads(said + b"}")
    if fields["format"] != FORMAT:
        raise SnapshotBad(f"{path}: format {fields['format']}, which this version does not read")
    if snapshot_name(fields["sequence"]) != path.name:
        raise SnapshotBad(f"{path}: is the snapshot at {fields['sequence']} under another name")
    parts = [(name, size) for name, size in fields["parts"]]
    whole = len(line) + sum(size for _, size in parts)
    if (size := os.fstat(file.fileno()).st_size) != whole:
        raise SnapshotBad(f"{path}: has {size} bytes instead of {whole}")
    header = SnapshotHeader(
        sequence=fields["sequence"],
        event_sequence=fields["event_sequence"],
        execution_sequence=fields["execution_sequence"],
        epoch=fields["epoch"],
        frame_hash=bytes.fromhex(fields["frame_hash"]),
        time=fields["time"],
        state_hash=fields["state_hash"],
        instruments=of_plain(fields["instruments"]),
    )
    return header, parts, fields["digest"]


def load_snapshot(path: Path, *, event_capacity: int, execution_capacity: int) -> tuple[SnapshotHeader, Sequencer]:
    """Return a snapshot's header, and a sequencer in its state whose rings are empty; raise SnapshotBad, OSError."""
    with path.open("rb") as file:
        header, described, expected = _read_line(file, path)
        parts = {name: file.read(size) for name, size in described}
    digest = hashlib.blake2b(digest_size=32)
    for part in parts.values():
        digest.update(part)
    if digest.hexdigest() != expected or tuple(parts) != PARTS:
        raise SnapshotBad(f"{path}: its state is not as it was written")
    exchange = Exchange(header.instruments, event_capacity=event_capacity)
    try:
        exchange.load_state(parts["exchange"])
        sequencer = Sequencer(exchange, execution_capacity=execution_capacity)
        sequencer.load_state(parts["sequencer"])
    except ValueError as error:
        raise SnapshotBad(f"{path}: its state cannot be loaded: {error}") from error
    if exchange.state_hash() != header.state_hash:
        raise SnapshotBad(f"{path}: its state has the hash {exchange.state_hash()} instead of {header.state_hash}")
    told = exchange.last_sequence, sequencer.last_execution
    if told != (header.event_sequence, header.execution_sequence):
        raise SnapshotBad(f"{path}: its state is at event {told[0]}, execution {told[1]}, which its first line is not")
    return header, sequencer


def good_snapshots(folder: Path) -> tuple[list[SnapshotHeader], list[SnapshotBad]]:
    """Return the headers of snapshots that look good, newest first, and what is wrong with the others."""
    good, bad = [], []
    for path in reversed(snapshots(folder)):
        try:
            good.append(read_header(path))
        except SnapshotBad as error:
            bad.append(error)
    return good, bad


def remove_unfinished(folder: Path) -> None:
    """Remove what writers left that were killed."""
    for path in folder.glob("*" + TEMPORARY):
        path.unlink()


def reach(older: SnapshotHeader | None, newer: SnapshotHeader) -> int:
    """Return how much of the rings a replay from one snapshot to another fills, in events and as many executions.

    None is the beginning.

    So many records count as an event that commands without any, such as credits, do not make starts ever longer.
    """
    events, executions, records = newer.event_sequence, newer.execution_sequence, newer.sequence
    if older:
        events -= older.event_sequence
        executions -= older.execution_sequence
        records -= older.sequence
    return max(min(events, executions), records // RECORDS_PER_EVENT)


def filling_rings(newest_first: Sequence[SnapshotHeader], capacity: int) -> SnapshotHeader | None:
    """Return the newest snapshot with at least `capacity` events and executions behind it, None if there is none.

    Counted up to the newest snapshot: how far the journal goes behind it need not be known.
    """
    return next((header for header in newest_first if reach(header, newest_first[0]) >= capacity), None)


def start_order(newest_first: list[SnapshotHeader], first_record: int, capacity: int) -> list[SnapshotHeader | None]:
    """Return what a start may begin with, the best first; None is the beginning of the journal.

    first_record: that the journal still has; capacity: how many events and executions are to be replayed. The best is
    the newest snapshot with so many behind it; then older ones, which cost time, then newer ones, which cost events.
    """
    within_reach = [header for header in newest_first if header.sequence + 1 >= first_record]
    beginning: list[SnapshotHeader | None] = [None] if first_record == 1 else []
    filling = filling_rings(within_reach, capacity)
    place = within_reach.index(filling) if filling else len(within_reach)
    return [*within_reach[place:], *beginning, *reversed(within_reach[:place])]
