"""Replay: what was carried out once comes to the same state, events and executions again, up to any record or event."""

import struct
from pathlib import Path

import pytest

from orderbook import Exchange, Instrument, Side
from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.replay import Replay
from orderbook_server.sequencer.executions import ExecutionKind
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import RECORD, new
from .exchanges import CAPACITY, facts, fund, kept, rings, send, settled
from .plain_journal import (
    BTC,
    CANCEL,
    CREDIT,
    DEBIT,
    ENDED,
    NEW,
    ON,
    PlainJournal,
    command,
    instruments,
    other,
    raw,
    session,
    source,
    state,
)


def plain(data_dir: Path, *frames: tuple[bytes, ...]) -> Path:
    """Write a journal with frames of these records behind that of the instruments."""
    (data_dir / "snapshots").mkdir()
    (data_dir / "journal").mkdir()
    journal = PlainJournal(data_dir / "journal", ahead=64)
    journal.begin()
    journal.append(instruments([BTC]))
    for records in frames:
        journal.append(*records)
    return data_dir


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("at_once", [1, 50, 3000])
def test_the_same_state_again(tmp_path: Path, seed: int, at_once: int) -> None:
    with kept(tmp_path) as opened:
        sequencer = opened.sequencer
        fund(sequencer)
        first, second = sequencer.open_session(), sequencer.open_session()
        first.cancel_on_disconnect = second.cancel_on_disconnect = True
        send(sequencer, seed, 1000, first, at_once=at_once)
        sequencer.debit_account(0, 1, 0, 1)
        first.end()
        send(sequencer, seed + 100, 1500, second, at_once=at_once)
        expected, held = facts(sequencer), rings(sequencer)
    recovered = recover(tmp_path, event_capacity=CAPACITY)
    assert facts(recovered.sequencer) == expected
    assert rings(recovered.sequencer) == held
    recovered.sequencer.exchange.check()


def test_up_to_any_record(tmp_path: Path) -> None:
    moments: dict[int, tuple[dict[str, object], object]] = {}
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        for part in range(30):
            send(opened.sequencer, part, 4, at_once=1)
            moments[opened.journal.appended] = facts(opened.sequencer), rings(opened.sequencer)
        send(opened.sequencer, 99, 2000, at_once=2000)  # a frame to stop in
        end = settled(opened)
    for sequence, expected in moments.items():
        recovered = recover(tmp_path, event_capacity=CAPACITY, until=sequence)
        assert recovered.sequence == sequence
        assert (facts(recovered.sequencer), rings(recovered.sequencer)) == expected
    before = {}
    for sequence in range(end - 300, end, 7):
        recovered = recover(tmp_path, event_capacity=CAPACITY, until=sequence)
        assert recovered.sequence == sequence
        before[sequence] = recovered.sequencer.exchange.last_sequence
    assert len(set(before.values())) > 10


def test_up_to_any_event(tmp_path: Path) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
        send(opened.sequencer, 5, 300, at_once=100)
        last = opened.sequencer.exchange.last_sequence
    for event in range(1, last + 1):
        recovered = recover(tmp_path, event_capacity=CAPACITY, until_event=event)
        assert recovered.sequencer.exchange.last_sequence >= event
        before = recover(tmp_path, event_capacity=CAPACITY, until=recovered.sequence - 1)
        assert before.sequencer.exchange.last_sequence < event


@pytest.mark.parametrize("asked", [{"until": 1000}, {"until_event": 1000}])
def test_what_is_not_there_yet_cannot_be_asked_for(tmp_path: Path, asked: dict[str, int]) -> None:
    with kept(tmp_path) as opened:
        fund(opened.sequencer)
    with pytest.raises(JournalError, match=r"there is no (record|event) 1000"):
        recover(tmp_path, event_capacity=CAPACITY, **asked)


def test_a_journal_that_plain_python_wrote(tmp_path: Path) -> None:
    unknown_type = RECORD.pack(*new(8, Side.BID, 77, 90, 1, account_id=1))[:40]
    plain(
        tmp_path,
        (source(1, 5), command(CREDIT, account_id=1, price=10, quantity=1000), command(CREDIT, account_id=2, price=10)),
        (
            source(1, 6),
            command(NEW, account_id=1, order_id=7, price=90, quantity=3),
            session(ON, 1),
            source(1 << 33, 7),
            command(NEW, account_id=2, order_id=1 << 40, price=90, quantity=1, side=2),
            raw(unknown_type),
            command(DEBIT, account_id=1, quantity=30),
        ),
        (session(ON, 9), session(ENDED, 9)),
    )
    sequencer = recover(tmp_path, event_capacity=CAPACITY).sequencer
    assert [(event.timestamp, type(event).__name__) for event in sequencer.exchange.events()] == [
        (6, "BookAdded"),
        (7, "Trade"),
        (7, "BookUpdated"),
    ]
    account = sequencer.exchange.market("BTC-USD").account_snapshot(1)
    assert (account.available_base, account.available_quote, account.reserved_quote) == (11, 1000 - 3 * 90 - 30, 180)
    assert [one.refusal for one in sequencer.executions(1) if one.kind == ExecutionKind.REFUSED] == [11]
    assert sequencer.end_sessions() == 1  # that of session 1: the order went through it, which said ON
    assert sequencer.exchange.market("BTC-USD").order_book.total_orders() == 0
    sequencer.open_session().cancel_on_disconnect = True  # and numbers go on behind the highest there was
    assert int.from_bytes(sequencer.dump_state()[-8:], "little") == (1 << 33) + 1


def test_a_raw_record_never_runs_what_is_no_command(tmp_path: Path) -> None:
    debit = RECORD.pack(DEBIT, 0, 0, 0, 0, 1, 0, 0, 30, 0)[:40]
    credit = command(CREDIT, account_id=1, quantity=50)
    plain(tmp_path, (source(), credit, raw(debit)), (source(), raw(bytes([7]) + debit[1:]), command(CANCEL)))
    exchange = recover(tmp_path, event_capacity=CAPACITY).sequencer.exchange
    assert exchange.balance(1, "USD").available == 50


@pytest.mark.parametrize(
    "records",
    [
        (source(), command(CREDIT, account_id=1, quantity=2**64 - 1), command(CREDIT, account_id=1, quantity=1)),
        (source(), command(DEBIT, account_id=1, quantity=1)),
    ],
)
def test_what_was_kept_cannot_be_refused(tmp_path: Path, records: tuple[bytes, ...]) -> None:
    plain(tmp_path, records)
    with pytest.raises(JournalDamaged, match=f"record {len(records)} is refused, which it was not"):
        recover(tmp_path, event_capacity=CAPACITY)


def test_a_state_that_is_told_is_compared(tmp_path: Path) -> None:
    fine = bytes.fromhex(Exchange([Instrument(**BTC)]).state_hash())
    credit = source(), command(CREDIT, account_id=1, quantity=1)
    plain(tmp_path, (state(fine),), credit, (state(fine),))
    assert recover(tmp_path, event_capacity=CAPACITY, until=3).sequence == 3
    with pytest.raises(JournalDamaged, match="replaying up to record 3 comes to the state") as caught:
        recover(tmp_path, event_capacity=CAPACITY)
    frames = list(JournalReader(tmp_path / "journal").frames())
    assert caught.value.offset == frames[-1].offset


@pytest.mark.parametrize("data", [b"{", b"[]", b'[{"symbol": "BTCUSD"}]', b"\xff"])
def test_instruments_that_cannot_be(tmp_path: Path, data: bytes) -> None:
    plain(tmp_path, (other(3, struct.pack("<I", len(data)) + data),))
    with pytest.raises(JournalDamaged, match="the instruments of record 2 cannot be"):
        recover(tmp_path, event_capacity=CAPACITY)


def test_frames_come_one_behind_the_other(tmp_path: Path) -> None:
    plain(tmp_path, (source(), command(CREDIT, account_id=1, quantity=1)), (source(), command(CREDIT, account_id=1)))
    frames = list(JournalReader(tmp_path / "journal").frames())
    replay = Replay(Sequencer(Exchange(), execution_capacity=1))
    replay.feed(frames[0])
    with pytest.raises(JournalDamaged, match="record 3 follows 1"):
        replay.feed(frames[2])
    replay.feed(frames[1])
    replay.flush()
    assert replay.sequence == 2
