"""What `obctl watch --replay` and `obctl journal replay --watch` understand, and what they refuse."""

import gzip
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from obctl.commands import watch as watch_command
from obctl.errors import BadConfiguration
from obctl.watch import keyboard, run
from obctl.watch.source import Source
from obctl.watch.sources.file import FileSource
from obctl.watch.sources.journal import JournalSource

from ..cli.journals import told
from ..cli.test_main import examples
from ..replay.helpers import obctl
from ..replay.lobster_maker import Lobster
from .played import files, plan
from .test_file_source import flow

SECONDS = 60  # that a process may take
ROOT = Path(__file__).parents[2]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Have a terminal, as far as the commands know; return the sources that they would show on it."""
    sources: list[Source] = []

    def show(make_source: Callable[[], Source]) -> None:
        sources.append(make_source())

    for module in (watch_command, run):
        monkeypatch.setattr(module, "need_terminal", lambda: None)
        monkeypatch.setattr(module, "show", show)
    return sources


def refused(*words: object) -> Result:
    """Run a command that is not understood; return what it says."""
    result = obctl(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    return result


@pytest.mark.parametrize(
    ("text", "speed"),
    [("10x", 10), ("10", 10), ("0.5x", 0.5), ("0.001×", 0.001), ("10000X", 10_000), ("max", inf), ("MAX", inf)],
)
def test_speeds(shown: list[Any], text: str, speed: float) -> None:
    assert obctl("watch", "--replay", "orders.csv", "--speed", text).exit_code == 0
    assert shown[0].controls.speed == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "10001x", "0.0009x", "inf", "nan", "x", "", "1xx"])
def test_what_is_no_speed(shown: list[Any], text: str) -> None:
    result = refused("watch", "--replay", "orders.csv", f"--speed={text}")
    assert "is no speed: 0.001x to 10000x, or max" in result.stderr
    assert shown == []


def test_a_file_as_it_is(shown: list[Any]) -> None:
    assert obctl("watch", "--replay", "orders.csv").exit_code == 0
    [source] = shown
    assert isinstance(source, FileSource)
    assert (source._plan, source.controls.speed, source.title) == (plan("orders.csv"), 1, "orders.csv")


def test_files_one_after_the_other(shown: list[Any]) -> None:
    assert obctl("watch", "--replay", "a.csv", "b.csv", "--replay", "c.csv").exit_code == 0
    assert shown[0]._plan == plan("a.csv", "c.csv", "b.csv")


def test_how_a_file_is_read(shown: list[Any]) -> None:
    words = ["--format", "csv", "--mode", "book", "--tick-size", "0.01", "--lot-size", "0.1", "--time-unit", "ms"]
    words += ["--symbol", "AAA", "--on-error", "skip"]
    assert obctl("watch", "--replay", "orders.csv", *words).exit_code == 0
    options = {"format": "csv", "mode": "book", "tick_size": Decimal("0.01"), "lot_size": Decimal("0.1")}
    options |= {"time_unit": "ms", "symbol": "AAA", "on_error": "skip"}
    assert shown[0]._plan == plan("orders.csv", **options)


def test_the_order_book_file_of_a_message_file(shown: list[Any]) -> None:
    assert obctl("watch", "--replay", "m.csv", "--seed-book", "b.csv").exit_code == 0
    assert shown[0]._plan.books_for(0) == ("b.csv", None)


def test_a_symbol_of_the_environment_is_none_of_a_file(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which instrument of a server is meant."""
    monkeypatch.setenv("SYMBOL", "BTC-USD")
    monkeypatch.setenv("OBCTL_ENDPOINT", "127.0.0.1:1")
    assert obctl("watch", "--replay", "orders.csv").exit_code == 0
    assert shown[0]._plan.symbol is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--speed", "2x"], "--speed is for --replay."),
        (["--tick-size", "0.01"], "--tick-size is for --replay."),
        (["orders.csv"], "Give --replay to watch orders.csv."),
        (["--replay", "a.csv", "--endpoint", "x:1"], "--endpoint is for a server, and --replay needs none."),
        (["--replay", "a.csv", "--tick-size", "0"], "'0' is not a decimal number above 0."),
    ],
)
def test_what_does_not_go_together(shown: list[Any], words: list[str], message: str) -> None:
    assert message in refused("watch", *words).stderr
    assert shown == []


def test_a_journal(shown: list[Any], tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    assert obctl("journal", "replay", path, "--watch", "--speed", "5x", "--until", 3).exit_code == 0
    assert obctl("journal", "replay", path, "--watch", "--until-event", 2).exit_code == 0
    first, second = shown
    assert isinstance(first, JournalSource)
    assert (first._path, first.controls.speed, first._until, first._until_event) == (path, 5, 3, None)
    assert (second.controls.speed, second._until, second._until_event) == (1, None, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--speed", "2x"], "--speed is for --watch."),
        (["--watch", "--json"], "--json is not for --watch."),
        (["--watch", "--levels", 3], "--levels is not for --watch."),
        (["--watch", "--accounts", "none"], "--accounts is not for --watch."),
        (["--watch", "--until", 1, "--until-event", 1], "Give --until or --until-event, not both."),
    ],
)
def test_to_print_or_to_watch(shown: list[Any], tmp_path: Path, words: list[object], message: str) -> None:
    assert message in refused("journal", "replay", tmp_path, *words).stderr
    assert shown == []


@pytest.mark.parametrize("words", [["watch", "--replay", "orders.csv"], ["journal", "replay", "data", "--watch"]])
def test_without_a_terminal(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "this draws on a terminal" in refused(*words).stderr


def test_without_a_terminal_for_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "TERMINAL", "/nowhere/tty")
    assert "there is no terminal to take keys from: No such file" in refused("watch", "--replay", "-").stderr


def test_data_does_not_come_from_the_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", files("-"))
    monkeypatch.setattr(FileSource, "isatty", lambda source: True, raising=False)
    with pytest.raises(BadConfiguration, match="that is the terminal"):
        keyboard.take_keys_from_terminal()


EXAMPLES = [
    example for name in ("watch", "journal replay") for example in examples(name) if re.search("--(re|w)", example)
]


def test_there_are_examples_of_each() -> None:
    assert {example.split()[1] for example in EXAMPLES} == {"watch", "journal", "generate"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_in_a_terminal(example: str, tmp_path: Path) -> None:
    """A real process plays them to their end; keys come from the terminal, also where rows come from a pipe."""
    flow(tmp_path, 300).rename(tmp_path / "orders.csv")
    messages, book = Lobster(1, 10).run(100).save(tmp_path)
    (tmp_path / "AAPL_message_10.csv.gz").write_bytes(gzip.compress(messages.read_bytes()))
    book.rename(tmp_path / "AAPL_orderbook_10.csv")
    told(tmp_path / "orderbook-data")
    example = example.replace("--speed 0.001x", "--speed max")  # minutes, to be looked at
    assert played_in_a_terminal(example.replace("obctl ", f"'{sys.executable}' -m obctl "), tmp_path) == 0


def played_in_a_terminal(command: str, folder: Path) -> int:
    """Run a command in a terminal of its own, leave it with q once it has ended; return the exit status."""
    controller, terminal = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "40"}
    process = subprocess.Popen(
        ["sh", "-c", f"exec <>{os.ttyname(terminal)} >&0 2>&0; {command}"],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,  # its leader: the terminal that it opens is its own
    )
    try:
        read_until(controller, b"ended")
        os.write(controller, b"q")
        drain(controller, process)
        return int(process.returncode)
    finally:
        process.kill()
        process.wait(SECONDS)
        os.close(controller)
        os.close(terminal)


def read_until(descriptor: int, words: bytes) -> bytes:
    """Read until something was said; return all that was."""
    said = b""
    deadline = time.monotonic() + SECONDS
    while words not in said:
        assert select.select([descriptor], [], [], deadline - time.monotonic())[0], said
        said += os.read(descriptor, 1 << 16)
    return said


def drain(descriptor: int, process: "subprocess.Popen[bytes]") -> None:
    """Take what a process says, so that it never waits for that, until it is over."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None:
        assert time.monotonic() < deadline, "it goes on"
        if select.select([descriptor], [], [], 0.05)[0]:
            os.read(descriptor, 1 << 16)
