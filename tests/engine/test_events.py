"""Events: numbered without gaps, in their order, held up to the capacity, and enough to rebuild the book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orderbook
from orderbook import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    CrossedOrder,
    DuplicateOrder,
    InvalidQuantity,
    MissingPrice,
    Rejection,
    RejectReason,
    RemoveReason,
    SequenceGone,
    Trade,
)

from .helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, one_by_one
from .replica import Replica
from .strategies import batches


def test_nothing_happened_yet(engine):
    assert engine.events() == []
    assert (engine.last_sequence, engine.oldest_sequence) == (0, 1)


def test_per_fill_the_trade_then_the_maker_and_the_taker_last(engine):
    engine.submit_limit(1, ASK, 100, 5)
    engine.submit_limit(2, ASK, 101, 5)
    engine.submit_limit(3, BID, 101, 7)
    engine.submit_limit(4, BID, 101, 9)
    assert engine.events() == [
        BookAdded(1, 0, 1, ASK, 100, 5),
        BookAdded(2, 0, 2, ASK, 101, 5),
        Trade(3, 0, 3, 1, BID, LIMIT, 100, 5),
        BookRemoved(4, 0, 1, ASK, 100, 5, RemoveReason.FILLED),
        Trade(5, 0, 3, 2, BID, LIMIT, 101, 2),
        BookUpdated(6, 0, 2, ASK, 101, 3),
        Trade(7, 0, 4, 2, BID, LIMIT, 101, 3),
        BookRemoved(8, 0, 2, ASK, 101, 3, RemoveReason.FILLED),
        BookAdded(9, 0, 4, BID, 101, 6),
    ]


@pytest.mark.parametrize("order_type", [MARKET, LIMIT, IOC, FOK])
def test_a_trade_says_the_takers_type(engine, order_type):
    engine.submit_limit(1, BID, 100, 5)
    engine.submit(2, ASK, order_type, 100, 5)
    assert engine.events(1, limit=1) == [Trade(2, 0, 2, 1, ASK, order_type, 100, 5)]


def test_a_dropped_rest_is_no_event(engine):
    engine.submit_market(1, BID, 5)
    engine.submit_immediate_or_cancel(2, BID, 100, 5)
    assert engine.last_sequence == 0


def test_cancel_and_modify(engine):
    engine.submit_limit(1, BID, 100, 5)
    engine.modify_order(1, 3)
    engine.modify_order(1, 3)
    engine.modify_order(1, 8)
    engine.modify_order(1, 8, 99)
    engine.cancel_order(1)
    assert engine.events(1) == [
        BookUpdated(2, 0, 1, BID, 100, 3),
        BookUpdated(3, 0, 1, BID, 100, 3),
        BookUpdated(4, 0, 1, BID, 100, 8),
        BookRemoved(5, 0, 1, BID, 100, 8, RemoveReason.CANCELED),
        BookAdded(6, 0, 1, BID, 99, 8),
        BookRemoved(7, 0, 1, BID, 99, 8, RemoveReason.CANCELED),
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "price", "reason"),
    [
        ((1, BID, LIMIT, 90, 5), DuplicateOrder, 90, RejectReason.DUPLICATE),
        ((1, BID, MARKET, 90, 5), DuplicateOrder, None, RejectReason.DUPLICATE),
        ((2, BID, POST_ONLY, 100, 5), CrossedOrder, 100, RejectReason.CROSSED),
        ((2, BID, IOC, 0, 0), InvalidQuantity, 0, RejectReason.INVALID_QUANTITY),
        ((2, BID, MARKET, 90, 0), InvalidQuantity, None, RejectReason.INVALID_QUANTITY),
        ((2, BID, LIMIT, None, 5), MissingPrice, None, RejectReason.MISSING_PRICE),
        ((1, BID, FOK, None, 0), MissingPrice, None, RejectReason.MISSING_PRICE),
        ((2, BID, FOK, 100, 6), None, 100, RejectReason.INSUFFICIENT_LIQUIDITY),
        ((2, BID, FOK, 99, 1), None, 99, RejectReason.INSUFFICIENT_LIQUIDITY),
    ],
)
def test_rejections(engine, arguments, error, price, reason):
    """A rejection repeats what was asked for; of a market order no price, as it has none."""
    engine.submit_limit(1, ASK, 100, 5)
    state = engine.state_hash()
    if error is None:
        assert engine.submit(*arguments).unfilled == arguments[4]
    else:
        with pytest.raises(error):
            engine.submit(*arguments)
    order_id, side, order_type, _, quantity = arguments
    assert engine.events(1) == [Rejection(2, 0, order_id, side, order_type, price, quantity, reason)]
    assert engine.state_hash() == state


def test_short_forms_report_a_missing_price(engine):
    for submit, order_type in [
        (engine.submit_limit, LIMIT),
        (engine.submit_immediate_or_cancel, IOC),
        (engine.submit_fill_or_kill, FOK),
        (engine.submit_post_only, POST_ONLY),
    ]:
        last = engine.last_sequence
        with pytest.raises(MissingPrice):
            submit(1, ASK, None, 5)
        rejection = Rejection(last + 1, 0, 1, ASK, order_type, None, 5, RejectReason.MISSING_PRICE)
        assert engine.events(last) == [rejection]


def submit_many(engine, count):
    for order_id in range(count):
        engine.submit_limit(order_id, BID, 100, 1)


def test_after_and_limit(engine):
    submit_many(engine, 5)
    assert [event.sequence for event in engine.events()] == [1, 2, 3, 4, 5]
    assert [event.sequence for event in engine.events(3)] == [4, 5]
    assert [event.sequence for event in engine.events(after=1, limit=2)] == [2, 3]
    assert [event.sequence for event in engine.events(1, 99)] == [2, 3, 4, 5]
    assert [event.sequence for event in engine.events(1, None)] == [2, 3, 4, 5]
    assert engine.events(1, 0) == []
    assert engine.events(5) == []
    with pytest.raises(SequenceGone):
        engine.events(6)


@pytest.mark.parametrize("capacity", [1, 2, 3, 7])
def test_only_the_newest_are_held(api, capacity):
    engine = api.MatchingEngine(event_capacity=capacity)
    for count in range(1, 12):
        engine.submit_limit(count, BID, 100, 1)
        oldest = max(1, count - capacity + 1)
        assert (engine.oldest_sequence, engine.last_sequence) == (oldest, count)
        assert [event.order_id for event in engine.events(oldest - 1)] == list(range(oldest, count + 1))
        if oldest > 1:
            with pytest.raises(SequenceGone):
                engine.events(oldest - 2)
            with pytest.raises(SequenceGone):
                engine.events()
        with pytest.raises(SequenceGone):
            engine.events(count + 1)


def test_a_capacity_of_none(api):
    """With nothing held the numbers go on, and the oldest is the next to come."""
    engine = api.MatchingEngine(event_capacity=0)
    submit_many(engine, 3)
    assert (engine.oldest_sequence, engine.last_sequence) == (4, 3)
    assert engine.events(3) == []
    with pytest.raises(SequenceGone):
        engine.events(2)
    assert engine.order_book.snapshot().sequence == 3


def test_the_default_capacity(engine):
    submit_many(engine, 1)
    for _ in range(65536 // 2):
        engine.modify_order(0, 1, 99)
        engine.cancel_order(0)
        submit_many(engine, 1)
    assert engine.last_sequence - engine.oldest_sequence + 1 == 65536


def test_a_snapshot_names_its_last_event(engine):
    submit_many(engine, 3)
    assert engine.order_book.snapshot().sequence == engine.last_sequence == 3


def test_events_handed_out_stay_as_they_were(api):
    engine = api.MatchingEngine(event_capacity=1)
    engine.submit_limit(1, BID, 100, 5)
    (event,) = engine.events()
    engine.cancel_order(1)
    assert event == BookAdded(1, 0, 1, BID, 100, 5)


@given(commands=batches(), capacity=st.integers(0, 20))
def test_a_small_ring_holds_the_tail_of_a_large_one(commands, capacity):
    for api in (orderbook, orderbook.reference):
        large, small = api.MatchingEngine(), api.MatchingEngine(event_capacity=capacity)
        assert one_by_one(large, commands) == one_by_one(small, commands)
        assert small.last_sequence == large.last_sequence
        assert small.events(small.oldest_sequence - 1) == large.events()[max(0, large.last_sequence - capacity) :]


@given(commands=batches(), cut=st.integers(0, 40))
def test_a_snapshot_and_the_events_after_it_rebuild_the_book(commands, cut):
    """At every sequence number, queue order included, whenever the snapshot was taken."""
    for api in (orderbook, orderbook.reference):
        engine = api.MatchingEngine()
        one_by_one(engine, commands[:cut])
        replica = Replica(engine.order_book.snapshot())
        for command in commands[cut:]:
            one_by_one(engine, [command])
            for event in engine.events(replica.sequence):
                replica.apply(event)
            assert replica.snapshot() == engine.order_book.snapshot()
