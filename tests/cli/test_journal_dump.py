"""`obctl journal dump`: every kind of record in words, ranges, accounts, pipes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journal import plain_journal as plain

from .journals import long, run, segments, spoil, told, without_its_beginning, written

ETH = {"symbol": "ETH-USD", "base": "ETH", "quote": "USD"}
AT = "2023-11-14T22:13:20.000000000Z"  # plain.TIME


def every_kind(tmp_path: Path) -> Path:
    c = plain.command
    return written(
        tmp_path / "data",
        [
            plain.source(session=3),
            c(plain.NEW, account_id=7, order_id=1 << 40, side=2, order_type=5, price=100, quantity=5, prevention=4),
            c(plain.NEW, account_id=7, order_id=2, order_type=1, quantity=5),
            c(plain.CANCEL, account_id=7, order_id=2),
            plain.source(session=0, time=plain.TIME + 1),
            c(plain.MODIFY, account_id=7, order_id=1, quantity=3),
            c(plain.MODIFY, account_id=7, order_id=1, price=0, quantity=3, instrument=1),
            c(plain.CREDIT, account_id=8, price=9, quantity=10),
            c(plain.DEBIT, account_id=8, price=1, quantity=0),
        ],
        [plain.instruments([plain.BTC, ETH]), plain.source(time=5), c(plain.CANCEL_ALL, account_id=8, instrument=1)],
        [plain.session(1, 3), plain.session(2, 3), plain.session(3, 3)],
        [plain.source(), plain.raw(bytes([9, 7, 6, 0]) + bytes(36)), plain.state(bytes(range(16)))],
    )


EXPECTED = f"""\
1 {AT} - - INSTRUMENTS instruments=[{{"symbol":"BTC-USD","base":"BTC","quote":"USD"}}]
2 {AT} 3 BTC-USD NEW account_id=7 order_id=1099511627776 side=ask order_type=post_only price=100 quantity=5 \
self_trade_prevention=decrement
3 {AT} 3 BTC-USD NEW account_id=7 order_id=2 side=bid order_type=market quantity=5
4 {AT} 3 BTC-USD CANCEL account_id=7 order_id=2
5 {AT[:-2]}1Z 0 BTC-USD MODIFY account_id=7 order_id=1 quantity=3
6 {AT[:-2]}1Z 0 #1 MODIFY account_id=7 order_id=1 price=0 quantity=3
7 {AT[:-2]}1Z 0 BTC-USD CREDIT account_id=8 base=9 quote=10
8 {AT[:-2]}1Z 0 BTC-USD DEBIT account_id=8 base=1 quote=0
9 {AT} - - INSTRUMENTS instruments=[{{"symbol":"BTC-USD","base":"BTC","quote":"USD"}},\
{{"symbol":"ETH-USD","base":"ETH","quote":"USD"}}]
10 1970-01-01T00:00:00.000000005Z 1 ETH-USD CANCEL_ALL account_id=8
11 {AT} 3 - SESSION cancel_on_disconnect=on
12 {AT} 3 - SESSION cancel_on_disconnect=off
13 {AT} 3 - SESSION cancel_on_disconnect=ended
14 {AT} 1 BTC-USD 9 account_id=0 order_id=0 side=7 order_type=6 quantity=0 malformed=true
15 {AT} - - STATE state_hash=000102030405060708090a0b0c0d0e0f
"""


def test_every_kind_of_record(tmp_path: Path) -> None:
    assert run("dump", every_kind(tmp_path)).stdout == EXPECTED


def test_json_has_the_same(tmp_path: Path) -> None:
    records = [json.loads(line) for line in run("dump", every_kind(tmp_path), "--json").stdout.splitlines()]
    assert len(records) == 15
    assert records[1] == {
        "sequence": 2,
        "time": plain.TIME,
        "kind": "NEW",
        "session": 3,
        "symbol": "BTC-USD",
        "account_id": 7,
        "order_id": 1 << 40,
        "side": "ask",
        "order_type": "post_only",
        "price": 100,
        "quantity": 5,
        "self_trade_prevention": "decrement",
    }
    assert records[13]["malformed"] is True
    assert records[8]["instruments"][1] == ETH


def test_symbols_are_those_of_the_record(tmp_path: Path) -> None:
    cancel = plain.command(plain.CANCEL)
    path = written(tmp_path / "data", [plain.source(), cancel, cancel, plain.instruments([ETH]), cancel])
    for begin, symbol in ((2, "BTC-USD"), (3, "BTC-USD"), (5, "ETH-USD")):
        assert run("dump", path, "--from", begin).stdout.split()[3] == symbol


@pytest.mark.parametrize(("begin", "until"), [(1, 15), (4, 4), (5, 10), (10, 10), (14, 99)])
def test_ranges(tmp_path: Path, begin: int, until: int) -> None:
    lines = EXPECTED.splitlines()[begin - 1 : until]
    assert run("dump", every_kind(tmp_path), "--from", begin, "--until", until).stdout.splitlines() == lines


def test_an_account(tmp_path: Path) -> None:
    lines = [line for line in EXPECTED.splitlines() if "account_id=8" in line]
    assert run("dump", every_kind(tmp_path), "--account", 8).stdout.splitlines() == lines
    assert run("dump", every_kind(tmp_path / "other"), "--account", 99).stdout == ""


def test_a_real_journal(tmp_path: Path) -> None:
    kinds = [line.split()[4] for line in run("dump", told(tmp_path / "data")).stdout.splitlines()]
    assert kinds == ["INSTRUMENTS", "CREDIT", "CREDIT", "NEW", "NEW", "MODIFY", "NEW", "DEBIT", "CANCEL", "STATE"]


def test_symbols_come_from_the_snapshot_where_the_beginning_is_gone(tmp_path: Path) -> None:
    path, taken = without_its_beginning(tmp_path / "data")
    [line] = run("dump", path, "--from", taken + 1, "--until", taken + 1).stdout.splitlines()
    assert line.split()[3] == "BTC-USD"
    first = int(segments(path)[0].stem)
    assert run("dump", path).stdout.startswith(f"{first} ")
    assert f"begins with {first}" in run("dump", path, "--from", 2, status=1).stderr


def test_wrong_ranges(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    result = run("dump", path, "--from", 11, status=1)
    assert result.stdout == ""
    assert f"there is no record 11: the journal in {path} has 1 to 10" in result.stderr
    run("dump", path, "--from", 3, "--until", 2, status=2)
    for word in ("0", "-1", "x", str(1 << 64)):
        run("dump", path, f"--from={word}", status=2)
        run("dump", path, f"--until={word}", status=2)


def test_what_comes_before_damage_is_printed(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    begin = int(segments(path)[1].stem)
    spoil(segments(path)[1], 64 + 60)
    result = run("dump", path, status=4)
    assert result.stdout.count("\n") == begin - 1


def test_instruments_that_are_none(tmp_path: Path) -> None:
    path = written(tmp_path / "data", [plain.other(3, b"\3\0\0\0{]}")])
    assert "record 2 tells no instruments" in run("dump", path, status=4).stderr


def test_a_time_that_no_clock_said(tmp_path: Path) -> None:
    path = written(tmp_path / "data", [plain.source(time=(1 << 64) - 1), plain.command(plain.CANCEL)])
    assert "2 2554-07-21T23:34:33.709551615Z " in run("dump", path).stdout


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    words = [sys.executable, "-m", "obctl", "journal", "dump", str(path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith(b"1 ")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 141
