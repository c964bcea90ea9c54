"""The state of an exchange as bytes: what was loaded goes on like what was dumped. Compiled engine only."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbook import CrossedOrder, Exchange, Instrument, MissingPrice, SelfTradePrevention, SequenceGone

from ..engine.helpers import ASK, BID, LIMIT, POST_ONLY, linux_alone, process
from .flow import flow
from .helpers import ALICE, BOB
from .strategies import ASSETS, REFERENCE, batches, configurations, rich

SYMBOLS = ("X-Z", "Y-Z", "X-Y")
INSTRUMENTS = tuple(Instrument(symbol, *symbol.split("-")) for symbol in SYMBOLS)
MORE = (Instrument("W-Z", "W", "Z"), Instrument("V-U", "V", "U"))
PERMUTED = (MORE[0], INSTRUMENTS[2], INSTRUMENTS[0], MORE[1], INSTRUMENTS[1])
ORDERS_MAX = 60


def loaded(state, instruments, **settings):
    """Return an exchange that a state was loaded into, checked."""
    exchange = Exchange(instruments, **settings)
    exchange.load_state(state)
    exchange.check()
    return exchange


def begun(instruments, amounts=(500,) * 12):
    """Return an exchange in which four accounts have something of each asset that there is."""
    exchange = Exchange(instruments)
    traded = {asset for instrument in instruments for asset in (instrument.base, instrument.quote)}
    for number, amount in enumerate(amounts):
        if ASSETS[number // 4] in traded:
            exchange.credit(4 - number % 4, ASSETS[number // 4], amount)
    return exchange


def traded_on(seed=1, count=200):
    """Return an exchange of the three instruments after some random flow."""
    exchange = begun(INSTRUMENTS)
    process(exchange, flow(seed, count, 3))
    return exchange


def seen(exchange, symbols=SYMBOLS):
    """Return what people see of these markets and of all accounts, but for numbers of events."""
    markets = [exchange.market(symbol) for symbol in symbols]
    return (
        [tuple(market.order_book.snapshot())[:2] for market in markets],
        [market.open_orders(account) for market in markets for account in range(1, 5)],
        [exchange.balance(account, asset) for account in range(1, 6) for asset in ASSETS],
        [(market.halted, market.reference_price) for market in markets],
    )


settable = st.tuples(st.integers(0, 2), st.sampled_from(["halt", "resume", 9, 11, None]))


def turn(exchange, switches):
    """Halt and resume markets and move reference prices, where that can be."""
    for position, switch in switches:
        instrument = exchange.instruments[position % len(exchange.instruments)]
        market = exchange.market(instrument.symbol)
        if isinstance(switch, str):
            getattr(market, switch)()
        elif switch is not None or instrument.price_band is None:
            market.reference_price = switch


@settings(deadline=None)
@given(data=st.data(), instruments=configurations(), amounts=st.lists(rich, min_size=12, max_size=12))
def test_a_loaded_exchange_goes_on_like_the_original(data, instruments, amounts):
    """A third one, which is never dumped, tells that dumping changes nothing."""
    original, undumped = begun(instruments, amounts), begun(instruments, amounts)
    before = data.draw(batches(len(instruments), ORDERS_MAX))
    before += list(flow(data.draw(st.integers(0, 99)), data.draw(st.integers(0, ORDERS_MAX)), len(instruments)))
    switches = data.draw(st.lists(settable, max_size=4))
    for exchange in (original, undumped):
        process(exchange, before)
        turn(exchange, switches)
    last = original.last_sequence
    state = original.dump_state()
    copy = loaded(state, instruments)
    assert copy.dump_state() == state
    assert copy.state_hash() == original.state_hash() == undumped.state_hash()
    assert (copy.last_sequence, copy.oldest_sequence) == (last, last + 1)
    after = data.draw(batches(len(instruments), ORDERS_MAX))
    results = [process(exchange, after) for exchange in (original, copy, undumped)]
    assert results[0] == results[1] == results[2]
    assert original.events(last) == copy.events(last) == undumped.events(last)
    copy.check()
    assert copy.state_hash() == original.state_hash() == undumped.state_hash()
    assert copy.dump_state() == original.dump_state() == undumped.dump_state()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), count=st.integers(0, 200), more=st.integers(0, 99))
def test_instruments_in_another_order_with_others_among_them(seed, count, more):
    original = traded_on(seed, count)
    original.halt("Y-Z")
    original.market("X-Y").reference_price = REFERENCE
    other = loaded(original.dump_state(), PERMUTED)
    assert seen(other) == seen(original)
    assert [other.total(asset) for asset in ASSETS] == [original.total(asset) for asset in ASSETS]
    assert (other.total("W"), other.total("U")) == (0, 0)
    back = loaded(other.dump_state(), INSTRUMENTS)
    assert back.dump_state() == original.dump_state()
    commands = list(flow(more, 100, 3))
    moved = [
        command._replace(instrument=PERMUTED.index(INSTRUMENTS[command.instrument]))
        for command in commands
        if command.instrument < len(SYMBOLS)
    ]
    kept = [command for command in commands if command.instrument < len(SYMBOLS)]
    assert process(other, moved) == process(original, kept)
    assert seen(other) == seen(original)
    other.check()


def test_what_is_lacking_and_not_needed_is_passed_over():
    original = begun(PERMUTED)
    original.halt("V-U")
    process(original, (command for command in flow(1, 100, 5) if command.instrument in (1, 2, 4)))
    fewer = loaded(original.dump_state(), INSTRUMENTS)
    assert seen(fewer) == seen(original)


def test_what_is_lacking_and_needed_is_refused():
    exchange = Exchange([*INSTRUMENTS, *MORE])
    exchange.credit(ALICE, "V", 5)
    with pytest.raises(ValueError, match="lacks the asset 'V', of which 5 are issued"):
        Exchange(INSTRUMENTS).load_state(exchange.dump_state())
    exchange.submit("V-U", ALICE, 1, ASK, LIMIT, 7, 5)
    renamed = Instrument("V-U2", "V", "U")
    with pytest.raises(ValueError, match="lacks the instrument 'V-U', which has orders"):
        Exchange([renamed]).load_state(exchange.dump_state())
    redefined = Instrument("V-U", "V", "W")
    with pytest.raises(ValueError, match="V-U: it has orders, and trades other assets"):
        Exchange([redefined, MORE[0]]).load_state(exchange.dump_state())
    exchange.cancel_all("V-U", ALICE)
    assert loaded(exchange.dump_state(), [redefined, MORE[0]]).balance(ALICE, "V").available == 5


@pytest.mark.parametrize("capacity", [0, 1, 4, 65536])
def test_events_go_on_behind_the_last_number(capacity):
    original = traded_on()
    last = original.last_sequence
    copy = loaded(original.dump_state(), INSTRUMENTS, event_capacity=capacity)
    assert last > 10
    assert copy.events(last) == []
    with pytest.raises(SequenceGone, match=f"no longer held: the oldest is {last + 1}"):
        copy.events(last - 1)
    with pytest.raises(SequenceGone, match=f"the last is {last}"):
        copy.events(last + 1)
    for made in range(1, 12):
        original.submit("X-Z", ALICE, 1000 + made, BID, LIMIT, 1, 1)
        copy.submit("X-Z", ALICE, 1000 + made, BID, LIMIT, 1, 1)
        assert copy.last_sequence == original.last_sequence == last + made
        assert copy.oldest_sequence == last + 1 + max(made - capacity, 0)
        held = copy.oldest_sequence - 1
        assert copy.events(held) == original.events(held)
        assert len(copy.events(held)) == min(made, capacity)
        assert copy.market("X-Z").order_book.snapshot().sequence == last + made
        if held > last:
            with pytest.raises(SequenceGone):
                copy.events(held - 1)


def test_order_of_entry_and_post_only_stay():
    """A new price is a new entry; the queue of a price and the order of entry differ."""
    exchange = Exchange(INSTRUMENTS[:1])
    for account in (ALICE, BOB):
        exchange.credit(account, "X", 100)
        exchange.credit(account, "Z", 1000)
    for order_id, price in ((1, 5), (2, 6), (3, 5), (4, 5)):
        exchange.submit("X-Z", ALICE, order_id, BID, POST_ONLY if order_id == 3 else LIMIT, price, 1)
    exchange.modify_order("X-Z", ALICE, 1, 1, 6)
    exchange.modify_order("X-Z", ALICE, 3, 2)
    exchange.cancel_order("X-Z", ALICE, 2)
    exchange.submit("X-Z", BOB, 9, ASK, LIMIT, 8, 1)
    copy = loaded(exchange.dump_state(), INSTRUMENTS[:1])
    assert [order.id for order in copy.open_orders("X-Z", ALICE)] == [3, 4, 1]
    assert [order.id for order in copy.market("X-Z").order_book.level_orders(BID, 5)] == [4, 3]
    with pytest.raises(CrossedOrder):
        copy.modify_order("X-Z", ALICE, 3, 2, 8)
    last = copy.last_sequence
    assert copy.cancel_all("X-Z", ALICE) == 3
    assert [event.order_id for event in copy.events(last)] == [3, 4, 1]


def test_the_prevention_that_an_order_came_under_stays():
    exchange = begun(INSTRUMENTS[:1])
    exchange.submit("X-Z", 1, 1, BID, LIMIT, 9, 1, self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST)
    exchange.submit("X-Z", 1, 2, ASK, LIMIT, 10, 1)
    copy = loaded(exchange.dump_state(), INSTRUMENTS[:1])
    assert copy.modify_order("X-Z", 1, 1, 1, 10).unfilled == 1


def test_halts_and_moved_reference_prices_stay():
    banded = Instrument("X-Z", "X", "Z", reference_price=10, price_band=2)
    plain = INSTRUMENTS[1]
    exchange = Exchange([banded, plain])
    exchange.halt("Y-Z")
    widened = Instrument("X-Z", "X", "Z", reference_price=50, price_band=5)
    assert loaded(exchange.dump_state(), [widened, plain]).market("X-Z").reference_price == 50  # it was not moved
    exchange.market("X-Z").reference_price = 20
    copy = loaded(exchange.dump_state(), [widened, plain])
    assert copy.market("X-Z").reference_price == 20
    assert (copy.market("X-Z").halted, copy.market("Y-Z").halted) == (False, True)
    unbanded = Exchange([Instrument("X-Z", "X", "Z", reference_price=10)])
    unbanded.market("X-Z").reference_price = None
    assert loaded(unbanded.dump_state(), unbanded.instruments).market("X-Z").reference_price is None
    assert loaded(unbanded.dump_state(), [widened]).market("X-Z").reference_price == 50  # a band needs one


def test_an_empty_exchange():
    state = Exchange(INSTRUMENTS).dump_state()
    copy = loaded(state, INSTRUMENTS)
    assert (copy.last_sequence, copy.oldest_sequence, copy.dump_state()) == (0, 1, state)
    copy.load_state(state)  # it still has nothing


@pytest.mark.parametrize("used", ["accounts", "events"])
def test_an_exchange_that_was_used_is_refused(used):
    exchange = Exchange(INSTRUMENTS)
    if used == "accounts":
        exchange.credit(ALICE, "X", 0)
    else:
        with pytest.raises(MissingPrice):
            exchange.submit("X-Z", ALICE, 1, BID, LIMIT, None, 1)
    before = exchange.dump_state()
    with pytest.raises(RuntimeError, match=f"without {used}"):
        exchange.load_state(traded_on().dump_state())
    assert exchange.dump_state() == before


def test_any_contiguous_buffer_will_do():
    state = traded_on().dump_state()
    for data in (bytearray(state), memoryview(b"odd" + state)[3:]):
        assert loaded(data, INSTRUMENTS).dump_state() == state
    with pytest.raises(BufferError):
        Exchange(INSTRUMENTS).load_state(memoryview(bytes(2 * len(state)))[::2])
    for wrong in ("state", None, 5):
        with pytest.raises(TypeError):
            Exchange(INSTRUMENTS).load_state(wrong)


SHRUNK = """
import resource, sys
import numpy, orderbook
from orderbook import Exchange

def grown(accounts, orders):
    exchange = Exchange(event_capacity=0)
    numbers = numpy.arange(max(accounts, orders), dtype="u8")
    commands = numpy.zeros(accounts, dtype=orderbook.COMMAND_DTYPE)
    commands["kind"], commands["account_id"], commands["price"] = 4, numbers[:accounts], 1000
    assert not numpy.asarray(exchange.process(commands).status).any()
    commands = numpy.zeros(orders, dtype=orderbook.COMMAND_DTYPE)
    commands["kind"], commands["side"], commands["order_type"], commands["flags"] = 1, 2, 2, 1
    commands["order_id"], commands["account_id"] = numbers[:orders], numbers[:orders] % accounts
    commands["price"], commands["quantity"] = 1 + (numbers[:orders] << numpy.uint64(12)), 1
    assert not numpy.asarray(exchange.process(commands).status).any()
    return exchange.dump_state(), exchange.state_hash()

soft, hard = resource.getrlimit(resource.RLIMIT_AS)
failed = 0
for accounts, orders in ((200_000, 1), (1_000, 200_000)):
    state, state_hash = grown(accounts, orders)
    copy = Exchange(event_capacity=0)
    for megabytes in range(0, 400, 3):
        taken = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (taken + (megabytes << 20), hard))
        try:
            copy.load_state(state)
            break
        except MemoryError:
            failed += 1
            assert copy.total("BASE") == 0 and copy.balance(0, "BASE") is None and copy.last_sequence == 0
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    copy.check()
    assert copy.state_hash() == state_hash
print(failed)
"""


@linux_alone
def test_memory_may_run_out():
    done = subprocess.run([sys.executable, "-c", SHRUNK], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert int(done.stdout) > 10
