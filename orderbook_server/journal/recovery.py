"""Recovery: from what a data directory holds back to the exchange as it was (docs/journal.md, "Starting again")."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orderbook import Exchange
from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.layout import journal_folder, segments, sequence_of, snapshot_name, snapshots_folder
from orderbook_server.journal.reader import Frame, JournalReader, Position, Tail
from orderbook_server.journal.replay import Replay
from orderbook_server.journal.snapshots import SnapshotBad, SnapshotHeader, good_snapshots, load_snapshot, start_order
from orderbook_server.sequencer.sequencer import Sequencer

Progress = Callable[[int, int], None]
PROGRESS_BYTES = 1 << 20  # between two calls
EVENTS_WITHOUT_END = 1 << 64  # more than any journal makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """An exchange that was recovered.

    sequence: of the last record that it contains; position, tail: where the reading of the journal ended, and how (no
    tail where it was not read to its end). snapshot: what it began with, None: the beginning of the journal; records:
    how many were replayed; passed_over: snapshots that are not good, and why.
    """

    sequencer: Sequencer
    sequence: int
    position: Position
    tail: Tail | None
    snapshot: SnapshotHeader | None
    records: int
    passed_over: list[str] = field(default_factory=list)


def recover(
    data_dir: Path,
    *,
    event_capacity: int,
    fill_rings: bool = True,
    until: int | None = None,
    until_event: int | None = None,
    from_beginning: bool = False,
    live: bool = False,
    progress: Progress | None = None,
) -> Recovered:
    """Return the exchange that a data directory holds. Nothing is written, and nothing locked.

    event_capacity: events, and as many executions, that the rings hold; fill_rings: begin so early that they are full.
    until, until_event: stop behind the record with this sequence, or behind the one that made this event.
    from_beginning: replay all that is there, behind the oldest snapshot where the first record is gone. live: a server
    may be writing. `progress` is called with the bytes read, and with those in all.

    Raise JournalDamaged, UnknownFormat, JournalError where there is no such record, OSError, MemoryError.
    """
    folder = snapshots_folder(data_dir)
    good, bad = good_snapshots(folder)
    passed_over = [str(error) for error in bad]
    if until is not None:
        good = [header for header in good if header.sequence <= until]
    if until_event is not None:
        good = [header for header in good if header.event_sequence < until_event]
    asked = from_beginning or until is not None or until_event is not None
    capacity = EVENTS_WITHOUT_END if from_beginning else event_capacity if fill_rings else 0
    starts = _starts(data_dir, good, capacity, asked=asked)
    snapshot, sequencer = _loaded(folder, starts, event_capacity, passed_over)
    begun = snapshot.sequence if snapshot else 0
    reader = JournalReader(journal_folder(data_dir), after=begun, until=until, live=live)
    if snapshot:
        _require_joined(folder, snapshot, reader.position)
    replay = Replay(sequencer, begun, until=until, until_event=until_event)
    crossed = [header for header in reversed(good) if header.sequence > begun]
    _replay(reader, replay, folder, crossed, progress)
    if not replay.reached and not (until is None and until_event is None):
        raise JournalError(_too_early(replay, until, until_event))
    if crossed:
        raise JournalDamaged(
            folder / snapshot_name(crossed[0].sequence), 0, _behind_the_end(crossed[0], replay.sequence)
        )
    return Recovered(
        sequencer=replay.sequencer,
        sequence=replay.sequence,
        position=reader.position,
        tail=reader.tail,
        snapshot=snapshot,
        records=replay.sequence - begun,
        passed_over=passed_over,
    )


def _starts(data_dir: Path, good: list[SnapshotHeader], capacity: int, *, asked: bool) -> list[SnapshotHeader | None]:
    """Return what to begin with, the best first. To have nothing is damage, unless too much was `asked` for."""
    paths = segments(journal_folder(data_dir))
    first_record = sequence_of(paths[0]) if paths else 1
    starts = start_order(good, first_record, capacity)
    if starts:
        return starts
    if asked:
        raise JournalError(f"the journal begins with record {first_record}, and no snapshot that could serve is kept")
    raise JournalDamaged(
        paths[0], 0, f"no good snapshot holds what was before record {first_record}, the first one here"
    )


def _loaded(
    folder: Path, starts: Sequence[SnapshotHeader | None], event_capacity: int, passed_over: list[str]
) -> tuple[SnapshotHeader | None, Sequencer]:
    """Return the first that can be loaded; note those that cannot."""
    for header in starts:
        if header is None:  # the first record of a journal says what the instruments are
            return None, Sequencer(Exchange(event_capacity=event_capacity), execution_capacity=event_capacity)
        try:
            return load_snapshot(
                folder / snapshot_name(header.sequence),
                event_capacity=event_capacity,
                execution_capacity=event_capacity,
            )
        except SnapshotBad as error:
            passed_over.append(str(error))
    raise JournalDamaged(folder, 0, "no snapshot is good, and the journal does not begin with the first record")


def _require_joined(folder: Path, snapshot: SnapshotHeader, position: Position) -> None:
    """Raise JournalDamaged where the journal does not have the frame with which a snapshot ends."""
    path = folder / snapshot_name(snapshot.sequence)
    if position.sequence != snapshot.sequence:
        raise JournalDamaged(path, 0, _behind_the_end(snapshot, position.sequence))
    if position.frame_hash != snapshot.frame_hash:
        raise JournalDamaged(path, 0, f"the journal has another frame that ends with record {snapshot.sequence}")


def _behind_the_end(snapshot: SnapshotHeader, sequence: int) -> str:
    return (
        f"the snapshot contains record {snapshot.sequence}, and no frame of the journal behind {sequence} ends with it"
    )


def _too_early(replay: Replay, until: int | None, until_event: int | None) -> str:
    """Say why what was asked for is not there."""
    if until is not None:
        return f"the journal ends with record {replay.sequence}: there is no record {until}"
    return f"the last event is {replay.sequencer.exchange.last_sequence}: there is no event {until_event}"


def _replay(
    reader: JournalReader, replay: Replay, folder: Path, crossed: list[SnapshotHeader], progress: Progress | None
) -> None:
    """Carry out the journal; compare the snapshots that are crossed, oldest first, and take them off the list."""
    total = _bytes_to_read(reader)
    done = told = 0
    for frame in reader.frames():
        replay.feed(frame)
        if crossed and crossed[0].sequence <= frame.last_sequence:
            _compare(replay, folder, crossed.pop(0), frame)
        if replay.reached:
            break
        done += frame.size
        if progress and done - told >= PROGRESS_BYTES:
            told = done
            progress(done, total)
    replay.flush()
    if progress:
        progress(total, total)


def _compare(replay: Replay, folder: Path, snapshot: SnapshotHeader, frame: Frame) -> None:
    """Raise JournalDamaged where a snapshot says of the state behind a frame what the replay does not come to."""
    path = folder / snapshot_name(snapshot.sequence)
    if (frame.last_sequence, frame.digest) != (snapshot.sequence, snapshot.frame_hash):
        raise JournalDamaged(path, 0, f"the journal has another frame that ends with record {snapshot.sequence}")
    replay.compare(snapshot.state_hash)
    numbers = replay.sequencer.exchange.last_sequence, replay.sequencer.last_execution
    if numbers != (snapshot.event_sequence, snapshot.execution_sequence):
        raise JournalDamaged(
            path, 0, f"replaying comes to event {numbers[0]}, execution {numbers[1]}, the snapshot does not"
        )


def _bytes_to_read(reader: JournalReader) -> int:
    """Return about how many bytes of the journal lie before a reader: the zeros at its end count, too."""
    position = reader.position
    if position.segment is None:
        return 0
    paths = segments(reader.folder)
    return sum(path.stat().st_size for path in paths[paths.index(position.segment) :]) - position.offset
