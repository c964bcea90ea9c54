"""Modify: the new open quantity, a new price as cancel-and-replace, and what is refused."""

import pytest

from orderbook import (
    BookAdded,
    BookRemoved,
    CrossedOrder,
    Fill,
    InvalidQuantity,
    MatchResult,
    NumericOverflow,
    OrderType,
    OrderView,
    Rejection,
    RejectReason,
    RemoveReason,
    Trade,
    UnknownOrder,
)

from .helpers import ASK, BID, LIMIT, POST_ONLY, TOP, queue, trace


@pytest.fixture
def bids(engine):
    """Return an engine with bids 1, 2, 3 of 5 lots at 100, and ask 9 of 4 lots at 105."""
    for order_id in (1, 2, 3):
        engine.submit_limit(order_id, BID, 100, 5)
    engine.submit_limit(9, ASK, 105, 4)
    return engine


@pytest.mark.parametrize("price", [None, 100])
@pytest.mark.parametrize(
    ("order_id", "quantity", "expected"),
    [
        (1, 5, [(1, 5), (2, 5), (3, 5)]),
        (1, 1, [(1, 1), (2, 5), (3, 5)]),
        (2, 1, [(1, 5), (2, 1), (3, 5)]),
        (1, 6, [(2, 5), (3, 5), (1, 6)]),
        (2, 6, [(1, 5), (3, 5), (2, 6)]),
        (3, 6, [(1, 5), (2, 5), (3, 6)]),
    ],
)
def test_only_more_loses_the_place(bids, price, order_id, quantity, expected):
    """The price it already has is no new price."""
    result = bids.modify_order(order_id, quantity, price)
    assert result == MatchResult((), OrderView(order_id, BID, 100, quantity), 0)
    assert queue(bids.order_book, BID, 100) == expected
    assert bids.order_book.total_quantity(BID) == sum(lots for _, lots in expected)
    bids.check()


def test_quantity_is_the_open_one(bids):
    bids.submit_market(8, ASK, 3)
    assert bids.order_book.order(1).quantity == 2
    assert bids.modify_order(1, 4).resting.quantity == 4
    assert queue(bids.order_book, BID, 100) == [(2, 5), (3, 5), (1, 4)]


def test_a_new_price_loses_the_place(bids):
    assert bids.modify_order(1, 5, 99).resting == OrderView(1, BID, 99, 5)
    assert bids.modify_order(1, 5, price=100).resting == OrderView(1, BID, 100, 5)
    assert queue(bids.order_book, BID, 100) == [(2, 5), (3, 5), (1, 5)]
    bids.check()


def test_a_new_price_may_trade(bids):
    last = bids.last_sequence
    result = bids.modify_order(2, 6, 105)
    assert result == MatchResult((Fill(9, 105, 4),), OrderView(2, BID, 105, 2), 0)
    assert bids.events(last) == [
        BookRemoved(last + 1, 0, 2, BID, 100, 5, RemoveReason.CANCELED),
        Trade(last + 2, 0, 2, 9, BID, LIMIT, 105, 4),
        BookRemoved(last + 3, 0, 9, ASK, 105, 4, RemoveReason.FILLED),
        BookAdded(last + 4, 0, 2, BID, 105, 2),
    ]
    bids.check()


def test_a_new_price_may_trade_all_of_it(bids):
    assert bids.modify_order(2, 4, 110) == MatchResult((Fill(9, 105, 4),), None, 0)
    assert 2 not in bids.order_book
    assert 9 not in bids.order_book


def test_a_new_price_may_take_the_only_level_of_its_side_along(bids):
    assert bids.modify_order(9, 2, 200).resting == OrderView(9, ASK, 200, 2)
    assert bids.order_book.best_ask() == (200, 2)
    assert bids.modify_order(9, 2, 100).fills == (Fill(1, 100, 2),)
    assert bids.order_book.best_ask() is None


def test_an_order_from_a_book_can_be_modified(api):
    book = api.OrderBook()
    book.add_order(1, BID, 100, 5)
    book.add_order(2, ASK, 110, 5)
    engine = api.MatchingEngine(book)
    assert engine.modify_order(1, 5, 110).fills == (Fill(2, 110, 5),)


def assert_refused(engine, error, rejection, *arguments):
    """Check that a modify raises, changes nothing, and leaves this rejection (or no event at all)."""
    state, last = engine.state_hash(), engine.last_sequence
    with pytest.raises(error):
        engine.modify_order(*arguments)
    assert engine.state_hash() == state
    assert [tuple(event) for event in engine.events(last)] == [(last + 1, 0, *fields) for fields in rejection]
    assert all(isinstance(event, Rejection) for event in engine.events(last))
    engine.check()


@pytest.mark.parametrize("order_type", [LIMIT, POST_ONLY])
@pytest.mark.parametrize("price", [None, 100, 90, 200])
def test_quantity_zero(engine, order_type, price):
    """The rejection has the order's side, its type as far as a modify knows it, and the price asked for."""
    engine.submit(1, BID, order_type, 100, 5)
    rejection = (1, BID, order_type, price, 0, RejectReason.INVALID_QUANTITY)
    assert_refused(engine, InvalidQuantity, [rejection], 1, 0, price)


def test_a_post_only_order_stays_post_only(bids):
    bids.submit_post_only(4, BID, 101, 5)
    rejection = (4, BID, POST_ONLY, 105, 7, RejectReason.CROSSED)
    assert_refused(bids, CrossedOrder, [rejection], 4, 7, 105)
    bids.modify_order(4, 6)
    assert bids.modify_order(4, 6, 104).resting == OrderView(4, BID, 104, 6)
    rejection = (4, BID, POST_ONLY, TOP, 6, RejectReason.CROSSED)
    assert_refused(bids, CrossedOrder, [rejection], 4, 6, TOP)


def test_an_id_used_again_is_a_new_order(bids):
    """Post-only goes with the order, not with its id."""
    bids.submit_post_only(4, BID, 101, 5)
    bids.cancel_order(4)
    bids.submit_limit(4, BID, 101, 5)
    assert bids.modify_order(4, 4, 105).fills == (Fill(9, 105, 4),)


def test_a_modify_may_not_overflow_its_side(bids):
    """Its own old quantity does not count; with the other bids at 10 lots, 2^64-11 is the most it may have."""
    for price in (None, 99, 105):
        assert_refused(bids, NumericOverflow, [], 1, TOP - 9, price)
    assert bids.modify_order(1, TOP - 10).resting.quantity == TOP - 10
    assert bids.order_book.total_quantity(BID) == TOP
    assert bids.modify_order(1, TOP - 10, 99).resting.price == 99
    bids.check()


def test_the_first_reason_wins(bids):
    bids.submit_post_only(4, BID, 101, 5)
    assert_refused(bids, UnknownOrder, [], 404, 0, 105)
    invalid = (4, BID, POST_ONLY, 105, 0, RejectReason.INVALID_QUANTITY)
    assert_refused(bids, InvalidQuantity, [invalid], 4, 0, 105)
    assert_refused(bids, NumericOverflow, [], 4, TOP, 105)


def test_an_unknown_order(bids):
    before = trace(bids)
    for arguments in [(404, 5), (404, 5, 100), (404, 0)]:
        with pytest.raises(UnknownOrder):
            bids.modify_order(*arguments)
    assert trace(bids) == before


@pytest.mark.parametrize("order_type", [OrderType.MARKET, OrderType.IOC, OrderType.FOK])
def test_what_never_rested_cannot_be_modified(engine, order_type):
    engine.submit(1, BID, order_type, 100, 5)
    with pytest.raises(UnknownOrder):
        engine.modify_order(1, 5)
