"""Match mode: rows become commands, and everything written down is what the engine says."""

import csv
import gzip
import lzma
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.ipc
import pyarrow.parquet
import pytest

from orderbook import COMMAND_DTYPE, BookRemoved, MatchingEngine, Rejection, Trade
from tests.replay.helpers import Flow, obctl, replay, write_csv

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KINDS = {"BookAdded": "added", "BookUpdated": "updated", "BookRemoved": "removed"}


@pytest.fixture(scope="module")
def flow() -> Flow:
    return Flow(3000)


@pytest.fixture
def file(flow: Flow, tmp_path: Path) -> Path:
    return flow.save(tmp_path / "flow.csv")


def read_table(path: Path) -> list[dict[str, Any]]:
    """Return a table's rows, numbers as int and missing values as None."""
    if path.suffix == ".csv":
        with path.open() as lines:
            rows = list(csv.DictReader(lines))
        return [{k: int(v) if v.isdigit() else v or None for k, v in row.items()} for row in rows]
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    with pyarrow.ipc.open_file(path) as table:
        return table.read_all().to_pylist()


def expected_event(row: int, event: Any) -> dict[str, Any]:
    """Return an engine's event as the events table has it (rows carry their number as timestamp)."""
    fields = {"row": row, "sequence": event.sequence, "timestamp": row, "maker_order_id": None}
    fields |= {"order_type": None, "price": event.price, "quantity": event.quantity, "reason": None}
    if isinstance(event, Trade):
        fields |= {"kind": "trade", "order_id": event.taker_order_id, "maker_order_id": event.maker_order_id}
        return fields | {"side": event.taker_side.name.lower(), "order_type": event.order_type.name.lower()}
    fields |= {"order_id": event.order_id, "side": event.side.name.lower()}
    if isinstance(event, Rejection):
        fields |= {"kind": "rejection", "order_type": event.order_type.name.lower()}
        return fields | {"reason": event.reason.name.lower()}
    fields["kind"] = KINDS[type(event).__name__]
    if isinstance(event, BookRemoved):
        fields["reason"] = event.reason.name.lower()
    return fields


def test_summary_says_what_the_engine_says(flow: Flow, file: Path) -> None:
    summary = replay(file)
    book = flow.engine.order_book
    trades = [event for _, event in flow.event_rows if isinstance(event, Trade)]
    volume = sum(trade.quantity for trade in trades)
    notional = sum(trade.price * trade.quantity for trade in trades)
    bids, asks = book.depth()
    assert summary.pop("seconds") > 0
    assert summary.pop("commands_per_second") > 0
    assert summary == {
        "files": [str(file)],
        "format": "csv",
        "mode": "match",
        "rows": 3000,
        "skipped_rows": 0,
        "ignored_rows": 0,
        "commands": 3000,
        "accepted": 3000 - sum(flow.refused.values()),
        "refused": flow.refused,
        "clamped": flow.clamped,
        "trades": len(trades),
        "volume": volume,
        "notional": notional,
        "vwap": notional / volume,
        "best_bid": {"price": bids[0].price, "quantity": bids[0].total_quantity},
        "best_ask": {"price": asks[0].price, "quantity": asks[0].total_quantity},
        "spread": asks[0].price - bids[0].price,
        "resting_orders": len(book),
        "bid_levels": len(bids),
        "ask_levels": len(asks),
        "state_hash": flow.engine.order_book.state_hash(),
    }
    assert {"duplicate_order", "unknown_order", "crossed_order"} <= flow.refused.keys(), "the flow tries refusals"


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_events_are_the_engine_s_events(flow: Flow, file: Path, tmp_path: Path, ending: str) -> None:
    table = tmp_path / f"events.{ending}"
    replay(file, "--events", table)
    assert read_table(table) == [expected_event(row, event) for row, event in flow.event_rows]


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_trades_are_the_engine_s_trades(flow: Flow, file: Path, tmp_path: Path, ending: str) -> None:
    table = tmp_path / f"trades.{ending}"
    replay(file, "--trades", table)
    assert read_table(table) == [
        {
            "row": row,
            "timestamp": row,
            "taker_order_id": event.taker_order_id,
            "maker_order_id": event.maker_order_id,
            "taker_side": event.taker_side.name.lower(),
            "price": event.price,
            "quantity": event.quantity,
        }
        for row, event in flow.event_rows
        if isinstance(event, Trade)
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_depth_is_the_book_after_each_row(flow: Flow, file: Path, tmp_path: Path, ending: str) -> None:
    table = tmp_path / f"depth.{ending}"
    replay(file, "--depth", table, "--levels", 3)
    expected = []
    for row, (bids, asks) in enumerate(flow.depths, 1):
        fields: dict[str, int | None] = {"row": row, "timestamp": row}
        for level in range(3):
            for name, side in (("ask", asks), ("bid", bids)):
                there = side[level] if level < len(side) else None
                fields[f"{name}_price_{level + 1}"] = there.price if there else None
                fields[f"{name}_quantity_{level + 1}"] = there.total_quantity if there else None
        expected.append(fields)
    assert read_table(table) == expected


def test_depth_in_more_rows_than_one_batch(file: Path, tmp_path: Path, flow: Flow) -> None:
    table = tmp_path / "depth.parquet"
    replay(file, "--depth", table, "--levels", 1000)
    rows = read_table(table)
    assert [row["row"] for row in rows] == list(range(1, 3001))
    assert [row["bid_price_1"] for row in rows] == [bids[0].price if bids else None for bids, _ in flow.depths]


def test_nothing_is_lost_however_much_one_command_causes(tmp_path: Path) -> None:
    makers = [f"{i},ADD,{i},SELL,100,1," for i in range(1, 150_001)]
    file = write_csv(tmp_path / "sweep.csv", [*makers, "9,ADD,150001,BUY,100,150000,IOC"])
    trades = tmp_path / "trades.parquet"
    assert replay(file, "--trades", trades)["trades"] == 150_000
    assert pyarrow.parquet.read_table(trades)["maker_order_id"].to_pylist() == list(range(1, 150_001))


def test_command_records_replay_as_in_a_batch(tmp_path: Path) -> None:
    records = np.zeros(4, np.dtype(COMMAND_DTYPE))
    records["kind"] = 1, 1, 3, 2
    records["side"] = 1, 2, 0, 0
    records["order_type"] = 2, 2, 0, 0
    records["flags"] = 1, 1, 1, 0
    records["order_id"] = 1, 2, 1, 2
    records["price"] = 2**64 - 1, 2**64 - 1, 7, 0
    records["quantity"] = 2**63, 2**63 - 5, 9, 0
    binary = tmp_path / "flow.bin"
    records.tofile(binary)
    engine = MatchingEngine()
    result = engine.process(records)
    events = tmp_path / "events.csv"
    summary = replay(binary, "--events", events)
    assert summary["format"] == "bin"
    assert summary["accepted"] == sum(np.asarray(result.status) == 0)
    assert summary["state_hash"] == engine.order_book.state_hash()
    assert summary["notional"] == (2**64 - 1) * (2**63 - 5)
    rows = (1, 2, 2, 3, 3)  # the bid rests; a trade updates it; its reprice removes and adds it; then a refusal
    expected = [expected_event(row, event) for row, event in zip(rows, engine.events(), strict=True)]
    assert read_table(events) == [fields | {"timestamp": 0} for fields in expected]
    assert replay(binary)["state_hash"] == summary["state_hash"], "whole batches lead to the same state as single rows"


@pytest.mark.parametrize("count", [4095, 4096, 4097, 70_000])
def test_batches_of_command_records_lose_none(count: int, tmp_path: Path) -> None:
    records = np.zeros(count, np.dtype(COMMAND_DTYPE))
    records["kind"] = records["side"] = records["flags"] = records["quantity"] = 1
    records["order_type"] = 2
    records["order_id"] = np.arange(count)
    records["price"] = np.arange(count) % 97
    binary = tmp_path / "flow.bin"
    records.tofile(binary)
    summary = replay(binary)
    assert (summary["rows"], summary["accepted"], summary["resting_orders"]) == (count, count, count)


def test_partial_cancel_keeps_its_place_and_a_full_one_takes_all(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "cancels.csv",
        ["1,ADD,1,BUY,10,9,", "2,ADD,2,BUY,10,9,", "3,CANCEL,1,,,4,", "4,ADD,3,SELL,10,6,IOC", "5,CANCEL,2,,,500,"],
    )
    trades = tmp_path / "trades.csv"
    summary = replay(file, "--trades", trades)
    assert [(t["maker_order_id"], t["quantity"]) for t in read_table(trades)] == [(1, 5), (2, 1)]
    assert summary["resting_orders"] == 0


@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress), ("zst", zstd.compress)])
def test_compressed_files(file: Path, flow: Flow, ending: str, compress: Any) -> None:
    packed = file.with_name(f"flow.csv.{ending}")
    packed.write_bytes(compress(file.read_bytes()))
    assert replay(packed)["state_hash"] == flow.engine.order_book.state_hash()


def test_standard_input(file: Path, flow: Flow) -> None:
    summary = replay("-", data=file.read_bytes())
    assert summary["state_hash"] == flow.engine.order_book.state_hash()
    assert summary["files"] == ["-"]


def test_several_files_are_one_stream(flow: Flow, tmp_path: Path) -> None:
    parts = [
        write_csv(tmp_path / f"part{i}.csv", flow.lines[start : start + 1000])
        for i, start in enumerate(range(0, 3000, 1000))
    ]
    trades = tmp_path / "trades.csv"
    summary = replay(*parts, "--trades", trades)
    assert summary["state_hash"] == flow.engine.order_book.state_hash()
    assert [t["row"] for t in read_table(trades)] == [r for r, e in flow.event_rows if isinstance(e, Trade)]


def test_several_files_without_order_ids_are_numbered_on(tmp_path: Path) -> None:
    parts = [write_csv(tmp_path / f"{i}.csv", ["BUY,10,1", "BUY,9,1"], header="side,price,qty") for i in range(3)]
    summary = replay(*parts)
    assert (summary["accepted"], summary["resting_orders"]) == (6, 6)


def test_a_second_file_of_another_symbol_is_refused(tmp_path: Path) -> None:
    header = "ts,action,id,side,price,qty,symbol"
    parts = [write_csv(tmp_path / f"{s}.csv", [f"1,ADD,{i},BUY,10,1,{s}"], header) for i, s in enumerate("AB")]
    result = obctl("replay", *parts)
    assert result.exit_code == 1
    assert "B.csv:2: symbol: 'B' is another symbol than the first row's 'A'" in result.stderr
    assert replay(*parts, "--symbol", "A")["rows"] == 1


def test_the_notional_of_the_largest_trades_there_can_be(tmp_path: Path) -> None:
    top = 2**64 - 1
    rows = [f"{i},ADD,{i},{('SELL', 'BUY')[i % 2]},{top},{top},LIMIT" for i in range(10)]
    summary = replay(write_csv(tmp_path / "top.csv", rows))
    assert summary["volume"] == 5 * top
    assert summary["notional"] == 5 * top * top


def test_prices_in_money(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "money.csv", ["1,ADD,1,BUY,10.25,1.5,", "2,ADD,2,SELL,11.00,0.5,"])
    options = (file, "--tick-size", "0.25", "--lot-size", "0.5")
    assert replay(*options)["best_bid"] == {"price": 41, "quantity": 3}
    text = obctl("replay", *options).stdout
    assert "best bid    3 at 10.25\n" in text
    assert "spread      0.75\n" in text


def test_rows_of_one_symbol(tmp_path: Path) -> None:
    lines = ["1,ADD,1,BUY,10,1,AA", "2,ADD,2,BUY,11,1,BB"]
    file = write_csv(tmp_path / "two.csv", lines, header="ts,action,id,side,price,qty,symbol")
    assert replay(file, "--symbol", "BB")["best_bid"]["price"] == 11
