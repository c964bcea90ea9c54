"""Book mode on LOBSTER files: the rebuilt book equals the order book file, row by row, and what differs is found."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.replay.helpers import obctl, replay
from tests.replay.lobster_maker import Lobster

MESSAGE = "X_message_1.csv"
BOOK = "X_orderbook_1.csv"


def write_pair(folder: Path, messages: str, rows: str) -> tuple[Path, Path]:
    """Write a pair of files from text; return their paths."""
    message, book = folder / MESSAGE, folder / BOOK
    message.write_text(messages)
    book.write_text(rows)
    return message, book


@pytest.mark.parametrize("levels", [1, 2, 5, 30])
@pytest.mark.parametrize("seed", range(5))
def test_every_row_is_equal(seed: int, levels: int, tmp_path: Path) -> None:
    lobster = Lobster(seed, levels).run(400)
    message, book = lobster.save(tmp_path)
    summary = replay(message, "--verify", book)
    rows = len(lobster.rows)
    assert summary["verify"] == {"rows": rows, "equal": rows, "levels": levels, "first_difference": None}
    counts = summary["lobster"]
    assert counts["older_ids"] == len(lobster.older_ids)
    assert (counts["hidden_executions"], counts["crosses"], counts["halts"]) == (
        lobster.hidden,
        lobster.crosses,
        lobster.halts,
    )
    assert counts["skipped_messages"] == summary["clamped"] == 0
    assert summary["refused"] == {}
    assert summary["rows"] == rows
    assert summary["trades"] == len(lobster.trades)
    assert summary["volume"] == sum(quantity for _, _, quantity in lobster.trades)
    assert summary["notional"] == sum(price * quantity for _, price, quantity in lobster.trades)
    unverified = replay(message)  # reads no more of the order book file than it needs
    assert (unverified["lobster"], unverified["state_hash"]) == (counts, summary["state_hash"])


def test_the_maker_makes_what_is_to_be_tested(tmp_path: Path) -> None:
    """Levels are adopted, older orders are spoken of, and there are messages of every type."""
    lobster = Lobster(1, 5).run(400)
    message, _ = lobster.save(tmp_path)
    counts = replay(message)["lobster"]
    assert counts["seeded_levels"] == 10
    assert counts["adopted_levels"] > 10
    assert {line.split(",")[1] for line in lobster.messages} == set("1234567")


def test_the_order_book_file_beside_is_found_in_any_compression(tmp_path: Path) -> None:
    lobster = Lobster(2, 5).run(100)
    message, book = lobster.save(tmp_path)
    found = replay(message)
    packed = book.with_name(book.name + ".gz")
    packed.write_bytes(gzip.compress(book.read_bytes()))
    book.unlink()
    assert replay(message)["state_hash"] == found["state_hash"]
    packed.unlink()
    alone = replay(message)
    assert alone["lobster"]["seeded_levels"] == 0
    assert alone["refused"] == {"unknown_order": alone["lobster"]["skipped_messages"]}


def test_seed_book_may_lie_anywhere_and_messages_come_by_standard_input(tmp_path: Path) -> None:
    message, book = Lobster(3, 5).run(100).save(tmp_path)
    elsewhere = tmp_path / "elsewhere.csv"
    shutil.copy(book, elsewhere)
    summary = replay("-", "--format", "lobster", "--seed-book", elsewhere, data=message.read_bytes())
    assert summary["state_hash"] == replay(message)["state_hash"]
    assert replay("-", "--verify", elsewhere, data=message.read_bytes())["verify"]["first_difference"] is None


def test_a_byte_order_mark_and_crlf_do_not_matter(tmp_path: Path) -> None:
    message, book = Lobster(4, 2).run(50).save(tmp_path)
    for file in (message, book):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    verified = replay(message, "--verify", book)
    assert verified["verify"]["first_difference"] is None
    assert replay(message)["state_hash"] == verified["state_hash"]


def test_two_files_are_one_stream(tmp_path: Path) -> None:
    lobster = Lobster(5, 4).run(300)
    whole, book = lobster.save(tmp_path)
    expected = replay(whole)
    halves = []
    for name, part in (("A", slice(0, 200)), ("B", slice(200, None))):
        half = Lobster(5, 4)
        half.messages, half.rows = lobster.messages[part], lobster.rows[part]
        halves.append(half.save(tmp_path, name))
    (first, first_book), (second, second_book) = halves
    summary = replay(first, second, "--verify", first_book, "--verify", second_book)
    assert summary["verify"]["equal"] == len(lobster.rows)
    assert summary["state_hash"] == expected["state_hash"]
    assert book.exists()


def test_only_the_files_that_have_an_order_book_to_verify_with_are_verified(tmp_path: Path) -> None:
    lobster = Lobster(5, 4).run(100)
    first, first_book = lobster.save(tmp_path, "A")
    second, second_book = lobster.save(tmp_path, "B")
    second_book.unlink()
    verify = replay(first, second, "--verify", first_book)["verify"]
    assert (verify["rows"], verify["first_difference"]) == (len(lobster.rows), None)


@pytest.mark.parametrize(
    ("column", "value", "side", "level"),
    [(0, "+100", "ask", 1), (1, "+1", "ask", 1), (2, "-100", "bid", 1), (7, "+1", "bid", 2)],
)
def test_a_falsified_row_is_found(column: int, value: str, side: str, level: int, tmp_path: Path) -> None:
    lobster = Lobster(6, 3).run(200)
    message, book = lobster.save(tmp_path)
    false = tmp_path / "false.csv"
    rows = list(lobster.rows)
    fields = rows[149].split(",")
    true = int(fields[column])
    fields[column] = str(true + int(value))
    rows[149] = ",".join(fields)
    false.write_text("\n".join(rows) + "\n")
    verify = replay(message, "--verify", false, "--seed-book", book, status=3)["verify"]
    assert (verify["rows"], verify["equal"]) == (len(rows), len(rows) - 1)
    first = verify["first_difference"]
    assert (first["file"], first["line"], first["side"], first["level"]) == (str(message), 150, side, level)
    key = "price" if column % 2 == 0 else "quantity"
    assert (first["expected"][key], first["found"][key]) == (true + int(value), true)
    text = obctl("replay", message, "--verify", false, "--seed-book", book)
    assert text.exit_code == 3
    assert f"{message}:150: {side} level {level}" in text.stdout


@pytest.mark.parametrize("row", ["1010,105,990,100", "1005,5,990,100", "1010,100,995,1"])
def test_adoption_covers_nothing_up_at_levels_that_are_no_deeper_than_before(row: str, tmp_path: Path) -> None:
    """The order book file that is verified is also the one adopted from; it may not vouch for itself."""
    messages = "1.0,7,0,0,-1,-1\n2.0,1,1,5,980,1\n"
    message, book = write_pair(tmp_path, messages, f"1010,100,990,100\n{row}\n")
    summary = replay(message, "--verify", book, status=3)
    assert summary["lobster"]["adopted_levels"] == 0
    assert summary["verify"]["first_difference"]["line"] == 2


def test_a_missing_level_is_a_difference(tmp_path: Path) -> None:
    message, book = write_pair(tmp_path, "1.0,1,5,10,100,1\n", "9999999999,0,100,10\n")
    false = tmp_path / "false.csv"
    false.write_text("9999999999,0,-9999999999,0\n")
    first = replay(message, "--verify", false, "--seed-book", book, status=3)["verify"]["first_difference"]
    assert (first["expected"], first["found"]) == (None, {"price": 100, "quantity": 10})
    false.write_text("120,7,100,10\n")
    first = replay(message, "--verify", false, "--seed-book", book, status=3)["verify"]["first_difference"]
    assert (first["expected"], first["found"]) == ({"price": 120, "quantity": 7}, None)


@pytest.mark.parametrize(("rows", "equal"), [(49, 49), (51, 50)])
def test_an_order_book_file_of_another_length_differs(rows: int, equal: int, tmp_path: Path) -> None:
    lobster = Lobster(7, 3).run(60)
    del lobster.messages[50:], lobster.rows[51:]
    message, book = lobster.save(tmp_path)
    book.write_text("\n".join(lobster.rows[:rows]) + "\n")
    verify = replay(message, "--verify", book, status=3)["verify"]
    assert (verify["rows"], verify["equal"]) == (50, equal)
    assert verify["first_difference"]["line"] == 50
    assert str(book) in verify["first_difference"]["reason"]


def test_adoption_takes_what_is_not_known_ahead_of_the_queue(tmp_path: Path) -> None:
    messages = [
        "1.0,1,1,50,990,1",  # bid 1 joins the older 100 lots
        "2.0,1,2,40,1020,-1",  # ask 2, out of sight, behind 300 older lots that nobody has seen
        "3.0,3,7,100,1010,-1",  # the best ask goes: 1020 comes into sight with 340
        "4.0,4,8,300,1020,-1",  # the 300 were older than ask 2, so they trade first
        "4.0,4,2,40,1020,-1",
    ]
    rows = ["1010,100,990,150", "1010,100,990,150", "1020,340,990,150", "1020,40,990,150", "9999999999,0,990,150"]
    message, book = write_pair(tmp_path, "\n".join(messages), "\n".join(rows))
    summary = replay(message, "--verify", book)
    assert summary["verify"]["equal"] == 5
    assert summary["lobster"]["adopted_levels"] == 1
    assert summary["lobster"]["older_ids"] == 2
    matched = replay(message, "--mode", "match")
    assert matched["runs"] == {"runs": 1, "identical": 1, "first_difference": None}


@pytest.mark.parametrize(
    ("message", "row", "seeded"),
    [
        ("1.0,1,1,30,990,1", "1010,100,990,100", 2),  # 70 lots of 990 were there before
        ("1.0,1,1,100,990,1", "1010,100,990,100", 1),  # the level is new
        ("1.0,2,7,30,990,1", "1010,100,990,100", 2),
        ("1.0,3,7,30,985,1", "1010,100,980,100", 3),  # the level that the message removed
        ("1.0,4,7,30,1005,-1", "1010,100,990,100", 3),
        ("1.0,5,0,30,1005,-1", "1010,100,990,100", 2),
        ("1.0,7,0,0,-1,-1", "1010,100,990,100", 2),
    ],
)
def test_the_seed_is_row_1_with_message_1_undone(message: str, row: str, seeded: int, tmp_path: Path) -> None:
    file, book = write_pair(tmp_path, message + "\n", row + "\n")
    summary = replay(file, "--verify", book)
    assert summary["verify"]["equal"] == 1
    assert summary["lobster"]["seeded_levels"] == seeded
    assert summary["refused"] == {}


def counted(folder: Path, *messages: str, row: str = "1010,100,990,100") -> dict[str, Any]:
    """Replay a halt, which seeds, and some messages; return the summary."""
    file, _ = write_pair(folder, "\n".join(["1.0,7,0,0,-1,-1", *messages]), row + "\n")
    return replay(file)


def test_a_message_of_an_older_order_reduces_the_anonymous_one_at_its_price(tmp_path: Path) -> None:
    summary = counted(tmp_path, "2.0,2,7,30,990,1", "3.0,4,8,20,990,1", "4.0,3,9,10,990,1")
    assert summary["best_bid"] == {"price": 990, "quantity": 40}
    assert summary["lobster"]["older_ids"] == 3


def test_where_there_is_no_anonymous_order_the_message_is_counted_and_skipped(tmp_path: Path) -> None:
    summary = counted(tmp_path, "2.0,1,1,5,995,1", "3.0,3,7,5,995,1")
    assert summary["lobster"]["skipped_messages"] == 1
    assert summary["refused"] == {"unknown_order": 1}
    assert summary["best_bid"] == {"price": 995, "quantity": 5}


def test_a_message_of_an_order_that_is_gone_leaves_the_anonymous_one_alone(tmp_path: Path) -> None:
    summary = counted(tmp_path, "2.0,1,1,5,990,1", "3.0,3,1,5,990,1", "4.0,3,1,5,990,1")
    assert summary["best_bid"] == {"price": 990, "quantity": 100}
    assert summary["clamped"] == 1
    assert summary["lobster"]["skipped_messages"] == 0


@pytest.mark.parametrize("kind", [2, 4])
@pytest.mark.parametrize("order_id", [1, 7])
def test_a_reduction_of_more_than_is_left_is_clamped_and_counted(kind: int, order_id: int, tmp_path: Path) -> None:
    summary = counted(tmp_path, "2.0,1,1,5,995,1", f"3.0,{kind},{order_id},101,{995 if order_id == 1 else 990},1")
    assert summary["clamped"] == 1
    assert summary["best_bid"]["price"] == (990 if order_id == 1 else 995)
    assert summary["bid_levels"] == 1


@pytest.mark.parametrize("mode", ["book", "match"])
@pytest.mark.parametrize("kind", [1, 2, 4])
def test_a_message_of_no_lots_is_refused(kind: int, mode: str, tmp_path: Path) -> None:
    messages = "1.0,7,0,0,-1,-1\n2.0,1,1,5,995,1\n3.0,{kind},{id},0,995,1\n4.0,3,1,5,995,1\n"
    file, _ = write_pair(tmp_path, messages.format(kind=kind, id=2 if kind == 1 else 1), 4 * "1010,1,990,1\n")
    summary = replay(file, "--mode", mode)
    assert summary["refused"] == {"invalid_quantity": 1}
    assert (summary["trades"], summary["accepted"]) == (0, 2)


def test_changes_take_effect_wherever_the_order_stands_in_its_queue(tmp_path: Path) -> None:
    adds = [f"2.0,1,{i},10,995,1" for i in (1, 2, 3)]
    summary = counted(tmp_path, *adds, "3.0,2,2,4,995,1", "4.0,4,3,10,995,1")
    assert summary["best_bid"] == {"price": 995, "quantity": 16}
    assert summary["resting_orders"] == 4


def test_a_crossed_book_is_as_the_exchange_reports_it(tmp_path: Path) -> None:
    summary = counted(tmp_path, "2.0,1,1,10,1020,1")
    assert summary["spread"] == -10
    assert summary["trades"] == 0


def test_ids_of_anonymous_orders_are_reserved(tmp_path: Path) -> None:
    summary = counted(tmp_path, f"2.0,1,{2**64 - 1},10,995,1", f"3.0,3,{2**64 - 2},10,990,1")
    assert summary["refused"] == {"invalid_command": 1}
    assert summary["best_bid"] == {"price": 990, "quantity": 90}, "a message about one is about an older order"


def test_a_wrong_row_of_the_order_book_file_always_stops(tmp_path: Path) -> None:
    message, book = Lobster(8, 2).run(20).save(tmp_path)
    lines = book.read_text().splitlines()
    lines[6] = lines[6].rpartition(",")[0] + ",x"
    book.write_text("\n".join(lines))
    for options in (["--verify", book], []):
        result = obctl("replay", message, *options, "--on-error", "skip")
        assert result.exit_code == 1
        assert f"{book}:7: " in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_skipped_message_takes_its_row_of_the_order_book_file_along(tmp_path: Path) -> None:
    lobster = Lobster(9, 3).run(60)
    lobster.messages.insert(20, "what is this")
    lobster.rows.insert(20, lobster.rows[19])
    message, book = lobster.save(tmp_path)
    summary = replay(message, "--verify", book, "--on-error", "skip")
    assert summary["skipped_rows"] == 1
    assert summary["verify"]["equal"] == len(lobster.rows) - 1
