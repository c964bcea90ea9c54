"""Repair: what `examine` finds, and that what `cut` leaves can be read, with all that was cut kept aside."""

from pathlib import Path

import pytest

from orderbook_server.journal import repair
from orderbook_server.journal.errors import DirectoryInUse, JournalError, UnknownFormat
from orderbook_server.journal.layout import journal_folder, lock, snapshot_name, snapshots_folder
from orderbook_server.journal.reader import JournalReader

from .plain_journal import HEADER_BYTES, PlainJournal, header_bytes, small_journal


@pytest.fixture
def journal(tmp_path: Path) -> PlainJournal:
    snapshots_folder(tmp_path).mkdir()
    return small_journal(journal_folder(tmp_path), segments=3, frames=4)


def spoil(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)


def snapshot(data_dir: Path, sequence: int) -> Path:
    path = snapshots_folder(data_dir) / snapshot_name(sequence)
    path.write_bytes(b"a state")
    return path


def test_a_good_directory(journal: PlainJournal, tmp_path: Path) -> None:
    findings = repair.examine(tmp_path)
    assert findings.damage is None
    assert findings.position.sequence == journal.sequence
    assert findings.position.frame_hash == journal.previous
    with pytest.raises(JournalError):
        repair.cut(tmp_path, findings)


def test_a_torn_end_needs_no_repair(journal: PlainJournal, tmp_path: Path) -> None:
    last = journal.frames[-1]
    spoil(last.path, last.offset)
    findings = repair.examine(tmp_path)
    assert findings.damage is None
    assert findings.torn_bytes == len(last.data.rstrip(b"\0"))
    assert findings.position.offset == last.offset


def test_cutting_a_torn_end(journal: PlainJournal, tmp_path: Path) -> None:
    last = journal.frames[-1]
    size = last.path.stat().st_size
    spoil(last.path, last.offset + 20)
    reader = JournalReader(journal.folder)
    list(reader.frames())
    repair.cut_torn(reader.tail)
    assert last.path.read_bytes()[last.offset :] == bytes(size - last.offset)


def test_damage_within_a_segment(journal: PlainJournal, tmp_path: Path) -> None:
    early, late = snapshot(tmp_path, journal.frames[5].last_sequence), snapshot(tmp_path, journal.sequence)
    bad = journal.frames[6]
    assert bad.path == journal.frames[5].path
    spoil(bad.path, bad.offset + 60)
    rest = bad.path.read_bytes()[bad.offset :].rstrip(b"\0")
    before = early.read_bytes()

    findings = repair.examine(tmp_path)

    lost = journal.frames[7:]
    assert findings.damage is not None
    assert findings.damage[:2] == (bad.path, bad.offset)
    assert findings.position[:2] == (journal.frames[5].last_sequence, journal.frames[5].digest)
    assert findings.lost_frames == len(lost)
    assert findings.lost_records == sum(len(frame.records) for frame in lost)
    assert findings.segments == (journal.path,)
    assert findings.snapshots == (late,)

    last_content, size = journal.path.read_bytes(), bad.path.stat().st_size
    cut = repair.cut(tmp_path, findings)

    assert repair.examine(tmp_path).damage is None
    reader = JournalReader(journal.folder)
    assert [frame.digest for frame in reader.frames()] == [frame.digest for frame in journal.frames[:6]]
    assert reader.tail == (bad.path, bad.offset, 0, size)
    assert early.read_bytes() == before
    kept = {path.name: path.read_bytes() for path in cut.files}
    assert kept == {
        f"{bad.path.name}.from-{bad.offset}": rest,
        journal.path.name: last_content,
        late.name: b"a state",
    }
    assert {path.parent for path in cut.files} == {cut.folder}
    assert set(cut.folder.iterdir()) == set(cut.files)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_spoilt_header(journal: PlainJournal, tmp_path: Path, number: int) -> None:
    paths = sorted({frame.path for frame in journal.frames})
    kept = [frame for frame in journal.frames if frame.path < paths[number]]
    spoil(paths[number], 20)
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert findings.damage[:2] == (paths[number], 0)
    assert findings.segments == tuple(paths[number:])
    assert findings.lost_frames == len(journal.frames) - len(kept)
    repair.cut(tmp_path, findings)
    reader = JournalReader(journal.folder)
    assert [frame.digest for frame in reader.frames()] == [frame.digest for frame in kept]


def test_a_segment_that_is_missing(journal: PlainJournal, tmp_path: Path) -> None:
    paths = sorted({frame.path for frame in journal.frames})
    paths[1].unlink()
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert "comes next" in findings.damage.reason
    assert findings.segments == (paths[2],)
    repair.cut(tmp_path, findings)
    assert repair.examine(tmp_path).damage is None


def test_a_snapshot_behind_the_end(journal: PlainJournal, tmp_path: Path) -> None:
    path = snapshot(tmp_path, journal.sequence + 1)
    findings = repair.examine(tmp_path)
    assert findings.damage is not None
    assert findings.damage.path == path
    assert (findings.lost_frames, findings.snapshots) == (0, (path,))
    repair.cut(tmp_path, findings)
    assert repair.examine(tmp_path).damage is None


def test_cuts_within_one_second_have_folders_of_their_own(journal: PlainJournal, tmp_path: Path) -> None:
    folders = set()
    for number in (9, 6, 3):
        spoil(journal.frames[number].path, journal.frames[number].offset)
        folders.add(repair.cut(tmp_path, repair.examine(tmp_path)).folder)
    assert len(folders) == 3


def test_it_is_cut_under_the_lock_alone(journal: PlainJournal, tmp_path: Path) -> None:
    spoil(journal.frames[0].path, journal.frames[0].offset)
    findings = repair.examine(tmp_path)
    with lock(tmp_path), pytest.raises(DirectoryInUse):
        repair.cut(tmp_path, findings)
    repair.cut(tmp_path, findings)


def test_what_was_not_examined_is_not_cut(journal: PlainJournal, tmp_path: Path) -> None:
    spoil(journal.frames[8].path, journal.frames[8].offset)
    findings = repair.examine(tmp_path)
    spoil(journal.frames[3].path, journal.frames[3].offset)
    with pytest.raises(JournalError):
        repair.cut(tmp_path, findings)


def test_another_version_is_left_alone(journal: PlainJournal, tmp_path: Path) -> None:
    path = journal.path
    first = next(frame for frame in journal.frames if frame.path == path)
    header = header_bytes(first.sequence, journal.frames[journal.frames.index(first) - 1].digest, version=2)
    path.write_bytes(header + path.read_bytes()[HEADER_BYTES:])
    with pytest.raises(UnknownFormat, match="version 2"):
        repair.examine(tmp_path)
