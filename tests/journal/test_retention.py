"""What is kept of snapshots and segments, and what is not."""

from pathlib import Path

import pytest

from orderbook_server.journal.layout import make_folders, segment_name, segments, snapshot_name, snapshots
from orderbook_server.journal.retention import retain
from orderbook_server.journal.snapshots import SnapshotHeader, start_order, write_snapshot
from orderbook_server.journal.snapshotter import take_snapshot

from .exchanges import MARKETS, facts, fund, kept, send, settled


def header(sequence: int, events: int | None = None, executions: int | None = None) -> SnapshotHeader:
    """Return the header of a snapshot, by default one event and two executions per record."""
    return SnapshotHeader(
        sequence=sequence,
        event_sequence=sequence if events is None else events,
        execution_sequence=2 * sequence if executions is None else executions,
        epoch=1,
        frame_hash=bytes(16),
        time=0,
        state_hash="",
        instruments=MARKETS,
    )


def directory(data_dir: Path, headers: list[SnapshotHeader], first_records: list[int]) -> Path:
    """Make a directory with files that have the names and headers, and nothing in them."""
    make_folders(data_dir)
    for one in headers:
        write_snapshot(data_dir / "snapshots", one, {"exchange": b""})
    for sequence in first_records:
        (data_dir / "journal" / segment_name(sequence)).touch()
    return data_dir


def left(data_dir: Path) -> tuple[list[int], list[int]]:
    """Return the sequences of the snapshots and of the segments that are there."""
    return tuple(  # type: ignore[return-value]
        [int(path.stem) for path in paths]
        for paths in (snapshots(data_dir / "snapshots"), segments(data_dir / "journal"))
    )


TENS = [header(sequence) for sequence in range(10, 60, 10)]  # 10 … 50
SEGMENTS = [1, 9, 21, 31, 35, 52]


@pytest.mark.parametrize(
    ("kept_count", "capacity", "expected"),
    [
        (0, 1, ([10, 20, 30, 40, 50], SEGMENTS)),
        (1, 1, ([40, 50], [35, 52])),
        (1, 10, ([40, 50], [35, 52])),
        (1, 11, ([30, 40, 50], [31, 35, 52])),
        (2, 11, ([30, 40, 50], [31, 35, 52])),
        (2, 30, ([20, 30, 40, 50], [21, 31, 35, 52])),
        (3, 1, ([30, 40, 50], [31, 35, 52])),
        (4, 1, ([20, 30, 40, 50], [21, 31, 35, 52])),
        (1, 20, ([30, 40, 50], [31, 35, 52])),
        (1, 60, ([20, 40, 50], SEGMENTS)),  # a start begins with the first record
        (1, 120, ([30, 50], SEGMENTS)),  # of those that starts to come begin with some are enough
        (9, 1, ([10, 20, 30, 40, 50], [9, 21, 31, 35, 52])),
    ],
)
def test_what_stays(tmp_path: Path, kept_count: int, capacity: int, expected: tuple[list[int], list[int]]) -> None:
    directory(tmp_path, TENS, SEGMENTS)
    before = left(tmp_path)
    removed = retain(tmp_path, snapshots_kept=kept_count, capacity=capacity)
    assert left(tmp_path) == expected
    assert len(removed) == len(before[0]) + len(before[1]) - len(expected[0]) - len(expected[1])
    assert not any(path.exists() for path in removed)
    assert retain(tmp_path, snapshots_kept=kept_count, capacity=capacity) == []


def test_executions_count_as_events_do(tmp_path: Path) -> None:
    directory(tmp_path, [header(10, 10, 10), header(20, 20, 15), header(30, 30, 20)], [1, 11, 21, 31])
    retain(tmp_path, snapshots_kept=1, capacity=10)
    assert left(tmp_path) == ([10, 20, 30], [11, 21, 31])


@pytest.mark.parametrize("events_per_record", [1, 0])
def test_starts_come_nearer_however_small_the_steps(tmp_path: Path, events_per_record: int) -> None:
    """Snapshots that lie close together, of trades or of credits alone, do not keep the journal from being cut."""
    directory(tmp_path, [], range(1, 4001, 10))
    for sequence in range(10, 4001, 10):
        events = events_per_record * sequence
        write_snapshot(tmp_path / "snapshots", header(sequence, events, events), {"exchange": b""})
        retain(tmp_path, snapshots_kept=2, capacity=200)
    kept_snapshots, kept_segments = left(tmp_path)
    reached = 200 if events_per_record else 4 * 200
    assert 4000 - kept_segments[0] <= 1.5 * reached
    assert len(kept_snapshots) <= 9


def test_the_oldest_stays_where_the_beginning_is_gone(tmp_path: Path) -> None:
    directory(tmp_path, TENS, SEGMENTS[1:])
    retain(tmp_path, snapshots_kept=1, capacity=1000)
    assert left(tmp_path) == ([10, 50], [9, 21, 31, 35, 52])


def test_the_last_segment_stays(tmp_path: Path) -> None:
    directory(tmp_path, TENS, [1, 2])
    retain(tmp_path, snapshots_kept=1, capacity=1)
    assert left(tmp_path) == ([40, 50], [2])


def test_without_a_good_snapshot_all_stays(tmp_path: Path) -> None:
    directory(tmp_path, [], [1, 11])
    (tmp_path / "snapshots" / snapshot_name(10)).write_bytes(b"not good")
    assert retain(tmp_path, snapshots_kept=1, capacity=1) == []
    assert left(tmp_path) == ([10], [1, 11])


def test_one_that_is_not_good_serves_nobody(tmp_path: Path) -> None:
    directory(tmp_path, TENS, SEGMENTS)
    for sequence in (20, 50):
        (tmp_path / "snapshots" / snapshot_name(sequence)).write_bytes(b"not good")
    retain(tmp_path, snapshots_kept=2, capacity=1)
    assert left(tmp_path) == ([30, 40, 50], [31, 35, 52])  # the newest is left to be looked at


def test_the_order_of_starts() -> None:
    newest_first = [header(sequence) for sequence in (50, 40, 30)]
    order = [one and one.sequence for one in start_order(newest_first, 1, 10)]
    assert order == [40, 30, None, 50]
    assert [one and one.sequence for one in start_order(newest_first, 41, 10)] == [40, 50]
    assert [one and one.sequence for one in start_order(newest_first, 42, 10)] == [50]
    assert start_order(newest_first, 52, 10) == []
    assert start_order([], 1, 10) == [None]


def test_what_stays_is_enough(tmp_path: Path) -> None:
    capacity = 400
    for part in range(8):
        with kept(tmp_path, event_capacity=capacity, segment_bytes=1 << 16) as opened:
            fund(opened.sequencer)
            send(opened.sequencer, part, 6000)
            take_snapshot(tmp_path, settled(opened))
            retain(tmp_path, snapshots_kept=2, capacity=capacity)
            expected = facts(opened.sequencer), opened.sequencer.exchange.oldest_sequence
            held = opened.sequencer.exchange.events(after=expected[1] - 1)
    assert len(snapshots(tmp_path / "snapshots")) == 2
    assert int(segments(tmp_path / "journal")[0].stem) > 1
    with kept(tmp_path, event_capacity=capacity) as opened:
        assert (facts(opened.sequencer), opened.sequencer.exchange.oldest_sequence) == expected
        assert opened.sequencer.exchange.events(after=expected[1] - 1) == held
