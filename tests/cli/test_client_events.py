"""`obctl events` on a real server: what it prints, where it begins, and every way in which it ends."""

import json
import re
import select
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from agents.errors import ServerBusy
from agents.gateways.grpc import BlockingOrderBookClient, Execution, MarketEvent, UnknownEvent
from agents.gateways.grpc.executions import Accepted, Canceled, Refused
from obctl.client.feed import execution_record, line_of, market_record
from orderbook import OrderType, Side, Trade

from .client_server import Market, client_command
from .serve_process import CLEAN, FREE, OBCTL, SECONDS, Server, interruptible, serving

STAMP = r"(\d+)  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}  (\S+)  "


def trade_a_little(market: Market) -> None:
    """Make nine events, and executions of every kind but a cancel by self-trade prevention."""
    market.small_book()
    market.obctl("order", "new", "-a", 2, "-s", "ask", "-q", 41, "-t", "market", "--id", 22)
    market.obctl("order", "modify", 12, "-a", 1, "-q", 1, "-p", 97)
    market.obctl("order", "cancel", 13, "-a", 1)
    market.obctl("order", "new", "-a", 1, "-s", "bid", "-q", 1, "-p", 103, "-t", "post_only", "--id", 14, status=5)


MARKET_WORDS = [
    "order 11 rests: bid 40 lots at 99",
    "order 12 rests: bid 2 lots at 99",
    "order 13 rests: bid 7 lots at 98",
    "order 21 rests: ask 20 lots at 103",
    "traded 40 lots at 99: ask market order 22 with order 11",
    "order 11 left, filled: bid 40 lots at 99",
    "traded 1 lot at 99: ask market order 22 with order 12",
    "order 12 changed: bid 1 lot at 99",
    "order 12 left, canceled: bid 1 lot at 99",
    "order 12 rests: bid 1 lot at 97",
    "order 13 left, canceled: bid 7 lots at 98",
    "order 14 rejected, crossed: bid post_only 1 lot at 103",
]
ACCOUNT_WORDS = [
    "order 11 accepted, new: bid limit 40 lots at 99",
    "order 12 accepted, new: bid limit 2 lots at 99",
    "order 13 accepted, new: bid limit 7 lots at 98",
    "order 11 filled as maker with order 22: bid 40 lots at 99, 0 open",
    "order 12 filled as maker with order 22: bid 1 lot at 99, 1 open",
    "order 12 accepted, modify: bid limit 1 lot at 97",
    "order 13 canceled, requested: bid 7 lots at 98, 0 open",
    "order 14 refused, new: crossed_order",
]


@pytest.mark.parametrize(("words", "expected"), [([], MARKET_WORDS), (["--account", 1], ACCOUNT_WORDS)])
def test_lines(market: Market, words: list[object], expected: list[str]) -> None:
    """The symbol in the environment leaves out what happened in the other tests' instruments."""
    trade_a_little(market)
    lines = market.obctl("events", "--from", 0, "--count", len(expected), *words).splitlines()
    told = [re.match(STAMP, line) for line in lines]
    assert [line[match.end() :] for line, match in zip(lines, told, strict=True) if match] == expected
    assert {match[2] for match in told if match} == {market.symbol}
    numbers = [int(match[1]) for match in told if match]
    assert numbers == sorted(set(numbers))


def test_market_events_as_json(market: Market) -> None:
    trade_a_little(market)
    lines = market.obctl("events", "--from", 0, "-n", len(MARKET_WORDS), "--json").splitlines()
    events = [json.loads(line) for line in lines]
    last = market.client.depth(symbol=market.symbol).sequence
    assert [event["sequence"] for event in events] == list(range(last - len(MARKET_WORDS) + 1, last + 1))
    kinds = ["added"] * 4 + ["trade", "removed", "trade", "updated", "removed", "added", "removed", "rejection"]
    assert [event["kind"] for event in events] == kinds
    for event in events:
        assert event.pop("symbol") == market.symbol
        assert event.pop("sequence")
        assert event.pop("timestamp_ns") > 1_700_000_000 * 10**9
    assert events[3] == {"kind": "added", "order_id": 21, "side": "ask", "price": 103, "quantity": 20}
    trade = {"taker_order_id": 22, "maker_order_id": 11, "taker_side": "ask", "order_type": "market"}
    assert events[4] == {"kind": "trade", **trade, "price": 99, "quantity": 40}
    filled = {"order_id": 11, "side": "bid", "price": 99, "quantity": 40, "reason": "filled"}
    assert events[5] == {"kind": "removed", **filled}
    rejected = {"order_id": 14, "side": "bid", "order_type": "post_only", "price": 103, "quantity": 1}
    assert events[11] == {"kind": "rejection", **rejected, "reason": "crossed"}


def test_executions_as_json(market: Market) -> None:
    trade_a_little(market)
    lines = market.obctl("events", "-a", 1, "--from", 0, "-n", len(ACCOUNT_WORDS), "--json").splitlines()
    executions = [json.loads(line) for line in lines]
    assert [each["kind"] for each in executions] == [
        *["accepted"] * 3,
        *["filled"] * 2,
        "accepted",
        "canceled",
        "refused",
    ]
    head = ("sequence", "timestamp_ns", "symbol")
    filled, refused = (
        {name: each[name] for name in each if name not in head} for each in (executions[3], executions[7])
    )
    fill = {"is_maker": True, "counter_order_id": 22, "price": 99, "quantity": 40, "open_quantity": 0}
    assert filled == {"kind": "filled", "order_id": 11, "side": "bid", **fill}
    assert refused == {"kind": "refused", "order_id": 14, "command": "new", "code": "crossed_order"}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (market_record(MarketEvent("A-B", UnknownEvent(5, 10**18))), "something that this version does not know"),
        (execution_record(Execution(5, 10**18, "A-B", 7)), "something that this version does not know"),
        (execution_record(Refused(5, 10**18, "A-B", 0, "cancel_all", "halted")), "cancel_all refused: halted"),
        (
            execution_record(Canceled(5, 10**18, "A-B", 7, Side.BID, None, 1, 0, "unfilled")),
            "order 7 canceled, unfilled: bid 1 lot, 0 open",
        ),
        (
            execution_record(Accepted(5, 10**18, "A-B", 7, "new", Side.ASK, OrderType.MARKET, None, 0)),
            "order 7 accepted, new: ask market 0 lots",
        ),
        (
            market_record(MarketEvent("A-B", Trade(5, 10**18, 2, 1, Side.BID, OrderType.IOC, 0, 3))),
            "traded 3 lots at 0: bid ioc order 2 with order 1",
        ),
    ],
)
def test_the_rarer_words(record: dict[str, Any], words: str) -> None:
    assert line_of(record) == f"5  2001-09-09 01:46:40.000000  A-B  {words}"
    assert json.loads(json.dumps(record)) == record


def test_from_is_the_last_one_known(market: Market) -> None:
    trade_a_little(market)
    last = market.client.depth(symbol=market.symbol).sequence
    [line] = market.obctl("events", "--from", last - 1, "-n", 1).splitlines()
    assert line.startswith(f"{last}  ")
    ahead = market.obctl("events", "--from", last + 10**6, status=5)
    assert ahead.startswith("obctl events: sequence_gone: ")
    assert f"the last is {last}\n" in ahead, "and there is no number to go on from"


@contextmanager
def following(market: Market, *words: str, **pipes: Any) -> Iterator[subprocess.Popen[str]]:
    """Run `obctl events` while the block lasts."""
    with interruptible():
        process = subprocess.Popen(
            [*OBCTL, "events", *words],
            env=CLEAN | market.environment,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | pipes,
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line, which must come soon."""
    assert process.stdout
    assert select.select([process.stdout], [], [], SECONDS)[0]
    line = process.stdout.readline()
    assert line
    return line


def test_it_follows_line_by_line_until_ctrl_c(market: Market) -> None:
    market.credit(1)
    last = market.client.depth(symbol=market.symbol).sequence
    with following(market, "--from", str(last), "--json") as process:
        for order_id in (1, 2, 3):
            market.rest(1, order_id, Side.BID, 5, 5)
            assert json.loads(read_line(process))["order_id"] == order_id, "it came before the next one happened"
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest) == (130, "")
    assert errors.strip() == f"obctl events: interrupted; go on with --from {last + 3}"


def wait_for_followers(server: Server, count: int) -> None:
    """Wait until as many feeds are open, as the server's metrics tell."""
    page, name = f"http://{server.addresses['metrics']}/metrics", 'obctl_feed_subscribers{transport="grpc"}'
    deadline = time.monotonic() + SECONDS
    while True:
        with urllib.request.urlopen(page) as answer:
            if f"\n{name} {count:.1f}\n" in answer.read().decode():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_without_from_it_begins_with_what_comes_next(server: Server, market: Market) -> None:
    market.small_book()
    wait_for_followers(server, 0)
    with following(market, "-n", "1") as process:
        wait_for_followers(server, 1)
        market.rest(1, 100, Side.BID, 5, 6)
        assert read_line(process).endswith("order 100 rests: bid 6 lots at 5\n")
        assert process.wait(SECONDS) == 0


def test_ctrl_c_before_the_first_event_is_quiet(server: Server, market: Market) -> None:
    wait_for_followers(server, 0)
    with following(market) as process:
        wait_for_followers(server, 1)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output, errors.strip()) == (130, "", "")


def test_a_reader_that_goes_away(market: Market) -> None:
    trade_a_little(market)
    with following(market, "--from", "0") as process:
        read_line(process)
        assert process.stdout
        process.stdout.close()
        for order_id in range(1000, 1100):
            market.rest(1, order_id, Side.BID, 5, 5)
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait(SECONDS) == 141


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_leaves(number: signal.Signals) -> None:
    with serving(*FREE) as server, BlockingOrderBookClient.connect(server.addresses["grpc"]) as client:
        market = Market("BASE-QUOTE", server.addresses["grpc"], client)
        market.credit(1)
        market.rest(1, 1, Side.BID, 5, 5)
        with following(market, "--from", "0") as process:
            read_line(process)
            server.end(number)
            rest, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, rest) == (6, "")
        assert re.fullmatch(r"obctl events: events after 0 \(127\.0\.0\.1:\d+\): .+; go on with --from 1\n", errors)


@pytest.mark.parametrize("words", [[], ["--account", "1"]])
def test_events_that_are_no_longer_held(words: list[str]) -> None:
    with serving(*FREE, "--event-capacity", "1024") as server:
        with BlockingOrderBookClient.connect(server.addresses["grpc"]) as client:
            market = Market("BASE-QUOTE", server.addresses["grpc"], client)
            market.credit(1)
            for order_id in range(1, 1500):
                market.rest(1, order_id, Side.BID, 5, 5)
        result = client_command("events", "--from", 1, *words, **market.environment)
        assert (result.exit_code, result.stdout) == (5, "")
        assert re.fullmatch(
            r"obctl events: sequence_gone: .+ are no longer held(: the oldest is \d+)?\n", result.stderr
        )
        assert client_command("events", "--from", 1400, "-n", 1, *words, **market.environment).exit_code == 0


def test_a_reader_that_is_too_slow(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told so behind the last event that came, and where to go on."""
    follow = BlockingOrderBookClient.stream_events

    class Slow:
        def __init__(self, client: BlockingOrderBookClient, after: int) -> None:
            self.stream = follow(client, after)

        def __enter__(self) -> Iterator[MarketEvent]:
            for count, event in enumerate(self.stream):
                if count == 3:
                    self.stream.close()
                    raise ServerBusy("events: the feed is not read as fast as it grows")
                yield event

        def __exit__(self, *_: object) -> None:
            self.stream.close()

    monkeypatch.setattr(BlockingOrderBookClient, "stream_events", lambda client, after: Slow(client, after))
    market.small_book()
    last = market.client.depth(symbol=market.symbol).sequence
    result = client_command("events", "--from", last - 4, **market.environment)
    assert (result.exit_code, len(result.stdout.splitlines())) == (5, 3)
    assert result.stderr == (
        "obctl events: resource_exhausted: events: the feed is not read as fast as it grows; "
        f"go on with --from {last - 1}\n"
    )


def test_a_feed_that_just_ends(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    follow = BlockingOrderBookClient.stream_events
    monkeypatch.setattr(
        BlockingOrderBookClient, "stream_events", lambda client, after: follow(client, after, timeout_s=0.5)
    )
    assert market.obctl("events", status=6) == "obctl events: the server ended the feed\n"
