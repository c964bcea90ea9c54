"""Batches with accounts: all kinds, the flags, what is no command, and that a batch is its commands one by one."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import orderbook
import orderbook.reference
from orderbook import AccountSnapshot, BookAdded, BookRemoved, RemoveReason, Trade

from ..engine.helpers import (
    ASK,
    BID,
    FOK,
    IOC,
    LIMIT,
    MARKET,
    TOP,
    Command,
    Kind,
    cancel,
    modify,
    new,
    packed,
    process,
)
from ..engine.test_batches import WRONG_LAYOUTS, without_time
from .flow import flow
from .helpers import ALICE, BASE_EACH, BOB, QUOTE_EACH, STRANGER, available, credit, of, one_by_one, trace
from .strategies import batches, configurations

CANCEL_ALL = Command(Kind.CANCEL_ALL)

STATUSES = [  # record, status, unfilled; one after the other
    (credit(ALICE, 10, 1000), 0, 0),
    (credit(BOB, 10, 0), 0, 0),
    (credit(BOB, TOP, 0), 10, 0),
    (credit(STRANGER, 0, TOP), 10, 0),
    (of(STRANGER, new(1, BID, LIMIT, 1, 1)), 6, 0),
    (of(ALICE, new(1, BID, LIMIT, 100, 5)), 0, 0),
    (of(ALICE, new(1, BID, LIMIT, 100, 5)), 1, 0),
    (of(ALICE, new(2, BID, LIMIT, 100, 6)), 8, 0),
    (of(ALICE, new(2, ASK, LIMIT, 110, 11)), 7, 0),
    (of(ALICE, new(2, ASK, LIMIT, 110, 4)), 0, 0),
    (of(ALICE, new(3, BID, LIMIT, 1 << 32, 1 << 32)), 10, 0),
    (of(ALICE, new(3, BID, LIMIT, None, 1)), 5, 0),
    (of(BOB, cancel(1)), 9, 0),
    (of(BOB, modify(1, 2)), 9, 0),
    (of(BOB, cancel(404)), 2, 0),
    (of(ALICE, modify(1, 11)), 8, 0),
    (of(ALICE, modify(1, 10)), 0, 0),
    (of(BOB, new(3, ASK, MARKET, None, 4)), 0, 0),
    (of(BOB, new(3, ASK, IOC, 101, 6)), 0, 6),
    (of(BOB, new(3, ASK, FOK, 100, 6)), 0, 0),
    (of(BOB, new(3, BID, FOK, 100, 10)), 0, 10),
    (of(ALICE, new(3, BID, LIMIT, 0, 7)), 0, 0),
    (of(ALICE, cancel(3)), 0, 7),
    (of(STRANGER, CANCEL_ALL), 6, 0),
    (of(BOB, CANCEL_ALL), 0, 0),
    (of(ALICE, CANCEL_ALL), 0, 1),
]


@pytest.fixture
def empty(api):
    """Return a risk engine without accounts."""
    return api.RiskEngine()


def test_all_kinds(empty):
    status, unfilled, fills = process(empty, [record for record, _, _ in STATUSES])
    assert list(zip([record for record, _, _ in STATUSES], status, unfilled, strict=True)) == STATUSES
    assert fills == [(17, 3, 1, 100, 4), (19, 3, 1, 100, 6)]
    assert empty.account_snapshot(ALICE) == AccountSnapshot(20, 0, 0, 0)
    assert empty.account_snapshot(BOB) == AccountSnapshot(0, 0, 1000, 0)
    empty.check()


@pytest.mark.parametrize("flags", [0, 1])
def test_a_credit_gives_base_and_quote_whatever_bit_0_says(empty, flags):
    assert process(empty, [credit(ALICE, 3, 4, flags=flags)]) == ([0], [0], [])
    assert empty.account_snapshot(ALICE) == AccountSnapshot(3, 0, 4, 0)
    assert empty.last_sequence == 0


def test_the_price_bit_changes_no_cancel(engine):
    """Bit 0 is no part of what a CANCEL or CANCEL_ALL says."""
    records = [
        of(ALICE, new(1, BID, LIMIT, 100, 5)),
        of(ALICE, cancel(1, flags=1)),
        of(ALICE, CANCEL_ALL)._replace(flags=1),
    ]
    assert process(engine, records)[:2] == ([0, 0, 0], [0, 5, 0])


@pytest.mark.parametrize("bits", range(8))
def test_bits_1_to_3_of_a_new_order(engine, bits):
    """0 to 4 are modes, or none; 5 to 7 are nothing."""
    (status,), _, _ = process(engine, [of(ALICE, new(1, BID, LIMIT, 100, 5), bits)])
    assert status == (0 if bits <= 4 else 11)
    assert len(engine.order_book) == (bits <= 4)


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize(
    "record",
    [modify(1, 4), modify(1, 4, 90), cancel(1), CANCEL_ALL, credit(ALICE, 1, 1)],
    ids=lambda record: record.kind.name,
)
def test_bits_1_to_3_of_another_kind(engine, record, bits):
    process(engine, [of(ALICE, new(1, BID, LIMIT, 100, 5))])
    before = trace(engine)
    assert process(engine, [of(ALICE, record, bits)]) == ([11], [0], [])
    assert trace(engine) == before
    assert engine.last_sequence == 1


@pytest.mark.parametrize("flags", [16, 32, 64, 128, 255, 17])
@pytest.mark.parametrize("kind", list(Kind))
def test_higher_bits_are_nothing(engine, kind, flags):
    record = Command(kind, BID, LIMIT, flags, account_id=ALICE, order_id=1, price=1, quantity=1)
    assert process(engine, [record])[0] == [11]
    assert engine.last_sequence == 0


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("instrument", [1, 2, 1 << 31, (1 << 32) - 1])
def test_another_instrument(engine, kind, instrument):
    record = Command(kind, BID, LIMIT, 1, instrument, account_id=ALICE, order_id=1, price=1, quantity=1)
    before = trace(engine)
    assert process(engine, [record])[0] == [11]
    assert trace(engine) == before


@pytest.mark.parametrize(
    "changes", [{"kind": 0}, {"kind": 6}, {"kind": 255}, {"side": 0}, {"side": 3}, {"order_type": 0}, {"order_type": 6}]
)
def test_what_is_no_command(engine, changes):
    """It is seen before anything that the engine knows: not even a missing price is an event then."""
    record = of(STRANGER, new(1, BID, LIMIT, None, 1))._replace(**changes)
    assert process(engine, [record]) == ([11], [0], [])
    assert engine.last_sequence == 0


def test_side_and_type_belong_to_new_orders(engine):
    process(engine, [of(ALICE, new(1, BID, LIMIT, 100, 5))])
    records = [of(ALICE, modify(1, 4)), credit(ALICE, 1, 1), of(ALICE, CANCEL_ALL)]
    assert process(engine, [record._replace(side=9, order_type=9) for record in records])[0] == [0, 0, 0]
    assert available(engine, ALICE) == (BASE_EACH + 1, QUOTE_EACH + 1)


def test_events_carry_their_commands_time(engine):
    records = [
        of(ALICE, new(1, ASK, LIMIT, 100, 5, timestamp=11)),
        of(ALICE, new(2, ASK, LIMIT, 101, 5, timestamp=12)),
        of(BOB, new(3, BID, MARKET, None, 5, timestamp=13)),
        of(ALICE, new(4, ASK, LIMIT, 102, 5, timestamp=14)),
        of(ALICE, CANCEL_ALL._replace(timestamp=TOP)),
    ]
    process(engine, records)
    assert engine.events() == [
        BookAdded(1, 11, 1, ASK, 100, 5),
        BookAdded(2, 12, 2, ASK, 101, 5),
        Trade(3, 13, 3, 1, BID, MARKET, 100, 5),
        BookRemoved(4, 13, 1, ASK, 100, 5, RemoveReason.FILLED),
        BookAdded(5, 14, 4, ASK, 102, 5),
        BookRemoved(6, TOP, 2, ASK, 101, 5, RemoveReason.CANCELED),
        BookRemoved(7, TOP, 4, ASK, 102, 5, RemoveReason.CANCELED),
    ]


def test_the_count_of_a_large_cancel_all(empty):
    news = [of(ALICE, new(order_id, BID, LIMIT, order_id % 50, 1)) for order_id in range(2000)]
    status, unfilled, _ = process(empty, [credit(ALICE, 0, 10**6), *news, of(ALICE, CANCEL_ALL)])
    assert set(status) == {0}
    assert unfilled[-1] == 2000
    assert empty.account_snapshot(ALICE) == AccountSnapshot(0, 0, 10**6, 0)
    assert [event.order_id for event in empty.events(2000)] == list(range(2000))


def test_one_taker_many_makers_of_many_accounts(empty):
    """Each of them is paid."""
    commands = [credit(account, 1, 0) for account in range(1000)]
    commands += [of(account, new(account, ASK, LIMIT, 1 + account % 9, 1)) for account in range(1000)]
    commands += [credit(5000, 0, 10_000), of(5000, new(5000, BID, MARKET, None, 2000))]
    status, unfilled, fills = process(empty, commands)
    assert set(status) == {0}
    assert unfilled[-1] == 1000
    assert len(fills) == 1000
    cost = sum(1 + account % 9 for account in range(1000))
    assert empty.account_snapshot(5000) == AccountSnapshot(1000, 0, 10_000 - cost, 0)
    for account in range(1000):
        assert empty.account_snapshot(account) == AccountSnapshot(0, 0, 1 + account % 9, 0)
    empty.check()


@pytest.mark.parametrize("commands", WRONG_LAYOUTS.values(), ids=WRONG_LAYOUTS)
@pytest.mark.parametrize("name", ["RiskEngine", "Exchange"])
def test_a_wrong_layout_is_refused_whole(api, name, commands):
    engine = getattr(api, name)()
    before = engine.state_hash()
    with pytest.raises(ValueError, match=r"command|contiguous"):
        engine.process(commands)
    assert (engine.state_hash(), engine.last_sequence) == (before, 0)


@pytest.mark.parametrize("commands", [None, 1, "text", [], object()])
@pytest.mark.parametrize("name", ["RiskEngine", "Exchange"])
def test_what_is_no_buffer_is_refused(api, name, commands):
    with pytest.raises(TypeError):
        getattr(api, name)().process(commands)


@pytest.mark.parametrize("name", ["RiskEngine", "Exchange"])
def test_results_are_buffers(name):
    """The compiled engine hands out what numpy reads without a copy."""
    commands = orderbook.as_commands(packed(record for record, _, _ in STATUSES))
    result = getattr(orderbook, name)().process(commands)
    for values, dtype, length in [
        (result.status, "u1", len(STATUSES)),
        (result.unfilled, "<u8", len(STATUSES)),
        (result.fills, orderbook.FILL_DTYPE, 2),
    ]:
        first, second = numpy.asarray(values), numpy.asarray(values)
        assert first.dtype == numpy.dtype(dtype)
        assert first.shape == (length,)
        assert numpy.shares_memory(first, second)


def same_as_one_by_one(instruments, batches_of_commands):
    """Assert that both exchanges do in batches what the compiled one does command by command; return the events."""
    singly = orderbook.Exchange(instruments)
    expected = [one_by_one(singly, commands) for commands in batches_of_commands]
    events = []
    for api in (orderbook, orderbook.reference):
        exchange = api.Exchange(instruments)
        assert [process(exchange, commands) for commands in batches_of_commands] == expected
        assert exchange.state_hash() == singly.state_hash()
        assert without_time(exchange.events()) == without_time(singly.events())
        exchange.check()
        events.append(exchange.events())
    assert events[0] == events[1]
    return events[0]


@given(instruments=configurations(), data=st.data())
def test_a_batch_is_its_commands_one_by_one(instruments, data):
    commands = [credit(account, 500, 500, instrument=n) for n in range(len(instruments)) for account in range(1, 5)]
    commands += data.draw(batches(len(instruments), max_size=50))
    cut = data.draw(st.integers(0, len(commands)))
    same_as_one_by_one(instruments, [commands[:cut], commands[cut:]])


@pytest.mark.parametrize("seed", range(12))
def test_long_random_flow_one_by_one(seed):
    """With prevention of self-trades and limits on some of the instruments."""
    settings = [{}, {"self_trade_prevention": 1 + seed % 4}, {"notional_max": 90, "open_orders_max": 3}]
    instruments = [
        orderbook.Instrument(f"{base}-{quote}", base, quote, **rules)
        for base, quote, rules in zip("XYX", "ZZY", settings, strict=True)
    ]
    commands = [credit(account, 3000, 3000, instrument=n) for n in range(3) for account in range(1, 5)]
    commands += flow(seed, 1500, 3)
    events = same_as_one_by_one(instruments, [commands[:777], commands[777:]])
    assert {event.instrument for event in events} == {0, 1, 2}
    assert {event.reason for event in events if isinstance(event, BookRemoved)} == set(RemoveReason)
    assert sum(isinstance(event, Trade) for event in events) > 100


def test_a_market_and_an_engine_of_its_own_do_the_same(api):
    """An exchange of one instrument is a RiskEngine with one more name."""
    instrument = orderbook.Instrument("A-B", "A", "B", self_trade_prevention=4, open_orders_max=4)
    commands = [credit(account, 3000, 3000) for account in range(1, 5)] + list(flow(99, 2000, 1))
    engine, exchange = api.RiskEngine(instrument=instrument), api.Exchange([instrument])
    assert process(engine, commands) == process(exchange, commands)
    assert engine.state_hash() == exchange.state_hash() == exchange.market("A-B").state_hash()
    assert engine.events() == exchange.events()
