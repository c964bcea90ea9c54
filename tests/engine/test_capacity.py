"""Caps on orders and levels: reserved before anything changes, in nobody's way otherwise."""

import pytest

from orderbook import CapacityExceeded, CrossedOrder, DuplicateOrder, Fill, NumericOverflow

from .helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, TOP, modify, new, process, trace


def full_engine(api, **caps):
    """Return an engine with bids 1 at 100 and 2 at 99, and ask 3 at 110."""
    engine = api.MatchingEngine(api.OrderBook(**caps))
    for order in [(1, BID, 100, 5), (2, BID, 99, 5), (3, ASK, 110, 5)]:
        engine.submit_limit(*order)
    return engine


def assert_refused(engine, call):
    before = trace(engine)
    with pytest.raises(CapacityExceeded):
        call()
    assert trace(engine) == before
    engine.check()


@pytest.fixture(params=[{"max_orders": 3}, {"max_levels": 3}], ids=str)
def full(api, request):
    """Return an engine that has room for no further order at a price of its own."""
    return full_engine(api, **request.param)


@pytest.mark.parametrize("order_type", [LIMIT, POST_ONLY])
@pytest.mark.parametrize(("side", "price"), [(BID, 98), (BID, 109), (ASK, 101), (ASK, TOP)])
def test_nothing_more_may_rest(full, order_type, side, price):
    assert_refused(full, lambda: full.submit(9, side, order_type, price, 1))


def test_an_order_cap_counts_every_order(api):
    engine = full_engine(api, max_orders=3)
    assert_refused(engine, lambda: engine.submit_limit(9, BID, 100, 1))


def test_a_level_cap_counts_levels_alone(api):
    engine = full_engine(api, max_levels=3)
    assert engine.submit_limit(9, BID, 100, 1).resting.quantity == 1
    assert engine.submit_post_only(10, ASK, 110, 1).resting.quantity == 1
    assert_refused(engine, lambda: engine.submit_limit(11, ASK, 100 + 1, 1))
    assert_refused(engine, lambda: engine.submit_limit(11, ASK, 109, 1))


def test_what_does_not_rest_needs_no_room(full):
    assert full.submit(9, BID, IOC, 50, 1).unfilled == 1
    assert full.submit(9, BID, FOK, 50, 1).unfilled == 1
    assert full.submit(9, BID, MARKET, None, 1).fills == (Fill(3, 110, 1),)


def test_one_that_trades_before_it_rests_has_made_room(full):
    result = full.submit_limit(9, BID, 110, 7)
    assert result.fills == (Fill(3, 110, 5),)
    assert result.resting.quantity == 2
    full.check()
    assert_refused(full, lambda: full.submit_limit(10, ASK, 120, 1))


def test_the_room_of_a_cancel_is_free(full):
    full.cancel_order(2)
    assert full.submit_limit(9, ASK, 120, 1).resting.price == 120
    assert_refused(full, lambda: full.submit_limit(10, ASK, 130, 1))


def test_a_reprice_frees_its_own_room(full):
    assert full.modify_order(1, 5, 105).resting.price == 105
    assert full.modify_order(3, 5, 120).resting.price == 120
    full.check()


def test_a_reprice_out_of_a_shared_level_needs_a_level(api):
    engine = full_engine(api, max_levels=3)
    engine.submit_limit(4, BID, 100, 5)
    assert_refused(engine, lambda: engine.modify_order(1, 5, 101))
    assert engine.modify_order(1, 5, 99).resting.price == 99
    assert engine.modify_order(4, 5, 101).resting.price == 101
    assert engine.modify_order(2, 5, 110).fills == (Fill(3, 110, 5),)


def test_same_price_modifies_need_no_room(full):
    assert full.modify_order(1, 9).resting.quantity == 9
    assert full.modify_order(1, 1, 100).resting.quantity == 1


def test_a_cap_of_none_and_of_zero(api):
    free = api.MatchingEngine(api.OrderBook(max_orders=None, max_levels=None))
    assert free.submit_limit(1, BID, 100, 5).resting
    for caps in ({"max_orders": 0}, {"max_levels": 0}):
        engine = api.MatchingEngine(api.OrderBook(**caps))
        assert_refused(engine, lambda engine=engine: engine.submit_limit(1, BID, 100, 5))
        assert engine.submit_market(1, BID, 5).unfilled == 5


def test_other_reasons_come_first(full):
    before = full.state_hash()
    for arguments, error in [
        ((1, BID, LIMIT, 98, 1), DuplicateOrder),
        ((9, BID, LIMIT, 98, TOP), NumericOverflow),
        ((9, BID, POST_ONLY, 110, 1), CrossedOrder),
    ]:
        with pytest.raises(error):
            full.submit(*arguments)
    assert full.state_hash() == before


def test_in_a_batch_it_is_a_status(full):
    status, _, _ = process(full, [new(9, BID, LIMIT, 98, 1), modify(1, 4), new(10, ASK, POST_ONLY, 120, 1)])
    assert status == [16, 0, 16]


@pytest.mark.parametrize("caps", [{"max_orders": 1}, {"max_levels": 1}], ids=str)
def test_a_book_on_its_own_has_them_too(api, caps):
    book = api.OrderBook(**caps)
    book.add_order(1, BID, 100, 5)
    before = book.state_hash()
    with pytest.raises(CapacityExceeded):
        book.add_order(2, ASK, 101, 5)
    assert book.state_hash() == before
    book.cancel(1)
    book.add_order(2, ASK, 101, 5)
    book.check()
