"""`obctl journal repair`: what is damaged, what a cut would keep and lose, and the cut for those who consent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from obctl.journal.directory import DataDirectory
from orderbook_server.journal.layout import sequence_of
from orderbook_server.journal.repair import Cut, Findings


def named(path: Path, directory: DataDirectory) -> str:
    """Return a file's name in the directory."""
    return str(path.relative_to(directory.path)) if path.is_relative_to(directory.path) else str(path)


def can_start(directory: DataDirectory, findings: Findings) -> bool:
    """Tell whether what a cut leaves has a beginning: the first record, or a snapshot of what was before it."""
    first = directory.first_record()
    kept = [header.sequence for header in directory.snapshots() if header.sequence <= findings.position.sequence]
    return first == 1 or any(sequence + 1 >= first for sequence in kept)


def plain(directory: DataDirectory, findings: Findings, cut: Cut | None) -> dict[str, Any]:
    """Return it as JSON writes it."""
    damage = findings.damage
    return {
        "directory": str(directory.path),
        "good": damage is None,
        "damage": damage and {"file": named(damage.path, directory), "offset": damage.offset, "reason": damage.reason},
        "last_good_record": findings.position.sequence,
        "torn_bytes": findings.torn_bytes,
        "lost_frames": findings.lost_frames,
        "lost_records": findings.lost_records,
        "moved_segments": [named(path, directory) for path in findings.segments],
        "moved_snapshots": [named(path, directory) for path in findings.snapshots],
        "cut": cut and {"folder": str(cut.folder), "files": [path.name for path in cut.files]},
    }


def explanation(directory: DataDirectory, findings: Findings) -> Iterator[str]:
    """Say what is good, what is damaged, and what a cut would do."""
    damage, last = findings.damage, findings.position.sequence
    if damage is None:
        yield f"nothing to repair: {directory.path} is good up to its last record, {last:,}"
        if findings.torn_bytes:
            yield f"the {findings.torn_bytes:,} bytes behind it were never finished; the next start cuts them off"
        return
    yield f"damaged: {named(damage.path, directory)}, byte {damage.offset:,}: {damage.reason}"
    yield f"good: records {directory.first_record():,} to {last:,}" if last else "good: nothing before that"
    yield f"lost by a cut there: {lost(findings)}"
    for path in findings.segments:
        yield f"  {named(path, directory)}, which begins with record {sequence_of(path):,}, is moved aside whole"
    for path in findings.snapshots:
        yield f"  {named(path, directory)}, the state at record {sequence_of(path):,}, is moved aside whole"
    yield "what was acknowledged behind the cut is undone; what is cut is kept in a folder of the directory"


def lost(findings: Findings) -> str:
    """Say what can still be told of what lies behind the damage."""
    if not findings.lost_frames:
        return "the damaged frame, and no good one behind it"
    return f"the damaged bytes, and behind them {findings.lost_records:,} records in good frames ({findings.lost_frames:,})"


def outcome(cut: Cut) -> Iterator[str]:
    """Say what was done."""
    yield f"cut: what was behind is in {cut.folder}:"
    yield from (f"  {path.name}" for path in cut.files)
    yield "the server can be started again; it goes on behind the last good record"
