"""Files of command records: as rows, and as they are."""

import struct

import pytest

from obctl.flow import RowError, open_rows
from obctl.flow.generate import commands

from .flow_files import ADD, BLOCK_SIZES, CANCEL, MODIFY, ORDER_ID, PRICE, QUANTITY, SIDE, read_all

COMMAND = struct.Struct("<4BI5Q")  # kind, side, order_type, flags, instrument, account, order, price, quantity, time
NEW = COMMAND.pack(1, 1, 2, 1, 0, 9, 7, 100, 5, 17)


def records_of(path, max_commands, block_size):
    """Read a file with `read_commands` to its end."""
    with open_rows(path, block_size=block_size) as reader:
        pieces = []
        while piece := bytes(reader.read_commands(max_commands)):
            assert len(piece) % COMMAND.size == 0
            assert len(piece) <= max_commands * COMMAND.size
            pieces.append(piece)
        assert bytes(reader.read_commands(1)) == b""
        return b"".join(pieces)


def test_rows(tmp_path):
    path = tmp_path / "flow.bin"
    path.write_bytes(NEW + COMMAND.pack(2, 0, 0, 0, 0, 9, 7, 0, 0, 18) + COMMAND.pack(3, 2, 0, 0, 0, 9, 7, 55, 6, 19))
    rows, messages = read_all(path)
    assert messages == []
    assert rows == [
        (1, 17, 7, 100, 5, 9, ADD, 1, 2, PRICE | QUANTITY | ORDER_ID | SIDE),
        (2, 18, 7, 0, 0, 9, CANCEL, 0, 0, ORDER_ID),
        (3, 19, 7, 0, 6, 9, MODIFY, 2, 0, QUANTITY | ORDER_ID | SIDE),
    ]


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
@pytest.mark.parametrize("max_commands", [1, 5, 1000])
def test_records_as_they_are(tmp_path, block_size, max_commands):
    path = tmp_path / "flow.bin"
    data = commands("balanced", 50)
    path.write_bytes(data)
    assert records_of(path, max_commands, block_size) == data


@pytest.mark.parametrize("keep", range(1, COMMAND.size))
def test_a_last_record_that_is_cut_short(tmp_path, keep):
    path = tmp_path / "flow.bin"
    path.write_bytes(NEW * 2 + NEW[:keep])
    rows, messages = read_all(path)
    assert len(rows) == 2
    assert messages == [f"{path}:3: the last record is cut short: {keep} of 48 bytes"]
    with open_rows(path) as reader:
        assert len(reader.read_commands(10)) == 2 * COMMAND.size
        with pytest.raises(RowError, match="cut short"):
            reader.read_commands(10)
        assert len(reader.read_commands(10)) == 0


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (COMMAND.pack(0, 1, 2, 1, 0, 9, 7, 1, 1, 0), "kind: '0' is none of 1 (new), 2 (cancel), 3 (modify)"),
        (COMMAND.pack(4, 1, 2, 1, 0, 9, 7, 1, 1, 0), "kind: '4' is none of"),
        (COMMAND.pack(1, 0, 2, 1, 0, 9, 7, 1, 1, 0), "side: '0' is neither 1 (bid) nor 2 (ask)"),
        (COMMAND.pack(1, 3, 2, 1, 0, 9, 7, 1, 1, 0), "side: '3' is neither"),
        (COMMAND.pack(1, 1, 0, 1, 0, 9, 7, 1, 1, 0), "order_type: '0' is not an order type: 1 … 5"),
        (COMMAND.pack(1, 1, 6, 1, 0, 9, 7, 1, 1, 0), "order_type: '6' is not an order type: 1 … 5"),
        (COMMAND.pack(1, 1, 2, 1, 3, 9, 7, 1, 1, 0), "instrument: '3' is another instrument than 0"),
        (COMMAND.pack(2, 0, 0, 2, 0, 9, 7, 0, 0, 0), "flags: '2' is more than 1 (the price is present)"),
    ],
)
def test_wrong_records(tmp_path, record, message):
    path = tmp_path / "flow.bin"
    path.write_bytes(NEW + record + NEW)
    rows, messages = read_all(path)
    assert [row.line for row in rows] == [1, 3]
    assert len(messages) == 1
    assert messages[0].startswith(f"{path}:2: {message}")
    with open_rows(path) as reader:
        assert bytes(reader.read_commands(10)) == NEW
        with pytest.raises(RowError) as caught:
            reader.read_commands(10)
        assert str(caught.value) == messages[0]
        assert bytes(reader.read_commands(10)) == NEW


def test_an_empty_file_has_no_records(tmp_path):
    path = tmp_path / "flow.bin"
    path.write_bytes(b"")
    assert read_all(path) == ([], [])
