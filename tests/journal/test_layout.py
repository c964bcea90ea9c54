"""The data directory: which files count, folders for this user alone, and one holder of the lock."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orderbook_server.journal import layout
from orderbook_server.journal.errors import DirectoryInUse

HOLDER = """
import sys
from pathlib import Path
from orderbook_server.journal.layout import lock
lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_names_and_sequences() -> None:
    assert layout.segment_name(1) == "00000000000000000001.wal"
    assert layout.snapshot_name(1_000_000) == "00000000000001000000.snap"
    assert layout.sequence_of(Path("journal") / layout.segment_name(2**64 - 1)) == 2**64 - 1


def test_files_are_sorted_and_others_ignored(tmp_path: Path) -> None:
    names = [layout.segment_name(sequence) for sequence in (1, 9, 10, 200, 10**19)]
    snapshot_names = [layout.snapshot_name(sequence) for sequence in (5, 40)]
    others = [
        "1.wal",
        names[0] + ".tmp",
        snapshot_names[0] + ".tmp",
        "x" * 20 + ".wal",
        "٣" * 20 + ".wal",
        names[0] + "\n",
    ]
    for name in (*reversed(names), *reversed(snapshot_names), *others):
        (tmp_path / name).touch()
    assert [path.name for path in layout.segments(tmp_path)] == names
    assert [path.name for path in layout.snapshots(tmp_path)] == snapshot_names


def test_folders_are_for_this_user_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "far" / "away"
    layout.make_folders(data_dir)
    layout.make_folders(data_dir)
    for folder in (data_dir.parent, data_dir, layout.journal_folder(data_dir), layout.snapshots_folder(data_dir)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_folder_above_a_new_one_is_synced_after_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"
    seen = []
    monkeypatch.setattr(layout, "fsync_folder", lambda path: seen.append((path, sorted(path.iterdir()))))
    layout.make_folders(data_dir)
    journal, snapshots = layout.journal_folder(data_dir), layout.snapshots_folder(data_dir)
    assert seen == [(tmp_path, [data_dir]), (data_dir, [journal]), (data_dir, [journal, snapshots])]


def test_the_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with layout.lock(tmp_path), pytest.raises(DirectoryInUse, match=f"{tmp_path}.*process {os.getpid()}$"):
        layout.lock(tmp_path)
    layout.lock(tmp_path).close()


def test_a_lock_may_be_closed_twice(tmp_path: Path) -> None:
    lock = layout.lock(tmp_path)
    lock.close()
    other = os.open(tmp_path, os.O_RDONLY)  # takes the descriptor's number
    lock.close()
    os.close(other)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DirectoryInUse, match=f"process {holder.pid}$"):
            layout.lock(tmp_path)
        holder.kill()
        holder.wait(20)
    layout.lock(tmp_path).close()


def test_it_locks_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(layout.os, "pwrite", full)
    with layout.lock(tmp_path), pytest.raises(DirectoryInUse, match="another process"):
        layout.lock(tmp_path)
    assert (tmp_path / "lock").read_bytes() == b""


def test_it_does_not_lock_where_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(layout.os, "pwrite", broken)
        with pytest.raises(OSError, match="Input/output"):
            layout.lock(tmp_path)
    layout.lock(tmp_path).close()
