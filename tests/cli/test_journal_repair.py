"""`obctl journal repair`: what it explains, that nothing happens without consent, and what a cut leaves."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from orderbook_server.journal.reader import JournalReader
from tests.journal.made import opened

from .journals import contents, long, run, run_json, segments, spoil, told, without_its_beginning


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Make a directory whose fifth frame is damaged: the records up to 4 are good, 5 frames behind are, too."""
    path = told(tmp_path / "data")
    fifth = list(JournalReader(path / "journal").frames())[4]
    spoil(fifth.segment, fifth.offset + 50)
    return path


def test_nothing_to_repair(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    assert run("repair", path, "--yes").stdout == (
        f"nothing to repair: a server starts from {path}, and goes on behind record 10\n"
    )
    found = run_json("repair", path)
    assert (found["good"], found["damage"], found["cut"]) == (True, None, None)


def test_a_torn_end_needs_none(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    last = list(JournalReader(path / "journal").frames())[-1]
    spoil(last.segment, last.offset + 50)
    before = contents(path)
    assert "were never finished; the start cuts them off" in run("repair", path, "--yes").stdout
    assert contents(path) == before


def test_without_consent_nothing_happens(damaged: Path) -> None:
    before = contents(damaged)
    result = run("repair", damaged, status=4)
    assert "damaged: journal/00000000000000000001.wal, byte " in result.stdout
    assert "kept by a cut: records 1 to 4\n" in result.stdout
    assert "lost by a cut: 5 records in good frames behind record 4" in result.stdout
    assert "nothing was changed" in result.stderr
    found = run("repair", damaged, "--json", status=4).stdout
    assert '"lost_records": 5' in found
    assert contents(damaged) == before


def test_a_cut(damaged: Path) -> None:
    before = contents(damaged)
    result = run("repair", damaged, "--yes")
    [aside] = damaged.glob("cut-*")
    assert f"cut: what was cut is in {aside}:\n" in result.stdout
    assert "the server can be started again; it goes on behind record 4\n" in result.stdout
    [rest] = aside.iterdir()
    assert rest.name in result.stdout
    assert rest.read_bytes() in before[segments(damaged)[0]]
    assert "good: records 1 to 4" in run("verify", damaged, "--replay").stdout
    with opened(damaged) as exchange:
        assert exchange.recovered.sequence == 4


def test_a_cut_as_json(damaged: Path) -> None:
    found = run_json("repair", damaged, "--yes")
    assert (found["good"], found["last_kept_record"], found["lost_records"]) == (False, 4, 5)
    [aside] = damaged.glob("cut-*")
    assert found["cut"] == {"folder": str(aside), "files": [path.name for path in aside.iterdir()]}
    assert run_json("verify", damaged)["good"] is True


@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"n\n", 4), (b"\n", 4)])
def test_asking_on_a_terminal(damaged: Path, answer: bytes, status: int) -> None:
    terminal, other_end = pty.openpty()
    words = [sys.executable, "-m", "obctl", "journal", "repair", str(damaged)]
    process = subprocess.Popen(words, stdin=other_end, stdout=other_end, stderr=other_end)
    os.close(other_end)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(terminal, 1 << 16)
    assert b"kept by a cut: records 1 to 4" in shown
    assert not list(damaged.glob("cut-*"))
    os.write(terminal, answer)
    assert process.wait(timeout=60) == status
    os.close(terminal)
    assert len(list(damaged.glob("cut-*"))) == (status == 0)


def test_a_snapshot_is_gone_on_from(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    spoil(segments(path)[0], 64 + 60)
    spoil(segments(path)[2], 64 + 60)
    last = int(segments(path)[2].stem) - 1
    assert last == 3002
    text = run("repair", path, "--yes").stdout
    assert f"kept by a cut: the state at record {taken:,}, from its snapshot, and the records behind it up to" in text
    assert "the history before it is moved aside" in text
    assert "lost by a cut: 2,900 records in good frames behind record 3,002" in text
    assert f"it goes on behind record {last:,}\n" in text
    assert run_json("verify", path, "--replay")["last_record"] == last


def test_nothing_but_a_snapshot_is_left(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    for segment in segments(path):
        segment.unlink()
    text = run("repair", path, "--yes").stdout
    assert f"the state at record {taken:,}, from its snapshot; the history before it is moved aside" in text
    assert "cut: there was nothing to move aside\n" in text
    assert f"it goes on behind record {taken:,}\n" in text
    assert run_json("verify", path, "--replay")["last_record"] == taken


def test_segments_and_snapshots_behind_the_cut(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    [snapshot] = (path / "snapshots").iterdir()
    spoil(snapshot, snapshot.stat().st_size - 1)
    spoil(segments(path)[1], 64 + 60)
    later = segments(path)[2:]
    result = run("repair", path, "--yes")
    for segment in later:
        moved = f"  journal/{segment.name}, which begins with record {int(segment.stem):,}, is moved aside\n"
        assert moved in result.stdout
    assert f"the state at record {taken:,}, is moved aside\n" in result.stdout
    run("verify", path, "--replay")


def test_what_nobody_could_start_from_is_not_cut(tmp_path: Path) -> None:
    path, _ = without_its_beginning(tmp_path / "data")
    [snapshot] = (path / "snapshots").iterdir()
    snapshot.unlink()
    before = contents(path)
    result = run("repair", path, "--yes", status=4)
    assert "no cut would leave what a server could start from" in result.stdout
    assert "nothing was changed; a backup is needed" in result.stderr
    assert contents(path) == before
