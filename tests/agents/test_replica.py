"""BookReplica: the engine's own book, by a snapshot and the events after it."""

import random
from fractions import Fraction

import pytest

from agents.replica import BookReplica, SequenceGap
from orderbook import (
    BookAdded,
    BookRemoved,
    BookSnapshot,
    BookUpdated,
    LevelDepth,
    MatchingEngine,
    OrderBookError,
    OrderType,
    OrderView,
    Rejection,
    RemoveReason,
    Side,
    Trade,
)

BID, ASK = Side.BID, Side.ASK
TOP = (1 << 64) - 1


def command_at_random(engine, order_id, pick):
    """Submit, modify or cancel; few prices, so that queues are long, and such as are at the ends of the range."""
    other = pick.randrange(1, order_id + 1)
    price = pick.choice([0, 1, 98, 99, 100, 101, 102, TOP - 1, TOP])
    try:
        match pick.randrange(8):
            case 0 | 1:
                engine.cancel_order(other)
            case 2:
                engine.modify_order(other, pick.randrange(12))
            case 3:
                engine.modify_order(other, pick.randrange(1, 12), price)
            case _:
                kind = pick.choice(
                    [OrderType.LIMIT, OrderType.LIMIT, OrderType.POST_ONLY, OrderType.IOC, OrderType.FOK]
                )
                engine.submit(order_id, pick.choice([BID, ASK]), kind, price, pick.randrange(12))
    except OrderBookError:
        pass


def assert_same(replica, engine):
    book = engine.order_book
    assert replica.snapshot() == book.snapshot()
    assert (replica.best_bid(), replica.best_ask()) == (book.best_bid(), book.best_ask())
    for levels in (0, 1, 3, 100):
        assert replica.depth(levels)[:2] == tuple(map(tuple, book.depth(levels)))


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_engines_book_after_every_command(seed):
    pick = random.Random(seed)
    engine = MatchingEngine()
    for order_id in range(1, 60):
        command_at_random(engine, order_id, pick)
    replica = BookReplica()
    replica.load(engine.order_book.snapshot())
    kinds = set()
    for order_id in range(60, 800):
        command_at_random(engine, order_id, pick)
        for event in engine.events(after=replica.sequence):
            replica.apply(event)
            kinds.add(type(event))
        assert_same(replica, engine)
        for some_id in pick.sample(range(1, order_id + 1), 5):
            assert replica.order(some_id) == engine.order_book.order(some_id)
    assert kinds == {BookAdded, BookUpdated, BookRemoved, Trade, Rejection}


def test_it_may_begin_with_nothing_and_be_loaded_again():
    engine = MatchingEngine()
    replica = BookReplica("A-B")
    assert (replica.symbol, replica.is_ready, replica.sequence) == ("A-B", False, 0)
    assert (replica.best_bid(), replica.best_ask(), replica.spread, replica.mid) == (None, None, None, None)
    replica.load(engine.order_book.snapshot())
    assert replica.is_ready
    engine.submit_limit(1, BID, 100, 5)
    engine.submit_limit(2, ASK, 103, 2)
    for event in engine.events():
        replica.apply(event)
    assert (replica.spread, replica.mid) == (3, Fraction(203, 2))
    assert replica.depth(1).bids == (LevelDepth(100, 5, 1),)
    replica.load(BookSnapshot((), (), 1))
    assert (replica.snapshot(), replica.order(1)) == (BookSnapshot((), (), 1), None)
    with pytest.raises(ValueError, match="-1"):
        replica.depth(-1)


def added(sequence, order_id=1, price=100):
    return BookAdded(sequence, 0, order_id, BID, price, 5)


def loaded(sequence=0):
    replica = BookReplica()
    replica.load(BookSnapshot((), (), sequence))
    return replica


def test_events_that_the_snapshot_contains_are_ignored():
    replica = loaded(7)
    for sequence in (1, 6, 7):
        replica.apply(added(sequence))
        replica.skip(sequence)
    assert replica.snapshot() == BookSnapshot((), (), 7)
    replica.apply(added(8))
    replica.apply(added(8))
    assert replica.order(1) == OrderView(1, BID, 100, 5)


def test_an_order_goes_to_the_end_of_its_queue_when_it_grows_alone():
    replica = loaded()
    for sequence, order_id in enumerate((1, 2, 3), 1):
        replica.apply(added(sequence, order_id))
    for sequence, (quantity, queue) in enumerate(((5, [1, 2, 3]), (4, [1, 2, 3]), (6, [2, 3, 1])), 4):
        replica.apply(BookUpdated(sequence, 0, 1, BID, 100, quantity))
        assert [order.id for order in replica.snapshot().bids[0].orders] == queue
        assert replica.best_bid() == (100, quantity + 10)


def test_events_of_other_instruments_only_count():
    replica = loaded(7)
    replica.skip(8)
    replica.apply(added(9))
    assert replica.sequence == 9
    with pytest.raises(SequenceGap, match="event 11 came, and those after 9 are missing"):
        replica.skip(11)
    assert not replica.is_ready


@pytest.mark.parametrize("sequence", [9, 100])
def test_a_gap_is_noticed_and_stays_one_until_the_next_snapshot(sequence):
    replica = loaded(7)
    with pytest.raises(SequenceGap):
        replica.apply(added(sequence))
    assert not replica.is_ready
    assert replica.snapshot() == BookSnapshot((), (), 7)
    for late in (8, 7):
        with pytest.raises(SequenceGap, match="no snapshot"):
            replica.apply(added(late))
    replica.load(BookSnapshot((), (), 8))
    replica.apply(added(9))
    assert replica.is_ready


@pytest.mark.parametrize(
    "event",
    [
        added(9),
        BookUpdated(9, 0, 2, BID, 100, 1),
        BookUpdated(9, 0, 1, BID, 101, 1),
        BookRemoved(9, 0, 1, ASK, 100, 5, RemoveReason.FILLED),
        BookRemoved(9, 0, 2, BID, 100, 5, RemoveReason.CANCELED),
    ],
)
def test_an_event_that_does_not_fit_is_as_bad_as_a_gap(event):
    replica = loaded(7)
    replica.apply(added(8))
    with pytest.raises(SequenceGap, match="does not fit"):
        replica.apply(event)
    assert not replica.is_ready
    assert replica.sequence == 8
