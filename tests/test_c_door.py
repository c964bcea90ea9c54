"""The C-level door: the extension of examples/c_door, built outside the tree, does what the Python API does.

Nothing of it is linked to the engine: it knows the installed .pxd files and finds the compiled modules at import.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy
import pytest

import orderbook
from obctl.flow import generate
from orderbook import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    MatchingEngine,
    OrderBook,
    OrderType,
    Rejection,
    RejectReason,
    RemoveReason,
    Side,
    Trade,
)

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "c_door"
COMMANDS = 120_000
EVENT_CAPACITY = 1 << 20
NO_PRICE = 128
RECORD = numpy.dtype(  # door.pyx's Record: a sequence number and a C event
    [
        *((name, "<u8") for name in ("sequence", "timestamp", "order_id", "maker_order_id", "price", "quantity")),
        ("instrument", "<u4"),
        *((name, "u1") for name in ("kind", "side", "order_type", "reason")),
    ]
)


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """Build the example in a temporary folder and import it."""
    folder = tmp_path_factory.mktemp("c_door")
    for name in ("door.pyx", "setup.py"):
        shutil.copy(EXAMPLE / name, folder)
    tree = str(Path(orderbook.__file__).parent.parent)
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"} | {"PYTHONPATH": tree}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = next(path for path in folder.iterdir() if path.suffix in (".so", ".pyd"))
    spec = spec_from_file_location("door", built)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_event(record):
    """Return the Python event that a C event stands for."""
    sequence, timestamp, order_id, maker, price, quantity, _, kind, side, order_type, reason = record
    side = Side(side)
    if kind == 1:
        return BookAdded(sequence, timestamp, order_id, side, price, quantity)
    if kind == 2:
        return BookUpdated(sequence, timestamp, order_id, side, price, quantity)
    if kind == 3:
        return BookRemoved(sequence, timestamp, order_id, side, price, quantity, RemoveReason(reason))
    if kind == 4:
        return Trade(sequence, timestamp, order_id, maker, side, OrderType(order_type), price, quantity)
    stated = None if reason & NO_PRICE else price
    reason = RejectReason(reason & ~NO_PRICE)
    return Rejection(sequence, timestamp, order_id, side, OrderType(order_type), stated, quantity, reason)


@pytest.fixture(scope="module", params=["balanced", "aggressive", "sparse", "cancels"])
def commands(request):
    """Return command records; every tenth is sent a second time, so that some are refused."""
    records = numpy.frombuffer(generate.commands(request.param, COMMANDS, seed=11), orderbook.COMMAND_DTYPE)
    assert set(records["kind"]) == {1, 2, 3}
    return numpy.repeat(records, numpy.where(numpy.arange(len(records)) % 10, 1, 2))


@pytest.fixture(scope="module")
def expected(commands):
    """Return an engine that Python has sent the commands to, and the result."""
    engine = MatchingEngine(event_capacity=EVENT_CAPACITY)
    result = engine.process(commands)
    assert 0 < numpy.count_nonzero(result.status) < len(commands)
    return engine, result


def test_fills_and_book_are_those_of_the_python_api(door, commands, expected):
    python, result = expected
    engine = MatchingEngine()
    accepted, fills = door.run(engine, commands.view("u1"))
    assert accepted == numpy.count_nonzero(numpy.asarray(result.status) == 0)
    assert len(result.fills) > 1000
    assert fills == numpy.asarray(result.fills).tobytes()
    assert engine.state_hash() == python.state_hash()
    engine.check()


def test_the_sink_gets_every_event_as_the_log_has_it(door, commands, expected):
    python, result = expected
    engine = MatchingEngine(event_capacity=0)
    tape = door.Tape(EVENT_CAPACITY)
    accepted, fills = door.run(engine, commands.view("u1"), tape)
    events = [as_event(record) for record in numpy.frombuffer(tape.tobytes(), RECORD).tolist()]
    assert events == python.events()
    assert tape.volume == sum(numpy.asarray(result.fills)["quantity"].tolist())
    assert accepted == numpy.count_nonzero(numpy.asarray(result.status) == 0)
    assert fills == b""
    assert engine.last_sequence == python.last_sequence == len(tape)
    assert engine.state_hash() == python.state_hash()


def test_the_engine_goes_on_from_python(door, commands):
    """What the door set for its own purposes is set back: time, command number, buffer, sink."""
    engine = MatchingEngine()
    tape = door.Tape(0)
    door.run(engine, commands[:1000].view("u1"), tape)
    seen = len(tape)
    ask = engine.order_book.best_order(Side.ASK)
    (fill,) = engine.submit_market(2**64 - 1, Side.BID, 1).fills
    assert (fill.maker_id, fill.price, fill.quantity) == (ask.id, ask.price, 1)
    assert engine.events(engine.last_sequence - 1)[0].timestamp == 0
    assert len(tape) == seen


def test_a_book_is_loaded_without_an_engine(door, commands):
    new = commands[commands["kind"] == 1]
    book, python = OrderBook(allow_crossed=True), OrderBook(allow_crossed=True)
    added = door.load(book, new.view("u1"))
    for order_id, side, price, quantity in new[["order_id", "side", "price", "quantity"]].tolist():
        if order_id not in python:
            python.add_order(order_id, side, price, quantity)
    assert added == len(python) > 10_000
    assert book.state_hash() == python.state_hash()
    book.check()


def test_the_place_in_a_queue(door):
    book = OrderBook()
    for order_id, quantity in ((1, 5), (2, 7), (3, 11)):
        book.add_order(order_id, Side.BID, 100, quantity)
    assert [door.lots_ahead(book, order_id) for order_id in (1, 2, 3, 4)] == [0, 5, 12, None]


def test_an_engine_s_book_is_not_loaded_behind_its_back(door, commands):
    engine = MatchingEngine()
    with pytest.raises(RuntimeError):
        door.load(engine.order_book, commands.view("u1"))
    assert len(engine.order_book) == 0
