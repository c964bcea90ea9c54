"""Batches: the layouts, what is refused whole, statuses, and that a batch is its commands one by one."""

import ctypes
import gc
import mmap
import sys
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import orderbook
from orderbook import BookAdded, BookRemoved, BookUpdated, Rejection, RejectReason, RemoveReason, Trade

from .helpers import (
    ASK,
    BID,
    FOK,
    IOC,
    LIMIT,
    MARKET,
    POST_ONLY,
    TOP,
    Command,
    Kind,
    cancel,
    lists,
    modify,
    new,
    one_by_one,
    packed,
    process,
    trace,
)
from .strategies import batches, timestamps

COMMANDS = [new(1, ASK, LIMIT, 100, 5), new(2, BID, LIMIT, 101, 7), modify(2, 1), cancel(2)]
EXPECTED = ([0, 0, 0, 0], [0, 0, 0, 1], [(1, 2, 1, 100, 5)])


class CommandStruct(ctypes.LittleEndianStructure):
    """COMMAND as ctypes has it."""

    _fields_ = (
        *((name, ctypes.c_uint8) for name in ("kind", "side", "order_type", "flags")),
        ("instrument", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("account_id", "order_id", "price", "quantity", "timestamp")),
    )


def as_numpy(commands):
    return numpy.array([tuple(command) for command in commands], dtype=orderbook.COMMAND_DTYPE)


def as_ctypes(commands):
    return (CommandStruct * len(commands))(*commands)


def readonly(commands):
    records = as_numpy(commands)
    records.flags.writeable = False
    return records


INPUTS = {
    "numpy": as_numpy,
    "read-only": readonly,
    "ctypes": as_ctypes,
    "memoryview": lambda commands: memoryview(as_numpy(commands)),
    "as_commands of bytes": lambda commands: orderbook.as_commands(packed(commands)),
    "as_commands of a bytearray": lambda commands: orderbook.as_commands(bytearray(packed(commands))),
    "as_commands of a memoryview": lambda commands: orderbook.as_commands(memoryview(packed(commands))),
}


def test_the_layouts():
    command, fill = numpy.dtype(orderbook.COMMAND_DTYPE), numpy.dtype(orderbook.FILL_DTYPE)
    assert command.itemsize == ctypes.sizeof(CommandStruct) == 48
    for name, _ in CommandStruct._fields_:
        field = getattr(CommandStruct, name)
        assert command.fields[name] == (numpy.dtype(f"<u{field.size}"), field.offset)
    assert command.names == tuple(name for name, _ in CommandStruct._fields_)
    assert fill.itemsize == 40
    assert fill.names == ("command", "taker_order_id", "maker_order_id", "price", "quantity")
    assert {fill[name] for name in fill.names} == {numpy.dtype("<u8")}


@pytest.mark.parametrize("form", INPUTS.values(), ids=INPUTS)
def test_inputs(engine, form):
    assert lists(engine.process(form(COMMANDS))) == EXPECTED


@pytest.mark.parametrize("form", INPUTS.values(), ids=INPUTS)
def test_nothing_to_do(engine, form):
    assert lists(engine.process(form([]))) == ([], [], [])


def test_results_are_buffers():
    """The compiled engine hands out what numpy reads without a copy."""
    result = orderbook.MatchingEngine().process(as_numpy(COMMANDS))
    for values, dtype, length in [
        (result.status, "u1", 4),
        (result.unfilled, "<u8", 4),
        (result.fills, orderbook.FILL_DTYPE, 1),
    ]:
        first, second = numpy.asarray(values), numpy.asarray(values)
        assert first.dtype == numpy.dtype(dtype)
        assert first.shape == (length,)
        assert numpy.shares_memory(first, second)
    assert numpy.asarray(result.fills)["maker_order_id"].tolist() == [1]


def test_results_outlive_what_made_them():
    engine = orderbook.MatchingEngine()
    result = engine.process(as_numpy(COMMANDS))
    fills = numpy.asarray(result.fills)
    del result, engine
    orderbook.MatchingEngine().process(as_numpy(COMMANDS * 100))
    assert fills.tolist() == EXPECTED[2]


def test_results_do_not_share_their_memory():
    """However an engine reuses its buffers: a result that somebody holds keeps what it says."""
    engine = orderbook.MatchingEngine()
    held, expected = [], []
    for quantity in range(1, 20):
        ask = new(1, ASK, LIMIT, quantity, quantity)
        result = engine.process(as_numpy([ask, new(2, BID, MARKET, None, quantity + 1)] * (1 + quantity % 3)))
        if quantity % 2:  # every second one is let go
            held.append((result.status, numpy.asarray(result.unfilled), numpy.asarray(result.fills)))
            expected.append(lists(result))
        del result
    for (status, unfilled, fills), answer in zip(held, expected, strict=True):
        assert (numpy.asarray(status).tolist(), unfilled.tolist(), fills.tolist()) == answer
    assert [answer[2][0] for answer in expected] == [(1, 2, 1, lots, lots) for lots in range(1, 20, 2)]


def resident_bytes():
    """Return the memory that this process takes now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory is taken")
def test_a_result_that_the_collector_finds_gives_its_memory_back():
    """A result in a reference cycle is cleared by the collector before it is deallocated."""
    commands = orderbook.as_commands(bytes(48 * 200_000))
    engine = orderbook.MatchingEngine()
    engine.process(commands)
    before = resident_bytes()
    for _ in range(40):
        cycle = [engine.process(commands)]
        cycle.append(cycle)
        del cycle
        gc.collect()
    assert resident_bytes() - before < 20 << 20  # 40 results of 1.8 MB each


def other_dtype(**formats):
    """Return COMMAND's dtype with other formats of some fields."""
    dtype = numpy.dtype(orderbook.COMMAND_DTYPE)
    names = dtype.names
    return numpy.dtype({"names": names, "formats": [formats.get(name, dtype[name].str) for name in names]})


WRONG_LAYOUTS = {
    "bytes": packed(COMMANDS),
    "bytearray": bytearray(packed(COMMANDS)),
    "48-byte strings": numpy.zeros(2, dtype="S48"),
    "48-byte voids": numpy.zeros(2, dtype="V48"),
    "uint64": numpy.zeros(12, dtype="u8"),
    "rows of six uint64": numpy.zeros((2, 6), dtype="u8"),
    "two dimensions": numpy.zeros((2, 2), dtype=orderbook.COMMAND_DTYPE),
    "no dimension": numpy.zeros((), dtype=orderbook.COMMAND_DTYPE),
    "every second": numpy.zeros(4, dtype=orderbook.COMMAND_DTYPE)[::2],
    "backwards": numpy.zeros(4, dtype=orderbook.COMMAND_DTYPE)[::-1],
    "every second, as a memoryview": memoryview(numpy.zeros(4, dtype=orderbook.COMMAND_DTYPE))[::2],
    "fills": numpy.zeros(6, dtype=orderbook.FILL_DTYPE),
    "signed price": numpy.zeros(2, dtype=other_dtype(price="<i8")),
    "float price": numpy.zeros(2, dtype=other_dtype(price="<f8")),
    "big-endian price": numpy.zeros(2, dtype=other_dtype(price=">u8")),
    "narrow quantity": numpy.zeros(2, dtype=other_dtype(quantity="<u4")),
    "swapped names": as_numpy(COMMANDS).view(
        numpy.dtype(
            {
                "names": [{"price": "quantity", "quantity": "price"}.get(name, name) for name in other_dtype().names],
                "formats": [other_dtype()[name] for name in other_dtype().names],
            }
        )
    ),
}


@pytest.mark.parametrize("commands", WRONG_LAYOUTS.values(), ids=WRONG_LAYOUTS)
def test_a_wrong_layout_is_refused_whole(engine, commands):
    engine.submit_limit(7, BID, 100, 5)
    before = trace(engine)
    with pytest.raises(ValueError, match=r"command|contiguous"):
        engine.process(commands)
    assert trace(engine) == before


@pytest.mark.parametrize("commands", [None, 1, "text", [], COMMANDS, object()])
def test_what_is_no_buffer_is_refused(engine, commands):
    with pytest.raises(TypeError):
        engine.process(commands)
    assert engine.last_sequence == 0


@pytest.mark.parametrize("size", [1, 47, 49, 95])
def test_as_commands_takes_whole_records(size):
    with pytest.raises(ValueError, match="48"):
        orderbook.as_commands(bytes(size))


@pytest.mark.parametrize("data", [None, 48, "x" * 48, [0] * 48])
def test_as_commands_takes_bytes(data):
    with pytest.raises(TypeError):
        orderbook.as_commands(data)


def test_as_commands_is_a_view(engine):
    """Bytes changed after the call are the commands that are run."""
    data = bytearray(packed([new(1, BID, LIMIT, 100, 5)]))
    commands = orderbook.as_commands(data)
    data[32:40] = (77).to_bytes(8, "little")
    engine.process(commands)
    assert engine.order_book.order(1).quantity == 77


STATUSES = [
    (new(1, BID, LIMIT, 99, 5), 0, 0),
    (new(1, BID, LIMIT, 99, 5), 1, 0),  # duplicate
    (cancel(404), 2, 0),
    (modify(404, 5), 2, 0),
    (new(2, BID, LIMIT, 99, 0), 3, 0),
    (modify(1, 0), 3, 0),
    (new(2, ASK, POST_ONLY, 99, 5), 4, 0),
    (new(2, BID, LIMIT, None, 5), 5, 0),
    (new(2, BID, LIMIT, 98, TOP), 10, 0),
    (modify(1, 6), 0, 0),
    (new(2, ASK, MARKET, None, 10), 0, 4),
    (new(2, ASK, MARKET, 5, 10), 0, 10),
    (new(2, ASK, FOK, 5, 10), 0, 10),
    (new(2, ASK, IOC, 5, 10), 0, 10),
    (new(3, ASK, LIMIT, 105, 9), 0, 0),
    (cancel(3), 0, 9),
    (Command(0), 11, 0),
    (Command(6), 11, 0),
    (Command(Kind.CREDIT, account_id=1, price=5, quantity=5), 11, 0),
    (Command(Kind.CANCEL_ALL, account_id=1), 11, 0),
    (new(4, 0, LIMIT, 100, 5), 11, 0),
    (new(4, 3, LIMIT, 100, 5), 11, 0),
    (new(4, BID, 0, 100, 5), 11, 0),
    (new(4, BID, 6, 100, 5), 11, 0),
    (new(4, BID, LIMIT, 100, 5, instrument=1), 11, 0),
    (cancel(4, flags=16), 11, 0),
    (new(4, BID, LIMIT, 100, 5, account_id=TOP), 0, 0),  # this engine does not look at accounts
    (new(5, ASK, FOK, 100, 5), 0, 0),
]


def test_a_refusal_is_a_status_and_the_rest_goes_on(engine):
    commands = [command for command, _, _ in STATUSES]
    status, unfilled, fills = process(engine, commands)
    assert list(zip(commands, status, unfilled, strict=True)) == STATUSES
    assert fills == [(10, 2, 1, 99, 6), (27, 5, 4, 100, 5)]
    engine.check()


def test_invalid_commands_are_no_events(engine):
    commands = [command for command, status, _ in STATUSES if status == 11]
    process(engine, commands)
    assert engine.last_sequence == 0


def test_side_and_type_belong_to_new_orders(engine):
    """A cancel or modify whose side and type are anything does what it says."""
    process(engine, [new(1, BID, LIMIT, 100, 5)])
    records = [modify(1, 4)._replace(side=9, order_type=9), cancel(1)._replace(side=9, order_type=9)]
    assert process(engine, records)[:2] == ([0, 0], [0, 4])


def test_a_price_counts_only_with_its_bit(engine):
    bid = new(1, BID, LIMIT, 100, 5)
    assert process(engine, [bid._replace(flags=0)])[0] == [5]
    assert process(engine, [bid, modify(1, 4)._replace(price=90)])[0] == [0, 0]
    assert engine.order_book.order(1).price == 100
    assert process(engine, [modify(1, 4, 0)])[0] == [0]
    assert engine.order_book.order(1).price == 0


def test_events_carry_their_commands_time(engine):
    commands = [
        new(1, ASK, LIMIT, 100, 5, timestamp=11),
        new(1, ASK, LIMIT, 100, 5, timestamp=12),
        new(2, BID, LIMIT, 100, 2, timestamp=TOP),
        modify(1, 1, timestamp=13),
        modify(1, 1, 101, timestamp=9),  # time is not the engine's: it may run backwards
        cancel(1),
    ]
    process(engine, commands)
    assert engine.events() == [
        BookAdded(1, 11, 1, ASK, 100, 5),
        Rejection(2, 12, 1, ASK, LIMIT, 100, 5, RejectReason.DUPLICATE),
        Trade(3, TOP, 2, 1, BID, LIMIT, 100, 2),
        BookUpdated(4, TOP, 1, ASK, 100, 3),
        BookUpdated(5, 13, 1, ASK, 100, 1),
        BookRemoved(6, 9, 1, ASK, 100, 1, RemoveReason.CANCELED),
        BookAdded(7, 9, 1, ASK, 101, 1),
        BookRemoved(8, 0, 1, ASK, 101, 1, RemoveReason.CANCELED),
    ]
    process(engine, [new(3, BID, LIMIT, 1, 1, timestamp=5)])
    engine.submit_limit(4, BID, 1, 1)
    assert [event.timestamp for event in engine.events(8)] == [5, 0]


def test_many_fills_of_one_command(engine):
    """The buffer of the fills grows as it must, and names the command of each."""
    makers = [new(order_id, ASK, LIMIT, 100 + order_id % 7, 1) for order_id in range(5000)]
    status, unfilled, fills = process(engine, [*makers, new(9999, BID, IOC, 200, 6000)])
    assert set(status) == {0}
    assert unfilled[-1] == 1000
    assert {fill[:2] for fill in fills} == {(5000, 9999)}
    by_price = sorted(range(5000), key=lambda order_id: (order_id % 7, order_id))
    assert [fill[2:] for fill in fills] == [(order_id, 100 + order_id % 7, 1) for order_id in by_price]


def without_time(events):
    return [(type(event), event.sequence, *tuple(event)[2:]) for event in events]


@given(commands=batches(), caps=st.sampled_from([{}, {"max_orders": 3}, {"max_levels": 2}]), data=st.data())
def test_a_batch_is_its_commands_one_by_one(commands, caps, data):
    """On both engines, cut into batches anywhere, with valid and invalid commands and any times."""
    cut = data.draw(st.integers(0, len(commands)))
    commands = [command._replace(timestamp=data.draw(timestamps)) for command in commands]
    singly = orderbook.MatchingEngine(orderbook.OrderBook(**caps))
    expected = [one_by_one(singly, commands[:cut]), one_by_one(singly, commands[cut:])]
    events = []
    for api in (orderbook, orderbook.reference):
        engine = api.MatchingEngine(api.OrderBook(**caps))
        assert [process(engine, commands[:cut]), process(engine, commands[cut:])] == expected
        assert engine.state_hash() == singly.state_hash()
        assert engine.order_book.snapshot() == singly.order_book.snapshot()
        assert without_time(engine.events()) == without_time(singly.events())
        engine.check()
        events.append(engine.events())
    assert events[0] == events[1]
