"""`obctl journal diff`: where two journals part, whatever their frames are."""

from pathlib import Path

import pytest

from tests.journal import plain_journal as plain

from .journals import copy, long, run, run_json, segments, told, written

ORDER = plain.command(plain.NEW, account_id=1, order_id=2, price=3, quantity=4)
CANCEL = plain.command(plain.CANCEL, account_id=1, order_id=2)
NOW = plain.source()


def pair(tmp_path: Path, a: list[list[bytes]], b: list[list[bytes]]) -> tuple[Path, Path]:
    return written(tmp_path / "a", *a), written(tmp_path / "b", *b, epoch=7)


def test_a_copy(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    other = copy(path, "copy")
    assert run("diff", path, other).stdout == "the same up to record 6,002, where both end\n"
    found = run_json("diff", path, other)
    assert (found["equal"], found["same_chain"], found["first_difference"]) == (True, True, None)


def test_frames_and_epochs_do_not_matter(tmp_path: Path) -> None:
    a = [[NOW, ORDER], [NOW, CANCEL], [plain.session(1, 1), plain.state(bytes(16))]]
    b = [[NOW, ORDER, NOW, CANCEL, plain.session(1, 1)], [plain.state(bytes(16))]]
    found = run_json("diff", *pair(tmp_path, a, b))
    assert (found["equal"], found["compared_to"], found["same_chain"]) == (True, 5, False)


def test_a_short_command_is_the_same_as_a_raw_one(tmp_path: Path) -> None:
    raw = plain.raw(
        bytes([plain.CANCEL]) + bytes(7) + (1).to_bytes(8, "little") + (2).to_bytes(8, "little") + bytes(16)
    )
    run("diff", *pair(tmp_path, [[NOW, CANCEL]], [[NOW, raw]]))


@pytest.mark.parametrize(
    "other",
    [
        [NOW, plain.command(plain.NEW, account_id=1, order_id=2, price=3, quantity=5)],
        [NOW, plain.command(plain.NEW, account_id=1, order_id=2, price=3, quantity=4, side=2)],
        [NOW, plain.command(plain.NEW, account_id=1, order_id=2, price=3, quantity=4, instrument=1)],
        [NOW, CANCEL],
        [plain.source(session=2), ORDER],
        [plain.source(time=1), ORDER],
        [plain.session(1, 1)],
    ],
)
def test_what_does_matter(tmp_path: Path, other: list[bytes]) -> None:
    a, b = pair(tmp_path, [[NOW, CANCEL], [NOW, ORDER]], [[NOW, CANCEL], other])
    result = run("diff", a, b, status=3)
    assert result.stdout.startswith("they part at record 3:\n  A  3 ")
    assert result.stdout.count("\n") == 3
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (plain.session(1, 1), plain.session(2, 1)),
        (plain.session(1, 1), plain.session(1, 2)),
        (plain.state(bytes(16)), plain.state(b"\1" + bytes(15))),
        (plain.instruments([plain.BTC]), plain.instruments([])),
    ],
)
def test_records_that_are_no_commands(tmp_path: Path, a: bytes, b: bytes) -> None:
    assert run_json("diff", *pair(tmp_path, [[a]], [[b]]), status=3)["first_difference"]["sequence"] == 2


def test_ignoring_times(tmp_path: Path) -> None:
    a, b = pair(tmp_path, [[NOW, ORDER], [NOW, CANCEL]], [[plain.source(time=1), ORDER, NOW, CANCEL]])
    assert run_json("diff", a, b, status=3)["first_difference"]["sequence"] == 2
    assert run_json("diff", a, b, "--ignore-times")["equal"] is True


def test_both_records_are_shown_with_their_own_symbols(tmp_path: Path) -> None:
    eth = plain.instruments([{"symbol": "ETH-USD", "base": "ETH", "quote": "USD"}])
    a, b = pair(tmp_path, [[plain.instruments([plain.BTC]), NOW, ORDER]], [[eth, NOW, CANCEL]])
    assert run_json("diff", a, b, status=3)["first_difference"]["sequence"] == 2
    a, b = pair(tmp_path / "two", [[NOW, ORDER]], [[NOW, CANCEL]])
    first = run_json("diff", a, b, status=3)["first_difference"]
    assert (first["a"]["kind"], first["a"]["symbol"]) == ("NEW", "BTC-USD")
    assert (first["b"]["kind"], first["b"]["symbol"]) == ("CANCEL", "BTC-USD")


@pytest.mark.parametrize("swapped", [False, True])
def test_one_is_longer(tmp_path: Path, swapped: bool) -> None:
    both = pair(tmp_path, [[NOW, ORDER], [NOW, CANCEL, CANCEL], [NOW, CANCEL]], [[NOW, ORDER, CANCEL]])
    a, b = reversed(both) if swapped else both
    ends, longer = ("A", "B") if swapped else ("B", "A")
    assert run("diff", a, b, status=3).stdout == f"the same up to record 3, where {ends} ends; {longer} has 2 more\n"
    found = run_json("diff", a, b, status=3)
    assert (found["equal"], found["first_difference"], found["compared_to"]) == (False, None, 3)


def test_one_has_lost_its_beginning(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    other = copy(path, "other")
    segments(other)[0].unlink()
    first = int(segments(other)[0].stem)
    expected = (
        f"compared from record {first:,} on, which both have: a frame is the same in both, so all before it was, too\n"
        "the same up to record 6,002, where both end\n"
    )
    assert run("diff", path, other).stdout == run("diff", other, path).stdout == expected
    assert run_json("diff", path, other)["compared_from"] == first


def test_nothing_in_common(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    short = told(tmp_path / "short")
    segments(path)[0].unlink()
    first = int(segments(path)[0].stem)
    assert "no record in common" in run("diff", path, short, status=1).stderr
    assert first > 10


def test_wrong_command_lines(tmp_path: Path) -> None:
    run("diff", status=2)
    run("diff", told(tmp_path / "data"), status=2)
