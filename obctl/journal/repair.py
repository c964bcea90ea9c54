"""`obctl journal repair` in words: what is damaged, what a cut would keep and lose, and what was done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from obctl.journal.directory import DataDirectory
from orderbook_server.journal.findings import Findings
from orderbook_server.journal.layout import sequence_of
from orderbook_server.journal.repair import Cut


def named(path: Path, directory: DataDirectory) -> str:
    """Return a file's name in the directory."""
    return str(path.relative_to(directory.path))


def plain(directory: DataDirectory, findings: Findings, cut: Cut | None) -> dict[str, Any]:
    """Return it as JSON writes it."""
    damage = findings.damage
    return {
        "directory": str(directory.path),
        "good": damage is None,
        "damage": damage and {"file": named(damage.path, directory), "offset": damage.offset, "reason": damage.reason},
        "torn_bytes": findings.torn_bytes,
        "can_be_cut": findings.can_be_cut,
        "kept_from_snapshot": findings.base.sequence if findings.base else None,
        "last_kept_record": findings.position.sequence,
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
        yield f"nothing to repair: a server starts from {directory.path}, and goes on behind record {last:,}"
        if findings.torn_bytes:
            yield f"the {findings.torn_bytes:,} bytes behind it were never finished; the start cuts them off"
        return
    yield f"damaged: {named(damage.path, directory)}, byte {damage.offset:,}: {damage.reason}"
    if not findings.can_be_cut:
        yield "no cut would leave what a server could start from"
        return
    yield f"kept by a cut: {kept(directory, findings)}"
    lost = f"{findings.lost_records:,} records in good frames" if findings.lost_frames else "no record in a good frame"
    yield f"lost by a cut: {lost} behind record {last:,}, and what the damaged bytes were"
    for path in findings.segments:
        yield f"  {named(path, directory)}, which begins with record {sequence_of(path):,}, is moved aside"
    for path in findings.snapshots:
        yield f"  {named(path, directory)}, the state at record {sequence_of(path):,}, is moved aside"
    yield f"all acknowledged behind record {last:,} is undone; what is cut is kept in a folder of the directory"


def kept(directory: DataDirectory, findings: Findings) -> str:
    """Say what a cut keeps."""
    first, last = directory.first_record(), findings.position.sequence
    if findings.base is not None:
        begin = findings.base.sequence
        behind = f", and the records behind it up to {last:,}" if last > begin else ""
        return f"the state at record {begin:,}, from its snapshot{behind}; the history before it is moved aside"
    return f"records {first:,} to {last:,}" if last >= first else "no record of the journal"


def outcome(findings: Findings, cut: Cut) -> Iterator[str]:
    """Say what was done."""
    yield f"cut: what was cut is in {cut.folder}:" if cut.files else "cut: there was nothing to move aside"
    yield from (f"  {path.name}" for path in cut.files)
    yield f"the server can be started again; it goes on behind record {findings.position.sequence:,}"
