"""The process that takes snapshots, and the server's side of it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from orderbook_server.journal import snapshot_process, snapshotter
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.snapshot_process import Snapshots
from orderbook_server.journal.snapshots import load_snapshot

from .exchanges import CAPACITY, facts, fund, kept, send, settled

SNAPSHOTTER = [sys.executable, "-m", "orderbook_server.journal.snapshotter"]


def run(data_dir: Path, until: int) -> subprocess.CompletedProcess[str]:
    command = [*SNAPSHOTTER, str(data_dir), "--until", str(until)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def snapshots_of(data_dir: Path) -> list[int]:
    return sorted(int(path.stem) for path in (data_dir / "snapshots").glob("*.snap"))


def test_beside_a_server_that_goes_on(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        for part in range(3):
            send(opened.sequencer, part, 500)
            sequence, expected = settled(opened), facts(opened.sequencer)
            send(opened.sequencer, part + 10, 500)
            end = settled(opened)
            done = run(tmp_path, sequence)
            assert (done.returncode, done.stderr) == (0, "")
            told = json.loads(done.stdout)
            path = tmp_path / "snapshots" / f"{sequence:020}.snap"
            assert told.pop("seconds") > 0
            assert told == {"sequence": sequence, "bytes": path.stat().st_size, "state_hash": expected["hash"]}
            assert facts(load_snapshot(path, event_capacity=1, execution_capacity=1)[1]) == expected
        expected = facts(opened.sequencer)
    recovered = recover(tmp_path, event_capacity=CAPACITY, fill_rings=False)
    assert recovered.records == end - sequence
    assert facts(recovered.sequencer) == expected


def test_what_lies_behind_is_never_read(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        sequence = settled(opened)
        send(opened.sequencer, 1, 100)
        settled(opened)
    (path,) = (tmp_path / "journal").iterdir()
    content = path.read_bytes()
    behind = recover(tmp_path, event_capacity=1, until=sequence).position.offset
    path.write_bytes(content[:behind] + b"?" * 999 + content[behind + 999 :])
    assert run(tmp_path, sequence).returncode == 0


def test_where_a_frame_does_not_end(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        settled(opened)
        send(opened.sequencer, 1, 100, at_once=100)
        end = settled(opened)
    done = run(tmp_path, end - 1)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"record {end - 1} is not the last one of its frame\n",
    )
    assert snapshots_of(tmp_path) == []


def test_the_journal_is_on_the_disk_before_its_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept(tmp_path, sync="never") as opened:
        fund(opened.sequencer)
        end = settled(opened)
        (segment,) = (tmp_path / "journal").glob("*.wal")
        synced: list[int] = []
        monkeypatch.setattr(snapshotter.os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        monkeypatch.setattr(snapshotter.os, "fdatasync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        snapshotter.take_snapshot(tmp_path, end)
    (snapshot,) = (tmp_path / "snapshots").iterdir()
    assert synced[0] == segment.stat().st_ino
    assert set(synced[1:-1]) == {snapshot.stat().st_ino}
    assert synced[-1] == (tmp_path / "snapshots").stat().st_ino


def test_a_frame_that_is_being_written_is_no_damage(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        end = settled(opened)
    frame = list(JournalReader(tmp_path / "journal").frames())[-1]
    content = frame.segment.read_bytes()
    behind = frame.offset + frame.size
    frame.segment.write_bytes(content[:behind] + b"?" * 64 + content[frame.offset : behind])
    assert run(tmp_path, end + 1).returncode == 1
    assert run(tmp_path, end).returncode == 0


def test_what_cannot_be_done_is_told(tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere", 1)
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        end = settled(opened)
    assert run(tmp_path, end + 1).stderr == f"the journal ends with record {end}: there is no record {end + 1}\n"
    (path,) = (tmp_path / "journal").iterdir()
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    done = run(tmp_path, end)
    assert (done.returncode, "at byte 0" in done.stderr) == (4, True)


def test_it_needs_neither_grpc_nor_the_command_line() -> None:
    script = "import orderbook_server.journal.snapshotter, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"grpc", "click", "rich", "uvicorn", "uvloop", "structlog", "numpy", "asyncio"} & set(modules)


class Watched:
    """Snapshots of a directory in use, and what was logged of them."""

    def __init__(self, data_dir: Path, **options: int) -> None:
        settings = {"commands": 100, "kept": 1, "capacity": 1, **options}
        self.snapshots = Snapshots(data_dir, **settings)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, a minute at most."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    async def taken(self, count: int) -> None:
        await self.until(lambda: self.snapshots.taken == count and not self.snapshots.busy)


def test_every_so_many_records(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path)
        snapshots = watched.snapshots
        with kept(tmp_path) as opened:
            fund(opened.sequencer)
            first = settled(opened)
            snapshots.consider(first)
            assert not snapshots.busy  # too early
            send(opened.sequencer, 1, 400)
            second = settled(opened)
            snapshots.consider(second)
            assert snapshots.busy
            send(opened.sequencer, 2, 400)
            third = settled(opened)
            snapshots.consider(third)  # one at a time; what becomes due meanwhile is not forgotten
            await watched.taken(2)
            assert snapshots_of(tmp_path) == [second, third]  # for the ring; of the first start none is needed
            snapshots.consider(third + 99)
            assert not snapshots.busy
            assert (snapshots.taken, snapshots.failed, snapshots.sequence) == (2, 0, third)
            await snapshots.stop()

    with structlog.testing.capture_logs() as logs:
        asyncio.run(story())
    assert [entry["event"] for entry in logs if entry["log_level"] == "info"] == ["snapshot taken"] * 2


def test_one_that_fails_is_told_and_tried_again_later(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path)
        snapshots = watched.snapshots
        with kept(tmp_path) as opened:
            fund(opened.sequencer)
            send(opened.sequencer, 1, 400)
            end = settled(opened)
            snapshots.consider(end + 1)  # which is not there
            await watched.until(lambda: not snapshots.busy)
            assert (snapshots.taken, snapshots.failed, snapshots.sequence) == (0, 1, 0)
            snapshots.consider(end + 100)
            assert not snapshots.busy
            send(opened.sequencer, 2, 400)
            snapshots.consider(settled(opened))
            await watched.taken(1)

    with structlog.testing.capture_logs() as logs:
        asyncio.run(story())
    errors = [entry for entry in logs if entry["log_level"] == "error"]
    assert [entry["event"] for entry in errors] == ["snapshot failed"]
    assert "there is no record" in errors[0]["error"]


def test_a_process_that_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_process.sys, "executable", str(tmp_path / "no python"))
    watched = Watched(tmp_path)
    with structlog.testing.capture_logs() as logs:
        watched.snapshots.consider(1000)
    assert (watched.snapshots.failed, watched.snapshots.busy) == (1, False)
    assert [entry["event"] for entry in logs] == ["snapshot failed"]


def test_no_snapshots(tmp_path: Path) -> None:
    watched = Watched(tmp_path, commands=0)
    watched.snapshots.consider(1 << 40)
    assert not watched.snapshots.busy


def test_one_under_way_is_killed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 300\n")
    sleeper.chmod(0o700)
    monkeypatch.setattr(snapshot_process.sys, "executable", str(sleeper))

    async def story() -> None:
        watched = Watched(tmp_path)
        watched.snapshots.consider(1000)
        assert watched.snapshots.busy
        async with asyncio.timeout(60):
            await watched.snapshots.stop()
        assert not watched.snapshots.busy
        assert (watched.snapshots.taken, watched.snapshots.failed) == (0, 0)
        watched.snapshots.consider(1 << 40)
        assert not watched.snapshots.busy  # the end is the end

    with structlog.testing.capture_logs() as logs:
        asyncio.run(story())
    assert logs == []
