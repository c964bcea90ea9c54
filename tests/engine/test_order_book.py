"""OrderBook alone: state, questions, refusals; no engine, no events."""

import copy
import pickle

import pytest

from orderbook import (
    BookSnapshot,
    CrossedOrder,
    DuplicateOrder,
    InvalidQuantity,
    LevelDepth,
    LevelSnapshot,
    NumericOverflow,
    OrderView,
    UnknownOrder,
)

from .helpers import ASK, BID, TOP, queue

SIDES = [BID, ASK]


@pytest.fixture
def full(book):
    """Return a book with two levels a side: bids 99 and 98, asks 101 and 103."""
    for order in [
        (1, BID, 99, 10),
        (2, BID, 99, 5),
        (3, BID, 98, 7),
        (4, ASK, 101, 4),
        (5, ASK, 103, 6),
        (6, ASK, 103, 1),
    ]:
        book.add_order(*order)
    return book


def assert_unchanged(book, call, error):
    before = book.state_hash(), book.snapshot()
    with pytest.raises(error):
        call()
    assert (book.state_hash(), book.snapshot()) == before
    book.check()


def test_an_empty_book(book):
    assert len(book) == book.total_orders() == 0
    assert book.best_bid() is None
    assert book.best_ask() is None
    assert book.depth() == ((), ())
    assert book.snapshot() == BookSnapshot((), (), 0)
    assert 0 not in book
    assert book.order(0) is None
    for side in SIDES:
        assert book.best_order(side) is None
        assert book.total_quantity(side) == 0
        assert book.available_quantity(side) == 0
        assert book.available_quantity(side, 100) == 0
        assert book.market_order_cost(side, 5) == (0, 0)
        assert book.level_total_quantity(side, 0) is None
        assert book.level_orders(side, 0) is None
    book.check()


def test_questions(full):
    assert len(full) == full.total_orders() == 6
    assert full.best_bid() == (99, 15)
    assert full.best_ask() == (101, 4)
    assert full.best_order(BID) == OrderView(1, BID, 99, 10)
    assert full.best_order(ASK) == OrderView(4, ASK, 101, 4)
    assert full.total_quantity(BID) == 22
    assert full.total_quantity(ASK) == 11
    assert full.order(5) == OrderView(5, ASK, 103, 6)
    assert full.order(7) is None
    assert 5 in full
    assert 7 not in full
    assert full.level_total_quantity(ASK, 103) == 7
    assert full.level_total_quantity(ASK, 102) is None
    assert full.level_total_quantity(BID, 103) is None
    assert full.level_orders(ASK, 103) == (OrderView(5, ASK, 103, 6), OrderView(6, ASK, 103, 1))
    assert full.level_orders(BID, 97) is None


def test_depth_is_l2_best_first(full):
    bids = (LevelDepth(99, 15, 2), LevelDepth(98, 7, 1))
    asks = (LevelDepth(101, 4, 1), LevelDepth(103, 7, 2))
    assert full.depth() == full.depth(None) == full.depth(2) == full.depth(TOP) == (bids, asks)
    assert full.depth(1) == (bids[:1], asks[:1])
    assert full.depth(levels=0) == ((), ())


def test_snapshot_is_l3_oldest_first(full):
    assert full.snapshot() == BookSnapshot(
        (
            LevelSnapshot(99, 15, (OrderView(1, BID, 99, 10), OrderView(2, BID, 99, 5))),
            LevelSnapshot(98, 7, (OrderView(3, BID, 98, 7),)),
        ),
        (
            LevelSnapshot(101, 4, (OrderView(4, ASK, 101, 4),)),
            LevelSnapshot(103, 7, (OrderView(5, ASK, 103, 6), OrderView(6, ASK, 103, 1))),
        ),
        0,
    )


def test_a_snapshot_stays_as_it_was(full):
    snapshot = full.snapshot()
    kept = pickle.dumps(snapshot)
    full.cancel(1)
    full.update_order_quantity(5, 1)
    assert snapshot == pickle.loads(kept)


@pytest.mark.parametrize(
    ("side", "limit", "quantity"),
    [
        (BID, None, 11),
        (BID, 100, 0),
        (BID, 101, 4),
        (BID, 102, 4),
        (BID, 103, 11),
        (BID, TOP, 11),
        (ASK, None, 22),
        (ASK, 100, 0),
        (ASK, 99, 15),
        (ASK, 98, 22),
        (ASK, 0, 22),
    ],
)
def test_available_quantity_is_a_takers(full, side, limit, quantity):
    assert full.available_quantity(side, limit) == quantity
    assert full.available_quantity(side, price_limit=limit) == quantity


@pytest.mark.parametrize(
    ("side", "quantity", "cost", "filled"),
    [
        (BID, 1, 101, 1),
        (BID, 5, 4 * 101 + 103, 5),
        (BID, 11, 4 * 101 + 7 * 103, 11),
        (BID, TOP, 4 * 101 + 7 * 103, 11),
        (ASK, 16, 15 * 99 + 98, 16),
        (ASK, 22, 15 * 99 + 7 * 98, 22),
        (ASK, 23, 15 * 99 + 7 * 98, 22),
    ],
)
def test_market_order_cost_walks_the_other_side(full, side, quantity, cost, filled):
    assert full.market_order_cost(side, quantity) == (cost, filled)


def test_market_order_cost_is_unbounded(book):
    book.add_order(1, ASK, TOP, TOP - 1)
    book.add_order(2, ASK, TOP - 1, 1)
    assert book.market_order_cost(BID, TOP) == (TOP * (TOP - 1) + TOP - 1, TOP)


@pytest.mark.parametrize("side", SIDES)
def test_cancel_gives_the_quantity_back(book, side):
    book.add_order(1, side, 100, 5)
    book.add_order(2, side, 100, 7)
    assert book.cancel(1) == 5
    assert queue(book, side, 100) == [(2, 7)]
    assert book.total_quantity(side) == 7
    assert book.cancel(2) == 7
    assert len(book) == 0
    assert book.level_orders(side, 100) is None
    book.check()


@pytest.mark.parametrize("position", range(3))
def test_cancel_anywhere_in_the_queue(book, position):
    orders = [(1, 5), (2, 6), (3, 7)]
    for order_id, quantity in orders:
        book.add_order(order_id, BID, 100, quantity)
    book.cancel(orders.pop(position)[0])
    assert queue(book, BID, 100) == orders
    book.check()


def test_an_id_is_free_again_after_its_cancel(book):
    book.add_order(1, BID, 100, 5)
    book.cancel(1)
    book.add_order(1, ASK, 90, 6)
    assert book.order(1) == OrderView(1, ASK, 90, 6)
    book.check()


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(9, [(2, 5), (3, 5), (1, 9)]), (5, [(1, 5), (2, 5), (3, 5)]), (1, [(1, 1), (2, 5), (3, 5)])],
)
def test_only_more_goes_to_the_back(book, quantity, expected):
    for order_id in (1, 2, 3):
        book.add_order(order_id, ASK, 100, 5)
    book.update_order_quantity(1, quantity)
    assert queue(book, ASK, 100) == expected
    assert book.level_total_quantity(ASK, 100) == book.total_quantity(ASK) == 10 + quantity
    book.check()


@pytest.mark.parametrize("side", SIDES)
def test_best_price_follows(book, side):
    """Prices arrive worse, better and far away; whichever leaves, the best one is the next."""
    best = book.best_bid if side is BID else book.best_ask
    better = max if side is BID else min
    prices = [500, 499, 501, 0, TOP, 63, 64, 4096, 1 << 32, (1 << 63) - 1, 1 << 63]
    for order_id, price in enumerate(prices):
        book.add_order(order_id, side, price, order_id + 1)
        assert best()[0] == better(prices[: order_id + 1])
    resting = dict(enumerate(prices))
    while resting:
        price = better(resting.values())
        order_id = next(key for key, value in resting.items() if value == price)
        assert best() == (price, order_id + 1)
        assert book.best_order(side).id == order_id
        book.cancel(order_id)
        del resting[order_id]
        book.check()
    assert best() is None


def test_refused_adds(full):
    assert_unchanged(full, lambda: full.add_order(9, BID, 99, 0), InvalidQuantity)
    assert_unchanged(full, lambda: full.add_order(1, ASK, 200, 1), DuplicateOrder)
    assert_unchanged(full, lambda: full.add_order(9, BID, 99, TOP - 21), NumericOverflow)
    assert_unchanged(full, lambda: full.add_order(9, BID, 101, 1), CrossedOrder)
    assert_unchanged(full, lambda: full.add_order(9, ASK, 99, 1), CrossedOrder)
    full.add_order(9, BID, 100, TOP - 22)
    assert full.total_quantity(BID) == TOP


def test_the_first_reason_wins(full):
    """Checked are quantity, duplicate, overflow, crossing, in this order."""
    assert_unchanged(full, lambda: full.add_order(1, BID, 101, 0), InvalidQuantity)
    assert_unchanged(full, lambda: full.add_order(1, BID, 101, TOP), DuplicateOrder)
    assert_unchanged(full, lambda: full.add_order(9, BID, 101, TOP), NumericOverflow)


def test_refused_updates_and_cancels(full):
    assert_unchanged(full, lambda: full.update_order_quantity(9, 1), UnknownOrder)
    assert_unchanged(full, lambda: full.update_order_quantity(1, 0), InvalidQuantity)
    assert_unchanged(full, lambda: full.update_order_quantity(1, TOP - 11), NumericOverflow)
    assert_unchanged(full, lambda: full.cancel(9), UnknownOrder)
    full.update_order_quantity(1, TOP - 12)
    assert full.total_quantity(BID) == TOP
    full.check()


def test_a_book_may_be_crossed_when_asked_to(api):
    book = api.OrderBook(allow_crossed=True)
    book.add_order(1, BID, 100, 5)
    book.add_order(2, ASK, 100, 5)
    book.add_order(3, ASK, 90, 5)
    assert book.best_bid() == (100, 5)
    assert book.best_ask() == (90, 5)
    assert book.available_quantity(BID, 100) == 10
    book.check()


def test_the_hash_says_the_state_and_nothing_else(api):
    """Equal books have one hash, whatever led to them; queue order, side and quantity are part of the state."""
    first, second = api.OrderBook(), api.OrderBook()
    first.add_order(1, BID, 100, 5)
    first.add_order(2, BID, 100, 6)
    for order in [(3, ASK, 110, 1), (1, BID, 100, 5), (2, BID, 100, 6)]:
        second.add_order(*order)
    assert first.state_hash() != second.state_hash()
    second.cancel(3)
    assert first.state_hash() == second.state_hash()
    second.update_order_quantity(1, 4)
    assert first.state_hash() != second.state_hash()
    second.update_order_quantity(1, 5)
    assert queue(second, BID, 100) == [(2, 6), (1, 5)]
    assert first.state_hash() != second.state_hash()
    assert api.OrderBook().state_hash() != first.state_hash()
    assert len(bytes.fromhex(first.state_hash())) == 16


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_book_is_neither_picklable_nor_copyable(book, duplicate):
    with pytest.raises(TypeError):
        duplicate(book)
