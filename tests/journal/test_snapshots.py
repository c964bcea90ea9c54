"""Snapshots: what was written comes back, and what is not as it was written never does."""

import errno
import hashlib
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from orderbook_server.journal import snapshots
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.snapshots import SnapshotBad, good_snapshots, load_snapshot, read_header
from orderbook_server.journal.snapshotter import take_snapshot
from orderbook_server.sequencer.sequencer import Sequencer

from .exchanges import facts, fund, kept, send, settled

SMALL = 60  # commands


def load(path: Path) -> Sequencer:
    return load_snapshot(path, event_capacity=8, execution_capacity=8)[1]


def taken(data_dir: Path, count: int = SMALL) -> tuple[Path, dict[str, Any]]:
    """Take a snapshot of an exchange; return its path, and the facts."""
    with kept(data_dir) as opened:
        fund(opened.sequencer)
        session = opened.sequencer.open_session()
        session.cancel_on_disconnect = True
        send(opened.sequencer, 3, count, session)
        sequence = settled(opened)
        take_snapshot(data_dir, sequence)
        return data_dir / "snapshots" / f"{sequence:020}.snap", facts(opened.sequencer)


def test_a_snapshot_holds_the_whole_state(tmp_path: Path) -> None:
    path, expected = taken(tmp_path, 2000)
    header, sequencer = load_snapshot(path, event_capacity=8, execution_capacity=8)
    assert facts(sequencer) == expected
    assert header == read_header(path)
    assert (header.event_sequence, header.execution_sequence) == (
        sequencer.exchange.last_sequence,
        sequencer.last_execution,
    )
    assert sequencer.exchange.oldest_sequence == header.event_sequence + 1  # it holds no events
    sequencer.exchange.check()


def test_a_snapshot_is_as_documented(tmp_path: Path) -> None:
    path, _ = taken(tmp_path)
    line, _, state = path.read_bytes().partition(b"\n")
    fields = json.loads(line)
    assert fields["format"] == 1
    assert [name for name, _ in fields["parts"]] == ["exchange", "sequencer"]
    assert sum(size for _, size in fields["parts"]) == len(state)
    assert fields["digest"] == hashlib.blake2b(state, digest_size=32).hexdigest()
    assert fields["instruments"][0]["symbol"] == "BTC-USD"
    assert line.endswith(fields["line_digest"].encode() + b'"}')
    said = line[: line.index(b',"line_digest"')]
    assert fields["line_digest"] == hashlib.blake2b(said, digest_size=16).hexdigest()
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_byte_can_be_another(tmp_path: Path) -> None:
    path, _ = taken(tmp_path)
    good = path.read_bytes()
    load(path)
    for place in range(len(good)):
        for flipped in (good[place] ^ 1, good[place] ^ 0xFF):
            path.write_bytes(good[:place] + bytes([flipped]) + good[place + 1 :])
            with pytest.raises(SnapshotBad):
                load(path)


def test_no_length_can_be_another(tmp_path: Path) -> None:
    path, _ = taken(tmp_path)
    good = path.read_bytes()
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(SnapshotBad):
            load(path)
        assert good_snapshots(path.parent)[0] == []  # its header alone tells
    path.write_bytes(good + b"\0")
    with pytest.raises(SnapshotBad):
        load(path)


def test_a_damaged_one_is_passed_over_and_the_state_is_right(tmp_path: Path) -> None:
    path, expected = taken(tmp_path)
    good = path.read_bytes()
    for place in range(0, len(good), 37):
        path.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        recovered = recover(tmp_path, event_capacity=1, fill_rings=False)
        assert recovered.snapshot is None
        assert facts(recovered.sequencer) == expected
        assert [str(path) in reason for reason in recovered.passed_over] == [True]


def rewritten(path: Path, **fields: object) -> None:
    """Write another header into a snapshot, with a right digest of its own."""
    line, _, state = path.read_bytes().partition(b"\n")
    said = {**json.loads(line), **fields}
    del said["line_digest"]
    text = json.dumps(said, separators=(",", ":")).encode().removesuffix(b"}")
    check = hashlib.blake2b(text, digest_size=16).hexdigest().encode()
    path.write_bytes(text + b',"line_digest":"' + check + b'"}\n' + state)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"format": 2}, "format 2, which this version does not read"),
        ({"sequence": 5}, "is the snapshot at 5 under another name"),
        ({"state_hash": "0" * 32}, "its state has the hash"),
        ({"event_sequence": 1}, "its state is at event"),
        ({"execution_sequence": 1}, "its state is at event"),
        ({"instruments": [{"symbol": "ETH-USD"}]}, "its state cannot be loaded"),
    ],
)
def test_a_header_that_does_not_fit(tmp_path: Path, fields: dict[str, object], reason: str) -> None:
    path, _ = taken(tmp_path)
    rewritten(path)
    load(path)
    rewritten(path, **fields)
    with pytest.raises(SnapshotBad, match=reason):
        load(path)


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        sequence = settled(opened)
        with monkeypatch.context() as patch:
            patch.setattr(snapshots.os, call, full)
            with pytest.raises(OSError, match="No space left"):
                take_snapshot(tmp_path, sequence)
        assert list((tmp_path / "snapshots").iterdir()) == []
        take_snapshot(tmp_path, sequence)
        assert len(list((tmp_path / "snapshots").iterdir())) == 1


def test_it_is_written_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    synced = os.fdatasync

    def note(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        synced(descriptor)

    monkeypatch.setattr(snapshots, "PIECE_BYTES", 100)
    monkeypatch.setattr(snapshots.os, "fdatasync", note)
    path, expected = taken(tmp_path)
    steps = [after - before for before, after in itertools.pairwise(sizes)]
    assert len(steps) > 3
    assert max(steps) <= 100
    assert facts(load(path)) == expected


def test_unfinished_ones_are_removed(tmp_path: Path) -> None:
    path, _ = taken(tmp_path)
    unfinished = path.with_name("00000000000000009999.snap.tmp")
    unfinished.write_bytes(b"half")
    assert good_snapshots(path.parent)[1] == []
    with kept(tmp_path):
        assert not unfinished.exists()
    assert path.exists()


def test_capacity_of_the_rings(tmp_path: Path) -> None:
    path, _ = taken(tmp_path)
    sequencer = load(path)
    for _ in range(20):
        sequencer.credit_account(0, 1, 1000, 100_000)
        send(sequencer, 4, 20)
    exchange = sequencer.exchange
    assert exchange.last_sequence - exchange.oldest_sequence + 1 == 8
