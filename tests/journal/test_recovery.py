"""Starting again: where a start begins, what it compares, cuts, refuses, and what it puts in order before it opens."""

import os
from pathlib import Path
from typing import Any

import pytest

from orderbook_server.journal import opening
from orderbook_server.journal.errors import DirectoryInUse, JournalDamaged, JournalError
from orderbook_server.journal.layout import segments
from orderbook_server.journal.opening import Opened
from orderbook_server.journal.reader import JournalReader, RecordKind
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.snapshotter import take_snapshot

from ..engine.helpers import BID, LIMIT, linux_alone
from .exchanges import ACCOUNTS, CAPACITY, MARKETS, facts, fund, kept, rings, send, settled
from .test_snapshots import rewritten

SEGMENT_BYTES = 1 << 16


def used(data_dir: Path, *, snapshots: int = 0, commands: int = 300, **options: Any) -> dict[str, Any]:
    """Use an exchange, with snapshots on the way; return its facts and rings."""
    with kept(data_dir, **options) as opened:
        fund(opened.sequencer)
        for part in range(snapshots):
            send_slowly(opened, part, commands)
            take_snapshot(data_dir, settled(opened))
        send_slowly(opened, 99, commands)
        return {"facts": facts(opened.sequencer), "rings": rings(opened.sequencer)}


def send_slowly(opened: Opened, seed: int, count: int) -> None:
    """Send random commands so that frames stay small, and segments get as long as they should."""
    for begin in range(0, count, 500):
        send(opened.sequencer, 1000 * seed + begin, min(count - begin, 500))
        settled(opened)


def again(data_dir: Path, **options: Any) -> dict[str, Any]:
    with kept(data_dir, **options) as opened:
        return {"facts": facts(opened.sequencer), "rings": rings(opened.sequencer)}


def snapshots_of(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "snapshots").glob("*.snap"))


def test_the_first_start_and_those_after_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "made" / "here"
    for start in range(1, 4):
        with kept(data_dir) as opened:
            assert opened.recovered.sequence == opened.journal.durable - (start == 1) == start * 12 - 11 - (start == 1)
            fund(opened.sequencer)
    frames = list(JournalReader(data_dir / "journal").frames())
    assert sorted({frame.epoch for frame in frames}) == [1, 2, 3]
    first = frames[0].records()[0]
    assert (first.sequence, first.kind) == (1, RecordKind.INSTRUMENTS)


def test_nothing_was_written_but_a_header(tmp_path: Path) -> None:
    with kept(tmp_path):
        pass
    (path,) = segments(tmp_path / "journal")
    path.write_bytes(path.read_bytes()[:64])  # killed before the first record was there
    with kept(tmp_path) as opened:
        assert opened.recovered.sequence == 0
        assert opened.journal.durable == 1
        assert opened.sequencer.exchange.instruments == MARKETS


@pytest.mark.parametrize("capacity", [1, 1000, CAPACITY])
def test_a_start_begins_so_early_that_the_rings_are_full(tmp_path: Path, capacity: int) -> None:
    expected = used(tmp_path, snapshots=6)["facts"]
    with kept(tmp_path, event_capacity=capacity) as opened:
        assert facts(opened.sequencer) == expected
        last, oldest = opened.sequencer.exchange.last_sequence, opened.sequencer.exchange.oldest_sequence
        assert last - oldest + 1 == min(capacity, last)
        headers = [int(path.stem) for path in snapshots_of(tmp_path)]
        begun = opened.recovered.snapshot
        assert (begun.sequence if begun else 0) in ([headers[-2]] if capacity == 1 else [0, *headers[:-2]])


def test_the_newest_one_is_enough_for_who_wants_the_state_alone(tmp_path: Path) -> None:
    expected = used(tmp_path, snapshots=3)["facts"]
    recovered = recover(tmp_path, event_capacity=CAPACITY, fill_rings=False)
    assert recovered.snapshot
    assert recovered.snapshot.sequence == int(snapshots_of(tmp_path)[-1].stem)
    assert facts(recovered.sequencer) == expected
    whole = recover(tmp_path, event_capacity=CAPACITY, from_beginning=True)
    assert whole.snapshot is None
    assert facts(whole.sequencer) == expected


@pytest.mark.parametrize("left", [1, 2])
def test_older_and_newer_ones_serve_where_the_best_is_not_good(tmp_path: Path, left: int) -> None:
    expected = used(tmp_path, snapshots=3)["facts"]
    paths = snapshots_of(tmp_path)
    for path in paths:
        if path is not paths[-left]:
            content = bytearray(path.read_bytes())
            content[-1] ^= 1
            path.write_bytes(content)
    recovered = recover(tmp_path, event_capacity=CAPACITY, fill_rings=False)
    assert facts(recovered.sequencer) == expected
    assert recovered.snapshot is not None
    assert recovered.snapshot.sequence == int(paths[-left].stem)
    assert len(recovered.passed_over) == left - 1


def test_without_beginning_and_snapshot_there_is_no_way(tmp_path: Path) -> None:
    used(tmp_path, snapshots=1, commands=8000, segment_bytes=SEGMENT_BYTES)
    paths = segments(tmp_path / "journal")
    assert len(paths) > 1
    paths[0].unlink()
    snapshots_of(tmp_path)[0].unlink()
    with pytest.raises(JournalDamaged, match="no good snapshot holds what was before record"):
        recover(tmp_path, event_capacity=CAPACITY)


def test_a_journal_in_several_segments(tmp_path: Path) -> None:
    expected = used(tmp_path, commands=12_000, segment_bytes=SEGMENT_BYTES)
    assert len(segments(tmp_path / "journal")) > 1
    assert again(tmp_path, segment_bytes=SEGMENT_BYTES) == expected


@pytest.mark.parametrize("torn", [b"\1", b"FRAM", b"FRAM\x40\0\0\0" + bytes(40) + b"half a frame", b"\xff" * (3 << 20)])
def test_a_torn_end_is_cut_before_anything_is_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: bytes
) -> None:
    expected = used(tmp_path)
    end = list(JournalReader(tmp_path / "journal").frames())[-1]
    with end.segment.open("r+b") as file:
        file.seek(end.offset + end.size)
        file.write(torn)
    assert recover(tmp_path, event_capacity=CAPACITY).tail.torn_bytes == len(torn)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    with kept(tmp_path) as opened:
        assert synced == [end.segment.stat().st_ino]
        assert opened.torn_bytes == len(torn)
        assert {"facts": facts(opened.sequencer), "rings": rings(opened.sequencer)} == expected
        assert end.segment.read_bytes()[end.offset + end.size :].strip(b"\0") == b""
        opened.sequencer.credit_account(0, 1, 1, 1)
        expected = facts(opened.sequencer)
    with kept(tmp_path) as opened:
        assert opened.torn_bytes == 0
        assert facts(opened.sequencer) == expected


def test_a_snapshot_behind_the_end_of_the_journal(tmp_path: Path) -> None:
    used(tmp_path, snapshots=1, commands=50)
    at_snapshot = int(snapshots_of(tmp_path)[0].stem)
    cut = next(frame for frame in JournalReader(tmp_path / "journal").frames() if frame.last_sequence >= at_snapshot)
    cut.segment.write_bytes(cut.segment.read_bytes()[: cut.offset])
    for filling in (True, False):  # from the beginning; from the snapshot
        with pytest.raises(JournalDamaged, match=f"the snapshot contains record {at_snapshot}, and no frame") as caught:
            recover(tmp_path, event_capacity=CAPACITY, fill_rings=filling)
        assert caught.value.path == snapshots_of(tmp_path)[0]


def test_a_snapshot_of_another_journal(tmp_path: Path) -> None:
    used(tmp_path, snapshots=1)
    rewritten(snapshots_of(tmp_path)[0], frame_hash="11" * 16)
    for filling in (True, False):
        with pytest.raises(JournalDamaged, match="the journal has another frame that ends with record"):
            recover(tmp_path, event_capacity=CAPACITY, fill_rings=filling)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"state_hash": "0" * 32}, "and it was 0{32}"), ({"event_sequence": 7}, "replaying comes to event")],
)
def test_what_newer_snapshots_say_is_compared(tmp_path: Path, fields: dict[str, object], reason: str) -> None:
    used(tmp_path, snapshots=2)
    rewritten(snapshots_of(tmp_path)[0], **fields)
    with pytest.raises(JournalDamaged, match=reason):
        recover(tmp_path, event_capacity=CAPACITY)


def test_another_server_refuses(tmp_path: Path) -> None:
    with kept(tmp_path), pytest.raises(DirectoryInUse), kept(tmp_path):
        pass


def test_damage_lets_go_of_the_directory_and_leaves_it_alone(tmp_path: Path) -> None:
    used(tmp_path)
    (path,) = segments(tmp_path / "journal")
    good = path.read_bytes()
    bad = good[:70] + b"?" + good[71:]
    path.write_bytes(bad)
    with pytest.raises(JournalDamaged), kept(tmp_path):
        pass
    assert path.read_bytes() == bad
    path.write_bytes(good)
    with kept(tmp_path):
        pass


@linux_alone
def test_a_start_that_fails_late_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    threads = len(list(Path("/proc/self/task").iterdir()))
    with monkeypatch.context() as patch:
        patch.setattr(opening, "reconfigured", fail)
        with pytest.raises(MemoryError) as caught, kept(tmp_path):
            pass
    assert len(list(Path("/proc/self/task").iterdir())) == threads
    assert caught.traceback  # which holds all that was there
    with kept(tmp_path):
        pass


def test_sessions_that_the_crash_ended(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        sequencer = opened.sequencer
        fund(sequencer)
        stays, goes, changed = (sequencer.open_session() for _ in range(3))
        goes.cancel_on_disconnect = changed.cancel_on_disconnect = True
        changed.cancel_on_disconnect = False
        for number, session in enumerate((stays, goes, changed), 1):
            for account in ACCOUNTS:
                sequencer.submit(0, account, 10 * account + number, BID, LIMIT, 5, 1, session)
    with kept(tmp_path) as opened:
        book = opened.sequencer.exchange.market("BTC-USD").order_book
        assert opened.canceled == len(ACCOUNTS)
        assert [10 * account + 2 in book for account in ACCOUNTS] == [False] * len(ACCOUNTS)
        assert book.total_orders() == 2 * len(ACCOUNTS)
        expected = facts(opened.sequencer)
        assert opened.journal.durable == opened.recovered.sequence + len(ACCOUNTS) + 1  # the cancels, and the end
        next_session = opened.sequencer.open_session()
        next_session.cancel_on_disconnect = True
    with kept(tmp_path) as opened:
        assert opened.canceled == 0  # of those that were there, all had ended
        assert facts(opened.sequencer) == expected
    sessions = [record.session for record in JournalReader(tmp_path / "journal").records() if record.session]
    assert max(sessions) == 4  # numbers were not used again


def test_sessions_in_a_snapshot(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        session = opened.sequencer.open_session()
        session.cancel_on_disconnect = True
        opened.sequencer.submit(0, 1, 1, BID, LIMIT, 5, 1, session)
        take_snapshot(tmp_path, settled(opened))
    recovered = recover(tmp_path, event_capacity=CAPACITY, fill_rings=False)
    assert recovered.snapshot
    assert recovered.sequencer.end_sessions() == 1


def test_progress_goes_up_to_the_end(tmp_path: Path) -> None:
    used(tmp_path, commands=100)
    calls: list[tuple[int, int]] = []
    recover(tmp_path, event_capacity=CAPACITY, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1] > 0
    assert calls == sorted(calls)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        recover(tmp_path / "nowhere", event_capacity=CAPACITY)


def test_time_travel_begins_with_a_snapshot_before(tmp_path: Path) -> None:
    used(tmp_path, snapshots=3)
    second = int(snapshots_of(tmp_path)[1].stem)
    for until, begun in ((second, second), (second + 5, second), (second - 1, int(snapshots_of(tmp_path)[0].stem))):
        travelled = recover(tmp_path, event_capacity=CAPACITY, fill_rings=False, until=until)
        assert travelled.snapshot
        assert travelled.snapshot.sequence == begun
        whole = recover(tmp_path, event_capacity=CAPACITY, until=until, from_beginning=True)
        assert facts(travelled.sequencer) == facts(whole.sequencer)


def test_all_that_is_there_begins_with_the_oldest_snapshot_where_the_first_record_is_gone(tmp_path: Path) -> None:
    used(tmp_path, snapshots=2, commands=8000, segment_bytes=SEGMENT_BYTES)
    segments(tmp_path / "journal")[0].unlink()
    oldest = int(snapshots_of(tmp_path)[0].stem)
    whole = recover(tmp_path, event_capacity=CAPACITY, from_beginning=True)
    assert whole.snapshot
    assert whole.snapshot.sequence == oldest
    assert whole.sequence - whole.records == oldest


@pytest.mark.parametrize("asked", [{"until": 100}, {"until_event": 100}])
def test_what_is_no_longer_kept_cannot_be_asked_for(tmp_path: Path, asked: dict[str, int]) -> None:
    used(tmp_path, snapshots=1, commands=8000, segment_bytes=SEGMENT_BYTES)
    segments(tmp_path / "journal")[0].unlink()
    with pytest.raises(JournalError, match="and no snapshot that could serve is kept") as caught:
        recover(tmp_path, event_capacity=CAPACITY, **asked)
    assert not isinstance(caught.value, JournalDamaged)
