"""The sequencer: stamps, news for listeners, counts of what is wrong, and what it does with arguments that are."""

import contextlib
import gc
import time

import pytest

from orderbook import Exchange, InvalidCommand, OrderBookError, UnknownAccount, UnknownOrder
from orderbook_server.sequencer.executions import ExecutionKind
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import BID, LIMIT, TOP, cancel, modify, new, packed
from ..money.flow import flow
from ..money.helpers import credit, of
from .stories import exchange_of, process, send, sequencer_of


def funded(count=1, **settings):
    """Return a sequencer in which accounts 1 to 4 have plenty of all assets."""
    sequencer = sequencer_of(count, **settings)
    for position in range(count):
        for account in range(1, 5):
            sequencer.credit_account(position, account, 1000, 100_000)
    return sequencer


def trace(sequencer):
    """Return all that a command without effect must leave alone."""
    tallies = [
        (it.accepted, it.refused, it.trades, it.volume, it.added, it.updated, it.removed) for it in sequencer.tallies()
    ]
    exchange = sequencer.exchange
    return exchange.state_hash(), exchange.last_sequence, sequencer.last_execution, tallies


def news_of(sequencer, after_event, after_execution):
    """Return the stamps of the events, and of the executions of accounts 1 to 4, behind these numbers."""
    events = {event.timestamp for event in sequencer.exchange.events(after_event)}
    executions = {it.timestamp for account in range(1, 5) for it in sequencer.executions(account, after_execution)}
    return events, executions


# Time


def test_stamps_are_nanoseconds_since_1970_and_never_go_back():
    sequencer, last = funded(3), 0
    for command in flow(3, 400, 3):
        events, executions = sequencer.exchange.last_sequence, sequencer.last_execution
        before = time.time_ns()
        send(sequencer, command)
        after = time.time_ns()
        stamps = set.union(*news_of(sequencer, events, executions))
        if stamps:
            (stamp,) = stamps  # one command, one time: events and executions have the same
            assert last <= stamp
            assert before <= stamp <= after
            last = stamp
    assert last


def test_a_batch_has_one_stamp_and_the_time_of_records_is_ignored():
    sequencer, last = funded(3), 0
    commands = list(flow(4, 600, 3))
    assert len({command.timestamp for command in commands}) == 600
    for start in range(0, 600, 100):
        events, executions = sequencer.exchange.last_sequence, sequencer.last_execution
        before = time.time_ns()
        process(sequencer, commands[start : start + 100])
        of_events, of_executions = news_of(sequencer, events, executions)
        (stamp,) = of_events
        assert of_executions == {stamp}
        assert max(before, last) <= stamp <= time.time_ns()
        last = stamp


def test_what_a_session_cancels_has_one_stamp():
    sequencer = funded(3)
    session = sequencer.open_session()
    process(sequencer, list(flow(5, 300, 3)), session)
    before, events, executions = time.time_ns(), sequencer.exchange.last_sequence, sequencer.last_execution
    assert session.cancel_orders() > 5
    of_events, of_executions = news_of(sequencer, events, executions)
    assert len(of_events) == 1
    assert of_events == of_executions
    assert before <= of_events.pop() <= time.time_ns()


# Listeners


def heard(sequencer):
    """Return a list that gets, at each call of a listener, the numbers of the last event and execution."""
    calls = []
    sequencer.listeners.append(lambda: calls.append((sequencer.exchange.last_sequence, sequencer.last_execution)))
    return calls


def test_listeners_are_called_once_for_each_call_with_news_and_see_all_of_it():
    sequencer = funded()
    calls, others = heard(sequencer), heard(sequencer)
    with_news = [
        lambda: sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3),
        lambda: sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3),  # refused: an event and an execution
        lambda: sequencer.cancel_order(0, 1, 99),  # refused: an execution alone
        lambda: sequencer.submit(0, 404, 11, BID, LIMIT, None, 3),  # refused: an event alone
        lambda: sequencer.modify_order(0, 1, 10, 2),
        lambda: sequencer.process(packed([of(1, new(12 + i, BID, LIMIT, 5, 1)) for i in range(9)])),
        lambda: sequencer.cancel_order(0, 1, 10),
        lambda: sequencer.cancel_all(0, 1),
    ]
    for number, call in enumerate(with_news, start=1):
        with contextlib.suppress(OrderBookError):
            call()
        assert len(calls) == number
        assert calls[-1] == (sequencer.exchange.last_sequence, sequencer.last_execution)
    assert others == calls


def test_listeners_are_left_alone_where_there_is_no_news():
    sequencer = funded()
    session = sequencer.open_session()
    calls = heard(sequencer)
    sequencer.credit_account(0, 9, 1, 1)
    sequencer.debit_account(0, 9, 1, 1)
    sequencer.cancel_all(0, 1)
    sequencer.process(b"")
    sequencer.process(packed([credit(9, 1, 1)]))
    assert session.cancel_orders() == 0
    for call in (lambda: sequencer.cancel_order(0, 404, 1), lambda: sequencer.debit_account(0, 9, 100, 0)):
        with pytest.raises(OrderBookError):
            call()
    assert calls == []


def test_a_session_that_cancels_orders_tells_the_listeners_once():
    sequencer = funded()
    session = sequencer.open_session()
    process(sequencer, [of(1, new(i, BID, LIMIT, 5, 1)) for i in range(5)], session)
    calls = heard(sequencer)
    assert session.cancel_orders() == 5
    assert len(calls) == 1


def test_a_listener_that_raises_takes_nothing_back():
    """The caller gets its exception instead of the result; the command is done, told, and not told again."""
    sequencer = funded()

    def fail():
        raise ZeroDivisionError

    sequencer.listeners.append(fail)
    with pytest.raises(ZeroDivisionError):
        sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3)
    with pytest.raises(ZeroDivisionError):
        process(sequencer, [of(1, new(11, BID, LIMIT, 5, 3)), of(1, new(12, BID, LIMIT, 5, 3))])
    with pytest.raises(ZeroDivisionError):
        sequencer.cancel_order(0, 1, 11)
    sequencer.listeners.clear()
    assert [order.id for order in sequencer.exchange.open_orders("X-Z", 1)] == [10, 12]
    assert [it.kind for it in sequencer.executions(1)] == [ExecutionKind.ACCEPTED] * 3 + [ExecutionKind.CANCELED]
    calls = heard(sequencer)
    sequencer.credit_account(0, 1, 1, 1)
    assert calls == []
    assert sequencer.cancel_all(0, 1) == 2
    assert len(calls) == 1
    sequencer.exchange.check()


def test_a_listener_that_sends_commands_leaves_results_alone():
    sequencer = funded()
    answered = []

    def answer():
        order_id = 100 + len(answered)
        answered.append(order_id)
        if order_id % 3 == 100 % 3:  # not to its own answers
            sequencer.submit(0, 2, order_id, BID, LIMIT, 4, 7)
            sequencer.cancel_order(0, 2, order_id)

    sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3)
    sequencer.listeners.append(answer)
    result = sequencer.submit(0, 1, 11, BID, LIMIT, 5, 2)
    assert result.resting.id == 11
    assert sequencer.modify_order(0, 1, 11, 1).resting.quantity == 1
    assert sequencer.cancel_order(0, 1, 10) == 3
    assert sequencer.cancel_all(0, 1) == 1
    assert len(answered) == 12


# Arguments


NUMBERS = {
    "submit": (0, 1, 50, BID, LIMIT, 5, 1),
    "modify_order": (0, 1, 10, 2, 6),
    "cancel_order": (0, 1, 10),
    "cancel_all": (0, 1),
    "credit_account": (0, 1, 1, 1),
    "debit_account": (0, 1, 1, 1),
}
PLACES = [(name, place) for name, numbers in NUMBERS.items() for place in range(len(numbers))]


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_numbers_out_of_range_do_nothing(name, place):
    sequencer = funded()
    sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3)
    before, calls = trace(sequencer), heard(sequencer)
    for number in (-1, TOP + 1, -TOP):
        numbers = [*NUMBERS[name]]
        numbers[place] = number
        with pytest.raises(OverflowError):
            getattr(sequencer, name)(*numbers)
    numbers[place] = "1"
    with pytest.raises(TypeError):
        getattr(sequencer, name)(*numbers)
    assert trace(sequencer) == before
    assert calls == []


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("instrument", [2, 3, 2**32 - 1])
def test_instruments_that_are_not_there(name, instrument):
    sequencer = funded(2)
    before = trace(sequencer)
    with pytest.raises(IndexError):
        getattr(sequencer, name)(instrument, *NUMBERS[name][1:])
    assert trace(sequencer) == before


@pytest.mark.parametrize(("side", "order_type"), [(0, LIMIT), (3, LIMIT), (255, LIMIT), (BID, 0), (BID, 6), (BID, 255)])
def test_sides_and_types_that_are_none(side, order_type):
    sequencer = funded()
    before = sequencer.exchange.state_hash()
    with pytest.raises(InvalidCommand):
        sequencer.submit(0, 1, 10, side, order_type, 5, 1)
    assert sequencer.exchange.state_hash() == before


@pytest.mark.parametrize("size", [1, 47, 49, 95, 97, 48 * 7 - 1])
def test_records_of_the_wrong_length_do_nothing(size):
    sequencer = funded()
    before, calls = trace(sequencer), heard(sequencer)
    records = packed([of(1, new(10 + i, BID, LIMIT, 5, 1)) for i in range(8)])
    with pytest.raises(ValueError, match="48"):
        sequencer.process(records[:size])
    assert trace(sequencer) == before
    assert calls == []


def test_a_batch_in_parts_is_the_batch():
    """Whatever a call gets done in its time, one record at least, the next goes on behind it."""
    records = bytes(packed(list(flow(5, 3000, 3)))) * 60  # more than the clock of such calls takes for no time
    whole, parted = funded(3), funded(3)
    expected = whole.process(records)
    status, unfilled, fills, done, calls = b"", b"", b"", 0, 0
    while done < 180_000:
        result = parted.process(records, begin=done, call_ns_max=1)
        assert len(result.status) >= 1
        status, unfilled = status + bytes(result.status), unfilled + bytes(result.unfilled)
        fills, done, calls = fills + bytes(result.fills), done + len(result.status), calls + 1
    assert calls > 1
    assert (status, unfilled, fills) == tuple(map(bytes, (expected.status, expected.unfilled, expected.fills)))
    assert parted.exchange.state_hash() == whole.exchange.state_hash()
    assert len(parted.process(records, begin=180_000).status) == 0


def test_a_batch_may_take_all_the_time_that_a_number_can_say():
    sequencer = funded()
    records = bytes(packed([of(1, new(number, BID, LIMIT, 90, 1)) for number in (1, 2, 3)]))
    assert len(sequencer.process(records, call_ns_max=(1 << 64) - 1).status) == 3


@pytest.mark.parametrize("begin", [-1, 3])
def test_a_batch_begins_within_itself(begin):
    sequencer = funded()
    before = trace(sequencer)
    with pytest.raises(ValueError, match="begin must be 0 to 2"):
        sequencer.process(
            bytes(packed([of(1, new(1, BID, LIMIT, 90, 1)), of(1, new(2, BID, LIMIT, 90, 1))])), begin=begin
        )
    assert trace(sequencer) == before


def test_records_are_bytes():
    sequencer = funded()
    records = packed([of(1, new(10, BID, LIMIT, 5, 1))])
    before = trace(sequencer)
    for other in (bytearray(records), memoryview(records), None, "x" * 48, [records]):
        with pytest.raises(TypeError):
            sequencer.process(other)
    assert trace(sequencer) == before


def test_refused_records_let_the_rest_go_on():
    sequencer = funded()
    commands = [
        of(1, new(10, BID, LIMIT, 5, 1)),
        of(1, new(11, BID, LIMIT, 5, 1, instrument=1)),
        of(1, new(11, BID, LIMIT, 5, 1, instrument=2**32 - 1)),
        of(404, new(11, BID, LIMIT, 5, 1)),
        of(1, modify(10, 0)),
        of(1, cancel(10)),
    ]
    assert process(sequencer, commands) == ([0, 11, 11, 6, 3, 0], [0, 0, 0, 0, 0, 1], [])


def test_refusals_of_single_calls_are_the_engines_errors():
    sequencer = funded()
    with pytest.raises(UnknownOrder):
        sequencer.cancel_order(0, 1, 99)
    with pytest.raises(UnknownAccount):
        sequencer.cancel_all(0, 404)
    with pytest.raises(UnknownAccount):
        sequencer.debit_account(0, 404, 1, 1)
    with pytest.raises(OrderBookError) as refused:
        sequencer.debit_account(0, 1, 1, TOP)
    assert refused.value.code == "insufficient_quote"


def test_debits_take_what_is_available():
    sequencer = funded()
    sequencer.debit_account(0, 1, 999, 100_000)
    assert tuple(sequencer.exchange.market("X-Z").account_snapshot(1)) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("capacity", "error"), [(0, ValueError), (2**32 - 1, ValueError), (-1, OverflowError), (1.5, TypeError)]
)
def test_capacities_that_cannot_be(capacity, error):
    exchange = Exchange()
    with pytest.raises(error):
        Sequencer(exchange, execution_capacity=capacity)
    assert Sequencer(exchange, execution_capacity=1).last_execution == 0  # the exchange is still free


# What it is made of


def test_an_exchange_has_one_sequencer_at_a_time():
    exchange = Exchange()
    sequencer = Sequencer(exchange)
    with pytest.raises(ValueError, match="sequencer"):
        Sequencer(exchange)
    sequencer.credit_account(0, 1, 10, 10)
    sequencer.submit(0, 1, 1, BID, LIMIT, 1, 1)
    assert sequencer.last_execution == 1
    del sequencer
    assert Sequencer(exchange).cancel_order(0, 1, 1) == 1


def test_what_was_never_made_is_refused():
    for call in (
        lambda: Sequencer.__new__(Sequencer),
        lambda: Sequencer(None),
        lambda: Sequencer("exchange"),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(RuntimeError):
        Sequencer(Exchange.__new__(Exchange))


def test_orders_and_credits_from_before_are_known():
    """The sequencer comes to an exchange at work: what rests can be traded with and canceled, and is told of."""
    exchange = Exchange(exchange_of(1))
    market = exchange.market("X-Z")
    for account in range(200):
        market.credit_account(account, 0, 100)
        market.submit(account, account, BID, LIMIT, 10, 1)
    sequencer = Sequencer(exchange)
    calls = heard(sequencer)
    assert sequencer.last_execution == 0
    assert sequencer.cancel_order(0, 199, 199) == 1
    assert [it.order_id for it in sequencer.executions(199)] == [199]
    assert sequencer.tallies()[0].added == 0
    assert len(calls) == 1


def test_commands_behind_its_back_are_done_but_not_told():
    """They are none of the sequencer's, also where they make more accounts than it has room for."""
    sequencer = funded()
    market = sequencer.exchange.market("X-Z")
    for account in range(10, 5000):
        market.credit_account(account, 0, 10)
        market.submit(account, account, BID, LIMIT, 1, 1)
    assert sequencer.executions(4999) == []
    assert sequencer.last_execution == 0
    sequencer.cancel_order(0, 4999, 4999)
    assert [it.sequence for it in sequencer.executions(4999)] == [1]


def test_a_sequencer_in_a_cycle_is_collected():
    """A listener mostly leads back to it, so the collector finds it, together with its exchange."""
    for _ in range(3):
        sequencer = funded()
        calls = heard(sequencer)
        sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3)
        session = sequencer.open_session()
        sequencer.listeners.append(session.cancel_orders)
        del sequencer, session
        gc.collect()
        assert len(calls) == 1


def test_tallies_do_not_change():
    sequencer = funded()
    tally = sequencer.tallies()[0]
    sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3)
    assert (tally.accepted, tally.added, tally.refused) == (0, 0, {})
    assert sequencer.tallies()[0].accepted == 1
