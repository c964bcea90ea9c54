"""`obctl journal stats`: what a data directory holds, in figures."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from obctl.journal.directory import DataDirectory
from obctl.journal.tally import Tally
from obctl.journal.words import NS, when
from orderbook_server.journal.layout import snapshot_name, snapshots_folder


@dataclass
class Epoch:
    """What was written between a start of the server and the next. time: of its first frame."""

    epoch: int
    first_record: int
    last_record: int
    time: int


@dataclass
class Stats:
    """What a data directory holds; times are nanoseconds since 1970."""

    directory: DataDirectory
    tally: Tally = field(default_factory=Tally)
    epochs: list[Epoch] = field(default_factory=list)
    segments: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    first_record: int = 1
    last_record: int = 0

    def plain(self) -> dict[str, Any]:
        """Return the figures as JSON writes them."""
        tally = self.tally
        return {
            "directory": str(self.directory.path),
            "live": self.directory.live,
            "first_record": self.first_record,
            "last_record": self.last_record,
            "records": tally.records,
            "kinds": tally.kinds,
            "commands": tally.commands,
            "frames": tally.frames,
            "frame_bytes": tally.bytes,
            "file_bytes": sum(segment["bytes"] for segment in self.segments),
            "bytes_per_command": ratio(tally.bytes, tally.commands),
            "commands_per_frame_mean": ratio(tally.commands, tally.frames),
            "commands_per_frame_max": tally.frame_commands_max,
            "first_time": tally.first_time if tally.commands else None,
            "last_time": tally.last_time if tally.commands else None,
            "busiest_second": tally.busiest_second if tally.commands else None,
            "busiest_second_commands": tally.busiest_commands,
            "epochs": [vars(epoch) for epoch in self.epochs],
            "segments": self.segments,
            "snapshots": self.snapshots,
        }

    def figures(self) -> Iterator[tuple[str, str]]:
        """Say the figures: pairs of a name and a text."""
        plain, tally = self.plain(), self.tally
        yield "directory", f"{self.directory.path}{', in use by a server' if self.directory.live else ''}"
        yield "records", span_of(self.first_record, self.last_record)
        yield "kinds", ", ".join(f"{name} {count:,}" for name, count in tally.kinds.items()) or "none"
        yield "commands", f"{tally.commands:,}, {plain['bytes_per_command'] or 0:,.1f} bytes each"
        mean = plain["commands_per_frame_mean"] or 0
        yield (
            "frames",
            f"{tally.frames:,}, {tally.bytes:,} bytes; {mean:,.1f} commands each, {tally.frame_commands_max:,} at most",
        )
        if tally.commands:
            yield "time", f"{when(tally.first_time)} to {when(tally.last_time)}"
            busiest = when(tally.busiest_second * NS)
            yield "busiest", f"{tally.busiest_commands:,} commands in the second from {busiest}"
        yield "segments", f"{len(self.segments):,}, {plain['file_bytes']:,} bytes"
        for epoch in self.epochs:
            yield (
                f"epoch {epoch.epoch}",
                f"{span_of(epoch.first_record, epoch.last_record)}, from {when(epoch.time)} on",
            )
        for snapshot in self.snapshots:
            yield "snapshot", f"record {snapshot['sequence']:,}, {snapshot['bytes']:,} bytes, {when(snapshot['time'])}"
        if not self.snapshots:
            yield "snapshots", "none"


def span_of(first: int, last: int) -> str:
    """Say which records there are."""
    return f"{first:,} to {last:,}" if last >= first else "none"


def ratio(amount: int, count: int) -> float | None:
    """Return a mean, None of nothing."""
    return round(amount / count, 3) if count else None


def stats_of(directory: DataDirectory) -> Stats:
    """Read a whole journal, and return the figures."""
    stats = Stats(directory, first_record=directory.first_record())
    stats.snapshots = [
        {
            "sequence": header.sequence,
            "time": header.time,
            "bytes": (snapshots_folder(directory.path) / snapshot_name(header.sequence)).stat().st_size,
        }
        for header in reversed(directory.snapshots())
    ]
    stats.segments = [{"file": path.name, "bytes": path.stat().st_size} for path in directory.segments()]
    stats.last_record = stats.first_record - 1
    for frame in directory.frames(directory.reader()):
        stats.tally.add(frame)
        stats.last_record = frame.last_sequence
        if not stats.epochs or stats.epochs[-1].epoch != frame.epoch:
            stats.epochs.append(Epoch(frame.epoch, frame.sequence, frame.last_sequence, frame.time))
        stats.epochs[-1].last_record = frame.last_sequence
    return stats
