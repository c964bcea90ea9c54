"""A data directory of format 1, which every version to come reads, or says clearly that it does not.

`python -m tests.journal.test_format_1` wrote it once, in plain Python. It is never written anew.
"""

import shutil
import sys
from pathlib import Path

import pytest

from orderbook import Balance, Exchange
from orderbook_server.journal.errors import UnknownFormat
from orderbook_server.journal.layout import journal_folder, make_folders, segments
from orderbook_server.journal.reader import JournalReader, RecordKind
from orderbook_server.journal.recovery import recover

from . import plain_journal as plain
from .plain_journal import CANCEL, CREDIT, DEBIT, HEADER_BYTES, MODIFY, NEW, PlainJournal, command, source

FIXTURE = Path(__file__).parent / "fixtures" / "format-1"
MARKETS = [
    {"symbol": "BTC-USD", "base": "BTC", "quote": "USD"},
    {"symbol": "ETH-USD", "base": "ETH", "quote": "USD"},
]
STATE = "d55dccb840178c832e2fbb801a9ad161"


def write(data_dir: Path) -> PlainJournal:
    """Write two segments with every kind of record: 20 records in 6 frames."""
    folder = journal_folder(data_dir)
    folder.mkdir(parents=True)
    journal = PlainJournal(folder, ahead=256)
    journal.begin()
    journal.append(plain.instruments(MARKETS))
    journal.append(
        source(session=0),
        command(CREDIT, account_id=7, price=1_000, quantity=1_000_000),
        command(CREDIT, account_id=8, price=1_000, quantity=1_000_000),
        command(CREDIT, account_id=70_000, price=0, quantity=5_000_000_000, instrument=1),
        command(CREDIT, account_id=8, price=500, quantity=0, instrument=1),
    )
    journal.append(
        plain.session(plain.ON, 1),
        source(session=1),
        command(NEW, account_id=7, order_id=1, price=100, quantity=10, side=2),
        command(NEW, account_id=7, order_id=2**40, price=101, quantity=70_000 % 900, side=2, order_type=5),
        source(session=2, time=plain.TIME + 1_000),
        command(NEW, account_id=8, order_id=1, price=100, quantity=4, side=1, prevention=3),
        command(NEW, account_id=8, order_id=2, quantity=3, side=1, order_type=1),
    )
    journal.epoch = 2
    journal.begin()
    journal.append(
        source(session=3, time=plain.TIME + 2_000),
        command(MODIFY, account_id=7, order_id=2**40, price=103, quantity=20),
        command(NEW, account_id=70_000, order_id=9, price=2**33, quantity=1, side=1, instrument=1),
        command(NEW, account_id=8, order_id=10, price=30, quantity=6, side=1),
        command(CANCEL, account_id=8, order_id=10),
        command(NEW, account_id=8, order_id=11, price=31, quantity=6, side=1),
        command(plain.CANCEL_ALL, account_id=8),
        command(DEBIT, account_id=8, price=100, quantity=10),
        plain.raw(bytes([99, 0, 0, 0]) + bytes(28) + b"\1" + bytes(7)),
    )
    journal.append(plain.session(plain.OFF, 1), plain.session(plain.ENDED, 1))
    journal.append(plain.state(bytes.fromhex(STATE)))
    return journal


def test_it_is_what_plain_python_writes(tmp_path: Path) -> None:
    write(tmp_path)
    written = {path.name: path.read_bytes() for path in segments(journal_folder(tmp_path))}
    assert {path.name: path.read_bytes() for path in segments(journal_folder(FIXTURE))} == written


def test_it_is_read(tmp_path: Path) -> None:
    written = write(tmp_path)
    reader = JournalReader(journal_folder(FIXTURE))
    frames = list(reader.frames())
    assert [frame.digest for frame in frames] == [frame.digest for frame in written.frames]
    assert [frame.epoch for frame in frames] == [1, 1, 1, 2, 2, 2]
    records = list(JournalReader(journal_folder(FIXTURE)).records())
    assert len(records) == written.sequence
    assert {record.kind for record in records} == {*RecordKind, 99}
    assert reader.tail is not None
    assert reader.tail.torn_bytes == 0


def test_it_is_recovered(tmp_path: Path) -> None:
    """The state that its last record tells is compared on the way."""
    shutil.copytree(journal_folder(FIXTURE), journal_folder(tmp_path))
    make_folders(tmp_path)
    exchange: Exchange = recover(tmp_path, event_capacity=100).sequencer.exchange
    assert exchange.state_hash() == STATE
    assert exchange.balance(7, "USD").available == 1_000_000 + 3 * 100
    assert exchange.balance(7, "BTC") == Balance(1_000 - 3 - 7 - 20, 7 + 20)
    assert exchange.balance(8, "BTC") == Balance(1_000 + 3 - 100, 0)
    assert exchange.balance(8, "USD") == Balance(1_000_000 - 3 * 100 - 10, 0)
    assert [instrument.symbol for instrument in exchange.instruments] == ["BTC-USD", "ETH-USD"]


def test_the_same_in_another_format_is_refused_as_such(tmp_path: Path) -> None:
    for path in segments(journal_folder(FIXTURE)):
        content = bytearray(path.read_bytes())
        sequence, previous = int.from_bytes(content[16:24], "little"), bytes(content[48:64])
        content[:HEADER_BYTES] = plain.header_bytes(sequence, previous, version=2)
        (tmp_path / path.name).write_bytes(content)
    with pytest.raises(
        UnknownFormat, match=f"{segments(tmp_path)[0]} has version 2 of the format; this program reads 1"
    ):
        list(JournalReader(tmp_path).frames())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
