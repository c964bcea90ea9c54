"""Records: what plain Python wrote comes out as it went in, and so does what a server journals."""

import struct
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orderbook import Exchange, as_commands
from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.reader import JournalReader, Record, RecordKind
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import packed
from ..money.flow import flow
from ..money.helpers import ACCOUNTS, credit
from . import plain_journal as plain
from .plain_journal import BTC, CREDIT, DEBIT, NEW, PlainJournal

NUMBERS = st.one_of(
    st.sampled_from([0, 1, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x100000000, 2**64 - 1]), st.integers(0, 2**64 - 1)
)
COMMAND = struct.Struct("<BBBBIQQQQQ")


@st.composite
def commands(draw: st.DrawFn) -> dict[str, Any]:
    """Commands and debits that can be written short, of any content."""
    fields: dict[str, Any] = {"kind": draw(st.integers(NEW, DEBIT))}
    fields |= {name: draw(NUMBERS) for name in ("account_id", "order_id", "quantity")}
    fields["price"] = draw(NUMBERS if fields["kind"] in (CREDIT, DEBIT) else st.none() | NUMBERS)
    fields["instrument"] = draw(st.sampled_from([0, 1, 30, 31, 32, 2**32 - 1]))
    if fields["kind"] == NEW:
        fields |= {"side": draw(st.integers(1, 2)), "order_type": draw(st.integers(1, 5))}
        fields["prevention"] = draw(st.integers(0, 4))
    return fields


@st.composite
def groups(draw: st.DrawFn) -> tuple[int, int, list[dict[str, Any] | bytes]]:
    """A source, session and time, with its commands; bytes are those of a RAW."""
    raw = st.binary(min_size=40, max_size=40)
    return draw(NUMBERS), draw(NUMBERS), draw(st.lists(st.one_of(commands(), raw), min_size=1, max_size=5))


def read(folder: Path) -> list[Record]:
    return list(JournalReader(folder).records())


def as_written(record: Record) -> dict[str, Any] | bytes:
    """Return what a record says as `commands` makes it."""
    if record.raw:
        return bytes(record)[:40]
    fields: dict[str, Any] = {"kind": record.kind, "account_id": record.account_id, "order_id": record.order_id}
    fields |= {"price": record.price, "quantity": record.quantity, "instrument": record.instrument}
    if record.kind == NEW:
        fields |= {"side": record.side, "order_type": record.order_type, "prevention": record.prevention}
    return fields


@given(data=st.lists(st.lists(groups(), min_size=1, max_size=3), max_size=3))
def test_commands_come_out_as_they_went_in(
    tmp_path_factory: Any, data: list[list[tuple[int, int, list[dict[str, Any] | bytes]]]]
) -> None:
    journal = PlainJournal(tmp_path_factory.mktemp("journal"))
    path = journal.begin()
    expected = []
    for frame in data:
        records = []
        for session, time, group in frame:
            records.append(plain.source(session, time))
            for fields in group:
                records.append(plain.raw(fields) if isinstance(fields, bytes) else plain.command(**fields))
                expected.append((len(expected) + 1, session, time, fields))
        journal.append(*records)
    seen = [(record.sequence, record.session, record.time, as_written(record)) for record in read(journal.folder)]
    assert seen == expected
    path.unlink()


def test_a_command_as_a_command_record(tmp_path: Path) -> None:
    journal = PlainJournal(tmp_path)
    journal.begin()
    order = plain.command(
        NEW, account_id=7, order_id=2**40, price=99, quantity=5, side=2, order_type=5, prevention=4, instrument=40
    )
    cancel = plain.command(plain.CANCEL, account_id=7, order_id=3)
    money = plain.command(DEBIT, account_id=7, price=10, quantity=20)
    raw = bytes([200, *range(39)])
    journal.append(plain.source(9, 123), order, cancel, money, plain.raw(raw))
    records = read(tmp_path)
    assert [bytes(record) for record in records] == [
        COMMAND.pack(NEW, 2, 5, 1 | 4 << 1, 40, 7, 2**40, 99, 5, 123),
        COMMAND.pack(plain.CANCEL, 0, 0, 0, 0, 7, 3, 0, 0, 123),
        COMMAND.pack(DEBIT, 0, 0, 0, 0, 7, 0, 10, 20, 123),
        raw + struct.pack("<Q", 123),
    ]
    assert [record.raw for record in records] == [False, False, False, True]
    assert records[0].kind is RecordKind.NEW
    assert records[1].price is None
    assert (records[2].price, records[2].quantity) == (10, 20)
    assert records[3].kind == 200


def test_records_that_are_no_commands(tmp_path: Path) -> None:
    journal = PlainJournal(tmp_path)
    journal.begin()
    text = plain.instruments([BTC])
    journal.append(text, plain.source(9, 123), plain.session(plain.ENDED, 2**63), plain.state(b"0123456789abcdef"))
    first, second, third = read(tmp_path)
    assert (first.kind, first.data) == (RecordKind.INSTRUMENTS, text[5:])
    assert (second.kind, second.code, second.session, second.data) == (RecordKind.SESSION, 3, 2**63, None)
    assert (third.kind, third.code, third.data) == (RecordKind.STATE, 0, b"0123456789abcdef")
    assert {record.time for record in (first, second, third)} == {plain.TIME}


def test_what_a_server_journals(tmp_path: Path) -> None:
    sequencer = Sequencer(Exchange())
    sequencer.attach(FileJournal(tmp_path, sync="never"))
    session = sequencer.open_session()
    session.cancel_on_disconnect = True
    sent = packed([*(credit(account, 10**9, 10**12) for account in ACCOUNTS), *flow(3, 500, 1)])
    status = bytes(sequencer.process(sent, session).status)
    sequencer.journal.close()
    first, *records = read(tmp_path)

    assert (first.kind, first.code) == (RecordKind.SESSION, plain.ON)
    journaled = [bytes(record) for record in records]
    remaining = iter(record[:40] for record in journaled)
    orders = (i for i, code in enumerate(status) if code == 0 and sent[48 * i] == NEW)
    accepted = [sent[48 * i : 48 * i + 40] for i in orders]
    assert len(accepted) > 100
    assert all(command in remaining for command in accepted)  # in this order
    assert {record.session for record in records} == {first.session}
    exchange = Exchange()
    exchange.process(as_commands(b"".join(journaled)))
    assert exchange.state_hash() == sequencer.exchange.state_hash()
