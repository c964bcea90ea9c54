"""`obctl demo` as a process: what it says while it runs and in the end, and how it fails."""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .serve_process import CLEAN, FREE, OBCTL, SECONDS, run

ROWS, COLUMNS = 24, 80
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
CLOCK = r"\d\d:\d\d:\d\d"
LEVEL = r"(?:[\d,]+ at [\d,]+|none)"
LINE = re.compile(
    rf"{CLOCK}  bid {LEVEL}  ask {LEVEL}  last {LEVEL}  trades ([\d,]+)"
    r"  market-maker [+-]?[\d,]+  twap [+-]?[\d,]+  passive-buyer [+-]?[\d,]+  noise [+-]?[\d,]+\n"
)


def free_address() -> str:
    """Return an address of loopback that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    """Start a demo whose output is no terminal."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*OBCTL, "demo", *words], env=CLEAN | environment, **pipes)


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    """Run a demo of four seconds; return its summary."""
    done = run("demo", "--seconds", "4", *FREE, "--json", "--seed", "5")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_agents_trade(summary: dict[str, Any]) -> None:
    agents = {agent["name"]: agent for agent in summary["agents"]}
    assert [(name, agent["account"]) for name, agent in agents.items()] == [
        ("market-maker", 1),
        ("twap", 2),
        ("passive-buyer", 3),
    ]
    for agent in agents.values():
        assert agent["orders"] > 0
        assert agent["fills"] > 0
    assert agents["twap"]["inventory"] < 0 < agents["passive-buyer"]["inventory"]
    assert [trader["account"] for trader in summary["noise"]] == [101, 102, 103, 104]
    assert summary["seed"] == 5
    assert 3.9 < summary["seconds"] < 10


def test_what_is_bought_is_sold(summary: dict[str, Any]) -> None:
    traders = [*summary["agents"], *summary["noise"]]
    assert sum(trader["inventory"] for trader in traders) == 0
    assert sum(trader["cash"] for trader in traders) == 0
    assert sum(trader["profit"] for trader in traders) == pytest.approx(0, abs=1e-3)
    assert sum(trader["fills"] for trader in traders) == 2 * summary["trades"], "each trade is two fills"


def test_agents_know_what_the_exchange_knows(summary: dict[str, Any]) -> None:
    """The figures are what the strategies heard over gRPC, all else what the exchange has written down."""
    maker, twap, buyer = summary["agents"]
    assert (maker["figures"]["inventory_lots"], maker["figures"]["cash"]) == (maker["inventory"], maker["cash"])
    assert twap["figures"]["filled_lots"] == -twap["inventory"]
    assert (buyer["figures"]["bought_lots"], -buyer["figures"]["spent"]) == (buyer["inventory"], buyer["cash"])


def test_the_summary_of_the_market(summary: dict[str, Any]) -> None:
    assert summary["book_check"]["equal"] is True
    assert summary["book_check"]["orders"] > 0
    assert summary["book_check"]["sequence"] <= summary["events"]
    assert summary["spread"] == summary["best_ask"]["price"] - summary["best_bid"]["price"] > 0
    assert summary["vwap"] == pytest.approx(summary["notional"] / summary["volume"])
    assert abs(summary["vwap"] - 100_000) < 50
    assert list(summary["addresses"]) == ["tcp", "grpc", "http", "metrics"]


def test_the_reports_of_the_twap(summary: dict[str, Any]) -> None:
    first = summary["twap_reports"][0]
    assert (first["cycle"], first["side"], first["total_lots"], first["is_cut_short"]) == (1, "ask", 60, False)
    assert first["arrival_price_ticks"] == pytest.approx(100_000, abs=50), "there were prices when it began"
    assert first["market_is_complete"] is True
    assert sum(report["filled_lots"] for report in summary["twap_reports"]) == -summary["agents"][1]["inventory"]


def test_lines_and_addresses_while_it_runs() -> None:
    """Without a terminal there is a line a second; the addresses answer; SIGINT ends it well."""
    process = start(*FREE)
    assert process.stdout
    assert process.stderr
    try:
        hints = process.stdout.readline()
        found = re.fullmatch(
            r"try  (http://\S+/)   nc (127\.0\.0\.1) (\d+)   obctl book --endpoint (127\.0\.0\.1:\d+)   "
            r"(http://\S+/metrics)\n",
            hints,
        )
        assert found, hints
        trades = 0
        while trades < 5:
            line = process.stdout.readline()
            matched = LINE.fullmatch(line)
            assert matched, line
            trades = int(matched[1].replace(",", ""))
        with socket.create_connection((found[2], int(found[3])), SECONDS) as connection:
            connection.sendall(b"B 1\n")
            assert re.fullmatch(r"BAL 1( \d+){4}\n", connection.makefile().readline())
        with urllib.request.urlopen(found[5], timeout=SECONDS) as answer:
            figures = answer.read().decode()
        count = re.search(
            r'^matching_trades_executed_total\{instrument="BASE-QUOTE"\} ([\d.]+)$', figures, re.MULTILINE
        )
        assert count, figures
        assert float(count[1]) >= trades
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, "")
    assert re.search(r"^market-maker +\d+ +\d+ +\d+", rest, re.MULTILINE)
    assert re.search(r"^twap cycle 1", rest, re.MULTILINE)
    assert "\x1b" not in hints + rest


class Terminal:
    """A demo on a terminal of its own. shown: what it has written there."""

    def __init__(self, *words: str, **environment: str) -> None:
        self._terminal, self._other_end = pty.openpty()
        fcntl.ioctl(self._other_end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(self._other_end)
        ends: dict[str, Any] = {"stdin": self._other_end, "stdout": self._other_end, "stderr": self._other_end}
        env = {name: value for name, value in CLEAN.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        env |= {"TERM": "xterm-256color"} | environment
        self.process = subprocess.Popen([*OBCTL, "demo", *words], env=env, **ends)
        self.shown = b""
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while got := os.read(self._terminal, 65536):
            with self._news:
                self.shown += got
                self._news.notify()
            if got.endswith(b"\0"):
                return

    def wait_for(self, pattern: bytes) -> None:
        """Wait until something is shown."""
        with self._news:
            assert self._news.wait_for(lambda: re.search(pattern, self.shown), SECONDS), self.shown

    def end(self) -> int:
        """Press Ctrl-C, wait for the end; return the status."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(SECONDS)
        self.after = termios.tcgetattr(self._other_end)
        self.close()
        return status

    def close(self) -> None:
        """Let go of the terminal."""
        if self._reader.is_alive():
            self.process.kill()
            self.process.wait(SECONDS)
            os.write(self._other_end, b"\0")  # what the reader ends at
            self._reader.join(SECONDS)
            os.close(self._terminal)
            os.close(self._other_end)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Return a list; the demos in it are ended."""
    started: list[Terminal] = []
    yield started
    for each in started:
        each.close()


def test_a_terminal_shows_the_ladder_and_is_given_back(terminals: list[Terminal]) -> None:
    coloured, plain = Terminal(*FREE), Terminal(*FREE, NO_COLOR="1")
    terminals += [coloured, plain]
    for each in terminals:
        each.wait_for(rb"passive-buyer[^\n]* \+\d")
        frame = ESCAPE.sub("", each.shown.decode(errors="replace"))
        assert re.search(r"│ +100,0\d\d +\d+ █*[▏▎▍▌▋▊▉█] ", frame), frame
        assert re.search(r"│ +spread \d+ ", frame), frame
        assert re.search(rf"│ {CLOCK}  (buy |sell) +\d+ +[19]\d+,\d\d\d │", frame), frame
        assert each.end() == 0
        assert each.after == each.before
        view, _, behind = each.shown.partition(b"\x1b[?1049l")
        assert view.startswith(b"\x1b[?1049h"), "the view is on a screen of its own"
        assert view.count(b"\x1b[?25l") == each.shown.count(b"\x1b[?25h") == 1, "the cursor is there again"
        assert re.match(rb"ran +0:\d\d, ", behind)
        assert b"\x1b" not in behind
    assert re.search(rb"\x1b\[32m", coloured.shown)
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", plain.shown)


def test_a_dumb_terminal_gets_lines(terminals: list[Terminal]) -> None:
    terminals.append(Terminal(*FREE, TERM="dumb"))
    terminals[0].wait_for(rb"\d  bid .*  trades ")
    assert terminals[0].end() == 0
    assert b"\x1b" not in terminals[0].shown


@pytest.mark.parametrize("listener", ["tcp", "grpc", "http", "metrics"])
def test_a_named_port_that_is_taken(listener: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("demo", "--seconds", "1", *FREE, f"--{listener}", address)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"obctl demo: {listener}: cannot listen on {address}: Address already in use\n"


# Runs `obctl demo` with something changed: the code stands before it, the command's words behind.
RUN = "\nfrom obctl.main import main; main(sys.argv[1:], prog_name='obctl')"


def changed(code: str, *words: str) -> subprocess.Popen[str]:
    """Start `obctl demo` after some code."""
    words = (sys.executable, "-c", "import sys\n" + code + RUN, "demo", *words)
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN)


def test_usual_ports_that_are_taken() -> None:
    """Others are taken in their place, and that is said; who asks for JSON has it on standard error."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = f"""
from dataclasses import fields
from orderbook_server.config import Address, Settings
usual = {{"tcp": {port}, "grpc": {port}, "http": 0, "metrics": 0}}
Settings.__init__.__kwdefaults__.update({{name: Address("127.0.0.1", port) for name, port in usual.items()}})
"""
        process = changed(code, "--seconds", "1", "--json")
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    addresses = json.loads(output)["addresses"]
    assert str(port) not in {address.rpartition(":")[2] for address in addresses.values()}
    assert sorted(errors.splitlines()) == [
        f"127.0.0.1:{port} is taken: {name} is at {addresses[name]}" for name in ("grpc", "tcp")
    ]


AGENT_FAILS = """
from agents.strategies import PassiveBuyer
def wanted_price(self, best): raise ZeroDivisionError("no price")
PassiveBuyer.wanted_price = wanted_price
"""
SERVER_STOPS = """
import asyncio
from obctl.demo.session import Session
whole = Session._begin
async def begin(self, crew):
    await whole(self, crew)
    asyncio.get_running_loop().create_task(self._server.stop())
Session._begin = begin
"""
SERVER_FAILS = """
import asyncio
from obctl.demo.session import Session
whole = Session._begin
async def begin(self, crew):
    await whole(self, crew)
    asyncio.get_running_loop().call_soon(lambda: 1 // 0)
Session._begin = begin
"""
FEED_ERRS = """
from agents.replica import BookReplica
from orderbook import BookAdded
whole = BookReplica.apply
def apply(self, event):
    if isinstance(event, BookAdded) and event.sequence > 20:
        event = BookAdded(event.sequence, event.timestamp, event.order_id, event.side, event.price, event.quantity + 1)
    whole(self, event)
BookReplica.apply = apply
"""
AGENT_MISSES_A_FILL = """
from obctl.demo.traders import Tally
whole = Tally.on_fill
Tally.on_fill = lambda self, fill: None if fill.is_maker else whole(self, fill)
"""


FOR_EVER = "1000"
FAILURES = {  # code, seconds that the demo is to run, status, last line
    "an agent fails": (AGENT_FAILS, FOR_EVER, 1, r"passive-buyer failed: ZeroDivisionError\('no price'\)"),
    "the server stops": (SERVER_STOPS, FOR_EVER, 6, r".* \(127\.0\.0\.1:\d+\).*"),
    "the server fails": (SERVER_FAILS, FOR_EVER, 1, r".*ZeroDivisionError.*"),
    "the feed errs": (FEED_ERRS, "1", 3, r"the book that the feed tells is not the engine's after event [\d,]+"),
    "an agent misses a fill": (AGENT_MISSES_A_FILL, "1", 3, r".* knows of fills, inventory, cash .*"),
}


@pytest.fixture(scope="module")
def failing() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start a demo for each failure, all at the same time: most of it is waiting."""
    processes = {name: changed(code, "--seconds", seconds, *FREE) for name, (code, seconds, _, _) in FAILURES.items()}
    yield processes
    for process in processes.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_ends_the_demo(name: str, failing: dict[str, subprocess.Popen[str]]) -> None:
    _, _, status, line = FAILURES[name]
    output, errors = failing[name].communicate(timeout=SECONDS)
    assert failing[name].returncode == status, errors
    assert re.fullmatch(f"obctl demo: {line}", errors.splitlines()[-1]), errors
    assert "market-maker  " not in output, "there is no summary"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seconds", "0"], "'--seconds'"),
        (["--noise", "-1"], "'--noise'"),
        (["--grpc", "none"], "obctl demo: --grpc: the agents need it\n"),
        (["--tcp", "9000"], "obctl demo: --tcp: '9000' must be HOST:PORT"),
        (
            ["--tcp", "0.0.0.0:0"],
            "obctl demo: tcp: 0.0.0.0:0 is not on loopback, and the demo asks nobody for a token\n",
        ),
    ],
)
def test_a_wrong_command_line(words: list[str], said: str) -> None:
    done = run("demo", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_neither_tcp_nor_metrics_nor_noise() -> None:
    words = ["--tcp", "none", "--http", "none", "--metrics", "none", "--noise", "0", "--grpc", "127.0.0.1:0"]
    done = run("demo", "--seconds", "1", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"try  obctl book --endpoint 127\.0\.0\.1:\d+\n", done.stdout)
    assert "noise" not in done.stdout


def test_a_reader_that_goes_away() -> None:
    """The agents leave, and the status is the one that other commands have for it."""
    process = start(*FREE)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith("try ")
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == ""
    assert process.wait(SECONDS) == 141


def test_the_makefile_runs_it() -> None:
    root = Path(__file__).parents[2]
    outside = {name: value for name, value in CLEAN.items() if not name.startswith("MAKE")}  # of a make that runs us
    for words, seconds in ((["SECONDS=7"], " --seconds 7"), ([], "")):
        done = subprocess.run(
            ["make", "--dry-run", "run", *words],
            cwd=root,
            env=outside | {"SECONDS": "9"},  # a name that shells use
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1].rstrip().endswith(f"-m obctl demo{seconds}")
