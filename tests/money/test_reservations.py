"""What orders reserve, what trades move, and what comes back."""

import pytest

from orderbook import (
    AccountSnapshot,
    Fill,
    InsufficientBase,
    InsufficientQuote,
    NumericOverflow,
    OrderView,
    RemoveReason,
    Side,
)

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, TOP, events_of
from .helpers import ALICE, BASE_EACH, BOB, CAROL, QUOTE_EACH, available, limit, refused, sums

PRICED = [LIMIT, IOC, FOK, POST_ONLY]


@pytest.fixture
def poor(api):
    """Return a risk engine where BOB and CAROL have plenty and ALICE, though known, has nothing."""
    engine = api.RiskEngine()
    engine.credit_account(ALICE, 0, 0)
    engine.credit_account(BOB, BASE_EACH, QUOTE_EACH)
    engine.credit_account(CAROL, BASE_EACH, QUOTE_EACH)
    return engine


@pytest.fixture
def asks(poor):
    """Return it with asks of BOB: 5 at 100, 3 at 101, 4 at 110."""
    for order_id, price, quantity in [(11, 100, 5), (12, 101, 3), (13, 110, 4)]:
        limit(poor, BOB, order_id, ASK, price, quantity)
    return poor


def test_a_resting_bid_reserves_quote(engine):
    limit(engine, ALICE, 1, BID, 100, 5)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH, 0, QUOTE_EACH - 500, 500)
    assert engine.cancel_order(ALICE, 1) == 5
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH, 0, QUOTE_EACH, 0)


def test_a_resting_ask_reserves_base(engine):
    limit(engine, ALICE, 1, ASK, 100, 5)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH - 5, 5, QUOTE_EACH, 0)
    assert engine.cancel_order(ALICE, 1) == 5
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH, 0, QUOTE_EACH, 0)


@pytest.mark.parametrize("order_type", PRICED)
@pytest.mark.parametrize(("side", "error"), [(BID, InsufficientQuote), (ASK, InsufficientBase)])
def test_exactly_enough_is_enough(poor, order_type, side, error):
    credit = (0, 1) if side is BID else (1, 0)
    poor.credit_account(ALICE, *(299 * unit if side is BID else 2 * unit for unit in credit))
    with refused(poor, error):
        poor.submit(ALICE, 1, side, order_type, 100, 3)
    poor.credit_account(ALICE, *credit)
    assert poor.submit(ALICE, 1, side, order_type, 100, 3).fills == ()
    rests = order_type in (LIMIT, POST_ONLY)
    assert available(poor, ALICE) == ((0, 0) if rests else (0, 300) if side is BID else (3, 0))


@pytest.mark.parametrize("order_type", [LIMIT, IOC, FOK])
def test_a_bid_pays_the_makers_price_and_keeps_the_rest(asks, order_type):
    """It must have its own price, though it will pay less."""
    asks.credit_account(ALICE, 0, 549)
    with refused(asks, InsufficientQuote):
        asks.submit(ALICE, 1, BID, order_type, 110, 5)
    asks.credit_account(ALICE, 0, 1)
    assert asks.submit(ALICE, 1, BID, order_type, 110, 5).fills == (Fill(11, 100, 5),)
    assert asks.account_snapshot(ALICE) == AccountSnapshot(5, 0, 50, 0)
    assert available(asks, BOB) == (BASE_EACH - 12, QUOTE_EACH + 500)


def test_the_rest_of_a_bid_reserves_its_own_price(asks):
    asks.credit_account(ALICE, 0, 105 * 10)
    result = limit(asks, ALICE, 1, BID, 105, 10)
    assert (result.resting, result.unfilled) == (OrderView(1, BID, 105, 2), 0)
    assert asks.account_snapshot(ALICE) == AccountSnapshot(8, 0, 105 * 10 - 500 - 303 - 210, 210)
    asks.check()


def test_the_dropped_rest_of_a_bid_comes_back(asks):
    asks.credit_account(ALICE, 0, 105 * 10)
    assert asks.submit(ALICE, 1, BID, IOC, 105, 10).unfilled == 2
    assert asks.account_snapshot(ALICE) == AccountSnapshot(8, 0, 1050 - 803, 0)


def test_an_ask_gets_the_makers_price(poor):
    poor.credit_account(ALICE, 9, 0)
    limit(poor, BOB, 11, BID, 100, 5)
    limit(poor, CAROL, 12, BID, 99, 2)
    assert limit(poor, ALICE, 1, ASK, 90, 9).fills == (Fill(11, 100, 5), Fill(12, 99, 2))
    assert poor.account_snapshot(ALICE) == AccountSnapshot(0, 2, 698, 0)
    assert available(poor, BOB) == (BASE_EACH + 5, QUOTE_EACH - 500)
    assert available(poor, CAROL) == (BASE_EACH + 2, QUOTE_EACH - 198)
    assert sums(poor) == (2 * BASE_EACH + 9, 2 * QUOTE_EACH)


@pytest.mark.parametrize("order_type", [IOC, MARKET])
def test_the_dropped_rest_of_an_ask_comes_back(poor, order_type):
    poor.credit_account(ALICE, 9, 0)
    limit(poor, BOB, 11, BID, 100, 5)
    assert poor.submit(ALICE, 1, ASK, order_type, 95, 9).unfilled == 4
    assert poor.account_snapshot(ALICE) == AccountSnapshot(4, 0, 500, 0)


def test_a_killed_order_keeps_its_money_but_must_have_it(asks):
    asks.credit_account(ALICE, 0, 900)
    assert asks.submit(ALICE, 1, BID, FOK, 100, 9).unfilled == 9
    assert asks.account_snapshot(ALICE) == AccountSnapshot(0, 0, 900, 0)
    with refused(asks, InsufficientQuote):
        asks.submit(ALICE, 1, BID, FOK, 101, 9)


@pytest.mark.parametrize(
    ("quantity", "cost", "unfilled"),
    [(1, 100, 0), (5, 500, 0), (7, 702, 0), (12, 1243, 0), (20, 1243, 8), (TOP, 1243, TOP - 12)],
)
def test_a_market_bid_must_have_the_cost_of_its_walk(asks, quantity, cost, unfilled):
    asks.credit_account(ALICE, 0, cost - 1)
    for price in (None, 1, TOP):  # a given price is ignored
        with refused(asks, InsufficientQuote):
            asks.submit(ALICE, 1, BID, MARKET, price, quantity)
    asks.credit_account(ALICE, 0, 1)
    assert asks.submit(ALICE, 1, BID, MARKET, None, quantity).unfilled == unfilled
    assert asks.account_snapshot(ALICE) == AccountSnapshot(min(quantity, 12), 0, 0, 0)
    assert available(asks, BOB)[1] == QUOTE_EACH + cost
    asks.check()


def test_a_market_bid_into_an_empty_book_needs_nothing(poor):
    assert poor.submit(ALICE, 1, BID, MARKET, TOP, TOP).unfilled == TOP
    assert poor.last_sequence == 0


def test_the_cost_of_a_market_bid_moves_with_the_book(asks):
    """The same order again and again, while the asks come and go: each time exactly the money it needs then."""
    changes = [
        (lambda: asks.cancel_order(BOB, 11), 3 * 101 + 110),
        (lambda: limit(asks, CAROL, 21, ASK, 99, 6), 4 * 99),
        (lambda: asks.modify_order(CAROL, 21, 1), 99 + 3 * 110),
        (lambda: limit(asks, CAROL, 22, ASK, 120, 3), 3 * 120),
        (lambda: limit(asks, CAROL, 23, ASK, 130, 2), 2 * 130),
        (lambda: limit(asks, CAROL, 24, ASK, 140, 9), 4 * 140),
        (lambda: asks.modify_order(CAROL, 24, 4, 90), 4 * 90),
    ]
    for change, cost in changes:
        change()
        asks.credit_account(ALICE, 0, cost - 1)
        with refused(asks, InsufficientQuote):
            asks.submit(ALICE, 1, BID, MARKET, None, 4)
        asks.credit_account(ALICE, 0, 1)
        asks.submit(ALICE, 1, BID, MARKET, None, 4)
        assert available(asks, ALICE)[1] == 0


def test_a_market_ask_must_have_all_of_its_base(poor):
    limit(poor, BOB, 11, BID, 100, 3)
    poor.credit_account(ALICE, 4, 0)
    with refused(poor, InsufficientBase):
        poor.submit(ALICE, 1, ASK, MARKET, None, 5)
    assert poor.submit(ALICE, 1, ASK, MARKET, None, 4).unfilled == 1
    assert poor.account_snapshot(ALICE) == AccountSnapshot(1, 0, 300, 0)


def test_what_is_bought_may_be_sold_at_once(asks):
    asks.credit_account(ALICE, 0, 500)
    limit(asks, ALICE, 1, BID, 100, 5)
    limit(asks, CAROL, 2, BID, 99, 5)
    assert asks.submit(ALICE, 3, ASK, MARKET, None, 5).unfilled == 0
    assert asks.account_snapshot(ALICE) == AccountSnapshot(0, 0, 495, 0)


def test_a_partly_filled_bid_reserves_less(engine):
    """Maker's side: its reserve shrinks by price times lots, and it gets the base."""
    limit(engine, ALICE, 1, BID, 100, 5)
    for lots in (1, 3):
        engine.submit(BOB, 2, ASK, IOC, 50, lots)
        available(engine, ALICE)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH + 4, 0, QUOTE_EACH - 500, 100)
    engine.submit(BOB, 2, ASK, MARKET, None, 9)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH + 5, 0, QUOTE_EACH - 500, 0)
    assert engine.account_snapshot(BOB) == AccountSnapshot(BASE_EACH - 5, 0, QUOTE_EACH + 500, 0)


def test_a_partly_filled_ask_reserves_less(engine):
    limit(engine, ALICE, 1, ASK, 100, 5)
    for lots in (1, 3):
        engine.submit(BOB, 2, BID, IOC, 150, lots)
        available(engine, ALICE)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH - 5, 1, QUOTE_EACH + 400, 0)
    engine.submit(BOB, 2, BID, MARKET, None, 9)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH - 5, 0, QUOTE_EACH + 500, 0)
    assert engine.account_snapshot(BOB) == AccountSnapshot(BASE_EACH + 5, 0, QUOTE_EACH - 500, 0)


def test_the_rest_of_a_partly_filled_order_comes_back_on_cancel(engine):
    limit(engine, ALICE, 1, BID, 100, 5)
    limit(engine, ALICE, 2, ASK, 110, 5)
    engine.submit(BOB, 3, ASK, IOC, 100, 2)
    engine.submit(BOB, 3, BID, IOC, 110, 3)
    assert engine.cancel_order(ALICE, 1) == 3
    assert engine.cancel_order(ALICE, 2) == 2
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH - 1, 0, QUOTE_EACH - 200 + 330, 0)


# Modify: what is available and what the order itself holds, together, must cover the new need.

MODIFIES = [  # side, credit, quantity, price, whether a unit less would not do
    (BID, 500, 5, None, False),
    (BID, 500, 1, None, False),
    (BID, 700, 7, None, True),
    (BID, 500, 5, 90, False),
    (BID, 550, 5, 110, True),
    (BID, 600, 6, 100, True),
    (BID, 500, 10, 50, False),
    (BID, 660, 6, 110, True),
    (BID, 630, 7, 90, True),
    (BID, 500, TOP, 0, False),
    (ASK, 5, 5, None, False),
    (ASK, 5, 1, None, False),
    (ASK, 7, 7, None, True),
    (ASK, 5, 5, 150, False),
    (ASK, 7, 7, 90, True),
    (ASK, 5, 1, TOP, False),
]


@pytest.mark.parametrize(("side", "credit", "quantity", "price", "short"), MODIFIES)
def test_a_modify_needs_what_the_new_order_needs(poor, side, credit, quantity, price, short):
    def given(amount):
        return (0, amount) if side is BID else (amount, 0)

    poor.credit_account(ALICE, *given(credit - short))
    limit(poor, ALICE, 1, side, 100, 5)
    if short:
        with refused(poor, InsufficientQuote if side is BID else InsufficientBase):
            poor.modify_order(ALICE, 1, quantity, price)
        poor.credit_account(ALICE, *given(1))
    result = poor.modify_order(ALICE, 1, quantity, price)
    assert result.resting == OrderView(1, side, 100 if price is None else price, quantity)
    need = quantity * (result.resting.price if side is BID else 1)
    assert available(poor, ALICE) == given(credit - need)


def test_a_reprice_that_trades_settles_at_the_makers_price(asks):
    asks.credit_account(ALICE, 0, 769)
    limit(asks, ALICE, 1, BID, 90, 7)
    with refused(asks, InsufficientQuote):
        asks.modify_order(ALICE, 1, 7, 110)
    asks.credit_account(ALICE, 0, 1)
    assert asks.modify_order(ALICE, 1, 7, 110).fills == (Fill(11, 100, 5), Fill(12, 101, 2))
    assert asks.account_snapshot(ALICE) == AccountSnapshot(7, 0, 770 - 702, 0)
    assert asks.open_orders(ALICE) == ()


def test_a_reprice_that_trades_in_part_reserves_the_rest(asks):
    asks.credit_account(ALICE, 0, 100 * 8)
    limit(asks, ALICE, 1, BID, 90, 8)
    assert asks.modify_order(ALICE, 1, 8, 100).resting == OrderView(1, BID, 100, 3)
    assert asks.account_snapshot(ALICE) == AccountSnapshot(5, 0, 0, 300)
    asks.cancel_order(ALICE, 1)
    assert asks.account_snapshot(ALICE) == AccountSnapshot(5, 0, 300, 0)


def test_an_asks_reprice_that_trades(poor):
    poor.credit_account(ALICE, 8, 0)
    limit(poor, BOB, 11, BID, 100, 5)
    limit(poor, ALICE, 1, ASK, 110, 8)
    assert poor.modify_order(ALICE, 1, 7, 95).fills == (Fill(11, 100, 5),)
    assert poor.account_snapshot(ALICE) == AccountSnapshot(1, 2, 500, 0)


def test_modifies_after_partial_fills(engine):
    limit(engine, ALICE, 1, BID, 100, 5)
    engine.submit(BOB, 2, ASK, IOC, 100, 3)
    engine.modify_order(ALICE, 1, 4)
    assert available(engine, ALICE) == (BASE_EACH + 3, QUOTE_EACH - 300 - 400)
    engine.modify_order(ALICE, 1, 1, 120)
    assert available(engine, ALICE) == (BASE_EACH + 3, QUOTE_EACH - 300 - 120)


# Self-trades, which are trades like any other unless they are to be prevented.


@pytest.mark.parametrize("order_type", [LIMIT, IOC, FOK, MARKET])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("price", [90, 100])
def test_an_account_on_both_sides_ends_where_it_began(engine, order_type, side, price):
    own = Side(3 - side)
    limit(engine, ALICE, 1, own, 100, 5)
    given = 200 - price if side is BID else price
    assert engine.submit(ALICE, 2, side, order_type, given, 5).fills == (Fill(1, 100, 5),)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(BASE_EACH, 0, QUOTE_EACH, 0)
    assert [name for name, *_ in events_of(engine, 1)] == ["Trade", "BookRemoved"]
    assert engine.events()[-1].reason is RemoveReason.FILLED


def test_a_self_trade_must_be_funded_like_any_other(poor):
    poor.credit_account(ALICE, 5, 499)
    limit(poor, ALICE, 1, ASK, 100, 5)
    for order_type in (LIMIT, MARKET):
        with refused(poor, InsufficientQuote):
            poor.submit(ALICE, 2, BID, order_type, 100, 5)
    poor.credit_account(ALICE, 0, 1)
    poor.submit(ALICE, 2, BID, MARKET, None, 5)
    assert poor.account_snapshot(ALICE) == AccountSnapshot(5, 0, 500, 0)


def test_partial_self_trades_among_others(engine):
    for order_id, account, lots in [(1, ALICE, 4), (2, BOB, 4), (3, ALICE, 4)]:
        limit(engine, account, order_id, ASK, 100, lots)
    assert len(limit(engine, ALICE, 4, BID, 105, 10).fills) == 3
    assert available(engine, ALICE) == (BASE_EACH + 4 - 2, QUOTE_EACH - 400)
    assert engine.modify_order(ALICE, 3, 2, 90).resting == OrderView(3, ASK, 90, 2)
    limit(engine, ALICE, 5, BID, 80, 3)
    assert engine.modify_order(ALICE, 5, 3, 95).fills == (Fill(3, 90, 2),)
    assert available(engine, ALICE) == (BASE_EACH + 4, QUOTE_EACH - 400 - 95)
    assert sums(engine) == (3 * BASE_EACH, 3 * QUOTE_EACH)


# Overflow: the notional of one order, the walk of a market bid, the totals of a side.


@pytest.mark.parametrize("order_type", PRICED)
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    ("price", "quantity"), [(1 << 32, 1 << 32), (2, 1 << 63), (TOP, 2), (TOP, TOP), (3, TOP // 3 + 1)]
)
def test_a_notional_above_the_top_is_refused(api, order_type, side, price, quantity):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, TOP, TOP)
    with refused(engine, NumericOverflow):
        engine.submit(ALICE, 1, side, order_type, price, quantity)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    ("price", "quantity"), [(1 << 32, (1 << 32) - 1), (2, (1 << 63) - 1), (TOP, 1), (1, TOP), (3, TOP // 3), (0, TOP)]
)
def test_a_notional_up_to_the_top_is_not(api, side, price, quantity):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, TOP, TOP)
    engine.credit_account(BOB, 0, 0)
    limit(engine, ALICE, 1, side, price, quantity)
    left = (TOP, TOP - price * quantity) if side is BID else (TOP - quantity, TOP)
    assert available(engine, ALICE) == left
    limit(engine, ALICE, 2, Side(3 - side), price, 1)
    assert sums(engine) == (TOP, TOP)
    engine.check()


@pytest.mark.parametrize("side", list(Side))
def test_a_modifys_notional(api, side):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, TOP, TOP)
    limit(engine, ALICE, 1, side, 2, 5)
    for quantity, price in [(1 << 63, None), (1 << 63, 2), (1 << 32, 1 << 32), (2, TOP), (6, TOP // 5)]:
        with refused(engine, NumericOverflow):
            engine.modify_order(ALICE, 1, quantity, price)
    assert engine.modify_order(ALICE, 1, (1 << 63) - 1).resting.quantity == (1 << 63) - 1
    assert engine.modify_order(ALICE, 1, 5, TOP // 5).resting.price == TOP // 5


def test_a_walk_that_costs_more_than_there_can_be(api):
    """Each ask's notional fits; together they are above 2^64-1, which is no lack of funds but an overflow."""
    engine = api.RiskEngine()
    engine.credit_account(ALICE, 0, TOP)
    engine.credit_account(BOB, TOP, 0)
    limit(engine, BOB, 1, ASK, 1, 1 << 63)
    limit(engine, BOB, 2, ASK, 3, 1 << 62)
    quantity = (1 << 63) + ((1 << 63) - 1) // 3  # which costs 2^64-1, or up to 2 less
    for too_many in (quantity + 1, (1 << 63) + (1 << 62), TOP):
        with refused(engine, NumericOverflow):
            engine.submit(ALICE, 3, BID, MARKET, None, too_many)
    assert engine.submit(ALICE, 3, BID, MARKET, None, quantity).unfilled == 0
    assert available(engine, ALICE) == (quantity, TOP - (1 << 63) - 3 * (quantity - (1 << 63)))
    engine.check()


def test_a_market_ask_has_no_notional(api):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, TOP, 0)
    engine.credit_account(BOB, 0, TOP)
    limit(engine, BOB, 1, BID, TOP, 1)
    assert engine.submit(ALICE, 2, ASK, MARKET, TOP, TOP).unfilled == TOP - 1
    assert available(engine, ALICE) == (TOP - 1, TOP)


def test_a_sides_total_may_overflow_at_price_0(engine):
    """Only there, as everything above it must be paid for."""
    limit(engine, ALICE, 1, BID, 0, TOP - 5)
    limit(engine, BOB, 2, BID, 7, 3)
    with refused(engine, NumericOverflow):
        limit(engine, BOB, 3, BID, 7, 3)
    with refused(engine, NumericOverflow):
        engine.modify_order(BOB, 2, 6)
    with refused(engine, NumericOverflow):
        engine.modify_order(ALICE, 1, TOP - 2)
    limit(engine, BOB, 3, BID, 7, 2)
    assert available(engine, ALICE) == (BASE_EACH, QUOTE_EACH)
    engine.check()
