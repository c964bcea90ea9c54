"""Book mode on files other than LOBSTER's: what an exchange reported, applied without matching."""

from pathlib import Path

import pytest

from orderbook import OrderBook, Side
from tests.replay.helpers import Flow, replay, write_csv
from tests.replay.test_matched import read_table


def book_of(folder: Path, *rows: str) -> dict[str, object]:
    """Replay rows in book mode; return the summary."""
    return replay(write_csv(folder / "reports.csv", list(rows)), "--mode", "book")


def test_reports_build_the_book_that_the_python_book_builds(tmp_path: Path) -> None:
    rows = [
        "1,ADD,1,BUY,100,10,",
        "2,ADD,2,BUY,100,20,",
        "3,ADD,3,SELL,103,30,",
        "4,ADD,4,SELL,99,5,",  # crosses, and rests: nothing matches here
        "5,CANCEL,1,,,4,",
        "6,EXECUTE,2,,,5,",
        "7,MODIFY,1,,,50,",  # more: to the back
        "8,MODIFY,3,,104,7,",
        "9,CANCEL,4,,,,",
    ]
    book = OrderBook(allow_crossed=True)
    book.add_order(1, Side.BID, 100, 10)
    book.add_order(2, Side.BID, 100, 20)
    book.update_order_quantity(1, 6)
    book.update_order_quantity(2, 15)
    book.update_order_quantity(1, 50)
    book.add_order(3, Side.ASK, 104, 7)
    summary = book_of(tmp_path, *rows)
    assert summary["state_hash"] == book.state_hash()
    assert summary["accepted"] == 9
    assert (summary["trades"], summary["volume"], summary["vwap"]) == (1, 5, 100)


def test_trades_have_no_known_taker(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "reports.csv", ["1,ADD,1,BUY,100,10,", "2,EXECUTE,1,,,4,"])
    for ending in ("csv", "parquet"):
        table = tmp_path / f"trades.{ending}"
        replay(file, "--mode", "book", "--trades", table)
        (trade,) = read_table(table)
        assert trade == {
            "row": 2,
            "timestamp": 2,
            "taker_order_id": None,
            "maker_order_id": 1,
            "taker_side": "ask",
            "price": 100,
            "quantity": 4,
        }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2,ADD,1,BUY,100,1,", "duplicate_order"),
        ("2,ADD,2,BUY,100,0,", "invalid_quantity"),
        (f"2,ADD,2,BUY,100,{2**64 - 1},", "numeric_overflow"),
        ("2,ADD,2,BUY,,1,MARKET", "invalid_command"),
        ("2,ADD,2,BUY,100,1,IOC", "invalid_command"),
        ("2,CANCEL,2,,,,", "unknown_order"),
        ("2,MODIFY,2,,,3,", "unknown_order"),
        ("2,MODIFY,1,,,0,", "invalid_quantity"),
        ("2,EXECUTE,2,,,3,", "unknown_order"),
    ],
)
def test_refusals_leave_the_book_alone(row: str, reason: str, tmp_path: Path) -> None:
    before = book_of(tmp_path, "1,ADD,1,BUY,100,10,")
    after = book_of(tmp_path, "1,ADD,1,BUY,100,10,", row)
    assert after["refused"] == {reason: 1}
    assert after["state_hash"] == before["state_hash"]
    assert after["trades"] == 0


def test_a_reduction_of_more_than_is_left_is_clamped_and_counted(tmp_path: Path) -> None:
    summary = book_of(tmp_path, "1,ADD,1,BUY,100,10,", "2,EXECUTE,1,,,11,")
    assert (summary["clamped"], summary["resting_orders"]) == (1, 0)


def test_binary_files_too(tmp_path: Path) -> None:
    """Orders that never cross lead to the same book in both modes."""
    import numpy as np

    from orderbook import COMMAND_DTYPE

    records = np.zeros(3, np.dtype(COMMAND_DTYPE))
    records["kind"] = 1, 1, 3
    records["side"] = 1, 2, 0
    records["order_type"] = 2, 2, 0
    records["flags"] = 1
    records["order_id"] = 1, 2, 1
    records["price"] = 10, 20, 11
    records["quantity"] = 5, 6, 7
    binary = tmp_path / "flow.bin"
    records.tofile(binary)
    assert replay(binary, "--mode", "book")["state_hash"] == replay(binary)["state_hash"]


def test_a_whole_flow_of_passive_orders_leads_to_the_same_book_in_both_modes(tmp_path: Path) -> None:
    bids = [line.replace(",ASK,", ",BID,") for line in Flow(500, seed=4).lines if "POST_ONLY" not in line]
    file = write_csv(tmp_path / "flow.csv", bids)
    reported = replay(file, "--mode", "book")
    assert reported["state_hash"] == replay(file)["state_hash"]
    assert reported["refused"]["invalid_command"] > 10, "orders that never rest are in no exchange's report"
