"""gRPC while the disk is slow: nothing leaves before it is durable, and nobody is blamed for what is not."""

import gc
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orderbook_wire.v1 import orderbook_pb2 as wire

from ..held_journal import waiting
from ..running import eventually
from . import records
from .client import METHODS, serving
from .test_limits import code_of

BID = wire.SIDE_BID
ORDER = {"order_id": 1, "side": BID, "price": 100, "quantity": 5, "account_id": 1}


@pytest.fixture
def market(journal):
    with serving(journal=journal) as market:
        yield market


def release_of(market):
    return market.server.gateway._streams._release


def held(market):
    """Return how many wait for the journal."""
    return market.server.call(waiting, release_of(market))


def begin(market, rpc, timeout=20, **fields):
    """Begin a call, and return what it is."""
    return market.client.rpc(rpc).future(getattr(wire, METHODS[rpc].input_type.name)(**fields), timeout=timeout)


def nothing_came(market, *calls):
    """Tell whether calls have not been answered: what was sent by now came before what is answered now."""
    health_pb2_grpc.HealthStub(market.client.channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert not any(call.done() for call in calls)
    return True


def resting(market):
    return [order.id for order in market.server.call(market.sequencer.exchange.open_orders, "BASE-QUOTE", 1)]


def test_an_answer_waits_for_its_command_and_for_no_later_one(market, journal):
    first = begin(market, "NewOrder", **ORDER)
    eventually(lambda: held(market) == 1)
    second = begin(market, "NewOrder", **ORDER | {"order_id": 2})
    eventually(lambda: held(market) == 2)
    assert nothing_came(market, first, second)
    assert resting(market) == [1, 2]
    journal.keep(1)
    assert first.result().resting.order_id == 1
    assert nothing_came(market, second)
    journal.keep(2)
    assert second.result().resting.order_id == 2
    assert market.client.GetDepth(levels=1).sequence == 2  # at once: nothing waits


@pytest.mark.parametrize(
    ("rpc", "fields"),
    [
        ("NewOrder", ORDER),  # a refusal of the engine
        ("ModifyOrder", {"order_id": 7, "account_id": 1, "quantity": 1}),
        ("CancelOrder", {"order_id": 7, "account_id": 1}),
        ("CancelAll", {"account_id": 2}),
        ("CreditAccount", {"account_id": 1, "quote": 5}),
        ("DebitAccount", {"account_id": 1, "quote": 5}),
        ("GetBalance", {"account_id": 1}),
        ("Snapshot", {}),
        ("GetDepth", {"levels": 1}),
        ("ListOpenOrders", {"account_id": 1}),
        ("ListInstruments", {}),
    ],
)
def test_every_answer_waits_for_what_it_may_show(market, journal, rpc, fields):
    order = begin(market, "NewOrder", **ORDER)
    eventually(lambda: held(market) == 1)
    call = begin(market, rpc, **fields)
    eventually(lambda: held(market) == 2)
    assert nothing_came(market, order, call)
    journal.keep()
    assert order.result().status.ok
    journal.keep()  # what the other has appended
    assert call.result() is not None


def test_a_call_that_is_refused_shows_nothing_and_is_told_at_once(market):
    order = begin(market, "NewOrder", **ORDER)
    eventually(lambda: held(market) == 1)
    assert code_of(lambda: market.client.NewOrder(order_id=1)) is grpc.StatusCode.INVALID_ARGUMENT
    assert nothing_came(market, order)


def test_a_number_that_lies_ahead_is_told_when_the_last_one_is_durable(market, journal):
    order = begin(market, "NewOrder", **ORDER)
    eventually(lambda: held(market) == 1)
    feed = market.client.rpc("StreamEvents")(wire.StreamEventsRequest(from_sequence=2), timeout=20)
    eventually(lambda: held(market) == 2)
    assert nothing_came(market, order, feed)
    journal.keep()
    assert code_of(lambda: next(feed)) is grpc.StatusCode.OUT_OF_RANGE


def test_batches_wait(market, journal):
    conversation = market.client.trade()
    conversation.send(records=records.new(1, BID, 100, 5))
    eventually(lambda: held(market) == 1)
    conversation.send(records=records.cancel(1))
    assert nothing_came(market, conversation.call)
    assert resting(market) == [1]  # the next batch is read when the answer was sent
    journal.keep()
    assert list(next(conversation.call).result.status) == [0]
    eventually(lambda: held(market) == 1)
    journal.keep()
    assert list(next(conversation.call).result.status) == [0]
    conversation.finish()


@pytest.mark.parametrize(("rpc", "fields"), [("StreamEvents", {}), ("StreamAccountEvents", {"account_id": 1})])
def test_feeds_wait(market, journal, rpc, fields):
    feeds = [getattr(market.client, rpc)(**fields) for _ in range(2)]
    orders = []
    for order_id in (1, 2):
        orders.append(begin(market, "NewOrder", **ORDER | {"order_id": order_id}))
        eventually(lambda order_id=order_id: held(market) == order_id + 2)
    written = [stream.writing_since for stream in market.server.call(lambda: list(open_streams(market)))]
    assert written == [None, None]  # nothing was begun to be sent
    assert nothing_came(market, *feeds, *orders)
    journal.keep(1)
    assert orders[0].result().status.ok
    first = [next(feed) for feed in feeds]
    assert {event.sequence for event in first} == {1}
    eventually(lambda: held(market) == 3)  # the second order, and two who found its events
    journal.keep(2)
    assert {next(feed).sequence for feed in feeds} == {2}
    assert orders[1].result().status.ok


def open_streams(market):
    return market.server.gateway._streams._open


def test_a_feed_waits_once_for_what_it_found_together(market, journal):
    order = begin(market, "NewOrder", **ORDER)
    eventually(lambda: held(market) == 1)
    market.server.call(lambda: [market.sequencer.submit(0, 1, number, BID, 2, 100, 1) for number in range(2, 101)])
    feed = market.client.StreamEvents(from_sequence=0)
    eventually(lambda: held(market) == 2)
    journal.keep()
    assert order.result().status.ok
    assert [next(feed).sequence for _ in range(100)] == list(range(1, 101))
    feed.cancel()


def test_who_waits_for_the_disk_is_no_slow_consumer(journal):
    with serving(journal=journal, slow_consumer_seconds=0.05) as market:
        feed = market.client.StreamEvents()
        order = begin(market, "NewOrder", **ORDER)
        eventually(lambda: held(market) == 2)
        time.sleep(0.5)  # the time itself is what must do no harm
        assert held(market) == 2
        journal.keep()
        assert next(feed).sequence == 1
        assert order.result().status.ok
        assert market.stats.slow_consumers == 0


def test_a_client_that_goes_away_takes_the_answer_with_it_and_not_the_command(market, journal):
    calls = [begin(market, "NewOrder", **ORDER | {"order_id": order_id}) for order_id in range(1, 11)]
    eventually(lambda: held(market) == 10)
    for call in calls[1:]:
        call.cancel()
    eventually(lambda: held(market) == 1)
    journal.keep()
    assert calls[0].result().status.ok
    assert len(resting(market)) == 10


def test_a_deadline_takes_the_answer_and_not_the_command(market, journal):
    call = begin(market, "NewOrder", timeout=0.3, **ORDER)
    assert code_of(call.result) is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: held(market) == 0)
    assert resting(market) == [1]


def test_a_trading_client_that_goes_away_while_it_waits(market, journal):
    conversation = market.client.trade()
    conversation.send(options=wire.TradeOptions(cancel_on_disconnect=True), records=records.new(1, BID, 100, 5))
    eventually(lambda: held(market) == 1)
    assert resting(market) == [1]
    conversation.call.cancel()
    eventually(lambda: resting(market) == [])
    assert held(market) == 0


def test_stop_waits_for_the_disk(market, journal):
    conversation = market.client.trade()
    conversation.send(records=records.new(1, BID, 100, 5))
    order = begin(market, "NewOrder", **ORDER | {"order_id": 2})
    feed = market.client.StreamEvents(from_sequence=0)
    eventually(lambda: held(market) == 3)
    stopping = market.server.begin_stop()
    eventually(lambda: market.server.call(lambda: market.server.gateway._streams._closed))
    assert held(market) == 3
    journal.keep()
    assert order.result().status.ok
    assert list(next(conversation.call).result.status) == [0]
    assert [next(feed).sequence, next(feed).sequence] == [1, 2]
    for call in (feed, conversation.call):
        assert code_of(lambda call=call: next(call)) is grpc.StatusCode.UNAVAILABLE
    stopping.result(4)


def test_stop_does_not_wait_for_a_disk_that_is_gone(market, journal, caplog):
    conversation = market.client.trade()
    conversation.send(options=wire.TradeOptions(cancel_on_disconnect=True), records=records.new(1, BID, 100, 5))
    eventually(lambda: held(market) == 1)
    order = begin(market, "NewOrder", **ORDER | {"order_id": 2})
    feed = market.client.StreamEvents(from_sequence=0)
    eventually(lambda: held(market) == 3)
    journal.fail(OSError(5, "it is gone"))
    began = time.monotonic()
    market.server.stop()
    assert time.monotonic() - began < 4
    for call in (lambda: next(feed), lambda: next(conversation.call), order.result):
        assert code_of(call) in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    assert held(market) == 0
    assert resting(market) == [2]
    gc.collect()
    assert caplog.records == []  # nobody has found a task or an exception that is left over
