"""`obctl journal verify`: all of a data directory read, and checked against what it says of itself."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from obctl.journal.directory import DataDirectory, advice
from obctl.progress import Progress
from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.layout import sequence_of, snapshots, snapshots_folder
from orderbook_server.journal.reader import Frame, JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.snapshots import SnapshotBad, SnapshotHeader, load_snapshot

GOOD = "good"


@dataclass
class FileReport:
    """A file of the directory: a segment with records from first_record on, or a snapshot of the state at last_record.

    state: good, or what is wrong.
    """

    file: str
    bytes: int
    first_record: int | None = None
    last_record: int | None = None
    frames: int = 0
    state: str = GOOD

    def line(self) -> str:
        """Say what is there."""
        if self.first_record is None:
            what = f"state at record {self.last_record:,}"
        elif self.frames:
            what = f"records {self.first_record:,} to {self.last_record:,}, frames {self.frames:,}"
        else:
            what = f"records from {self.first_record:,} on" if self.state != GOOD else "no records"
        return f"{self.file}  {what}, {self.bytes:,} bytes: {self.state}"


@dataclass
class Verification:
    """What came out. damage: the first that was found, None: all is good. torn_bytes: at the end, which are no damage.

    replayed: how many records were, behind record `replayed_from`; state_hash: that this came to.
    """

    directory: DataDirectory
    files: list[FileReport] = field(default_factory=list)
    damage: JournalError | None = None
    first_record: int = 1
    last_record: int = 0
    torn_bytes: int = 0
    replayed: int | None = None
    replayed_from: int | None = None
    state_hash: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON writes it."""
        return {
            "directory": str(self.directory.path),
            "good": self.damage is None,
            "damage": str(self.damage) if self.damage else None,
            "live": self.directory.live,
            "first_record": self.first_record,
            "last_record": self.last_record,
            "torn_bytes": self.torn_bytes,
            "replayed": self.replayed,
            "replayed_from": self.replayed_from,
            "state_hash": self.state_hash,
            "files": [asdict(report) for report in self.files],
        }

    def advice(self) -> str:
        """Say what can be done about the damage."""
        if isinstance(self.damage, SnapshotBad):
            return "a start passes it over: remove it"
        return advice(self.directory.path)

    def lines(self) -> Iterator[str]:
        """Say it: a line for each file, then what there is to say of the whole."""
        yield from (report.line() for report in self.files)
        if self.directory.live:
            yield "a server uses the directory: what it writes meanwhile is not looked at"
        if self.torn_bytes:
            yield (
                f"torn: {self.torn_bytes:,} bytes at the end are what is left of a frame that was never finished; "
                "the next start cuts them off"
            )
        if self.replayed is not None:
            yield f"replayed {self.replayed:,} records behind record {self.replayed_from:,}: state {self.state_hash}"
        if self.damage is None:
            yield (
                f"good: records {self.first_record:,} to {self.last_record:,}"
                if self.last_record
                else "good: no records"
            )


class Verifier:
    """Reads a directory once. What is found to be wrong is noted, and the rest read as far as it can be."""

    def __init__(self, directory: DataDirectory) -> None:
        self.directory = directory
        self.found = Verification(directory, first_record=directory.first_record())
        self.headers: dict[int, tuple[SnapshotHeader, FileReport]] = {}  # good in themselves, by sequence

    def run(self, *, replay: bool) -> Verification:
        """Check snapshots, segments, and how they belong together; then replay, if it is asked for and all is good."""
        self.check_snapshots()  # first: none can be newer than what the journal has when it is read
        newest = max(self.headers, default=0)
        reader = self.check_segments()
        if reader is not None:
            self.found.last_record = reader.position.sequence
            self.found.torn_bytes = reader.tail.torn_bytes if reader.tail else 0
            self.check_ends()
            self.check_start(newest)
        if replay and self.found.damage is None:
            self.replay()
        return self.found

    def note(self, error: JournalError) -> str:
        """Note damage; return what is wrong in words."""
        self.found.damage = self.found.damage or error
        return error.reason if isinstance(error, JournalDamaged) else str(error)

    def name(self, path: Path) -> str:
        """Return a file's name in the directory."""
        return str(path.relative_to(self.directory.path))

    def check_snapshots(self) -> None:
        """Load every snapshot: its digest, its state, and the hash of that."""
        for path in snapshots(snapshots_folder(self.directory.path)):
            try:
                report = FileReport(self.name(path), path.stat().st_size, last_record=sequence_of(path))
                header, _ = load_snapshot(path, event_capacity=1, execution_capacity=1)
                self.headers[header.sequence] = header, report
            except FileNotFoundError:  # a server removed it
                continue
            except SnapshotBad as error:
                report.state = f"DAMAGED: {self.note(error).removeprefix(f'{path}: ')}"
            self.found.files.append(report)

    def check_segments(self) -> JournalReader | None:
        """Read all segments; return the reader behind the last of them, None where one is damaged."""
        paths = self.directory.segments()
        reports = {
            path: FileReport(self.name(path), path.stat().st_size, sequence_of(path), state="not read")
            for path in paths
        }
        self.found.files[:0] = reports.values()
        try:
            reader = self.directory.reader()
            before = self.headers.get(reader.position.sequence)
            if before is not None:
                self.check_chain(*before, reader.position.frame_hash)
            for frame in self.directory.frames(reader):
                self.add(reports[frame.segment], frame)
        except JournalDamaged as error:
            where = reports.get(error.path)
            reason = self.note(error)
            for path in paths[: paths.index(error.path)] if where else ():
                reports[path].state = GOOD
            if where:
                where.state = f"DAMAGED at byte {error.offset:,}: {reason}"
            return None
        for path in paths:
            reports[path].state = GOOD
        return reader

    def add(self, report: FileReport, frame: Frame) -> None:
        """Add a frame to its segment's report, and compare the snapshot that ends with it."""
        report.last_record = self.found.last_record = frame.last_sequence
        report.frames += 1
        if frame.last_sequence in self.headers:
            self.check_chain(*self.headers[frame.last_sequence], frame.digest)

    def check_chain(self, header: SnapshotHeader, report: FileReport, frame_hash: bytes) -> None:
        """Check that a snapshot is of this journal."""
        del self.headers[header.sequence]
        if header.frame_hash != frame_hash:
            reason = f"the journal has another frame that ends with record {header.sequence}"
            report.state = f"DAMAGED: {self.note(JournalDamaged(self.directory.path / report.file, 0, reason))}"

    def check_ends(self) -> None:
        """Find fault with the snapshots that no frame ends with; older ones than the journal have no frame there."""
        for sequence, (_, report) in self.headers.items():
            if sequence < self.found.first_record:
                continue
            reason = (
                f"no frame of the journal, which ends with record {self.found.last_record}, ends with record {sequence}"
            )
            report.state = f"DAMAGED: {self.note(JournalDamaged(self.directory.path / report.file, 0, reason))}"

    def check_start(self, newest: int) -> None:
        """Find fault with a journal whose beginning is gone, if no good snapshot (`newest`: of the last one) holds it.

        A snapshot that is not good is the lesser damage then: without it a start would do no better.
        """
        first = self.found.first_record
        if first > 1 and newest < first - 1 and not self.directory.live:  # beside a server the first one may just go
            reason = f"no good snapshot holds what was before record {first}, the first one here"
            self.found.damage = JournalDamaged(self.directory.segments()[0], 0, reason)

    def replay(self) -> None:
        """Carry the journal out from its beginning, or the oldest snapshot; all hashes on the way are compared."""
        with Progress("bytes") as progress:
            try:
                recovered = recover(
                    self.directory.path,
                    event_capacity=1,
                    from_beginning=True,
                    live=self.directory.live,
                    progress=lambda done, total: progress.update("replaying", done, done, total),
                )
            except JournalDamaged as error:
                self.note(error)
                return
        self.found.replayed = recovered.records
        self.found.replayed_from = recovered.sequence - recovered.records
        self.found.state_hash = recovered.sequencer.exchange.state_hash()
