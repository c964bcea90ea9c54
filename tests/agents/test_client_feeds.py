"""Feeds of both clients: what they tell, where they begin, how they end."""

import asyncio
import itertools
import threading
import time

import pytest

from agents.errors import ServerBusy
from agents.gateways.grpc import (
    Accepted,
    BlockingOrderBookClient,
    Canceled,
    Execution,
    Filled,
    GrpcOrderBookClient,
    Refused,
    UnknownEvent,
)
from orderbook import (
    BookAdded,
    BookRemoved,
    Instrument,
    OrderType,
    Rejection,
    RejectReason,
    RemoveReason,
    SelfTradePrevention,
    SequenceGone,
    Side,
    Trade,
    UnknownOrder,
)
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..server.grpc.client import serving
from ..server.grpc.test_events import trade_at_random
from ..server.running import eventually
from .fake_server import faking

BID, ASK = Side.BID, Side.ASK
LIMIT, MARKET, POST_ONLY = OrderType.LIMIT, OrderType.MARKET, OrderType.POST_ONLY
OK = wire.CommandStatus(ok=True)


def test_events_are_the_engines(client, market):
    feed = client.stream_events()
    trade_at_random(market.client, 200, seed=2)
    events = market.server.call(market.sequencer.exchange.events)
    told = list(itertools.islice(feed, len(events)))
    assert [each.event for each in told] == events
    assert {each.symbol for each in told} == {"BASE-QUOTE"}
    assert len({type(event) for event in events}) == 5


def test_a_feed_begins_where_it_is_told_to(client):
    for order_id in range(1, 4):
        client.submit_order(1, order_id, BID, LIMIT, 100, 5)
    assert [each.event.sequence for each in itertools.islice(client.stream_events(0), 3)] == [1, 2, 3]
    assert next(client.stream_events(2)).event.sequence == 3
    now, accounts = client.stream_events(), client.stream_account_events(1)
    client.submit_order(1, 4, BID, LIMIT, 100, 5)
    assert next(now).event.sequence == 4
    assert next(accounts).order_id == 4
    for ahead in (lambda: client.stream_events(99), lambda: client.stream_account_events(1, 99)):
        with pytest.raises(SequenceGone, match="after 99"):
            next(ahead())


def test_a_feed_that_is_closed_has_ended(client):
    client.submit_order(1, 1, BID, LIMIT, 100, 5)
    feed = client.stream_events(0)
    assert next(feed).event.order_id == 1
    feed.close()
    feed.close()
    assert list(feed) == []


def test_executions_are_told_with_all_that_they_say(connect):
    instrument = Instrument("A-B", "A", "B", self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    with serving(instruments=(instrument,)) as market:
        client = connect(market.server.address)
        before = time.time_ns()
        client.submit_order(1, 1, BID, LIMIT, 100, 5)
        client.submit_order(2, 2, ASK, LIMIT, 100, 2)
        client.submit_order(1, 3, ASK, LIMIT, 100, 1)  # its own bid goes
        client.modify_order(1, 3, 4)
        client.submit_order(2, 5, ASK, LIMIT, 99, 1)
        client.submit_order(1, 4, BID, MARKET, None, 2)
        with pytest.raises(UnknownOrder):
            client.cancel_order(1, 9)
        client.submit_order(1, 6, BID, LIMIT, 7, 1)
        client.cancel_all(1)
        told = list(itertools.islice(client.stream_account_events(1, 0), 12))
    numbers = [each.sequence for each in told]
    assert numbers == sorted(set(numbers))
    assert {each.symbol for each in told} == {"A-B"}
    assert all(before <= each.timestamp_ns <= time.time_ns() for each in told)
    common = [(each.sequence, each.timestamp_ns, each.symbol) for each in told]
    assert told == [
        Accepted(*common[0], 1, "new", BID, LIMIT, 100, 5),
        Filled(*common[1], 1, BID, True, 2, 100, 2, 3),
        Accepted(*common[2], 3, "new", ASK, LIMIT, 100, 1),
        Canceled(*common[3], 1, BID, 100, 3, 0, "self_trade"),
        Accepted(*common[4], 3, "modify", ASK, LIMIT, 100, 4),
        Accepted(*common[5], 4, "new", BID, MARKET, None, 2),
        Filled(*common[6], 4, BID, False, 5, 99, 1, 1),
        Canceled(*common[7], 3, ASK, 100, 4, 0, "self_trade"),
        Canceled(*common[8], 4, BID, None, 1, 0, "unfilled"),
        Refused(*common[9], 9, "cancel", "unknown_order"),
        Accepted(*common[10], 6, "new", BID, LIMIT, 7, 1),
        Canceled(*common[11], 6, BID, 7, 1, 0, "requested"),
    ]
    assert [each.kind for each in (told[0], told[1], told[3], told[9])] == ["accepted", "filled", "canceled", "refused"]


def test_a_removal_by_self_trade_prevention_reads_canceled(connect):
    instrument = Instrument("A-B", "A", "B", self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    with serving(instruments=(instrument,)) as market:
        client = connect(market.server.address)
        client.submit_order(1, 1, BID, LIMIT, 100, 5)
        client.submit_order(1, 2, ASK, LIMIT, 100, 5)
        events = [each.event for each in itertools.islice(client.stream_events(0), 3)]
    assert [type(event) for event in events] == [BookAdded, BookRemoved, BookAdded]
    assert events[1].reason is RemoveReason.CANCELED


def common(sequence):
    return {"sequence": sequence, "symbol": "A-B", "timestamp_ns": 7}


def test_what_came_after_this_client_does_not_confuse_it(connect):
    order = {"order_id": 1, "side": 1, "price": 100, "quantity": 5}
    trade = {"taker_order_id": 1, "maker_order_id": 2, "taker_side": 2, "order_type": 77, "price": 3, "quantity": 4}
    rejection = {"order_id": 1, "side": 1, "order_type": 77, "quantity": 4, "reason": 1}
    events = [
        wire.EngineEvent(**common(1), book={"removed": order | {"reason": 77}}),
        wire.EngineEvent(**common(2), trade=trade),
        wire.EngineEvent(**common(3), rejection=rejection),
        wire.EngineEvent(**common(4), rejection=rejection | {"reason": 77}),
        wire.EngineEvent(**common(5), book={"added": order | {"side": 77}}),
        wire.EngineEvent(**common(6), book={}),
        wire.EngineEvent(**common(7)),
    ]
    executions = [
        wire.AccountEvent(**common(1), order_id=5, accepted={"command": 77, "side": 1, "order_type": 77}),
        wire.AccountEvent(**common(2), order_id=5, canceled={"side": 1, "reason": 77}),
        wire.AccountEvent(**common(3), order_id=5, refused={"command": 77, "error_message": "new_one"}),
        wire.AccountEvent(**common(4), order_id=5, filled={"side": 77}),
        wire.AccountEvent(**common(5), order_id=5),
    ]
    answers = {"StreamEvents": lambda *_: iter(events), "StreamAccountEvents": lambda *_: iter(executions)}
    with faking(**answers) as server:
        client = connect(server.address)
        told, of_account = list(client.stream_events(0)), list(client.stream_account_events(1, 0))
    assert {each.symbol for each in told} == {"A-B"}
    assert [each.event for each in told] == [
        BookRemoved(1, 7, 1, BID, 100, 5, RemoveReason.CANCELED),
        Trade(2, 7, 1, 2, ASK, LIMIT, 3, 4),
        Rejection(3, 7, 1, BID, LIMIT, None, 4, RejectReason.DUPLICATE),
        *(UnknownEvent(sequence, 7) for sequence in (4, 5, 6, 7)),
    ]
    assert of_account == [
        Accepted(1, 7, "A-B", 5, "unknown", BID, LIMIT, None, 0),
        Canceled(2, 7, "A-B", 5, BID, None, 0, 0, "unknown"),
        Refused(3, 7, "A-B", 5, "unknown", "new_one"),
        Execution(4, 7, "A-B", 5),
        Execution(5, 7, "A-B", 5),
    ]
    assert of_account[-1].kind == "unknown"


def test_a_blocking_feed_ends_when_its_time_is_up(market):
    with BlockingOrderBookClient.connect(market.server.address) as client:
        client.submit_order(1, 1, BID, LIMIT, 100, 5)
        assert [each.event.order_id for each in client.stream_events(0, timeout_s=0.3)] == [1]
        with client.stream_account_events(1, 0, timeout_s=0.3) as feed:
            assert [each.order_id for each in feed] == [1]
        assert list(feed) == []


def test_a_blocking_feed_is_closed_from_another_thread(market):
    with BlockingOrderBookClient.connect(market.server.address) as client:
        feed = client.stream_events()
        closing = threading.Timer(0.1, feed.close)
        closing.start()
        assert list(feed) == []
        closing.join()


def test_async_feeds_stand_when_the_block_begins_and_end_with_it(market):
    async def talk():
        async with await GrpcOrderBookClient.connect(market.server.address) as client:
            async with client.stream_events() as feed:
                await client.submit_order(1, 1, BID, LIMIT, 100, 5)
                first = await anext(feed)
            return first, [each async for each in feed]

    first, others = asyncio.run(talk())
    assert first.event.order_id == 1
    assert others == []
    eventually(lambda: market.server.call(lambda: market.stats.connections) == 0)


def test_a_slow_reader_is_told_so(connect):
    """The server holds few events, so that they are gone before so slow a reader has come to them."""
    with serving(event_capacity=8) as market:
        client = connect(market.server.address)
        feed = client.stream_events()
        market.server.call(fill, market)
        with pytest.raises(ServerBusy, match="events"):
            for _ in feed:
                pass


def fill(market):
    """Make more events at once than are held."""
    for order_id in range(1, 100):
        market.sequencer.submit(0, 1, order_id, BID, LIMIT, 1, 1)
