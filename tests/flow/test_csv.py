"""CSV: every spelling that is accepted, what each kind of row needs, and what is refused."""

import os

import pytest

from obctl.flow import FlowError, open_rows
from orderbook.enums import OrderType, Side

from .flow_files import ADD, CANCEL, EXECUTE, MODIFY, ORDER_ID, PRICE, QUANTITY, SIDE, read_text

HEADER = "timestamp,action,order_id,side,price,quantity,order_type,account\n"


def only_row(folder, text, **options):
    rows, messages = read_text(folder, text, **options)
    assert messages == []
    assert len(rows) == 1
    return rows[0]


def only_message(folder, text, **options):
    rows, messages = read_text(folder, text, **options)
    assert rows == []
    assert len(messages) == 1
    return messages[0]


def test_a_full_row(tmp_path):
    row = only_row(tmp_path, HEADER + "5,ADD,7,BUY,100,3,POST_ONLY,12\n")
    assert row == (2, 5, 7, 100, 3, 12, ADD, Side.BID, OrderType.POST_ONLY, PRICE | QUANTITY | ORDER_ID | SIDE)


@pytest.mark.parametrize("name", ["timestamp", "ts", "ts_ns", "ts_event", "time", "Timestamp", "TS"])
def test_time_columns(tmp_path, name):
    assert only_row(tmp_path, f"{name},side,price,quantity\n17,B,1,1\n").timestamp == 17


@pytest.mark.parametrize("name", ["action", "type", "event", "event_type", "Action", "EVENT_TYPE"])
def test_kind_columns(tmp_path, name):
    assert only_row(tmp_path, f"{name},id,side,price,quantity\ncancel,4,,,\n").action == CANCEL


@pytest.mark.parametrize("name", ["order_id", "id", "orderId", "OrderID", "ID"])
def test_order_id_columns(tmp_path, name):
    assert only_row(tmp_path, f"{name},side,price,quantity\n41,B,1,1\n").order_id == 41


@pytest.mark.parametrize("name", ["quantity", "qty", "size", "volume", "shares", "amount", "Qty"])
def test_quantity_columns(tmp_path, name):
    assert only_row(tmp_path, f"side,price,{name}\nB,1,9\n").quantity == 9


@pytest.mark.parametrize("name", ["account", "account_id", "trader_id", "user", "User"])
def test_account_columns(tmp_path, name):
    assert only_row(tmp_path, f"side,price,quantity,{name}\nB,1,9,33\n").account_id == 33


@pytest.mark.parametrize(
    ("text", "side"),
    [
        *((text, Side.BID) for text in ("B", "BUY", "BID", "1", "b", "Buy", "bid")),
        *((text, Side.ASK) for text in ("S", "A", "SELL", "ASK", "-1", "s", "Sell", "ask")),
    ],
)
def test_sides(tmp_path, text, side):
    assert only_row(tmp_path, f"side,price,quantity\n{text},1,1\n").side == side


@pytest.mark.parametrize(
    ("text", "action"),
    [
        *((text, ADD) for text in ("ADD", "NEW", "N", "A", "L", "order", "Add", "LIMIT")),
        *((text, CANCEL) for text in ("CANCEL", "C", "D", "DELETE", "REMOVE", "delete")),
        *((text, MODIFY) for text in ("MODIFY", "M", "REPLACE", "U", "modify")),
        *((text, EXECUTE) for text in ("EXECUTE", "EXEC", "E", "TRADE", "FILL", "T", "F")),
    ],
)
def test_kinds(tmp_path, text, action):
    row = only_row(tmp_path, f"action,id,side,price,quantity\n{text},1,B,1,1\n")
    assert row.action == action
    assert row.order_type == (OrderType.LIMIT if action == ADD else 0)


ORDER_TYPES = {
    **dict.fromkeys(["LIMIT", "limit", "LMT"], OrderType.LIMIT),
    **dict.fromkeys(["MARKET", "Market", "MKT"], OrderType.MARKET),
    **dict.fromkeys(["IOC", "IMMEDIATE_OR_CANCEL"], OrderType.IOC),
    **dict.fromkeys(["FOK", "fill_or_kill"], OrderType.FOK),
    **dict.fromkeys(["POST_ONLY", "PostOnly"], OrderType.POST_ONLY),
}


@pytest.mark.parametrize(("text", "order_type"), ORDER_TYPES.items())
@pytest.mark.parametrize("header", ["order_type", "kind"])
def test_order_types_in_their_own_column_and_as_the_kind(tmp_path, text, order_type, header):
    name = "type" if header == "kind" else header
    row = only_row(tmp_path, f"{name},id,side,price,quantity\n{text},1,B,1,1\n")
    assert (row.action, row.order_type) == (ADD, order_type)


def test_type_is_the_order_type_where_another_column_is_the_kind(tmp_path):
    row = only_row(tmp_path, "type,event,id,side,price,quantity\nIOC,NEW,1,B,1,1\n")
    assert (row.action, row.order_type) == (ADD, OrderType.IOC)


def test_the_kind_is_action_before_event_type_before_event_before_type(tmp_path):
    names = ["action", "event_type", "event", "type"]
    for first in range(4):
        header = ",".join(reversed(names[first:]))
        words = ",".join(reversed(["C", *["ADD"] * (3 - first)]))
        assert only_row(tmp_path, f"{header},id,side,price,quantity\n{words},1,,,\n").action == CANCEL


def test_of_two_columns_for_one_meaning_the_first_spelling_is_taken(tmp_path):
    assert only_row(tmp_path, "side,price,size,qty,quantity\nB,1,2,3,4\n").quantity == 4
    assert only_row(tmp_path, "side,price,size,qty\nB,1,2,3\n").quantity == 3


def test_unknown_columns_are_passed_over(tmp_path):
    row = only_row(tmp_path, "note,side,venue,price,quantity,x\nhi,B,?,5,6,\n")
    assert (row.price, row.quantity) == (5, 6)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(tmp_path, delimiter):
    text = delimiter.join(["side", "price", "quantity"]) + "\n" + delimiter.join(["S", "5", "6"]) + "\n"
    row = only_row(tmp_path, text)
    assert (row.side, row.price, row.quantity) == (Side.ASK, 5, 6)


def test_quotes_and_blanks(tmp_path):
    row = only_row(tmp_path, '"side" , price,"quantity",user\n "BUY", 5 ,"6" ,"a ""b"", c"\n')
    assert (row.side, row.price, row.quantity) == (Side.BID, 5, 6)
    assert row.account_id == fnv1a(b'a "b", c')


def fnv1a(text: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in text:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("", 0),
        ("0", 0),
        ("7", 7),
        (str(2**64 - 1), 2**64 - 1),
        ("a", 0xAF63DC4C8601EC8C),
        ("foobar", 0x85944171F73967E8),
    ],
)
def test_accounts_are_numbers_or_the_fnv1a_hash_of_text(tmp_path, text, account):
    assert only_row(tmp_path, f"side,price,quantity,account\nB,1,1,{text}\n").account_id == account


def test_without_order_ids_rows_are_numbered(tmp_path):
    rows, messages = read_text(tmp_path, "side,price,quantity\nB,1,1\nX,1,1\nS,2,2\n")
    assert [(row.order_id, row.flags & ORDER_ID) for row in rows] == [(1, 0), (2, 0)]
    assert len(messages) == 1


@pytest.mark.parametrize("kind", ["CANCEL", "MODIFY", "EXECUTE"])
def test_without_order_ids_nothing_can_be_cancelled(tmp_path, kind):
    message = only_message(tmp_path, f"action,side,price,quantity\n{kind},B,1,1\n")
    expected = "a cancel, modify or execution needs an order id, and the file has no column for it"
    assert message == f"flow.csv:2: {expected}"


def test_flags_say_what_a_row_gave(tmp_path):
    text = HEADER + "1,C,7,,,,,\n1,C,7,B,5,3,,\n1,C,7,,,0,,\n1,M,7,,,3,,\n1,MARKET,8,B,,3,,\n"
    rows, messages = read_text(tmp_path, text)
    assert messages == []
    assert [row.flags - ORDER_ID for row in rows] == [0, PRICE | QUANTITY | SIDE, 0, QUANTITY, QUANTITY | SIDE]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,ADD,7,,100,1,,", "side: is missing"),
        ("1,ADD,7,B,,1,,", "price: is missing"),
        ("1,ADD,7,B,1,,,", "quantity: is missing"),
        ("1,ADD,,B,1,1,,", "order_id: is missing"),
        ("1,,7,B,1,1,,", "action: is missing"),
        ("1,M,7,,1,,,", "quantity: is missing"),
        ("1,E,7,,1,,,", "quantity: is missing"),
        ("1,FLY,7,B,1,1,,", "action: 'FLY' is not a kind of row"),
        ("1,ADD,7,up,1,1,,", "side: 'up' is not a side"),
        ("1,ADD,7,B,1,1,GTC,", "order_type: 'GTC' is not an order type"),
        ("1,MARKET,7,B,1,1,LIMIT,", "order_type: 'LIMIT' is another order type than the one that the kind says"),
        ("1,ADD,seven,B,1,1,,", "order_id: 'seven' is not an unsigned integer"),
        ("1,ADD,1.0,B,1,1,,", "order_id: '1.0' is not an unsigned integer"),
        ("1,ADD,-7,B,1,1,,", "order_id: '-7' is negative"),
        ("1,ADD,18446744073709551616,B,1,1,,", "order_id: '18446744073709551616' does not fit 64 bits"),
        ("1,ADD,7,B,-1,1,,", "price: '-1' is negative"),
        ("1,ADD,7,B,1e,1,,", "price: '1e' is not a decimal number"),
        ("1,ADD,7,B,nan,1,,", "price: 'nan' is not a decimal number"),
        ("1,ADD,7,B,100.5,1,,", "price: '100.5' is no whole number: say what one tick is (--tick-size)"),
        ("1,ADD,7,B,1,0.5,,", "quantity: '0.5' is no whole number: say what one lot is (--lot-size)"),
        ("1,ADD,7,B,1,18446744073709551616,,", "quantity: '18446744073709551616' does not fit 64 bits"),
        ("noon,ADD,7,B,1,1,,", "timestamp: 'noon' is neither a number nor an ISO 8601 time"),
        ("1,ADD,7,B,1,1,", "the row has 7 columns, the header 8"),
        ("1,ADD,7,B,1,1,,,", "the row has 9 columns, the header 8"),
        ('1,"ADD,7,B,1,1,,', None),
    ],
)
def test_a_wrong_row_names_file_line_field_and_value_and_the_next_is_read(tmp_path, row, message):
    good = "1,ADD,1,B,1,1,,\n"
    rows, messages = read_text(tmp_path, f"{HEADER}{good}\n{row}\n{good}")
    assert [row.line for row in rows] == [2, 5]
    assert len(messages) == 1
    assert messages[0].startswith("flow.csv:4: " + (message or "has a quote that is not closed"))


def test_the_error_carries_its_parts(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("side,price,quantity\nB,100.005,1\n")
    with open_rows(path, tick_size="0.01") as reader, pytest.raises(ValueError, match="tick size") as caught:
        reader.read(10)
    error = caught.value
    assert (error.file, error.line, error.field, error.value) == (str(path), 2, "price", "100.005")
    assert str(error) == f"{path}:2: price: '100.005' is not a multiple of the tick size 0.01"


def test_rows_before_a_bad_one_come_first_then_the_error_then_the_rest(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("side,price,quantity\nB,1,1\nB,2,1\nB,x,1\nB,y,1\nB,3,1\n")
    with open_rows(path) as reader:
        assert reader.read(10) == 2
        for line in (4, 5):
            with pytest.raises(ValueError, match=f":{line}: price"):
                reader.read(10)
        assert reader.read(10) == 1
        assert reader.rows_as_tuples()[0].price == 3
        assert reader.read(10) == reader.read(10) == 0


def test_a_second_symbol_is_refused_unless_one_is_picked(tmp_path):
    text = "symbol,side,price,quantity\nAAPL,B,1,1\nMSFT,B,2,1\nAAPL,S,3,1\n"
    rows, messages = read_text(tmp_path, text)
    assert [row.price for row in rows] == [1, 3]
    assert messages == ["flow.csv:3: symbol: 'MSFT' is another symbol than the first row's 'AAPL': pick one (--symbol)"]
    rows, messages = read_text(tmp_path, text, symbol="MSFT")
    assert ([row.price for row in rows], messages) == ([2], [])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("price,quantity,id", "no column for the side (side); its columns are price, quantity, id"),
        ("side,qty", "no column for the price (price); its columns are side, qty"),
        ("side,price,count", "no column for the quantity (quantity, qty, size, volume, shares, amount); its columns"),
        (",".join(["side", "price", "qty", *map(str, range(300))]), "303 columns, more than 256"),
        ("side,price,qty\rB,1,1\r", "its lines end in a carriage return alone"),
    ],
)
def test_a_header_without_what_is_needed_is_refused(tmp_path, header, message):
    with pytest.raises(FlowError) as caught:
        read_text(tmp_path, header + "\n")
    assert message in str(caught.value)


def test_a_symbol_to_pick_needs_a_column(tmp_path):
    with pytest.raises(FlowError, match="no symbol column to pick 'X' from"):
        read_text(tmp_path, "side,price,quantity\nB,1,1\n", symbol="X")


def test_a_symbol_that_is_no_text(tmp_path):
    """Linux hands over bytes of the command line that are not UTF-8 as lone surrogates."""
    text = b"symbol,side,price,quantity\n\xff,B,1,1\n\xfe,B,2,1\n"
    rows, messages = read_text(tmp_path, text, symbol=os.fsdecode(b"\xfe"))
    assert ([row.price for row in rows], messages) == ([2], [])
