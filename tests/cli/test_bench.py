"""`obctl bench server`: every measurement for a moment, the parts that judge, and wrong command lines."""

import asyncio
import json
import re
import socket
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from obctl.bench import feeds, flow, processes, protocol, tcp, turns
from obctl.bench.server import MEASURES, within_reach
from obctl.commands.bench import MEASUREMENTS
from obctl.errors import BadInput
from orderbook import Exchange
from orderbook.batch import as_commands
from tests.replay.helpers import obctl

SUBCOMMAND = [sys.executable, "-m", "obctl", "bench", "server"]


@pytest.fixture(scope="module")
def measured() -> Any:
    """Return what all measurements find in a moment."""
    done = subprocess.run([*SUBCOMMAND, "--seconds", "0.1", "--json"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), "no progress bars without a terminal"
    return json.loads(done.stdout)


def test_all_is_measured_and_plausible(measured: dict[str, dict[str, float | None]]) -> None:
    assert tuple(measured) == MEASUREMENTS == tuple(MEASURES)
    for name, figures in measured.items():
        for figure, value in figures.items():
            if figure == "lost_events":
                assert value == 0, name
            elif sys.platform == "linux" or "cpu_" not in figure:
                assert isinstance(value, int | float), (name, figure)
                assert value > 0 or figure.startswith("server_cpu_percent") or figure.endswith("_and_subscriber")
    assert measured["protocol"]["refused_share"] < 0.01  # type: ignore[operator]
    assert measured["feed"]["delivered_events"] % feeds.SUBSCRIBERS == 0  # type: ignore[operator]
    round_trips = [measured["ping-pong"][f"round_trip_us_p{part}"] for part in ("50", "99", "99.9")]
    assert round_trips == sorted(round_trips)  # type: ignore[type-var]


def test_help_names_every_measurement_and_key(measured: dict[str, dict[str, float]]) -> None:
    text = obctl("bench", "server", "--help").stdout
    for name, figures in measured.items():
        assert re.search(rf"^ +{name}  ", text, re.MULTILINE)
        for figure in figures:
            figure = re.sub("_(?:1|64)$", "_N", figure)
            figure = re.sub("_(?:records|messages)$", "_F", figure)
            assert re.search(rf"(?<!\w){re.escape(figure)}(?!\w)", text), figure


def test_help_fits_a_terminal_of_80_columns() -> None:
    from click.testing import CliRunner

    from obctl.main import main

    shown = CliRunner().invoke(main, ["bench", "server", "--help"], prog_name="obctl", terminal_width=80).stdout
    assert "Examples:\n" in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_a_table_for_people() -> None:
    shown = obctl("bench", "server", "--only", "protocol", "--seconds", "0.05").stdout.splitlines()
    assert re.fullmatch(r"measurement +figure +value", shown[0])
    assert re.fullmatch(r"protocol +commands per second +[\d,]+", shown[1])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--only everything", "'everything' is not one of"),
        ("--seconds 0", "not in the range"),
        ("--seconds nan", "not a number"),
        ("--tcp nowhere", "must be HOST:PORT"),
        ("--tcp 127.0.0.1:1 --only socket --only grpc-trade", "grpc-trade cannot be measured without --grpc"),
        ("--grpc 127.0.0.1:1 --only feed", "feed cannot be measured without --tcp"),
    ],
)
def test_wrong_command_lines(words: str, complaint: str) -> None:
    result = obctl("bench", "server", *words.split())
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.split())


def test_a_server_that_runs_is_measured_where_it_can_be() -> None:
    assert within_reach(MEASUREMENTS, tcp=True, grpc=False) == ("protocol", "socket", "ping-pong", "feed")
    assert within_reach(MEASUREMENTS, tcp=False, grpc=True) == ("protocol", "grpc-unary", "grpc-trade", "grpc-feed")
    with processes.servers(None, None) as addresses:
        options = ("--tcp", str(addresses.tcp), "--only", "socket", "--seconds", "0.05", "--json")
        done = subprocess.run([*SUBCOMMAND, *options], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout)["socket"]
        assert figures["commands_per_second"] > 0
        assert figures["server_cpu_us_per_command"] is None
        assert book(str(addresses.tcp)) == "BOOKSNAP", "the book is left empty"


def book(address: str) -> str:
    """Return what a server shows of its book."""

    async def ask() -> bytes:
        async with feeds.connection(address, keeps=True) as client:
            return await client.ask(b"S\n")

    return asyncio.run(ask()).decode().strip()


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # so that the port is taken, and nobody listens
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        tcp = obctl("bench", "server", "--tcp", address, "--only", "socket")
        grpc = obctl("bench", "server", "--grpc", address, "--only", "grpc-unary")
    assert tcp.exit_code == 1
    assert re.fullmatch(rf"obctl bench server: cannot reach {re.escape(address)}: .+\n", tcp.stderr)
    assert grpc.exit_code == 1
    assert re.fullmatch(r"obctl bench server: a call failed: UNAVAILABLE: .+\n", grpc.stderr)


def test_a_process_that_does_not_start() -> None:
    refusing = processes.process("-c", "raise SystemExit('no room')")
    with refusing as child, pytest.raises(BadInput, match="did not start: no room"):
        processes.first_line(child, child.stdout)
    with processes.process("-c", "pass") as child, pytest.raises(BadInput, match="it said nothing"):
        processes.first_line(child, child.stderr)


def test_the_cycle_leaves_nothing_and_refuses_little() -> None:
    exchange = Exchange()
    for account in flow.ACCOUNTS:
        exchange.credit(account, "BASE", flow.PLENTY)
        exchange.credit(account, "QUOTE", 8 * flow.PLENTY)
    for _ in range(2):
        statuses = b"".join(bytes(exchange.process(as_commands(batch)).status) for batch in flow.records())
        assert len(statuses) == len(flow.commands()) == len(flow.lines())
        assert statuses.count(0) > 0.99 * len(statuses)
        assert exchange.market("BASE-QUOTE").order_book.depth() == ((), ())
    kinds = Counter(fields[0] for fields in flow.commands())
    assert kinds.keys() == {flow.NEW, flow.CANCEL, flow.CANCEL_ALL}
    assert kinds[flow.CANCEL_ALL] == len(flow.MIXES) * len(flow.ACCOUNTS)
    assert {len(batch) for batch in flow.records()} == {flow.BATCH * flow.RECORD.size}


def test_lines_and_records_are_the_same_commands() -> None:
    lines, engine = protocol.Lines(), protocol.Engine()
    for packet, batch in zip(flow.packets()[:60], flow.records()[:60], strict=True):
        lines.session.receive(packet)
        engine.exchange.process(as_commands(batch))
    shown = lines.session.receive(b"S\n")
    levels = [level for side in engine.exchange.market("BASE-QUOTE").order_book.depth() for level in side]
    assert re.findall(rb" [BA]:(\d+):(\d+)", shown) == [
        (b"%d" % level.price, b"%d" % level.total_quantity) for level in levels
    ]
    assert len(levels) > 1000


def test_contestants_take_turns() -> None:
    log: list[str] = []

    def contestant(name: str, per_second: float) -> turns.Turn:
        def turn(seconds: float) -> turns.Reached:
            log.append(name)
            return turns.Reached(per_second * len(log), None)

        return turn

    parts: list[float] = []
    reached = turns.in_turns({"a": contestant("a", 1), "b": contestant("b", 1)}, 1.0, parts.append)
    assert {name: len(rounds) for name, rounds in reached.items()} == {"a": 5, "b": 5}, "the first does not count"
    assert log == ["a", "b", "b", "a"] * 3
    assert parts[-1] == 1.0
    assert turns.ratio(reached["a"], reached["a"]) == 1.0
    assert turns.cpu_us(reached["a"]) is None


def test_percentiles() -> None:
    ordered = list(range(1, 1001))
    assert [turns.percentile(ordered, part) for part in (0.5, 0.99, 0.999)] == [501, 991, 1000]
    assert turns.percentile([7], 0.999) == 7


def reader(*numbers: int, keeps: bool = False) -> feeds.Client:
    client = feeds.Client(keeps=keeps)
    for number in numbers:
        client.data_received(b"EVENT %d TRADE 1 2 B LIMIT 100 5\n" % number)
    return client


def test_lost_events_are_noticed() -> None:
    whole = reader(5, 6, 7, keeps=True)
    assert feeds.lost(whole, whole, 4, 7) == 0
    assert feeds.lost(reader(5, 6, 7), whole, 4, 7) == 0
    assert feeds.lost(reader(5, 7), whole, 4, 7) == 1
    assert feeds.lost(reader(5, 6, 6), whole, 4, 7) == 1, "as many as there should be, but others"
    for numbers in ((5, 7), (5, 7, 6), (5, 6, 7, 8), (6, 7)):
        looked_at = reader(*numbers, keeps=True)
        assert feeds.lost(looked_at, looked_at, 4, 7) > 0
        assert feeds.lost(reader(*numbers), looked_at, 4, 7) > 0, "equal to one that is wrong"


def test_the_window_is_kept() -> None:
    """A client never has more lines without an answer than it may."""
    with processes.servers(None, None) as addresses, tcp.LineClient(addresses.raw_echo, exchange=False) as client:
        under_way, most = 0, 0
        send, receive = client.send, client.receive

        def counted_send() -> int:
            nonlocal under_way, most
            under_way += (sent := send())
            most = max(most, under_way)
            return sent

        def counted_receive() -> int:
            nonlocal under_way
            under_way -= (received := receive())
            return received

        client.send, client.receive = counted_send, counted_receive  # type: ignore[method-assign]
        assert client.pipelined(0.02).per_second > 0
        assert tcp.WINDOW - tcp.CHUNK < most <= tcp.WINDOW
        assert under_way == 0
