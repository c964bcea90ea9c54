"""StreamEvents: the public feed."""

import gc
import itertools
import random
import time

import grpc
import pytest

from orderbook import BookAdded, BookRemoved, BookUpdated, Exchange, Instrument, Rejection, SelfTradePrevention, Trade
from orderbook.enums import RejectReason
from orderbook_server.gateways.grpc import feeds
from orderbook_server.protocol.desk import Desk
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_wire.v1 import orderbook_pb2 as wire

from ...engine.replica import Replica
from ..running import eventually
from .client import serving

BID, ASK = wire.SIDE_BID, wire.SIDE_ASK


def take(call, count):
    return list(itertools.islice(call, count))


def as_engine_event(event):
    """Return the engine's event that a message tells of: all fields are read back."""
    common = (event.sequence, event.timestamp_ns)
    if event.WhichOneof("payload") == "trade":
        of = event.trade
        return Trade(*common, of.taker_order_id, of.maker_order_id, of.taker_side, of.order_type, of.price, of.quantity)
    if event.WhichOneof("payload") == "rejection":
        of = event.rejection
        price = of.price if of.HasField("price") else None
        return Rejection(*common, of.order_id, of.side, of.order_type, price, of.quantity, of.reason)
    kind = event.book.WhichOneof("kind")
    of = getattr(event.book, kind)
    make = {"added": BookAdded, "updated": BookUpdated, "removed": BookRemoved}[kind]
    reason = (of.reason,) if kind == "removed" else ()
    return make(*common, of.order_id, of.side, of.price, of.quantity, *reason)


def trade_at_random(client, commands, seed):
    """Submit, modify and cancel, so that all kinds of events come about."""
    pick = random.Random(seed)
    for order_id in range(1, commands + 1):
        account_id, other = pick.choice([1, 2]), pick.randrange(1, order_id + 1)
        match pick.randrange(6):
            case 0:
                client.CancelOrder(order_id=other, account_id=account_id)
            case 1:
                client.ModifyOrder(order_id=other, account_id=account_id, quantity=pick.randrange(9))
            case 2:
                price = pick.randrange(90, 110)
                client.ModifyOrder(order_id=other, account_id=account_id, quantity=pick.randrange(1, 9), price=price)
            case _:
                client.NewOrder(
                    order_id=pick.choice([order_id, order_id, order_id, other]),
                    side=pick.choice([BID, ASK]),
                    price=pick.randrange(90, 110),
                    quantity=pick.randrange(9),
                    order_type=pick.randrange(6),
                    account_id=account_id,
                )


def test_every_event_is_told_whole_in_sequence_and_without_gaps(market):
    feed = market.client.StreamEvents()
    trade_at_random(market.client, 300, seed=1)
    events = market.server.call(market.sequencer.exchange.events)
    kinds = {type(event) for event in events}
    assert kinds == {BookAdded, BookUpdated, BookRemoved, Trade, Rejection}
    assert [as_engine_event(event) for event in take(feed, len(events))] == events
    feed.cancel()


def test_a_snapshot_and_the_events_behind_it_are_the_book(market):
    trade_at_random(market.client, 100, seed=2)
    book = market.sequencer.exchange.market("BASE-QUOTE").order_book
    replica = Replica(market.server.call(book.snapshot))
    told = market.client.Snapshot()
    assert told.sequence == replica.sequence
    trade_at_random(market.client, 200, seed=3)
    expected = market.server.call(book.snapshot)
    for event in take(market.client.StreamEvents(from_sequence=told.sequence), expected.sequence - told.sequence):
        replica.apply(as_engine_event(event))
    assert replica.snapshot() == expected
    assert expected.bids or expected.asks


def test_without_a_number_it_begins_with_the_next_event(client):
    client.bid(1, 100, 5)
    feed = client.StreamEvents()
    client.bid(2, 100, 5)
    assert next(feed).sequence == 2


def test_with_a_number_it_begins_behind_it_and_0_is_the_beginning(client):
    for order_id in range(1, 6):
        client.bid(order_id, 100, 5)
    assert [event.sequence for event in take(client.StreamEvents(from_sequence=0), 5)] == [1, 2, 3, 4, 5]
    assert [event.sequence for event in take(client.StreamEvents(from_sequence=3), 2)] == [4, 5]
    feed = client.StreamEvents(from_sequence=5)
    client.bid(6, 100, 5)
    assert next(feed).sequence == 6


def test_who_comes_later_may_begin_earlier(client):
    for order_id in range(1, 4):
        client.bid(order_id, 100, 5)
    feed = client.StreamEvents()
    client.bid(4, 100, 5)
    assert next(feed).sequence == 4
    assert [event.sequence for event in take(client.StreamEvents(from_sequence=0), 4)] == [1, 2, 3, 4]
    assert [event.sequence for event in take(client.StreamEvents(from_sequence=2), 2)] == [3, 4]


def test_bytes_are_kept_of_few_events_only():
    exchange = Exchange(event_capacity=100_000)
    exchange.credit(1, "QUOTE", 10**9)
    for order_id in range(1, 40_001):
        exchange.submit("BASE-QUOTE", 1, order_id, BID, 2, 1, 1)
    gc.collect()
    others = sum(isinstance(thing, feeds.Block) for thing in gc.get_referrers(feeds.Block))
    feed = feeds.EventFeed(Desk(Sequencer(exchange)))
    position = 0
    while messages := feed.messages(position):
        position += len(messages)
    assert position == 40_000
    assert sum(isinstance(thing, feeds.Block) for thing in gc.get_referrers(feeds.Block)) - others <= feeds.BLOCKS_MAX


def test_events_have_symbol_and_time(two_markets):
    client = two_markets.client
    feed = client.StreamEvents()
    before = time.time_ns()
    client.bid(1, 100, 5)
    client.bid(1, 100, 5, symbol="ETH-USD")
    after = time.time_ns()
    first, second = take(feed, 2)
    assert (first.symbol, second.symbol) == ("BTC-USD", "ETH-USD")
    assert before <= first.timestamp_ns <= second.timestamp_ns <= after


def test_numbers_that_lie_ahead_or_are_gone_are_out_of_range():
    with serving(event_capacity=8) as market:
        for order_id in range(1, 11):
            market.client.bid(order_id, 100, 5)
        for wrong in (0, 1, 11, 2**64 - 1):
            with pytest.raises(grpc.RpcError) as error:
                next(market.client.StreamEvents(from_sequence=wrong))
            assert error.value.code() is grpc.StatusCode.OUT_OF_RANGE
        assert next(market.client.StreamEvents(from_sequence=2)).sequence == 3


def test_what_was_told_to_others_is_out_of_range_too_when_it_is_gone():
    with serving(event_capacity=8) as market:
        for order_id in range(1, 5):
            market.client.bid(order_id, 100, 5)
        take(market.client.StreamEvents(from_sequence=0), 4)
        for order_id in range(5, 14):
            market.client.bid(order_id, 100, 5)
        with pytest.raises(grpc.RpcError) as error:
            next(market.client.StreamEvents(from_sequence=0))
        assert error.value.code() is grpc.StatusCode.OUT_OF_RANGE


def test_what_was_told_to_others_does_not_hide_what_is_still_held():
    """The bytes that are kept end before the oldest event that is held, and that is where the client goes on."""
    with serving(event_capacity=8) as market:
        market.client.bid(1, 100, 5)
        take(market.client.StreamEvents(from_sequence=0), 1)
        for order_id in range(2, 21):
            market.client.bid(order_id, 100, 5)
        assert [event.sequence for event in take(market.client.StreamEvents(from_sequence=12), 8)] == [*range(13, 21)]


def test_a_removal_by_self_trade_prevention_reads_canceled():
    instrument = Instrument("A-B", "A", "B", self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    with serving(instruments=(instrument,)) as market:
        feed = market.client.StreamEvents()
        market.client.bid(1, 100, 5)
        market.client.ask(2, 100, 5, account_id=1)
        removed = take(feed, 2)[1].book.removed
        assert (removed.order_id, removed.reason) == (1, wire.BOOK_REMOVE_REASON_CANCELED)


@pytest.mark.parametrize(
    ("reason", "order"),
    [
        (wire.REJECTION_REASON_DUPLICATE, {"order_id": 1}),
        (wire.REJECTION_REASON_CROSSED, {"order_type": wire.ORDER_TYPE_POST_ONLY}),
        (wire.REJECTION_REASON_INVALID_QUANTITY, {"quantity": 0}),
        (wire.REJECTION_REASON_MISSING_PRICE, {"price": None}),
        (wire.REJECTION_REASON_INSUFFICIENT_LIQUIDITY, {"order_type": wire.ORDER_TYPE_FILL_OR_KILL, "quantity": 9}),
    ],
)
def test_refusals_of_the_matcher_are_events(client, reason, order):
    client.bid(1, 100, 5)
    feed = client.StreamEvents()
    fields = {"order_id": 2, "side": ASK, "price": 100, "quantity": 5, "account_id": 2} | order
    client.NewOrder(**{name: value for name, value in fields.items() if value is not None})
    rejection = next(feed).rejection
    assert rejection.reason == reason
    assert rejection.HasField("price") == (fields["price"] is not None)
    assert reason in set(RejectReason)


def test_subscribers_share_the_bytes_of_an_event(market, monkeypatch):
    made, original = [], feeds.engine_event
    monkeypatch.setattr(feeds, "engine_event", lambda *args: made.append(args) or original(*args))
    subscribers = [market.client.StreamEvents() for _ in range(10)]
    for order_id in range(1, 600):  # more than one block
        market.client.bid(order_id, 100, 1)
    for feed in subscribers:
        assert [event.sequence for event in take(feed, 599)] == list(range(1, 600))
    assert len(made) == 599


def test_lag_and_streams_under_way_are_counted(market):
    feed = market.client.StreamEvents(from_sequence=0)
    for order_id in range(1, 4):
        market.client.bid(order_id, 100, 1)
    take(feed, 3)
    eventually(lambda: market.server.call(counted, market.stats) == ([0], 1))
    feed.cancel()
    eventually(lambda: market.server.call(counted, market.stats) == ([], 0))


def counted(stats):
    return list(stats.lags()), stats.connections
