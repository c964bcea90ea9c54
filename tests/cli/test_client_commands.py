"""`obctl order`, `account` and `book` on a real server: what they print, what they refuse, how they end."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agents.gateways.grpc import BlockingOrderBookClient, InstrumentInfo
from orderbook import OrderType, Side

from .client_server import NEW, U64_MAX, Market, client_command
from .serve_process import OBCTL, run
from .test_main import examples

COMMANDS = [
    *("order", "order new", "order modify", "order list", "order cancel"),
    *("account", "account credit", "account debit", "account balance"),
    *("book", "events"),
]
TWO_TRADES = ["traded 40 lots at 99 with order 11", "traded 2 lots at 99 with order 12"]


def test_a_new_order_comes_to_rest_under_an_id_of_its_time(market: Market) -> None:
    market.credit(1)
    before = time.time_ns() // 1000
    name, rests = market.obctl(*NEW).splitlines()
    made = int(name.removeprefix("order "))
    assert before <= made <= time.time_ns() // 1000
    assert rests == "  rests: bid 5 lots at 100"
    [level] = market.client.snapshot(symbol=market.symbol).bids
    assert [tuple(order) for order in level.orders] == [(made, Side.BID, 100, 5)]
    assert market.client.open_orders(1, symbol=market.symbol).orders == level.orders


def test_made_ids_pass_over_orders_that_rest(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.credit(1)
    monkeypatch.setattr("obctl.commands.order.time.time_ns", lambda: 1_763_000_000_123_456_789)
    made = [json.loads(market.obctl(*NEW, "--json"))["order_id"] for _ in range(3)]
    assert made == [1_763_000_000_123_456, 1_763_000_000_123_457, 1_763_000_000_123_458]


def test_a_given_id_that_rests_is_refused(market: Market) -> None:
    market.credit(1)
    market.obctl(*NEW, "--id", 7)
    assert market.obctl(*NEW, "--id", 7, status=5) == (
        f"obctl order new: duplicate_order: order 7 of account 1 in {market.symbol}: "
        "the id belongs to a resting order of this instrument\n"
    )


@pytest.mark.parametrize(
    ("words", "lines", "fills", "unfilled"),
    [
        (
            "--price 98 --type limit",
            [*TWO_TRADES, "traded 7 lots at 98 with order 13", "rests: ask 1 lot at 98"],
            [(11, 99, 40), (12, 99, 2), (13, 98, 7)],
            0,
        ),
        (
            "--price 99 -t ioc",
            [*TWO_TRADES, "dropped 8 lots"],
            [(11, 99, 40), (12, 99, 2)],
            8,
        ),
        ("--price 99 -t FOK", ["dropped 50 lots"], [], 50),
        (
            "-t market",
            [*TWO_TRADES, "traded 7 lots at 98 with order 13", "dropped 1 lot"],
            [(11, 99, 40), (12, 99, 2), (13, 98, 7)],
            1,
        ),
        ("--price 100 -t post_only", ["rests: ask 50 lots at 100"], [], 0),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_becomes_of_orders_of_every_type(
    market: Market, words: str, lines: list[str], fills: list[tuple[int, int, int]], unfilled: int, as_json: bool
) -> None:
    market.small_book()
    new = ["order", "new", "-a", 2, "-s", "ask", "-q", 50, "--id", 22, *words.split()]
    if not as_json:
        assert market.obctl(*new).splitlines() == ["order 22", *(f"  {line}" for line in lines)]
        return
    told = json.loads(market.obctl(*new, "--json"))
    assert list(told) == ["order_id", "fills", "resting", "unfilled"]
    assert told["order_id"] == 22
    assert told["fills"] == [{"maker_id": maker, "price": price, "quantity": lots} for maker, price, lots in fills]
    assert told["unfilled"] == unfilled
    left = 50 - unfilled - sum(lots for *_, lots in fills)
    price = int(words.split()[1]) if left else None
    assert told["resting"] == ({"order_id": 22, "side": "ask", "price": price, "quantity": left} if left else None)


@pytest.mark.parametrize("words", [["13"], ["--id", "13"]])
def test_modify(market: Market, words: list[str]) -> None:
    market.small_book()
    assert market.obctl("order", "modify", *words, "-a", 1, "-q", 3) == "order 13\n  rests: bid 3 lots at 98\n"
    told = json.loads(market.obctl("order", "modify", *words, "-a", 1, "-q", 30, "-p", 103, "--json"))
    assert told == {
        "order_id": 13,
        "fills": [{"maker_id": 21, "price": 103, "quantity": 20}],
        "resting": {"order_id": 13, "side": "bid", "price": 103, "quantity": 10},
        "unfilled": 0,
    }
    refusal = market.obctl("order", "modify", *words, "-a", 2, "-q", 1, status=5)
    assert refusal.startswith("obctl order modify: account_mismatch: change of order 13 of account 2 in ")


def test_cancel(market: Market) -> None:
    market.small_book()
    assert market.obctl("order", "cancel", 11, "--account", 1) == "order 11\n  canceled 40 lots\n"
    told = json.loads(market.obctl("order", "cancel", "--id", 12, "-a", 1, "--json"))
    assert told == {"order_id": 12, "canceled_quantity": 2}
    assert [order.id for order in market.client.open_orders(1, symbol=market.symbol).orders] == [13]
    again = market.obctl("order", "cancel", 11, "-a", 1, "--json", status=5)
    assert again == (
        f"obctl order cancel: unknown_order: cancel of order 11 of account 1 in {market.symbol}: "
        "no resting order has this id\n"
    )


def test_list(market: Market) -> None:
    assert market.obctl("order", "list", "-a", 1) == "account 1 has no resting orders\n"
    market.small_book()
    assert market.obctl("order", "list", "-a", 1).splitlines() == [
        "account 1  side  price  lots",
        "order 11    bid     99    40",
        "order 12    bid     99     2",
        "order 13    bid     98     7",
    ]
    assert json.loads(market.obctl("order", "list", "--account", 2, "--json")) == {
        "account_id": 2,
        "symbol": market.symbol,
        "orders": [{"order_id": 21, "side": "ask", "price": 103, "quantity": 20}],
    }
    assert json.loads(market.obctl("order", "list", "-a", 3, "--json"))["orders"] == []


def test_cancel_all(market: Market) -> None:
    market.small_book()
    assert market.obctl("order", "cancel", "--all", "--account", 1) == "account 1\n  canceled 3 orders\n"
    assert market.client.open_orders(1, symbol=market.symbol).orders == ()
    told = json.loads(market.obctl("order", "cancel", "--all", "-a", 2, "--json"))
    assert told == {"account_id": 2, "canceled_orders": 1}
    assert market.obctl("order", "cancel", "--all", "--account", 1) == "account 1\n  canceled 0 orders\n"


def test_accounts(market: Market) -> None:
    base, quote = market.symbol.split("-")
    assert market.obctl("account", "credit", 1, "--base", 7, "--quote", 12345).splitlines() == [
        "account 1  available  reserved",
        f"{base:<9}          7         0",
        f"{quote:<9}      12345         0",
    ]
    market.obctl(*NEW)
    told = json.loads(market.obctl("account", "debit", "--account", 1, "--quote", 45, "--json"))
    expected = {
        "account_id": 1,
        "symbol": market.symbol,
        "base": base,
        "quote": quote,
        "available_base": 7,
        "reserved_base": 0,
        "available_quote": 12345 - 500 - 45,
        "reserved_quote": 500,
    }
    assert told == expected
    assert json.loads(market.obctl("account", "balance", "-a", 1, "--json")) == expected
    assert market.obctl("account", "balance", 1).splitlines()[2] == f"{quote:<9}      11800       500"
    assert "insufficient_base: debit of 8 base" in market.obctl("account", "debit", 1, "--base", 8, status=5)
    assert "unknown_account: balance of account 9" in market.obctl("account", "balance", 9, status=5)
    assert "numeric_overflow: " in market.obctl("account", "credit", 1, "--base", U64_MAX, status=5)


def test_an_account_of_nothing(market: Market) -> None:
    market.obctl("account", "credit", 3, "--base", 0)
    assert json.loads(market.obctl("account", "balance", 3, "--json"))["available_base"] == 0


def test_an_empty_book(market: Market) -> None:
    header, text = market.obctl("book").splitlines()
    assert header == f"{market.symbol}  event {market.client.depth(symbol=market.symbol).sequence}"
    assert text == "the book is empty"
    assert market.obctl("book", "--l3").splitlines()[1] == text
    told = json.loads(market.obctl("book", "--json"))
    assert (told["bids"], told["asks"]) == ([], [])


def test_the_ladder(market: Market) -> None:
    market.small_book()
    header, *lines = market.obctl("book").splitlines()
    assert header == f"{market.symbol}  event {market.client.depth(symbol=market.symbol).sequence}"
    assert lines == [
        "     price  lots  orders",
        f"ask    103    20       1  {'█' * 19}▏",
        "---  spread 4, middle 101",
        f"bid     99    42       2  {'█' * 40}",
        f"bid     98     7       1  {'█' * 6}▊",
    ]
    assert market.obctl("book", "-n", 1).splitlines()[1:] == lines[:-1]


def test_the_ladder_with_orders(market: Market) -> None:
    market.small_book()
    market.client.modify_order(1, 11, 41, symbol=market.symbol)  # goes to the end of its queue
    lines = market.obctl("book", "--l3", "--levels", 1).splitlines()[1:]
    assert [line.partition("█")[0].rstrip() for line in lines] == [
        "     price  lots  orders",
        "ask    103    20       1",
        "              20  order 21",
        "---  spread 4, middle 101",
        "bid     99    43       2",
        "               2  order 12",
        "              41  order 11",
    ]


def test_the_book_as_json(market: Market) -> None:
    market.small_book()
    sequence = market.client.depth(symbol=market.symbol).sequence
    ask = {"price": 103, "total_quantity": 20, "order_count": 1}
    bids = [
        {"price": 99, "total_quantity": 42, "order_count": 2},
        {"price": 98, "total_quantity": 7, "order_count": 1},
    ]
    told = json.loads(market.obctl("book", "--json"))
    assert told == {"symbol": market.symbol, "sequence": sequence, "bids": bids, "asks": [ask]}
    queue = [{"order_id": 11, "quantity": 40}, {"order_id": 12, "quantity": 2}]
    told = json.loads(market.obctl("book", "--json", "--l3", "--levels", 1))
    assert told["bids"] == [{**bids[0], "orders": queue}]
    assert told["asks"] == [{**ask, "orders": [{"order_id": 21, "quantity": 20}]}]


def test_a_halted_instrument_is_said_to_be(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        BlockingOrderBookClient, "instruments", lambda _: (InstrumentInfo(market.symbol, "B", "Q", 1, 1, True),)
    )
    assert market.obctl("book").splitlines()[0].endswith("  halted")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_fits_a_terminal(name: str) -> None:
    result = client_command(*name.split(), "--help", COLUMNS="80")
    assert result.exit_code == 0
    assert examples(name)
    assert [line for line in result.stdout.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("example", dict.fromkeys(example for name in COMMANDS for example in examples(name)))
def test_every_example_runs(market: Market, tmp_path: Path, example: str) -> None:
    market.small_book()
    for order_id in range(30, 37):
        market.rest(2, order_id, Side.ASK, 110, 1)
    if " 17" in example and " new " not in example:
        market.client.submit_order(1, 17, Side.BID, OrderType.LIMIT, 98, 5, symbol=market.symbol)
    words = example.split()
    assert words[0] == "obctl"
    done = run(*words[1:], **market.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_help_does_not_load_grpc() -> None:
    code = (
        "import sys; from obctl.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print([m for m in ('grpc', 'google', 'rich') if m in sys.modules])"
    )
    for words in (["order", "new", "--help"], ["events", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("obctl order n", "plain,new"),
        ("obctl order new --side a", "plain,ask"),
        ("obctl order new --type p", "plain,post_only"),
        ("obctl book --tls-ca x", "file,x"),
    ],
)
def test_completion(words: str, completed: str) -> None:
    environment = {"_OBCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert client_command(**environment).stdout == f"{completed}\n"


def colours(market: Market, **environment: str) -> bytes:
    """Return what `obctl book` shows on a terminal."""
    import os
    import pty

    terminal, other_end = pty.openpty()
    env: dict[str, Any] = {**os.environ, **market.environment, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen([*OBCTL, "book"], stdout=other_end, stderr=other_end, env=env | environment)
    os.close(other_end)
    shown = b""
    try:
        while got := os.read(terminal, 4096):
            shown += got
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(terminal)
    assert process.wait(30) == 0
    return shown


def test_colours_are_for_terminals_that_want_them(market: Market) -> None:
    market.small_book()
    shown = colours(market)
    assert b"\x1b[31mask    103    20       1" in shown
    assert b"\x1b[32mbid     99    42       2" in shown
    assert b"\x1b" not in colours(market, NO_COLOR="1")
    assert b"\x1b" not in colours(market, TERM="dumb")


def test_a_terminal_without_blocks_gets_signs(market: Market) -> None:
    market.small_book()
    plain = run("book", **market.environment, PYTHONIOENCODING="ascii")
    assert (plain.returncode, "bid     99    42       2  " + "#" * 40 in plain.stdout) == (0, True)
