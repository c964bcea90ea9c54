"""docs/extending.md: its programs do what they are there to show. That the page shows them is for test_docs.py."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import obctl
from agents.requests import OwnFill, ReadOrders, Submit, WaitUntil
from obctl.flow import RowError
from obctl.flow.source import Source
from obctl.replay.matched import MatchReplay
from obctl.replay.recorder import Recorder
from orderbook import Exchange, InsufficientBase, OrderType, Side
from orderbook_server.sequencer.sequencer import Sequencer

EXAMPLES = Path(__file__).parent.parent / "examples" / "extending"
TREE = str(Path(obctl.__file__).parent.parent)


def environment():
    """Return an environment in which Python finds the tree under test, and no sanitizer is loaded into compilers."""
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"} | {"PYTHONPATH": TREE}


def import_file(path):
    """Import a module, compiled or not, from a file."""
    spec = spec_from_file_location(path.name.partition(".")[0], path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_strategy_sells_part_by_part():
    command = [sys.executable, EXAMPLES / "iceberg.py"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=60)
    sold, parts, cash = (int(number) for number in re.findall(r"(?<!of )\b\d+", done.stdout))
    assert sold == 200
    assert parts == 20
    assert cash >= 200 * 1003
    assert done.stderr == ""


def test_the_strategy_lives_with_refusals():
    iceberg = import_file(EXAMPLES / "iceberg.py").Iceberg(price=100, quantity=5, shown=3)
    life = iceberg.live(0)
    assert next(life) == ReadOrders()
    assert life.send(()) == Submit(Side.ASK, OrderType.LIMIT, 100, 3)
    tick = life.throw(InsufficientBase())
    assert tick == WaitUntil(100_000_000)
    assert life.send(tick.time_ns) == ReadOrders()
    assert life.send(()) == Submit(Side.ASK, OrderType.LIMIT, 100, 3)
    life.send(None)
    life.send(200_000_000)
    iceberg.on_fill(OwnFill(1, Side.ASK, 100, 3, is_maker=True))
    assert life.send(()) == Submit(Side.ASK, OrderType.LIMIT, 100, 2)
    assert iceberg.figures() == {"left_lots": 2}


def test_the_transport_trades():
    command = [sys.executable, EXAMPLES / "json_transport.py"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert answers == [
        {"fills": [], "resting": True, "unfilled": 0},
        {"fills": [{"maker": 1, "price": 101, "quantity": 5}], "resting": False, "unfilled": 0},
        {"error": "insufficient_quote"},
    ]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"{", "JSONDecodeError"),
        (b"[]", "TypeError"),
        (b'{"side": "up"}', "KeyError"),
        (b'{"side": 1}', "AttributeError"),
        (b'{"side": "bid", "account": 1, "order": 1}', "KeyError"),
        (b'{"side": "bid", "account": 1, "order": 1, "quantity": 1.5, "price": 1}', "TypeError"),
        (b'{"side": "bid", "account": 1, "order": 1, "quantity": 18446744073709551616, "price": 1}', "OverflowError"),
    ],
)
def test_the_transport_tells_what_is_malformed(line, detail):
    gateway = import_file(EXAMPLES / "json_transport.py").JsonGateway(Sequencer(Exchange()), None)
    answer = gateway.answer(line)
    assert answer["error"] == "malformed"
    assert answer["detail"].startswith(detail)


@pytest.fixture(scope="module")
def pipe_reader(tmp_path_factory):
    """Build the reader in a temporary folder and import it."""
    folder = tmp_path_factory.mktemp("pipe_reader")
    for name in ("pipe_reader.pyx", "setup.py"):
        shutil.copy(EXAMPLES / name, folder)
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return import_file(next(path for path in folder.iterdir() if path.suffix in (".so", ".pyd")))


def replay(module, path):
    """Replay a file; return the replay and what was wrong with its rows."""
    replay, errors = MatchReplay(Recorder(trades=True)), []
    with module.PipeReader(Source(path)) as reader:
        replay.begin_file(reader.name)
        while True:
            try:
                if not replay.feed(reader, 2):
                    return replay, errors
            except RowError as error:
                errors.append(str(error).removeprefix(str(path)))


def test_the_reader_s_rows_are_replayed(pipe_reader, tmp_path):
    path = tmp_path / "orders.txt"
    path.write_text("1|+|1|B|100|5\n2|+|2|S|100|3\n3|+|3|S|102|4\n4|-|1|B|0|0\n")
    done, errors = replay(pipe_reader, path)
    assert errors == []
    assert (done.commands, done.accepted, done.recorder.trade_count, done.recorder.volume) == (4, 4, 1, 3)
    assert done.book.best_ask() == (102, 4)
    assert done.book.best_bid() is None


def test_the_reader_tells_where_a_file_is_wrong(pipe_reader, tmp_path):
    path = tmp_path / "orders.txt"
    path.write_text("1|+|1|B|100|5\n2|x|2|S|100|3\n3|+|3|S|102\n4|+|4|S|1e3|1\n5|+|5|S|200|18446744073709551616\n")
    done, errors = replay(pipe_reader, path)
    assert errors == [
        ":2: action: 'x' is none of +, -",
        ":3: 5 fields, not 6",
        ":4: price: '1e3' is no number from 0 to 2^64-1",
        ":5: quantity: '18446744073709551616' is no number from 0 to 2^64-1",
    ]
    assert done.accepted == 1


@pytest.mark.parametrize("levels", [1, 100])
def test_the_benchmark_measures_what_it_says(levels):
    module = import_file(EXAMPLES / "depth_benchmark.py")
    benchmark = module.Depth()
    benchmark.setup(levels)
    assert levels in benchmark.params
    bids, asks = benchmark.engine.order_book.depth(levels)
    assert (len(bids), len(asks)) == (levels, levels)
    assert len(benchmark.engine.order_book) == 2 * module.LEVELS
    benchmark.time_depth(levels)
