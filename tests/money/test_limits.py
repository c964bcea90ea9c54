"""The limits of an instrument: their borders, their order, modifies, and that off is off."""

from itertools import combinations

import pytest

from orderbook import (
    CrossedOrder,
    DuplicateOrder,
    NotionalTooLarge,
    OrderType,
    PriceOutOfBand,
    QuantityTooLarge,
    RejectReason,
    Side,
    TooManyOrders,
)

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, TOP, modify, new, process
from .helpers import ALICE, BOB, CAROL, DECREMENT, NEWEST, OLDEST, funded, limit, market_of, of, refused

PRICED = [LIMIT, IOC, FOK, POST_ONLY]


@pytest.mark.parametrize("order_type", PRICED)
@pytest.mark.parametrize("side", list(Side))
def test_the_price_band(api, order_type, side):
    engine = funded(api, reference_price=100, price_band=10)
    for price in (0, 89, 111, 5000):
        with refused(engine, PriceOutOfBand):
            engine.submit(ALICE, 1, side, order_type, price, 5)
    for order_id, price in enumerate((90, 100, 110)):
        engine.submit(ALICE, order_id, side, order_type, price, 5)


@pytest.mark.parametrize(
    ("reference", "band", "inside", "outside"),
    [
        (5, 10, [0, 5, 15], [16, TOP]),
        (TOP - 5, 10, [TOP, TOP - 15], [TOP - 16, 0, 4]),
        (0, 0, [0], [1, TOP]),
        (TOP, 0, [TOP], [TOP - 1, 0]),
        (100, TOP, [0, 100, TOP], []),
        (0, TOP, [0, TOP], []),
        (TOP, TOP, [0, TOP], []),
    ],
)
def test_a_band_does_not_wrap_round(api, reference, band, inside, outside):
    engine = api.RiskEngine(instrument=market_of(reference_price=reference, price_band=band))
    engine.credit_account(ALICE, TOP, TOP)
    for price in inside:
        engine.submit(ALICE, 1, ASK, LIMIT, price, 1)
        engine.cancel_order(ALICE, 1)
    for price in outside:
        with refused(engine, PriceOutOfBand):
            engine.submit(ALICE, 1, ASK, LIMIT, price, 1)


def test_a_market_order_has_no_band(api):
    engine = funded(api, reference_price=100, price_band=10)
    limit(engine, BOB, 1, ASK, 110, 5)
    engine.reference_price = 10
    assert engine.submit(ALICE, 2, BID, MARKET, None, 1).fills[0].price == 110
    assert engine.submit(ALICE, 2, BID, MARKET, TOP, 1).fills[0].price == 110


def test_the_reference_price_moves(api):
    """Orders that rest are not touched, but to the prices of new ones the new band applies."""
    engine = funded(api, reference_price=100, price_band=10)
    limit(engine, ALICE, 1, BID, 95, 5)
    state, last = engine.state_hash(), engine.last_sequence
    engine.reference_price = 200
    assert engine.reference_price == 200
    assert (engine.state_hash(), engine.last_sequence) == (state, last)
    with refused(engine, PriceOutOfBand):
        limit(engine, ALICE, 2, BID, 95, 5)
    limit(engine, ALICE, 2, BID, 190, 5)
    assert engine.instrument.reference_price == 100  # the description is what it was
    engine.submit(BOB, 3, ASK, MARKET, None, 6)
    assert engine.open_orders(ALICE)[0].quantity == 4


def test_a_reference_price_without_a_band_refuses_nothing(api):
    engine = funded(api, reference_price=100)
    assert engine.reference_price == 100
    limit(engine, ALICE, 1, BID, 5000, 1)
    engine.reference_price = None
    assert engine.reference_price is None
    engine.reference_price = 7
    limit(engine, ALICE, 2, BID, 5000, 1)


def test_a_band_must_have_a_reference_price(api):
    engine = funded(api, reference_price=100, price_band=10)
    with pytest.raises(ValueError, match="reference"):
        engine.reference_price = None
    assert engine.reference_price == 100
    assert funded(api).reference_price is None


@pytest.mark.parametrize("order_type", list(OrderType))
@pytest.mark.parametrize("side", list(Side))
def test_the_largest_quantity(api, order_type, side):
    engine = funded(api, quantity_max=10)
    with refused(engine, QuantityTooLarge):
        engine.submit(ALICE, 1, side, order_type, 100, 11)
    engine.submit(ALICE, 1, side, order_type, 100, 10)


@pytest.mark.parametrize("order_type", PRICED)
@pytest.mark.parametrize("side", list(Side))
def test_the_largest_notional(api, order_type, side):
    engine = funded(api, notional_max=1000)
    for price, quantity in [(100, 11), (1001, 1), (334, 3)]:
        with refused(engine, NotionalTooLarge):
            engine.submit(ALICE, 1, side, order_type, price, quantity)
    for order_id, (price, quantity) in enumerate([(100, 10), (1000, 1), (333, 3), (0, 500)]):
        engine.submit(ALICE, order_id, side, order_type, price, quantity)


@pytest.mark.parametrize("side", list(Side))
def test_the_notional_of_a_market_order_is_what_it_would_trade(api, side):
    engine = funded(api, notional_max=1000)
    other = Side(3 - side)
    for order_id, price, quantity in [(11, 100, 5), (12, 100, 3), (13, 50 if side is ASK else 150, 6)]:
        limit(engine, BOB, order_id, other, price, quantity)
    most = 8 + (200 // (50 if side is ASK else 150))
    for given in (None, 1, TOP):
        with refused(engine, NotionalTooLarge):
            engine.submit(ALICE, 1, side, MARKET, given, most + 1)
    assert engine.submit(ALICE, 1, side, MARKET, TOP, most).unfilled == 0
    # Less is left now than the limit: the quantity does not matter.
    engine.cancel_order(BOB, 13)
    limit(engine, BOB, 14, other, 100, 10)
    assert engine.submit(ALICE, 1, side, MARKET, None, 900).unfilled == 890


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("mode", "value"), [(None, 900), (NEWEST, 400), (OLDEST, 900), (DECREMENT, 600)])
def test_own_orders_are_no_part_of_a_market_orders_notional(api, side, mode, value):
    """4 of BOB, 3 of ALICE, 5 of CAROL at 100, and a market order of ALICE for 9."""
    for room in (0, -1):
        engine = funded(api, notional_max=value + room)
        for order_id, account, lots in [(10, BOB, 2), (11, BOB, 2), (12, ALICE, 3), (13, CAROL, 2), (14, CAROL, 3)]:
            limit(engine, account, order_id, Side(3 - side), 100, lots)
        if room:
            with refused(engine, NotionalTooLarge):
                engine.submit(ALICE, 1, side, MARKET, None, 9, self_trade_prevention=mode)
        else:
            fills = engine.submit(ALICE, 1, side, MARKET, None, 9, self_trade_prevention=mode).fills
            assert sum(fill.price * fill.quantity for fill in fills) == value


def test_the_quantity_that_a_market_order_cannot_trade_is_worth_nothing(api):
    """2^64-1 lots against one at the highest price there is: just what the limit allows."""
    engine = api.RiskEngine(instrument=market_of(notional_max=TOP))
    engine.credit_account(ALICE, TOP, 0)
    engine.credit_account(BOB, 0, TOP)
    limit(engine, BOB, 1, BID, TOP, 1)
    assert engine.submit(ALICE, 2, ASK, MARKET, None, TOP).unfilled == TOP - 1


@pytest.mark.parametrize("order_type", [LIMIT, POST_ONLY])
def test_the_most_open_orders(api, order_type):
    engine = funded(api, open_orders_max=2)
    engine.submit(ALICE, 1, BID, order_type, 100, 1)
    engine.submit(ALICE, 2, ASK, order_type, 110, 1)
    for side, price in [(BID, 100), (ASK, 110), (BID, 50)]:
        with refused(engine, TooManyOrders):
            engine.submit(ALICE, 3, side, order_type, price, 1)
    engine.submit(BOB, 4, ASK, order_type, 105, 1)  # another account has its own count
    for ioc in (IOC, FOK, MARKET):  # what never rests does not count
        engine.submit(ALICE, 3, BID, ioc, 100, 1)
    engine.modify_order(ALICE, 1, 5, 90)  # nor does a reprice: it is one order before and after
    engine.cancel_order(ALICE, 2)
    engine.submit(ALICE, 3, BID, order_type, 100, 1)


def test_an_order_that_would_trade_all_is_one_too_many_too(api):
    engine = funded(api, open_orders_max=1)
    limit(engine, ALICE, 1, BID, 90, 1)
    limit(engine, BOB, 2, ASK, 100, 5)
    with refused(engine, TooManyOrders):
        limit(engine, ALICE, 3, BID, 100, 1)
    with refused(engine, TooManyOrders):
        engine.submit(BOB, 4, ASK, LIMIT, 90, 1, self_trade_prevention=OLDEST)
    engine.submit(BOB, 4, BID, MARKET, None, 5)  # its own, so that it has none
    limit(engine, BOB, 4, ASK, 100, 1)


def test_a_filled_order_makes_room(api):
    engine = funded(api, open_orders_max=1)
    limit(engine, ALICE, 1, BID, 90, 2)
    engine.submit(BOB, 2, ASK, IOC, 90, 1)
    with refused(engine, TooManyOrders):
        limit(engine, ALICE, 3, BID, 90, 1)
    engine.submit(BOB, 2, ASK, IOC, 90, 1)
    limit(engine, ALICE, 3, BID, 90, 1)


def test_no_open_orders_at_all(api):
    engine = funded(api, open_orders_max=0)
    with refused(engine, TooManyOrders):
        limit(engine, ALICE, 1, BID, 90, 1)
    assert engine.submit(ALICE, 1, BID, IOC, 90, 1).unfilled == 1


# The order: band, quantity, notional, open orders; after the matcher's own checks, before crossing.

CHECKS = {
    "band": PriceOutOfBand,
    "quantity": QuantityTooLarge,
    "notional": NotionalTooLarge,
    "open orders": TooManyOrders,
}


@pytest.mark.parametrize(("first", "second"), [*zip(CHECKS, CHECKS, strict=True), *combinations(CHECKS, 2)])
def test_the_order_of_the_limits(api, first, second):
    wrong = {first, second}
    settings = {
        "band": {"reference_price": 100, "price_band": 10},
        "quantity": {"quantity_max": 10},
        "notional": {"notional_max": 1000},
        "open orders": {"open_orders_max": 1},
    }
    engine = funded(api, **{name: value for check in wrong for name, value in settings[check].items()})
    limit(engine, ALICE, 1, BID, 91, 1)
    price = 200 if "band" in wrong else 91
    with refused(engine, CHECKS[first]):
        limit(engine, ALICE, 2, BID, price, 20)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"reference_price": 50, "price_band": 45}, PriceOutOfBand),
        ({"quantity_max": 4}, QuantityTooLarge),
        ({"notional_max": 399}, NotionalTooLarge),
        ({"open_orders_max": 1}, TooManyOrders),
    ],
)
def test_limits_come_after_the_duplicate_and_before_crossing(api, settings, error):
    engine = funded(api, **settings)
    limit(engine, BOB, 1, BID, 95, 4)
    limit(engine, ALICE, 2, BID, 95, 4)
    if error is PriceOutOfBand:
        engine.reference_price = 200
    with refused(engine, DuplicateOrder, RejectReason.DUPLICATE):
        engine.submit(ALICE, 1, ASK, POST_ONLY, 95, 100)
    with refused(engine, error):
        engine.submit(ALICE, 3, ASK, POST_ONLY, 95, 100)


def test_crossing_comes_after_the_limits_have_let_it_pass(api):
    engine = funded(api, reference_price=100, price_band=10, quantity_max=5, notional_max=500, open_orders_max=1)
    limit(engine, BOB, 1, BID, 100, 5)
    with refused(engine, CrossedOrder, RejectReason.CROSSED):
        engine.submit(ALICE, 2, ASK, POST_ONLY, 100, 5)


# Modifies.


@pytest.fixture
def rested(api):
    """Return a function that makes an engine with these limits, in which ALICE has a bid of 10 at 100."""

    def rest(**settings):
        engine = funded(api, **settings)
        limit(engine, ALICE, 1, BID, 100, 10)
        return engine

    return rest


@pytest.mark.parametrize(
    ("settings", "quantity", "price", "error"),
    [
        ({"reference_price": 100, "price_band": 10}, 10, 111, PriceOutOfBand),
        ({"reference_price": 100, "price_band": 10}, 1, 89, PriceOutOfBand),
        ({"quantity_max": 10}, 11, None, QuantityTooLarge),
        ({"quantity_max": 10}, 11, 100, QuantityTooLarge),
        ({"quantity_max": 10}, 11, 99, QuantityTooLarge),
        ({"notional_max": 1000}, 11, None, NotionalTooLarge),
        ({"notional_max": 1000}, 10, 101, NotionalTooLarge),
        ({"notional_max": 1000}, 1001, 1, NotionalTooLarge),
        ({"reference_price": 100, "price_band": 10, "quantity_max": 10}, 11, 111, PriceOutOfBand),
        ({"quantity_max": 10, "notional_max": 1000}, 11, None, QuantityTooLarge),
    ],
)
def test_a_modify_is_held_to_the_limits(rested, settings, quantity, price, error):
    engine = rested(**settings)
    with refused(engine, error):
        engine.modify_order(ALICE, 1, quantity, price)


@pytest.mark.parametrize(
    ("settings", "quantity", "price"),
    [
        ({"reference_price": 100, "price_band": 10}, 50, 110),
        ({"reference_price": 100, "price_band": 10}, 50, None),
        ({"quantity_max": 10}, 10, 500),
        ({"notional_max": 1000}, 9, 111),
        ({"notional_max": 1000}, 1000, 1),
        ({"open_orders_max": 1}, 50, 90),
        ({"open_orders_max": 1}, 50, None),
    ],
)
def test_a_modify_within_the_limits(rested, settings, quantity, price):
    assert rested(**settings).modify_order(ALICE, 1, quantity, price).resting.quantity == quantity


@pytest.mark.parametrize("price", [None, 100])
def test_the_same_or_less_at_the_same_price_always_passes(api, price):
    """Also where the order is outside the limits by now; more of it, or another price, does not."""
    engine = funded(api, reference_price=100, price_band=10)
    limit(engine, ALICE, 1, BID, 100, 10)
    engine.reference_price = 500
    for quantity in (10, 9, 1):
        assert engine.modify_order(ALICE, 1, quantity, price).resting.quantity == quantity
    with refused(engine, PriceOutOfBand):
        engine.modify_order(ALICE, 1, 2, price)
    with refused(engine, PriceOutOfBand):
        engine.modify_order(ALICE, 1, 1, 101)
    assert engine.modify_order(ALICE, 1, 1, 490).resting.price == 490


def test_limits_in_batches(api):
    engine = funded(api, reference_price=100, price_band=10, quantity_max=10, notional_max=900, open_orders_max=1)
    commands = [
        of(ALICE, new(1, BID, LIMIT, 89, 1)),
        of(ALICE, new(1, BID, LIMIT, 100, 11)),
        of(ALICE, new(1, BID, LIMIT, 100, 10)),
        of(ALICE, new(1, BID, LIMIT, 100, 9)),
        of(ALICE, new(2, BID, LIMIT, 100, 1)),
        of(ALICE, modify(1, 10)),
        of(ALICE, modify(1, 9, 111)),
        of(ALICE, modify(1, 8)),
    ]
    assert process(engine, commands)[0] == [12, 13, 14, 0, 15, 14, 12, 0]
    assert engine.last_sequence == 2


def test_off_is_off(engine):
    """An instrument without limits lets everything pass that can be paid for."""
    assert engine.reference_price is None
    for order_id in range(500):
        limit(engine, ALICE, order_id, ASK, TOP - order_id, 1)
    limit(engine, BOB, 1000, BID, 1, 10**6)
