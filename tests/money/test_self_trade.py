"""Self-trade prevention: each mode and kind of taker, both sides, own orders at the head, behind others, half gone."""

from typing import NamedTuple

import pytest

from orderbook import (
    BookRemoved,
    BookUpdated,
    CrossedOrder,
    Fill,
    InsufficientQuote,
    OrderView,
    RejectReason,
    RemoveReason,
    Side,
    Trade,
    UnknownOrder,
)

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, events_of, modify, new, process, queue
from .helpers import (
    ALICE,
    BASE_EACH,
    BOB,
    BOTH,
    CAROL,
    DECREMENT,
    MODES,
    NEWEST,
    OLDEST,
    QUOTE_EACH,
    available,
    funded,
    limit,
    of,
    refused,
    sums,
    trace,
)

PRICE = 100
TAKER = 9
SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: f"taker {side.name}")


def better(side, ticks):
    """Return a price that lies so many ticks on the far side for a taker of `side`: it crosses makers at PRICE."""
    return PRICE + ticks if side is BID else PRICE - ticks


def makers(engine, side, *orders):
    """Rest (account, id, quantity) at PRICE, one after the other, where a taker of `side` meets them."""
    for account, order_id, quantity in orders:
        limit(engine, account, order_id, Side(3 - side), PRICE, quantity)


HEAD = [(ALICE, 1, 3), (BOB, 2, 4), (CAROL, 3, 5)]
MIDDLE = [(BOB, 2, 4), (ALICE, 1, 3), (CAROL, 3, 5)]


class Outcome(NamedTuple):
    """What a taker of 9 lots comes to: its fills (maker, lots), what is unfilled, and the queue it leaves."""

    fills: list[tuple[int, int]]
    unfilled: int
    left: list[tuple[int, int]]


OUTCOMES = {
    ("head", NEWEST): Outcome([], 9, [(1, 3), (2, 4), (3, 5)]),
    ("head", OLDEST): Outcome([(2, 4), (3, 5)], 0, []),
    ("head", BOTH): Outcome([], 9, [(2, 4), (3, 5)]),
    ("head", DECREMENT): Outcome([(2, 4), (3, 2)], 3, [(3, 3)]),
    ("middle", NEWEST): Outcome([(2, 4)], 5, [(1, 3), (3, 5)]),
    ("middle", OLDEST): Outcome([(2, 4), (3, 5)], 0, []),
    ("middle", BOTH): Outcome([(2, 4)], 5, [(3, 5)]),
    ("middle", DECREMENT): Outcome([(2, 4), (3, 2)], 3, [(3, 3)]),
}
every_outcome = pytest.mark.parametrize(
    ("position", "mode"), OUTCOMES, ids=[f"{position}-{mode.name}" for position, mode in OUTCOMES]
)


def submitted(order_type):
    """Return how a taker of that type comes in."""
    return lambda engine, side: engine.submit(ALICE, TAKER, side, order_type, better(side, 5), 9)


def repriced(engine, side):
    """Let the taker come in by a new price."""
    limit(engine, ALICE, TAKER, side, better(side, -5), 9)
    return engine.modify_order(ALICE, TAKER, 9, better(side, 5))


TAKERS = {"LIMIT": submitted(LIMIT), "MARKET": submitted(MARKET), "IOC": submitted(IOC), "reprice": repriced}


@SIDES
@every_outcome
@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_outcome(api, side, position, mode, take):
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, *(HEAD if position == "head" else MIDDLE))
    result = take(engine, side)
    expected = OUTCOMES[position, mode]
    assert result.fills == tuple(Fill(maker, PRICE, lots) for maker, lots in expected.fills)
    assert (result.resting, result.unfilled) == (None, expected.unfilled)
    assert queue(engine.order_book, Side(3 - side), PRICE) == expected.left
    assert TAKER not in engine.order_book
    traded = sum(lots for _, lots in expected.fills)
    sign = 1 if side is BID else -1
    own_left = sum(order.quantity for order in engine.open_orders(ALICE))  # asks for a bid, bids for an ask
    assert own_left == (3 if mode is NEWEST else 0)
    held = (own_left, 0) if side is BID else (0, own_left * PRICE)
    assert available(engine, ALICE) == (
        BASE_EACH + sign * traded - held[0],
        QUOTE_EACH - sign * traded * PRICE - held[1],
    )
    assert sums(engine) == (3 * BASE_EACH, 3 * QUOTE_EACH)
    engine.check()


@SIDES
@every_outcome
def test_events(api, side, position, mode):
    """A Trade and the maker's change for each fill; a prevented one is the maker's removal alone."""
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, *(HEAD if position == "head" else MIDDLE))
    submitted(LIMIT)(engine, side)
    other, first, last = Side(3 - side), dict.fromkeys([1, 2, 3]), engine.events(3)
    expected = []
    for maker in [1, 2, 3] if position == "head" else [2, 1, 3]:
        first[maker] = {1: 3, 2: 4, 3: 5}[maker]
        lots = dict(OUTCOMES[position, mode].fills).get(maker)
        if lots is not None:
            expected.append((Trade, (TAKER, maker, side, LIMIT, PRICE, lots)))
            left = first[maker] - lots
            expected.append(
                (BookUpdated, (maker, other, PRICE, left))
                if left
                else (BookRemoved, (maker, other, PRICE, lots, RemoveReason.FILLED))
            )
        elif maker == 1 and mode is not NEWEST:
            expected.append((BookRemoved, (1, other, PRICE, 3, RemoveReason.SELF_TRADE)))
    assert [(type(event), tuple(event)[2:]) for event in last] == expected


@SIDES
@pytest.mark.parametrize(
    ("mode", "fills", "unfilled", "left", "rests"),
    [
        (NEWEST, [], 9, [(1, 2), (2, 4)], None),
        (OLDEST, [(2, 4)], 0, [], 5),
        (BOTH, [], 9, [(2, 4)], None),
        (DECREMENT, [(2, 4)], 2, [], 3),
    ],
)
def test_an_own_order_that_has_traded_in_part(api, side, mode, fills, unfilled, left, rests):
    """What counts is its open quantity; and what is left of a LIMIT order rests, unless it was dropped."""
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, (ALICE, 1, 5), (BOB, 2, 4))
    engine.submit(CAROL, 8, side, IOC, better(side, 0), 3)
    last = engine.last_sequence
    result = limit(engine, ALICE, TAKER, side, better(side, 1), 9)
    assert result.fills == tuple(Fill(maker, PRICE, lots) for maker, lots in fills)
    assert result.unfilled == unfilled
    assert result.resting == (OrderView(TAKER, side, better(side, 1), rests) if rests else None)
    assert queue(engine.order_book, Side(3 - side), PRICE) == left
    removed = [event for event in engine.events(last) if getattr(event, "reason", 0) is RemoveReason.SELF_TRADE]
    assert [event.quantity for event in removed] == ([] if mode is NEWEST else [2])
    available(engine, ALICE)
    engine.check()


@SIDES
@pytest.mark.parametrize(
    ("mode", "unfilled", "rests", "left"),
    [(NEWEST, 4, None, [(1, 10)]), (OLDEST, 0, 4, []), (BOTH, 4, None, []), (DECREMENT, 4, None, [(1, 6)])],
)
def test_an_own_order_that_is_larger_than_the_taker(api, side, mode, unfilled, rests, left):
    """A removal takes all of it, however little the taker wanted."""
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, (ALICE, 1, 10))
    result = limit(engine, ALICE, TAKER, side, PRICE, 4)
    assert (result.fills, result.unfilled) == ((), unfilled)
    assert result.resting == (OrderView(TAKER, side, PRICE, rests) if rests else None)
    assert queue(engine.order_book, Side(3 - side), PRICE) == left
    removed = [event.quantity for event in engine.events() if isinstance(event, BookRemoved)]
    assert removed == ([10] if mode in (OLDEST, BOTH) else [])
    available(engine, ALICE)
    engine.check()


@SIDES
def test_a_decremented_maker_keeps_its_place(api, side):
    engine = funded(api, self_trade_prevention=DECREMENT)
    makers(engine, side, (ALICE, 1, 10), (BOB, 2, 4))
    last = engine.last_sequence
    result = limit(engine, ALICE, TAKER, side, PRICE, 4)
    assert (result.fills, result.resting, result.unfilled) == ((), None, 4)
    assert events_of(engine, last) == [("BookUpdated", 1, Side(3 - side), PRICE, 6)]
    assert queue(engine.order_book, Side(3 - side), PRICE) == [(1, 6), (2, 4)]
    assert available(engine, ALICE) == ((BASE_EACH - 6, QUOTE_EACH) if side is BID else (BASE_EACH, QUOTE_EACH - 600))
    assert engine.submit(CAROL, 8, side, MARKET, None, 1).fills == (Fill(1, PRICE, 1),)
    engine.check()


@SIDES
def test_a_decrement_of_equal_quantities_removes_the_maker_and_ends_the_taker(api, side):
    engine = funded(api, self_trade_prevention=DECREMENT)
    makers(engine, side, (ALICE, 1, 4), (ALICE, 2, 4))
    last = engine.last_sequence
    assert limit(engine, ALICE, TAKER, side, PRICE, 4).unfilled == 4
    assert events_of(engine, last) == [("BookRemoved", 1, Side(3 - side), PRICE, 4, RemoveReason.SELF_TRADE)]
    assert queue(engine.order_book, Side(3 - side), PRICE) == [(2, 4)]
    engine.check()


@SIDES
@pytest.mark.parametrize(
    ("mode", "unfilled", "rests", "left"),
    [
        (NEWEST, 20, None, [1, 2, 3]),
        (OLDEST, 0, 20, []),
        (BOTH, 20, None, [2, 3]),
        (DECREMENT, 12, 8, []),
    ],
)
def test_many_own_orders(api, side, mode, unfilled, rests, left):
    """At several prices, none of anybody else."""
    engine = funded(api, self_trade_prevention=mode)
    for order_id, ticks, quantity in [(1, 0, 3), (2, 0, 4), (3, 2, 5)]:
        limit(engine, ALICE, order_id, Side(3 - side), better(side, ticks), quantity)
    result = limit(engine, ALICE, TAKER, side, better(side, 2), 20)
    assert (result.fills, result.unfilled) == ((), unfilled)
    assert result.resting == (OrderView(TAKER, side, better(side, 2), rests) if rests else None)
    assert [order.id for order in engine.open_orders(ALICE)] == left + ([TAKER] if rests else [])
    assert sums(engine) == (3 * BASE_EACH, 3 * QUOTE_EACH)
    available(engine, ALICE)
    engine.check()


@SIDES
@pytest.mark.parametrize("mode", MODES)
def test_an_own_order_that_is_not_reached_stays(api, side, mode):
    """It matters who is at the head when there is still something to trade, and nothing else."""
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, (BOB, 2, 4), (ALICE, 1, 3))
    limit(engine, ALICE, 4, Side(3 - side), better(side, 5), 3)
    result = limit(engine, ALICE, TAKER, side, better(side, 3), 4)
    assert (result.fills, result.unfilled) == ((Fill(2, PRICE, 4),), 0)
    assert [order.id for order in engine.open_orders(ALICE)] == [1, 4]
    assert limit(engine, ALICE, TAKER, side, better(side, -1), 4).resting.quantity == 4


@SIDES
@pytest.mark.parametrize("mode", MODES)
def test_between_two_accounts_nothing_is_prevented(api, side, mode):
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, (BOB, 2, 4))
    assert limit(engine, ALICE, TAKER, side, PRICE, 4).fills == (Fill(2, PRICE, 4),)


# FILL_OR_KILL and POST_ONLY.


@SIDES
@pytest.mark.parametrize(
    ("orders", "mode", "can"),
    [
        *((HEAD, mode, 0) for mode in (NEWEST, BOTH, DECREMENT)),
        *((MIDDLE, mode, 4) for mode in (NEWEST, BOTH, DECREMENT)),
        (HEAD, OLDEST, 9),
        (MIDDLE, OLDEST, 9),
    ],
)
def test_fill_or_kill_counts_what_it_can_come_through_to(api, side, orders, mode, can):
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, *orders)
    before, last = trace(engine), engine.last_sequence
    for quantity in (can + 1, can + 3, can + 4):
        result = engine.submit(ALICE, TAKER, side, FOK, better(side, 2), quantity)
        assert (result.fills, result.resting, result.unfilled) == ((), None, quantity)
        assert trace(engine) == before
        last += 1
        assert tuple(engine.events(last - 1)[0])[-1] is RejectReason.INSUFFICIENT_LIQUIDITY
    if can:
        result = engine.submit(ALICE, TAKER, side, FOK, better(side, 2), can)
        assert (sum(fill.quantity for fill in result.fills), result.unfilled) == (can, 0)
        own = [order.id for order in engine.open_orders(ALICE)]
        assert own == ([] if mode is OLDEST else [1])  # with CANCEL_OLDEST its way led through its own order
    available(engine, ALICE)
    engine.check()


@SIDES
def test_fill_or_kill_counts_at_its_price_or_better_only(api, side):
    engine = funded(api, self_trade_prevention=OLDEST)
    makers(engine, side, (BOB, 2, 4), (ALICE, 1, 3))
    limit(engine, CAROL, 3, Side(3 - side), better(side, 1), 5)
    assert engine.submit(ALICE, TAKER, side, FOK, PRICE, 5).unfilled == 5
    assert engine.submit(ALICE, TAKER, side, FOK, better(side, 1), 5).unfilled == 0
    assert engine.open_orders(ALICE) == ()


@SIDES
def test_fill_or_kill_stops_short_of_an_own_order(api, side):
    """With CANCEL_OLDEST, too, an own order behind what it needed stays."""
    engine = funded(api, self_trade_prevention=OLDEST)
    makers(engine, side, (BOB, 2, 4), (ALICE, 1, 3))
    assert engine.submit(ALICE, TAKER, side, FOK, PRICE, 4).unfilled == 0
    assert [order.id for order in engine.open_orders(ALICE)] == [1]


@SIDES
@pytest.mark.parametrize("mode", [None, *MODES])
def test_post_only_looks_at_prices_alone(api, side, mode):
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, (ALICE, 1, 3))
    with refused(engine, CrossedOrder, RejectReason.CROSSED):
        engine.submit(ALICE, TAKER, side, POST_ONLY, PRICE, 3)
    engine.submit(ALICE, TAKER, side, POST_ONLY, better(side, -1), 3)
    with refused(engine, CrossedOrder, RejectReason.CROSSED):
        engine.modify_order(ALICE, TAKER, 3, PRICE)


# Which mode counts.


@SIDES
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("instrument_mode", [None, *MODES])
def test_an_orders_own_mode_counts_more_than_the_instruments(api, side, mode, instrument_mode):
    engine = funded(api, self_trade_prevention=instrument_mode)
    makers(engine, side, *MIDDLE)
    result = engine.submit(ALICE, TAKER, side, LIMIT, PRICE, 9, self_trade_prevention=mode)
    expected = OUTCOMES["middle", mode]
    assert [(fill.maker_id, fill.quantity) for fill in result.fills] == expected.fills
    assert queue(engine.order_book, Side(3 - side), PRICE) == expected.left


@SIDES
@pytest.mark.parametrize("mode", MODES)
def test_the_bits_of_a_record_are_the_orders_own_mode(api, side, mode):
    engine = funded(api)
    makers(engine, side, *MIDDLE)
    expected = OUTCOMES["middle", mode]
    status, unfilled, fills = process(engine, [of(ALICE, new(TAKER, side, LIMIT, PRICE, 9), mode)])
    assert (status, unfilled) == ([0], [expected.unfilled])
    assert fills == [(0, TAKER, maker, PRICE, lots) for maker, lots in expected.fills]
    assert queue(engine.order_book, Side(3 - side), PRICE) == expected.left


@SIDES
@pytest.mark.parametrize("mode", MODES)
def test_no_bits_of_a_record_are_the_instruments_mode(api, side, mode):
    engine = funded(api, self_trade_prevention=mode)
    makers(engine, side, *MIDDLE)
    assert process(engine, [of(ALICE, new(TAKER, side, LIMIT, PRICE, 9))])[1] == [OUTCOMES["middle", mode].unfilled]


@SIDES
@pytest.mark.parametrize("mode", MODES)
def test_the_makers_mode_does_not_count(api, side, mode):
    engine = funded(api)
    engine.submit(ALICE, 1, Side(3 - side), LIMIT, PRICE, 3, self_trade_prevention=mode)
    assert limit(engine, ALICE, TAKER, side, PRICE, 3).fills == (Fill(1, PRICE, 3),)


@SIDES
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("instrument_mode", [None, NEWEST, OLDEST])
def test_a_resting_order_keeps_its_own_mode(api, side, mode, instrument_mode):
    """Through a partial fill, modifies and reprices, until one of them makes it a taker."""
    engine = funded(api, self_trade_prevention=instrument_mode)
    engine.submit(ALICE, TAKER, side, LIMIT, better(side, -9), 12, self_trade_prevention=mode)
    engine.submit(BOB, 8, Side(3 - side), IOC, better(side, -9), 2)
    engine.modify_order(ALICE, TAKER, 20)
    engine.modify_order(ALICE, TAKER, 9, better(side, -8))
    makers(engine, side, *MIDDLE)
    assert engine.modify_order(ALICE, TAKER, 9, PRICE).unfilled == OUTCOMES["middle", mode].unfilled
    assert queue(engine.order_book, Side(3 - side), PRICE) == OUTCOMES["middle", mode].left


@SIDES
def test_an_orders_mode_does_not_pass_to_the_next_of_its_id(api, side):
    engine = funded(api)
    engine.submit(ALICE, TAKER, side, LIMIT, better(side, -9), 3, self_trade_prevention=NEWEST)
    engine.cancel_order(ALICE, TAKER)
    makers(engine, side, (ALICE, 1, 3))
    limit(engine, ALICE, TAKER, side, better(side, -9), 3)
    assert engine.modify_order(ALICE, TAKER, 3, PRICE).fills == (Fill(1, PRICE, 3),)


# Repricing.


@SIDES
def test_a_repriced_order_that_is_dropped_has_gone(api, side):
    engine = funded(api, self_trade_prevention=NEWEST)
    makers(engine, side, (ALICE, 1, 3))
    limit(engine, ALICE, TAKER, side, better(side, -5), 9)
    last = engine.last_sequence
    result = engine.modify_order(ALICE, TAKER, 7, PRICE)
    assert (result.fills, result.resting, result.unfilled) == ((), None, 7)
    assert events_of(engine, last) == [("BookRemoved", TAKER, side, better(side, -5), 9, RemoveReason.CANCELED)]
    available(engine, ALICE)
    with refused(engine, UnknownOrder):
        engine.cancel_order(ALICE, TAKER)


@SIDES
def test_a_repriced_order_that_is_decremented_rests_with_the_rest(api, side):
    engine = funded(api, self_trade_prevention=DECREMENT)
    makers(engine, side, (ALICE, 1, 3))
    limit(engine, ALICE, TAKER, side, better(side, -5), 9)
    last = engine.last_sequence
    result = engine.modify_order(ALICE, TAKER, 7, PRICE)
    assert (result.fills, result.resting, result.unfilled) == ((), OrderView(TAKER, side, PRICE, 4), 3)
    assert events_of(engine, last) == [
        ("BookRemoved", TAKER, side, better(side, -5), 9, RemoveReason.CANCELED),
        ("BookRemoved", 1, Side(3 - side), PRICE, 3, RemoveReason.SELF_TRADE),
        ("BookAdded", TAKER, side, PRICE, 4),
    ]
    assert available(engine, ALICE) == ((BASE_EACH, QUOTE_EACH - 400) if side is BID else (BASE_EACH - 4, QUOTE_EACH))


def test_the_unfilled_of_a_batch(api):
    """A MODIFY's counts what was dropped or decremented, like a NEW's."""
    engine = funded(api, self_trade_prevention=DECREMENT)
    commands = [
        of(ALICE, new(1, ASK, LIMIT, 100, 3)),
        of(ALICE, new(2, BID, LIMIT, 90, 5)),
        of(ALICE, modify(2, 5, 100)),
        of(ALICE, new(3, ASK, LIMIT, 100, 1), NEWEST),
        of(ALICE, new(4, ASK, LIMIT, 100, 5), BOTH),
    ]
    assert process(engine, commands) == ([0] * 5, [0, 0, 3, 1, 5], [])
    assert len(engine.order_book) == 0
    assert available(engine, ALICE) == (BASE_EACH, QUOTE_EACH)


# Money.

WALKS = [(None, 907, 0), (NEWEST, 400, 5), (BOTH, 400, 5), (OLDEST, 910, 0), (DECREMENT, 604, 3)]


@pytest.mark.parametrize(("mode", "cost", "unfilled"), WALKS)
def test_a_market_bid_must_have_what_it_will_pay(api, mode, cost, unfilled):
    """Own orders cost nothing, and where it stops at one, the walk stops too."""
    engine = api.RiskEngine()
    engine.credit_account(BOB, 100, 0)
    engine.credit_account(ALICE, 3, cost - 1)
    for account, order_id, price, quantity in [(BOB, 2, 100, 4), (ALICE, 1, 101, 3), (BOB, 3, 102, 5)]:
        limit(engine, account, order_id, ASK, price, quantity)
    with refused(engine, InsufficientQuote):
        engine.submit(ALICE, TAKER, BID, MARKET, None, 9, self_trade_prevention=mode)
    engine.credit_account(ALICE, 0, 1)
    result = engine.submit(ALICE, TAKER, BID, MARKET, None, 9, self_trade_prevention=mode)
    assert result.unfilled == unfilled
    own = 303 if mode is None else 0  # what it paid itself
    assert available(engine, ALICE)[1] == own
    assert available(engine, BOB)[1] == cost - own
    engine.check()


@pytest.mark.parametrize("mode", MODES)
def test_a_market_bid_that_meets_only_itself_needs_nothing(api, mode):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, 5, 0)
    limit(engine, ALICE, 1, ASK, 100, 5)
    assert engine.submit(ALICE, TAKER, BID, MARKET, None, 7, self_trade_prevention=mode).unfilled == 7
    assert len(engine.order_book) == (mode is NEWEST)
    assert sums(engine) == (5, 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order_type", [LIMIT, IOC, FOK])
def test_any_other_bid_must_have_price_times_quantity(api, mode, order_type):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, 5, 499)
    limit(engine, ALICE, 1, ASK, 100, 5)
    with refused(engine, InsufficientQuote):
        engine.submit(ALICE, TAKER, BID, order_type, 100, 5, self_trade_prevention=mode)


def test_what_a_removed_maker_held_is_there_for_the_next_order(api):
    engine = api.RiskEngine()
    engine.credit_account(ALICE, 5, 500)
    limit(engine, ALICE, 1, ASK, 100, 5)
    assert engine.submit(ALICE, 2, BID, LIMIT, 100, 5, self_trade_prevention=OLDEST).resting.quantity == 5
    assert engine.submit(ALICE, 3, ASK, LIMIT, 100, 5, self_trade_prevention=OLDEST).resting.quantity == 5
    assert available(engine, ALICE) == (0, 500)
    engine.check()
