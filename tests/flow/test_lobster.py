"""LOBSTER message and order-book files, with generated rows only."""

import pytest

from obctl.flow import FlowError, LobsterBookReader, RowError, open_rows
from orderbook.enums import OrderType, Side

from .flow_files import (
    ADD,
    CANCEL,
    CROSS,
    EXECUTE,
    EXECUTE_HIDDEN,
    HALT,
    ORDER_ID,
    PRICE,
    QUANTITY,
    SIDE,
    read_text,
)

ALL = PRICE | QUANTITY | ORDER_ID | SIDE
MINUS_ONE = 2**64 - 1
T = 34200_000000001  # the time of most rows below, in nanoseconds


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("34200.000000001,1,7,10,1000000,1", (T, 7, 1000000, 10, 0, ADD, Side.BID, OrderType.LIMIT, ALL)),
        ("34200.000000001,2,7,10,1000000,-1", (T, 7, 1000000, 10, 0, CANCEL, Side.ASK, 0, ALL)),
        ("34200.000000001,3,7,10,1000000,1", (T, 7, 1000000, 10, 0, CANCEL, Side.BID, 0, ALL - QUANTITY)),
        ("34200.000000001,4,7,10,1000000,-1", (T, 7, 1000000, 10, 0, EXECUTE, Side.ASK, 0, ALL)),
        ("34200.000000001,5,0,10,1000000,1", (T, 0, 1000000, 10, 0, EXECUTE_HIDDEN, Side.BID, 0, ALL)),
        ("34200.000000001,6,-1,10,1000000,-1", (T, MINUS_ONE, 1000000, 10, 0, CROSS, Side.ASK, 0, ALL - ORDER_ID)),
        ("34200,7,0,0,-1,-1", (34200 * 10**9, 0, MINUS_ONE, 0, 0, HALT, 0, 0, ORDER_ID | QUANTITY)),
        ("34200.5,7,-1,-1,0,0", (34200_500000000, MINUS_ONE, 0, MINUS_ONE, 0, HALT, 0, 0, PRICE)),
        ("34200.1894,1,7,10,1000000,1", (34200_189400000, 7, 1000000, 10, 0, ADD, Side.BID, OrderType.LIMIT, ALL)),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_each_event_type(tmp_path, line, row, end):
    rows, messages = read_text(tmp_path, line + end)
    assert messages == []
    assert rows == [(1, *row)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("34200.0,0,7,10,100,1", "type: '0' is not an event type: 1 … 7"),
        ("34200.0,8,7,10,100,1", "type: '8' is not an event type: 1 … 7"),
        ("34200.0,x,7,10,100,1", "type: 'x' is not an unsigned integer"),
        ("34200.0,1,7,10,100,0", "direction: '0' is not a direction: 1 (buy) or -1 (sell)"),
        ("34200.0,1,7,10,100,", "direction: is missing"),
        ("34200.0,1,-1,10,100,1", "order id: '-1' is negative"),
        ("34200.0,1,7,-1,100,1", "size: '-1' is negative"),
        ("34200.0,5,-1,10,100,1", "order id: '-1' is negative"),
        ("34200.0,6,-1,-1,100,1", "size: '-1' is negative"),
        ("34200.0,4,7,10,-1,1", "price: '-1' is negative"),
        ("34200.0,4,7,10,1.5,1", "price: '1.5' is not an unsigned integer"),
        (",4,7,10,1,1", "time: is missing"),
        ("34200.0000000001,4,7,10,1,1", "time: '34200.0000000001' is finer than a nanosecond"),
        ("34200.0,1,7,10,100", "the row has 5 columns instead of 6"),
        ("34200.0,1,7,10,100,1,1", "the row has 7 columns instead of 6"),
        ("34200.0,1,18446744073709551616,10,100,1", "order id: '18446744073709551616' does not fit 64 bits"),
    ],
)
def test_wrong_rows(tmp_path, line, message):
    good = "34200.0,1,7,10,100,1\n"
    rows, messages = read_text(tmp_path, f"{good}{line}\n\n{good}")
    assert [row.line for row in rows] == [1, 4]
    assert messages == [f"flow.csv:2: {message}"]


def test_options_for_csv_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"--tick-size is for CSV: .* is lobster"):
        read_text(tmp_path, "34200.0,1,7,10,100,1\n", tick_size="0.01")


def book_of(folder, text, **options):
    """Write an order-book file and return its rows, and the messages of the bad ones."""
    path = folder / "book.csv"
    path.write_text(text)
    rows, messages = [], []
    with LobsterBookReader(path, **options) as reader:
        while True:
            try:
                if not reader.read():
                    return rows, messages
                rows.append((reader.line, *reader.row_as_tuples()))
            except RowError as error:
                messages.append(str(error).replace(f"{folder}/", ""))


@pytest.mark.parametrize("block_size", [1, 5, 1 << 20])
def test_order_book_rows(tmp_path, block_size):
    text = "\ufeff\r\n101,5,100,6,102,7,99,8\r\n101,5,-9999999999,0,9999999999,0,-9999999999,0"
    rows, messages = book_of(tmp_path, text, block_size=block_size)
    assert messages == []
    assert rows == [(2, [(101, 5), (102, 7)], [(100, 6), (99, 8)]), (3, [(101, 5)], [])]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("101,5,100,6,102,7,99", "the row has 7 columns, the first row 8"),
        ("101,5,100,6,102,7,99,8,103,1,1,1", "the row has 12 columns, the first row 8"),
        ("101,5,100,6,-102,7,99,8", "ask price 2: '-102' is negative"),
        ("101,5,-100,6,102,7,99,8", "bid price 1: '-100' is negative"),
        ("101,5,100,6,102,7.5,99,8", "ask size 2: '7.5' is not an unsigned integer"),
        ("101,0,100,6,102,7,99,8", "ask size 1: '0' is the size of a level that has a price"),
        ("9999999999,1,100,6,102,7,99,8", "ask size 1: '1' is the size of a level that is empty"),
        ("101,5,-9999999999,0,102,7,99,8", "bid price 2: '99' is the price of a level behind an empty one"),
        ("101,5,100,6,102,7,,8", "bid price 2: is missing"),
    ],
)
def test_wrong_order_book_rows(tmp_path, line, message):
    good = "101,5,100,6,102,7,99,8\n"
    rows, messages = book_of(tmp_path, f"{good}{line}\n{good}")
    assert [row[0] for row in rows] == [1, 3]
    assert messages == [f"book.csv:2: {message}"]


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("1,2,3\n", "first row has 3 columns")])
def test_no_order_book_file(tmp_path, text, message):
    with pytest.raises(FlowError, match=message):
        book_of(tmp_path, text)


def test_an_order_book_is_no_order_flow(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("101,5,100,6\n")
    with pytest.raises(FlowError, match="looks like a LOBSTER order-book file"):
        open_rows(path)
