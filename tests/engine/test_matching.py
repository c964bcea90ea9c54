"""Price-time priority and the five order types, results and states; the events have their own file."""

import copy
import pickle

import pytest

from orderbook import (
    BookSnapshot,
    CrossedOrder,
    DuplicateOrder,
    Fill,
    InvalidQuantity,
    LevelDepth,
    MatchResult,
    MissingPrice,
    NumericOverflow,
    OrderType,
    OrderView,
    Side,
    UnknownOrder,
)

from .helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, TOP, queue, trace

PRICED = [LIMIT, IOC, FOK, POST_ONLY]


@pytest.fixture
def asks(engine):
    """Return an engine with asks 1 and 2 at 101 (5 and 3 lots) and 3 at 102 (4 lots)."""
    engine.submit_limit(1, ASK, 101, 5)
    engine.submit_limit(2, ASK, 101, 3)
    engine.submit_limit(3, ASK, 102, 4)
    return engine


def test_it_owns_a_book(api, engine):
    assert isinstance(engine.order_book, api.OrderBook)
    assert engine.order_book is engine.order_book
    book = api.OrderBook()
    assert api.MatchingEngine(book).order_book is book


def test_an_owned_book_answers_and_refuses_changes(api):
    book = api.OrderBook()
    book.add_order(1, BID, 100, 5)
    engine = api.MatchingEngine(book)
    for change in (
        lambda: book.add_order(2, BID, 100, 5),
        lambda: book.cancel(1),
        lambda: book.update_order_quantity(1, 4),
    ):
        with pytest.raises(RuntimeError):
            change()
    assert book.order(1) == OrderView(1, BID, 100, 5)
    assert book.depth() == ((LevelDepth(100, 5, 1),), ())
    assert book.state_hash() == engine.state_hash()
    assert engine.submit_market(9, ASK, 5).fills == (Fill(1, 100, 5),)
    engine.check()
    book.check()


def test_a_book_has_one_owner(api):
    book = api.OrderBook()
    engine = api.MatchingEngine(book)
    with pytest.raises(RuntimeError):
        api.MatchingEngine(book)
    engine.submit_limit(1, BID, 100, 5)
    assert 1 in book


@pytest.mark.parametrize("ask", [99, 100])
def test_an_engine_refuses_a_crossed_book(api, ask):
    book = api.OrderBook(allow_crossed=True)
    book.add_order(1, BID, 100, 5)
    book.add_order(2, ASK, ask, 5)
    with pytest.raises(ValueError, match="cross"):
        api.MatchingEngine(book)
    book.cancel(2)
    assert len(book) == 1


@pytest.mark.parametrize(("side", "maker_price"), [(BID, 90), (ASK, 110)])
def test_a_limit_order_rests_what_it_cannot_trade(engine, side, maker_price):
    other = Side(3 - side)
    assert engine.submit_limit(1, other, maker_price, 3) == MatchResult((), OrderView(1, other, maker_price, 3), 0)
    result = engine.submit_limit(2, side, 100, 10)
    assert result == MatchResult((Fill(1, maker_price, 3),), OrderView(2, side, 100, 7), 0)
    assert engine.order_book.total_quantity(other) == 0
    assert engine.order_book.total_quantity(side) == 7


def test_oldest_first_and_best_price_first(asks):
    result = asks.submit_limit(9, BID, 102, 10)
    assert result == MatchResult((Fill(1, 101, 5), Fill(2, 101, 3), Fill(3, 102, 2)), None, 0)
    assert queue(asks.order_book, ASK, 102) == [(3, 2)]
    asks.check()


def test_a_partly_filled_maker_keeps_its_place(asks):
    assert asks.submit_limit(9, BID, 101, 2).fills == (Fill(1, 101, 2),)
    assert queue(asks.order_book, ASK, 101) == [(1, 3), (2, 3)]
    assert asks.submit_limit(10, BID, 101, 4).fills == (Fill(1, 101, 3), Fill(2, 101, 1))


def test_a_better_price_goes_first_however_late(asks):
    asks.submit_limit(4, ASK, 100, 1)
    assert asks.submit_market(9, BID, 2).fills == (Fill(4, 100, 1), Fill(1, 101, 1))


def test_fills_are_at_the_makers_price(asks):
    assert asks.submit_limit(9, BID, TOP, 1).fills == (Fill(1, 101, 1),)
    asks.submit_limit(10, BID, 50, 1)
    assert asks.submit_limit(11, ASK, 0, 1).fills == (Fill(10, 50, 1),)


@pytest.mark.parametrize("price", [None, 0, 101])
def test_a_market_order_ignores_its_price_and_never_rests(asks, price):
    result = asks.submit(9, BID, MARKET, price, 20)
    assert result == MatchResult((Fill(1, 101, 5), Fill(2, 101, 3), Fill(3, 102, 4)), None, 8)
    assert len(asks.order_book) == 0


def test_a_market_order_on_an_empty_book_is_no_error(engine):
    assert engine.submit_market(1, BID, 5) == MatchResult((), None, 5)
    assert engine.last_sequence == 0


def test_immediate_or_cancel_drops_the_rest(asks):
    result = asks.submit_immediate_or_cancel(9, BID, 101, 10)
    assert result == MatchResult((Fill(1, 101, 5), Fill(2, 101, 3)), None, 2)
    assert asks.submit_immediate_or_cancel(10, BID, 101, 10) == MatchResult((), None, 10)
    assert queue(asks.order_book, ASK, 102) == [(3, 4)]


def test_fill_or_kill_trades_all(asks):
    result = asks.submit_fill_or_kill(9, BID, 102, 12)
    assert result == MatchResult((Fill(1, 101, 5), Fill(2, 101, 3), Fill(3, 102, 4)), None, 0)


@pytest.mark.parametrize(("price", "quantity"), [(102, 13), (101, 9), (100, 1), (102, TOP)])
def test_fill_or_kill_trades_nothing_otherwise(asks, price, quantity):
    state = asks.state_hash()
    assert asks.submit_fill_or_kill(9, BID, price, quantity) == MatchResult((), None, quantity)
    assert asks.state_hash() == state


@pytest.mark.parametrize(("price", "rests"), [(100, True), (101, False), (200, False)])
def test_post_only_never_trades(asks, price, rests):
    state = asks.state_hash()
    if rests:
        assert asks.submit_post_only(9, BID, price, 5) == MatchResult((), OrderView(9, BID, price, 5), 0)
    else:
        with pytest.raises(CrossedOrder):
            asks.submit_post_only(9, BID, price, 5)
        assert asks.state_hash() == state


@pytest.mark.parametrize("order_type", list(OrderType))
def test_submit_does_what_its_short_forms_do(api, order_type):
    def prepared():
        engine = api.MatchingEngine()
        engine.submit_limit(1, ASK, 101, 5)
        return engine

    first, second = prepared(), prepared()
    price = 100 if order_type is POST_ONLY else 101
    short = {
        MARKET: lambda: second.submit_market(2, BID, 9),
        LIMIT: lambda: second.submit_limit(2, BID, price, 9),
        IOC: lambda: second.submit_immediate_or_cancel(2, BID, price, 9),
        FOK: lambda: second.submit_fill_or_kill(2, BID, price, 9),
        POST_ONLY: lambda: second.submit_post_only(2, BID, price, 9),
    }
    assert first.submit(2, BID, order_type, price, 9) == short[order_type]()
    assert first.events() == second.events()
    assert first.state_hash() == second.state_hash()


@pytest.mark.parametrize("order_type", list(OrderType))
def test_refusals_of_every_type(asks, order_type):
    for order_id, quantity, error in [(9, 0, InvalidQuantity), (1, 5, DuplicateOrder), (1, 0, InvalidQuantity)]:
        state = asks.state_hash()
        with pytest.raises(error):
            asks.submit(order_id, BID, order_type, 100, quantity)
        assert asks.state_hash() == state


@pytest.mark.parametrize("order_type", PRICED)
def test_a_price_is_missing(asks, order_type):
    """It is the first thing that is looked at: not even the quantity of 0 or the duplicate id come before it."""
    for order_id, quantity in [(9, 5), (1, 5), (9, 0), (9, TOP)]:
        state = asks.state_hash()
        with pytest.raises(MissingPrice):
            asks.submit(order_id, ASK, order_type, None, quantity)
        assert asks.state_hash() == state


@pytest.mark.parametrize("order_type", [LIMIT, POST_ONLY])
def test_what_may_rest_must_fit_the_sides_total(engine, order_type):
    """Counted is the whole quantity, also where a part of it would trade at once."""
    engine.submit_limit(1, BID, 100, TOP - 1)
    engine.submit_limit(2, ASK, 101, 2)
    before = trace(engine)
    for order_id, price, error in [(3, 100, NumericOverflow), (3, 101, NumericOverflow), (1, 100, DuplicateOrder)]:
        with pytest.raises(error):
            engine.submit(order_id, BID, order_type, price, 2)
    assert trace(engine)[:1] == before[:1]
    assert engine.last_sequence == before[2] + 1  # the duplicate's rejection; an overflow is no event
    assert engine.submit(3, BID, order_type, 100, 1).resting.quantity == 1
    assert engine.order_book.total_quantity(BID) == TOP
    engine.check()


@pytest.mark.parametrize("order_type", [MARKET, IOC, FOK])
def test_what_never_rests_cannot_overflow(engine, order_type):
    engine.submit_limit(1, BID, 100, TOP)
    engine.submit_limit(2, ASK, 101, TOP)
    assert engine.submit(3, BID, order_type, 101, TOP).fills == (Fill(2, 101, TOP),)
    assert engine.order_book.total_quantity(BID) == TOP


def test_overflow_is_seen_before_crossing(asks):
    asks.submit_limit(4, BID, 100, 1)
    before = trace(asks)
    with pytest.raises(NumericOverflow):
        asks.submit_post_only(9, BID, 101, TOP)
    assert trace(asks) == before


def test_an_id_is_free_again_once_its_order_has_gone(asks):
    asks.submit_market(9, BID, 5)
    assert asks.submit_limit(1, BID, 90, 1).resting == OrderView(1, BID, 90, 1)
    assert asks.submit_market(9, BID, 1).fills == (Fill(2, 101, 1),)


def test_cancel(asks):
    assert asks.cancel_order(1) == 5
    assert asks.order_book.level_total_quantity(ASK, 101) == 3
    asks.check()
    before = trace(asks)
    with pytest.raises(UnknownOrder):
        asks.cancel_order(1)
    assert trace(asks) == before
    assert asks.submit_market(9, BID, 1).fills == (Fill(2, 101, 1),)
    assert asks.cancel_order(2) == 2
    asks.check()


def test_the_edges_of_price_and_quantity(engine):
    engine.submit_limit(1, BID, 0, TOP)
    engine.submit_limit(2, ASK, TOP, TOP)
    engine.check()
    assert engine.order_book.best_bid() == (0, TOP)
    assert engine.order_book.best_ask() == (TOP, TOP)
    assert engine.submit_market(3, BID, TOP).fills == (Fill(2, TOP, TOP),)
    assert engine.submit_limit(4, ASK, 0, TOP).fills == (Fill(1, 0, TOP),)
    assert engine.order_book.snapshot() == BookSnapshot((), (), engine.last_sequence)


def test_the_hash_says_the_state_and_nothing_else(api):
    """A refusal, events, or how one came there do not change it."""
    first, second = api.MatchingEngine(), api.MatchingEngine(event_capacity=0)
    assert first.state_hash() == second.state_hash()
    first.submit_limit(1, BID, 100, 5)
    second.submit_limit(7, ASK, 100, 2)
    second.submit_limit(1, BID, 100, 7)
    assert first.state_hash() == second.state_hash()
    with pytest.raises(DuplicateOrder):
        first.submit_limit(1, BID, 100, 5)
    assert first.last_sequence != second.last_sequence
    assert first.state_hash() == second.state_hash()
    first.modify_order(1, 4)
    assert first.state_hash() != second.state_hash()


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_an_engine_is_neither_picklable_nor_copyable(engine, duplicate):
    with pytest.raises(TypeError):
        duplicate(engine)


def test_the_book_outlives_its_engine(api):
    """A book asked for is a book that may be asked, also when nobody holds the engine any more."""
    engine = api.MatchingEngine()
    engine.submit_limit(1, BID, 100, 5)
    book, snapshot = engine.order_book, engine.order_book.snapshot()
    del engine
    assert book.snapshot() == snapshot
    assert snapshot.sequence == 1
    book.check()
