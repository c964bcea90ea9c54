"""The journal's system calls, each of which may kill the process or fail: what was acknowledged is there afterwards.

With FAULTS=all in the environment the fault comes at every call, otherwise at a few.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest

from orderbook_server.journal.layout import journal_folder, segments, snapshots, snapshots_folder
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.sequencer.sequencer import Sequencer

from .faults import CALLS, FRAME, HEADER, KILLED, ZEROS, Call, Struck, strace, strike
from .victim import STORAGE, opened
from .writing import CAPACITY, read, records, replay_of, settle

pytestmark = pytest.mark.usefixtures(strace.__name__)

VICTIM = "tests.journal.victim"
SNAPSHOTTER = "orderbook_server.journal.snapshotter"
SNAPSHOT_CALLS = ("write", "fsync", "rename", "unlink")
EVERY = os.environ.get("FAULTS") == "all"
FIRST, LATER = "first start", "later start"


def some(things: Sequence[Any]) -> Sequence[Any]:
    """Return all of some things, or one of them where not every fault is wanted."""
    assert things, "there is no such call"
    return things if EVERY else [SystemRandom().choice(things)]


def numbers(most: int) -> Sequence[int]:
    """Return at which calls of so many a fault comes."""
    return some(range(1, most + 1))


def scenes(*names: str) -> pytest.MarkDecorator:
    """Have a test run in these scenes, in both where every fault is wanted."""
    return pytest.mark.parametrize("scene", [FIRST, LATER] if EVERY else names, indirect=True, scope="module")


def contents(folder: Path) -> list[Any]:
    """Return what a journal says, without times."""
    return [(record.session, record.code, record.data, bytes(record)[:40]) for record in records(folder)]


def sums(sequencer: Sequencer) -> Any:
    """Return what two sequencers that did the same at other times have in common."""
    return sequencer.exchange.state_hash(), sequencer.exchange.last_sequence, sequencer.last_execution


@dataclass
class Scene:
    """A directory to begin with, a place for copies of it, and how a victim fares there without faults."""

    base: Path
    room: Path
    plain: Struck
    reference: Path
    contents: list[Any]
    count: int = 0

    def strike(self, *inject: str, sync: str = "always") -> tuple[Path, Struck]:
        """Run a victim with faults in a copy of the directory; return it, and how the victim fared."""
        self.count += 1
        data_dir = self.room / str(self.count)
        shutil.copytree(self.base, data_dir)
        return data_dir, strike(self.room / "log", VICTIM, str(data_dir), sync, inject=inject)

    def check(self, data_dir: Path, struck: Struck) -> None:
        """Start again in a directory: it has all that was acknowledged, and no more than was sent; it goes on."""
        it = opened(data_dir, "always")
        sequence = it.recovered.sequence
        assert struck.last("kept") <= sequence
        assert contents(journal_folder(data_dir))[:sequence] == self.contents[:sequence]
        if sequence:
            assert sums(it.sequencer) == sums(replay_of(journal_folder(self.reference), sequence))
        it.sequencer.credit_account(0, 1, 1, 1)
        settle(it.journal)
        it.journal.close()
        it.lock.close()
        assert read(journal_folder(data_dir)).position.sequence == it.journal.appended == max(sequence, 1) + 1
        shutil.rmtree(data_dir)


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, strace: None) -> Iterator[Scene]:
    room = tmp_path_factory.mktemp("faults")
    base = room / "base"
    base.mkdir()
    if request.param == LATER:
        assert (
            strike(room / "log", VICTIM, str(base), "always", inject=("pwrite64:signal=SIGKILL:when=15",)).status
            == KILLED
        )
        tear(journal_folder(base))
    scene = Scene(base, room, Struck((), 0, [], "", []), room / "1", [])
    _, scene.plain = scene.strike()
    assert (scene.plain.status, scene.plain.complaints) == (0, "")
    scene.contents = contents(journal_folder(scene.reference))
    assert scene.plain.last("closed") == len(scene.contents)
    assert len(segments(journal_folder(scene.reference))) > 2
    yield scene
    shutil.rmtree(room)


def tear(folder: Path) -> None:
    """Put the beginning of a frame behind the last one."""
    reader = read(folder)
    *_, frame = JournalReader(folder).frames()
    begin = frame.segment.read_bytes()[frame.offset :][: frame.size // 2]
    with reader.tail.segment.open("r+b") as file:
        file.seek(reader.tail.offset)
        file.write(begin)


@scenes(FIRST, LATER)
@pytest.mark.parametrize("name", CALLS)
def test_killed(scene: Scene, name: str) -> None:
    for number in numbers(scene.plain.most(name)):
        data_dir, struck = scene.strike(f"{name}:signal=SIGKILL:when={number}")
        assert struck.status == KILLED, struck
        expect_nothing_said_too_early(data_dir, scene.base, struck)
        scene.check(data_dir, struck)


def expect_nothing_said_too_early(data_dir: Path, base: Path, struck: Struck) -> None:
    """Expect that nothing was acknowledged before the sync of its frame was done."""
    before = read(journal_folder(base)).position.sequence if segments_in(base) else 0
    frames = [frame for frame in frames_of(data_dir) if frame.last_sequence > before]
    synced = 0
    for place, call in enumerate(struck.calls):
        if call.writes(FRAME):
            after = [other for other in struck.calls[place + 1 :] if other.thread == call.thread]
            synced += bool(after) and after[0].name == "fdatasync" and after[0].rest.endswith("= 0")
    assert struck.last("kept") <= (frames[synced - 1].last_sequence if synced else before)


def segments_in(data_dir: Path) -> list[Path]:
    folder = journal_folder(data_dir)
    return segments(folder) if folder.exists() else []


def frames_of(data_dir: Path) -> list[Any]:
    return list(JournalReader(journal_folder(data_dir)).frames()) if segments_in(data_dir) else []


def tolerated(call: Call, struck: Struck) -> bool:
    """Tell whether a server may go on although this call failed, for want of room if it is a write."""
    at_the_start = call.thread == struck.calls[0].thread
    if call.name == "ftruncate":
        return not at_the_start
    signs_the_lock = not (call.writes(FRAME) or call.writes(HEADER) or call.writes(ZEROS))
    fills_ahead = call.writes(ZEROS) and not at_the_start
    return call.name == "pwrite64" and "ENOSPC" in call.rest and (fills_ahead or signs_the_lock)


def expect_an_end(struck: Struck) -> None:
    """Expect that a victim stopped at once, and the call that failed was not tried again."""
    assert (struck.status, struck.complaints) == (STORAGE, ""), struck
    assert struck.printed[-1][0] in ("unopened", "unclosed")
    place, failed = next((place, call) for place, call in enumerate(struck.calls) if call.injected)
    writers = {call.thread for call in struck.calls if call.writes(FRAME)}
    later = struck.calls[place + 1 :]
    if failed.name == "fdatasync":
        assert not [call for call in later if (call.name, call.file) == ("fdatasync", failed.file)]
    if failed.thread in writers:
        assert not [call for call in later if call.writes(FRAME) or call.writes(HEADER)]


@scenes(LATER)
@pytest.mark.parametrize("name", CALLS)
def test_failed(scene: Scene, name: str) -> None:
    for error, number in product(some(["EIO", "ENOSPC"]), numbers(scene.plain.most(name))):
        data_dir, struck = scene.strike(f"{name}:error={error}:when={number}")
        injected = struck.injected()
        assert injected, struck
        if all(tolerated(call, struck) for call in injected):
            assert (struck.status, struck.last("closed")) == (0, len(scene.contents)), struck
        else:
            expect_an_end(struck)
        scene.check(data_dir, struck)


@scenes(LATER)
@pytest.mark.parametrize("sync", ["interval", "never"])
def test_syncs_that_nobody_waits_for(scene: Scene, sync: str) -> None:
    """A process that is killed loses nothing that it handed to the system; a failed sync ends the server here, too."""
    _, plain = scene.strike(sync=sync)
    for name, fault in some(
        [("fdatasync", "signal=SIGKILL"), ("fdatasync", "error=EIO"), ("pwrite64", "signal=SIGKILL")]
    ):
        number = SystemRandom().randint(1, plain.most(name))
        data_dir, struck = scene.strike(f"{name}:{fault}:when={number}", sync=sync)
        if struck.injected():
            expect_an_end(struck)
        else:
            assert struck.status in (0, KILLED), struck  # how often there is a sync depends on how long all takes
        scene.check(data_dir, struck)


@scenes(LATER)
@pytest.mark.parametrize("sync", ["always", "interval", "never"])
def test_a_slow_disk(scene: Scene, sync: str) -> None:
    """Whatever is in whose way: all goes on."""
    slow = [
        f"{name}:delay_enter={delay}:when=1+2" for name, delay in zip(CALLS, (900, 4000, 7000, 9000, 5000), strict=True)
    ]
    data_dir, struck = scene.strike(*slow, sync=sync)
    assert (struck.status, struck.complaints) == (0, "")
    assert struck.last("closed") == len(scene.contents)
    scene.check(data_dir, struck)


# Snapshots


@scenes(LATER)
@pytest.mark.parametrize("name", SNAPSHOT_CALLS)
def test_a_snapshot_that_is_cut_short(scene: Scene, tmp_path: Path, name: str) -> None:
    """It is there whole or not at all, and the next one comes about."""
    data_dir = tmp_path / "data"
    shutil.copytree(scene.reference, data_dir)
    (snapshots_folder(data_dir) / "00000000000000000007.snap.tmp").write_bytes(b"what an earlier one has left")
    until = str(len(scene.contents))
    words = (str(data_dir), "--until", until)
    expected = sums(replay_of(journal_folder(data_dir)))
    plain = strike(tmp_path / "log", SNAPSHOTTER, *words, calls=SNAPSHOT_CALLS)
    assert plain.status == 0
    (path,) = snapshots(snapshots_folder(data_dir))
    assert sums(recovered(data_dir)) == expected
    for fault, number in product(some(["signal=SIGKILL", "error=EIO", "error=ENOSPC"]), numbers(plain.most(name))):
        path.unlink()
        (snapshots_folder(data_dir) / "00000000000000000007.snap.tmp").write_bytes(b"what an earlier one has left")
        inject = (f"{name}:{fault}:when={number}",)
        struck = strike(tmp_path / "log", SNAPSHOTTER, *words, inject=inject, calls=SNAPSHOT_CALLS)
        assert struck.status == KILLED or struck.injected(), struck
        assert sums(recovered(data_dir)) == expected
        assert strike(tmp_path / "log", SNAPSHOTTER, *words, calls=SNAPSHOT_CALLS).status == 0
        assert list(snapshots_folder(data_dir).iterdir()) == [path]


def recovered(data_dir: Path) -> Sequencer:
    """Return what is recovered with snapshots; none may be bad."""
    it = recover(data_dir, event_capacity=CAPACITY, fill_rings=False)
    assert it.passed_over == []
    return it.sequencer
