"""Repair: what `examine` finds, and that what `cut` leaves can be recovered, with all that was cut kept aside."""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from orderbook_server.journal import repair
from orderbook_server.journal.errors import DirectoryInUse, JournalDamaged, JournalError, UnknownFormat
from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.layout import journal_folder, lock, make_folders, snapshot_name, snapshots_folder
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import Recovered, recover
from orderbook_server.journal.snapshotter import take_snapshot

from . import plain_journal as plain
from .plain_journal import BTC, CREDIT, HEADER_BYTES, NEW, PlainJournal, Written, command, source

FRAMES = 4  # in a segment


@pytest.fixture
def journal(tmp_path: Path) -> PlainJournal:
    """A journal of three segments, every frame a credit and an order."""
    make_folders(tmp_path)
    journal = PlainJournal(journal_folder(tmp_path), ahead=1024)
    for number in range(3):
        journal.begin()
        if number == 0:
            journal.append(plain.instruments([BTC]))
        while len(journal.frames) < FRAMES * (number + 1):
            some_trade(journal)
    return journal


def some_trade(journal: PlainJournal) -> None:
    i = len(journal.frames)
    money = command(CREDIT, account_id=7, price=100, quantity=100_000)
    journal.append(source(session=0), money, command(NEW, account_id=7, order_id=i, price=100 + i, quantity=i, side=2))


def spoil(written: Written, at: int = 60) -> None:
    data = bytearray(written.path.read_bytes())
    data[written.offset + at] ^= 0xFF
    written.path.write_bytes(data)


def spoil_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[20] ^= 0xFF
    path.write_bytes(data)


def snapshot(data_dir: Path, written: Written) -> Path:
    """Take a snapshot behind a frame."""
    take_snapshot(data_dir, written.last_sequence)
    return snapshots_folder(data_dir) / snapshot_name(written.last_sequence)


def paths_of(journal: PlainJournal) -> list[Path]:
    return sorted({frame.path for frame in journal.frames})


def recovered(data_dir: Path) -> Recovered:
    return recover(data_dir, event_capacity=1)


def state_at(data_dir: Path, written: Written) -> str:
    return recover(data_dir, event_capacity=1, until=written.last_sequence).sequencer.exchange.state_hash()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def expect_cut_to(data_dir: Path, written: Written, state: str) -> None:
    """Expect that the directory holds the exchange as it was behind a frame, and that a server could go on there."""
    assert repair.examine(data_dir).damage is None
    found = recovered(data_dir)
    assert found.position[:2] == (written.last_sequence, written.digest)
    assert found.sequencer.exchange.state_hash() == state
    position = found.position
    follower = FileJournal(
        journal_folder(data_dir),
        sequence=position.sequence,
        frame_hash=position.frame_hash,
        epoch=position.epoch + 1,
        segment=position.segment,
        offset=position.offset,
    )
    follower.append_state(bytes.fromhex(state))
    follower.close()
    assert recovered(data_dir).sequence == written.last_sequence + 1


def test_a_good_directory(journal: PlainJournal, tmp_path: Path) -> None:
    snapshot(tmp_path, journal.frames[5])
    findings = repair.examine(tmp_path)
    assert findings == repair.Findings(damage=None, position=recovered(tmp_path).position)
    assert findings.position[:2] == (journal.sequence, journal.previous)
    with pytest.raises(JournalError):
        repair.cut(tmp_path, findings)


def test_a_new_directory(tmp_path: Path) -> None:
    make_folders(tmp_path)
    assert repair.examine(tmp_path).damage is None


def test_a_torn_end_needs_no_repair(journal: PlainJournal, tmp_path: Path) -> None:
    last = journal.frames[-1]
    spoil(last)
    findings = repair.examine(tmp_path)
    assert findings.damage is None
    assert findings.torn_bytes == len(last.data.rstrip(b"\0"))
    assert findings.position.offset == last.offset


def test_damage_within_a_segment(journal: PlainJournal, tmp_path: Path) -> None:
    kept, bad, lost = journal.frames[5], journal.frames[6], journal.frames[7:]
    assert kept.path == bad.path
    early = snapshot(tmp_path, journal.frames[3])
    state = state_at(tmp_path, kept)
    spoil(bad)
    before = contents(tmp_path)

    findings = repair.examine(tmp_path)

    assert contents(tmp_path) == before
    assert findings.damage is not None
    assert findings.damage[:2] == (bad.path, bad.offset)
    assert findings.position[:2] == (kept.last_sequence, kept.digest)
    assert findings.base is None
    assert findings.can_be_cut
    assert findings.lost_frames == len(lost)
    assert findings.lost_records == sum(len(frame.records) for frame in lost)
    assert findings.segments == (journal.path,)
    assert findings.snapshots == ()

    cut = repair.cut(tmp_path, findings)

    assert set(cut.folder.iterdir()) == set(cut.files)
    assert {path.name: path.read_bytes() for path in cut.files} == {
        f"{bad.path.name}.from-{bad.offset}": before[bad.path][bad.offset :].rstrip(b"\0"),
        journal.path.name: before[journal.path],
    }
    after = before[bad.path][: bad.offset].ljust(len(before[bad.path]), b"\0")
    assert contents(tmp_path) == {
        **{path: before[path] for path in (early, paths_of(journal)[0])},
        bad.path: after,
        **contents(cut.folder),
    }
    expect_cut_to(tmp_path, kept, state)


@pytest.mark.parametrize("number", [1, 2])
def test_a_spoilt_header(journal: PlainJournal, tmp_path: Path, number: int) -> None:
    paths = paths_of(journal)
    kept = [frame for frame in journal.frames if frame.path < paths[number]]
    state = state_at(tmp_path, kept[-1])
    spoil_header(paths[number])
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert findings.damage[:2] == (paths[number], 0)
    assert findings.segments == tuple(paths[number:])
    assert findings.lost_frames == len(journal.frames) - len(kept)
    repair.cut(tmp_path, findings)
    expect_cut_to(tmp_path, kept[-1], state)


def test_nothing_but_damage_leaves_a_new_directory(journal: PlainJournal, tmp_path: Path) -> None:
    spoil_header(journal.frames[0].path)
    findings = repair.examine(tmp_path)
    assert (findings.position.sequence, findings.lost_frames) == (0, len(journal.frames))
    cut = repair.cut(tmp_path, findings)
    assert len(cut.files) == 3
    assert recovered(tmp_path).sequence == 0


def test_a_segment_that_is_missing(journal: PlainJournal, tmp_path: Path) -> None:
    first, second, third = paths_of(journal)
    kept = [frame for frame in journal.frames if frame.path == first][-1]
    state = state_at(tmp_path, kept)
    second.unlink()
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert "comes next" in findings.damage.reason
    assert findings.segments == (third,)
    repair.cut(tmp_path, findings)
    expect_cut_to(tmp_path, kept, state)


# A good snapshot behind the damage: the state is kept, and the journal goes on from there.


@pytest.mark.parametrize("number", [5, 6, 7, 8])  # within a segment, its last frames, the first of the next one
@pytest.mark.parametrize("where", ["frame", "header"])
def test_a_good_snapshot_behind_the_damage(journal: PlainJournal, tmp_path: Path, number: int, where: str) -> None:
    last = journal.frames[-1]
    state = state_at(tmp_path, last)
    early, late = snapshot(tmp_path, journal.frames[1]), snapshot(tmp_path, journal.frames[number])
    bad = journal.frames[FRAMES]
    if where == "frame":
        spoil(bad)
    else:
        spoil_header(bad.path)
    before = contents(tmp_path)

    findings = repair.examine(tmp_path)

    assert findings.damage is not None
    assert findings.damage[:2] == (bad.path, bad.offset if where == "frame" else 0)
    assert findings.base is not None
    assert findings.base[:2] == (journal.frames[number].last_sequence, journal.frames[number].digest)
    assert findings.position[:2] == (last.last_sequence, last.digest)
    assert (findings.lost_frames, findings.lost_records) == (0, 0)
    assert findings.snapshots == (early,)

    cut = repair.cut(tmp_path, findings)

    assert {path.name: path.read_bytes() for path in cut.files} == {
        path.name: before[path] for path in (*findings.segments, early)
    }
    assert list(snapshots_folder(tmp_path).iterdir()) == [late]
    expect_cut_to(tmp_path, last, state)


def test_damage_before_and_behind_a_snapshot(journal: PlainJournal, tmp_path: Path) -> None:
    kept, bad = journal.frames[7], journal.frames[9]
    snapshot(tmp_path, kept)
    state = state_at(tmp_path, journal.frames[8])
    spoil(journal.frames[2])
    spoil(bad)
    findings = repair.examine(tmp_path)
    assert findings.base is not None
    assert findings.position[:2] == (journal.frames[8].last_sequence, journal.frames[8].digest)
    assert findings.lost_frames == 2
    repair.cut(tmp_path, findings)
    expect_cut_to(tmp_path, journal.frames[8], state)


def test_damage_before_and_behind_a_snapshot_in_one_segment(journal: PlainJournal, tmp_path: Path) -> None:
    kept = journal.frames[10]
    snapshot(tmp_path, journal.frames[9])
    state = state_at(tmp_path, kept)
    some_trade(journal)
    spoil(journal.frames[8])
    spoil(journal.frames[11])
    findings = repair.examine(tmp_path)
    assert findings.position[:2] == (kept.last_sequence, kept.digest)
    assert (findings.lost_frames, findings.segments) == (1, tuple(paths_of(journal)))
    repair.cut(tmp_path, findings)
    expect_cut_to(tmp_path, kept, state)


def test_a_snapshot_of_which_the_journal_is_gone(journal: PlainJournal, tmp_path: Path) -> None:
    last = journal.frames[-1]
    state = state_at(tmp_path, last)
    snapshot(tmp_path, last)
    journal.path.unlink()
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert findings.base is not None
    assert findings.position[:2] == (last.last_sequence, last.digest)
    assert findings.position.segment is None
    repair.cut(tmp_path, findings)
    expect_cut_to(tmp_path, last, state)


def test_a_snapshot_of_another_journal(journal: PlainJournal, tmp_path: Path) -> None:
    state = state_at(tmp_path, journal.frames[-1])
    stranger = tmp_path / "stranger"
    make_folders(stranger)
    other = PlainJournal(journal_folder(stranger))
    other.begin()
    other.append(plain.instruments([BTC]), *[plain.session(plain.ON, number) for number in range(4)])
    strange = snapshot(stranger, other.frames[0])
    path = strange.rename(snapshots_folder(tmp_path) / strange.name)
    assert journal.frames[2].last_sequence == 5
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert findings.snapshots == (path,)
    assert (findings.segments, findings.lost_frames, findings.position.sequence) == ((), 0, journal.sequence)
    repair.cut(tmp_path, findings)
    expect_cut_to(tmp_path, journal.frames[-1], state)


def test_a_state_that_is_not_come_to_cannot_be_cut(journal: PlainJournal, tmp_path: Path) -> None:
    journal.append(plain.state(bytes(16)))
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert "comes to the state" in findings.damage.reason
    assert not findings.can_be_cut
    with pytest.raises(JournalError, match="no cut would help"):
        repair.cut(tmp_path, findings)


def test_a_journal_without_its_beginning_cannot_be_cut(journal: PlainJournal, tmp_path: Path) -> None:
    paths_of(journal)[0].unlink()
    assert not repair.examine(tmp_path).can_be_cut
    spoil(journal.frames[-2])
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert not findings.can_be_cut


# How it is cut


def test_cuts_within_one_second_have_folders_of_their_own(journal: PlainJournal, tmp_path: Path) -> None:
    folders = set()
    for number in (9, 6, 3):
        spoil(journal.frames[number])
        folders.add(repair.cut(tmp_path, repair.examine(tmp_path)).folder)
    assert len(folders) == 3


def test_it_is_cut_under_the_lock_alone(journal: PlainJournal, tmp_path: Path) -> None:
    spoil(journal.frames[1])
    findings = repair.examine(tmp_path)
    with lock(tmp_path), pytest.raises(DirectoryInUse):
        repair.cut(tmp_path, findings)
    repair.cut(tmp_path, findings)


def test_what_was_not_examined_is_not_cut(journal: PlainJournal, tmp_path: Path) -> None:
    spoil(journal.frames[8])
    findings = repair.examine(tmp_path)
    spoil(journal.frames[3])
    before = contents(tmp_path)
    with pytest.raises(JournalError):
        repair.cut(tmp_path, findings)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("number", [3, 6, 8])
def test_a_cut_that_fails_anywhere_can_be_done_again(
    journal: PlainJournal, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sync more succeeds each time: what was begun comes to the same state, or is refused and cut again."""
    last = journal.frames[-1]
    snapshot(tmp_path, journal.frames[6])
    state = state_at(tmp_path, journal.frames[number - 1] if number > 6 else last)
    spoil(journal.frames[number])
    fsync = os.fsync
    failures = 0
    while repair.examine(tmp_path).damage is not None:
        allowed = iter(range(failures))

        def failing(descriptor: int, allowed: Iterator[int] = allowed) -> None:
            if next(allowed, None) is None:
                raise OSError(5, "Input/output error")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", failing)
        with suppress(OSError):
            repair.cut(tmp_path, repair.examine(tmp_path))
        failures += 1
    monkeypatch.undo()
    assert failures > 3
    expect_cut_to(tmp_path, journal.frames[number - 1] if number > 6 else last, state)


def test_another_version_is_left_alone(journal: PlainJournal, tmp_path: Path) -> None:
    path = journal.path
    sequence, previous = struct.unpack_from("<Q", path.read_bytes(), 16)[0], path.read_bytes()[48:64]
    path.write_bytes(plain.header_bytes(sequence, previous, version=2) + path.read_bytes()[HEADER_BYTES:])
    with pytest.raises(UnknownFormat, match="version 2"):
        repair.examine(tmp_path)


def test_reading_from_a_position(journal: PlainJournal) -> None:
    before, first = journal.frames[6], journal.frames[7]
    reader = JournalReader(journal.folder, until=before.last_sequence)
    list(reader.frames())
    later = JournalReader(journal.folder, start=reader.position)
    assert [frame.digest for frame in later.frames()] == [frame.digest for frame in journal.frames[7:]]
    spoil(first)
    with pytest.raises(JournalDamaged):
        list(JournalReader(journal.folder, start=reader.position).frames())
