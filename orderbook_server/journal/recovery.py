"""Recovery: from what a data directory holds back to the exchange as it was (docs/journal.md, "Starting again")."""

from collections.abc import Callable, Iterator, Sequence
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
    recovery = Recovery(
        data_dir,
        event_capacity=event_capacity,
        fill_rings=fill_rings,
        until=until,
        until_event=until_event,
        from_beginning=from_beginning,
        live=live,
    )
    total = _bytes_to_read(recovery.reader)
    done = told = 0
    for frame in recovery.frames():
        recovery.carry_out(frame)
        done += frame.size
        if progress and done - told >= PROGRESS_BYTES:
            told = done
            progress(done, total)
    recovered = recovery.finish()
    if progress:
        progress(total, total)
    return recovered


class Recovery:
    """A recovery on its way, frame by frame: what `recover` does in one go, with its options and what it raises.

    The caller carries out what `frames` yields, each before the next, and then finishes.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        event_capacity: int,
        fill_rings: bool = True,
        until: int | None = None,
        until_event: int | None = None,
        from_beginning: bool = False,
        live: bool = False,
    ) -> None:
        self.folder = snapshots_folder(data_dir)
        self.passed_over: list[str] = []
        good, bad = good_snapshots(self.folder)
        self.passed_over += map(str, bad)
        if until is not None:
            good = [header for header in good if header.sequence <= until]
        if until_event is not None:
            good = [header for header in good if header.event_sequence < until_event]
        asked = from_beginning or until is not None or until_event is not None
        capacity = EVENTS_WITHOUT_END if from_beginning else event_capacity if fill_rings else 0
        starts = _starts(data_dir, good, capacity, asked=asked)
        self.snapshot, sequencer = _loaded(self.folder, starts, event_capacity, self.passed_over)
        self.begun = self.snapshot.sequence if self.snapshot else 0
        self.reader = JournalReader(journal_folder(data_dir), after=self.begun, until=until, live=live)
        if self.snapshot:
            _require_joined(self.folder, self.snapshot, self.reader.position)
        self.until = until
        self.until_event = until_event
        self.replay = Replay(sequencer, self.begun, until=until, until_event=until_event)
        self._crossed = [header for header in reversed(good) if header.sequence > self.begun]  # oldest first

    def frames(self) -> Iterator[Frame]:
        """Yield the frames to be carried out. They come once."""
        for frame in self.reader.frames():
            yield frame
            if self.replay.reached:
                return

    def carry_out(self, frame: Frame) -> None:
        """Carry out the next frame, and compare the snapshot that it ends with, if there is one."""
        self.replay.feed(frame)
        if self._crossed and self._crossed[0].sequence <= frame.last_sequence:
            _compare(self.replay, self.folder, self._crossed.pop(0), frame)

    def finish(self) -> Recovered:
        """Return what was recovered, all frames being carried out."""
        replay = self.replay
        replay.flush()
        if not replay.reached and not (self.until is None and self.until_event is None):
            raise JournalError(_too_early(replay, self.until, self.until_event))
        if self._crossed:
            ahead = self._crossed[0]
            raise JournalDamaged(
                self.folder / snapshot_name(ahead.sequence), 0, _behind_the_end(ahead, replay.sequence)
            )
        return Recovered(
            sequencer=replay.sequencer,
            sequence=replay.sequence,
            position=self.reader.position,
            tail=self.reader.tail,
            snapshot=self.snapshot,
            records=replay.sequence - self.begun,
            passed_over=self.passed_over,
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
