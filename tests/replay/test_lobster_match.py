"""Match mode on LOBSTER files: runs of executions give the same fills again, and one that does not is noticed."""

from pathlib import Path

import pytest

from tests.replay.helpers import obctl, replay
from tests.replay.lobster_maker import Lobster
from tests.replay.test_lobster_book import write_pair
from tests.replay.test_matched import read_table


@pytest.mark.parametrize("levels", [1, 4, 30])
@pytest.mark.parametrize("seed", range(5))
def test_all_runs_are_identical(seed: int, levels: int, tmp_path: Path) -> None:
    lobster = Lobster(seed, levels).run(400)
    message, _ = lobster.save(tmp_path)
    summary = replay(message, "--mode", "match")
    assert summary["runs"] == {"runs": lobster.runs, "identical": lobster.runs, "first_difference": None}
    assert summary["volume"] == sum(quantity for _, _, quantity in lobster.trades)
    assert summary["state_hash"] == replay(message)["state_hash"], "matching leads to the book that was reported"


MESSAGES = [
    "1.0,1,1,10,100,1",
    "2.0,1,2,10,100,1",
    "3.0,1,3,10,99,1",
    "4.0,4,{},10,100,1",
    "4.0,5,0,7,99,1",  # hidden, in between
    "4.0,4,{},10,100,1",
    "4.0,4,3,4,99,1",
    "5.0,4,3,1,99,1",  # another run
]
ROWS = [
    "9999999999,0,100,10",
    "9999999999,0,100,20",
    "9999999999,0,100,20",
    "9999999999,0,100,10",
    "9999999999,0,100,10",
    "9999999999,0,99,10",
    "9999999999,0,99,6",
    "9999999999,0,99,5",
]


def pair(folder: Path, first: int, second: int) -> Path:
    """Write a file whose first run executes two orders of one level in the given order; return its path."""
    lines = "\n".join(MESSAGES).format(first, second)
    return write_pair(folder, lines, "\n".join(ROWS))[0]


def test_a_run_is_one_order_over_hidden_executions_and_prices(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    summary = replay(pair(tmp_path, 1, 2), "--mode", "match", "--events", events)
    assert summary["runs"] == {"runs": 2, "identical": 2, "first_difference": None}
    trades = [event for event in read_table(events) if event["kind"] == "trade"]
    assert [(t["maker_order_id"], t["price"], t["quantity"]) for t in trades] == [
        (1, 100, 10),
        (2, 100, 10),
        (3, 99, 4),
        (3, 99, 1),
    ]
    assert {t["order_type"] for t in trades} == {"immediate_or_cancel"}
    assert {t["side"] for t in trades} == {"ask"}
    assert len({t["order_id"] for t in trades}) == 2


def test_a_falsified_run_is_noticed_and_the_book_put_right(tmp_path: Path) -> None:
    message = pair(tmp_path, 2, 1)
    summary = replay(message, "--mode", "match")
    assert summary["runs"] == {
        "runs": 2,
        "identical": 1,
        "first_difference": {
            "file": str(message),
            "line": 4,
            "expected": [
                {"order": 2, "price": 100, "quantity": 10},
                {"order": 1, "price": 100, "quantity": 10},
                {"order": 3, "price": 99, "quantity": 4},
            ],
            "found": [
                {"order": 1, "price": 100, "quantity": 10},
                {"order": 2, "price": 100, "quantity": 10},
                {"order": 3, "price": 99, "quantity": 4},
            ],
        },
    }
    assert summary["best_bid"] == {"price": 99, "quantity": 5}
    assert summary["state_hash"] == replay(message)["state_hash"]
    text = obctl("replay", message, "--mode", "match").stdout
    assert f"1 of 2 execution runs gave identical fills; first difference at {message}:4" in text


def test_a_swapped_execution_in_a_long_file_is_noticed(tmp_path: Path) -> None:
    lobster = Lobster(3, 4).run(400)
    rows = [line.split(",") for line in lobster.messages]
    place = next(
        i
        for i in range(len(rows) - 1)
        if rows[i][1] == rows[i + 1][1] == "4"
        and rows[i][0] == rows[i + 1][0]
        and min(int(rows[i][2]), int(rows[i + 1][2])) > lobster.first_new_id
    )
    rows[place][2], rows[place + 1][2] = rows[place + 1][2], rows[place][2]
    lobster.messages = [",".join(row) for row in rows]
    message, _ = lobster.save(tmp_path)
    runs = replay(message, "--mode", "match")["runs"]
    assert runs["identical"] < runs["runs"] == lobster.runs
    assert runs["first_difference"]["line"] <= place + 1


def test_putting_right_keeps_the_last_maker_s_place_and_sends_others_to_the_back(tmp_path: Path) -> None:
    messages = [*(f"1.0,1,{order_id},10,100,1" for order_id in (1, 2, 3, 4)), "2.0,4,4,10,100,1", "2.0,4,3,5,100,1"]
    # The engine fills 1, and half of 2; put right it holds 2 (10), 3 (5), and 1 (10) at the back.
    messages += ["3.0,4,2,10,100,1", "3.0,4,3,5,100,1", "3.0,4,1,10,100,1"]
    message = tmp_path / "X_message_1.csv"
    message.write_text("\n".join(messages))
    summary = replay(message, "--mode", "match")
    assert (summary["runs"]["identical"], summary["runs"]["runs"]) == (1, 2)
    assert summary["resting_orders"] == 0


def test_neighbouring_anonymous_fills_count_as_one(tmp_path: Path) -> None:
    messages = ["1.0,7,0,0,-1,-1", "2.0,4,71,30,100,1", "2.0,4,72,70,100,1", "2.0,4,73,50,90,1"]
    rows = ["110,1,100,100,120,1,90,100"] * 2 + ["110,1,90,100,120,1,80,9"] + ["110,1,90,50,120,1,80,9"]
    message, _ = write_pair(tmp_path, "\n".join(messages), "\n".join(rows))
    summary = replay(message, "--mode", "match")
    assert summary["runs"]["identical"] == 1
    assert summary["trades"] == 2
    assert summary["lobster"]["older_ids"] == 3


def test_depth_has_one_row_per_message_also_within_runs(tmp_path: Path) -> None:
    depth = tmp_path / "depth.csv"
    replay(pair(tmp_path, 1, 2), "--mode", "match", "--depth", depth, "--levels", "1")
    rows = read_table(depth)
    assert [row["row"] for row in rows] == list(range(1, 9))
    assert [row["bid_quantity_1"] for row in rows] == [10, 20, 20, 6, 6, 6, 6, 5]


def test_a_crossed_book_is_no_seed_for_matching(tmp_path: Path) -> None:
    message, book = write_pair(tmp_path, "1.0,7,0,0,-1,-1\n", "100,1,101,1\n")
    result = obctl("replay", message, "--mode", "match")
    assert result.exit_code == 1
    assert f"{book}:1: " in result.stderr
    assert "crossed_order" in result.stderr
