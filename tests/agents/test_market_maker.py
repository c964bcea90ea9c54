"""The market maker, step by step, and what holds of its quotes whatever the book is."""

from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateways.in_process import InProcessGateway
from agents.requests import Best, OwnFill, Submit
from agents.strategies import MarketMaker, MarketMakerSettings, SettingsError
from orderbook import OrderType, Rejection, Side, Trade

from .scripted import REFUSALS, Script
from .staged import AGENT, OTHERS, Stage, market

TOP = 2**64 - 1
BID, ASK = Side.BID, Side.ASK


def maker(inventory=0, cash=0, **settings):
    """Return a market maker around 100 ± 2, 5 lots a side."""
    chosen = {"mid_price": 100, "spread": 2, "quantity": 5} | settings
    return MarketMaker(MarketMakerSettings(**chosen), inventory=inventory, cash=cash)


def bought(lots, price):
    return OwnFill(1, BID, price, lots, is_maker=True)


def sold(lots, price):
    return OwnFill(2, ASK, price, lots, is_maker=True)


def test_each_tick_takes_back_reads_and_posts():
    Script(maker()).play("""
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 1
        post_only ask 5 @ 102 -> rests 2
        until 500             -> 500
        cancel 1              -> 5
        cancel 2              -> 5
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 3
        post_only ask 5 @ 102 -> rests 4
        until 1000            -> 1000
        cancel 3              -> 5
        cancel 4              -> 5
    """)


def test_an_order_whose_answer_was_lost_and_that_comes_late_is_taken_back():
    Script(maker()).play("""
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 3
        post_only ask 5 @ 102 -> rests 4
        until 500             -> 500
        cancel 3              -> 5
        cancel 4              -> 5
        orders                -> 1 bid 5 @ 98, 2 ask 5 @ 102
        cancel 1              -> 5
        cancel 2              -> unknown_order
        orders                -> filled 2 ask 5 @ 102
        best                  -> -/-
    """)


def test_a_tick_is_measured_from_when_the_last_began():
    """A late one does not make the next come early."""
    Script(maker(tick_millis=20), at_ms=1_000).play("""
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 1
        post_only ask 5 @ 102 -> rests 2
        until 1020            -> 1033
        cancel 1              -> 5
        cancel 2              -> 5
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 3
        post_only ask 5 @ 102 -> rests 4
        until 1053            -> 1053
    """)


@pytest.mark.parametrize("gone", ["unknown_order", "account_mismatch"])
def test_quotes_that_are_gone_are_no_error(gone):
    """Nor are they when another account has used the id of one since."""
    script = Script(maker())
    script.play(f"""
        orders                -> -
        best                  -> 90/110
        post_only bid 5 @ 98  -> rests 1
        post_only ask 5 @ 102 -> rests 2
        until 500             -> 500
        cancel 1              -> {gone}
        cancel 2              -> {gone}
        orders                -> filled 1 bid 5 @ 98, filled 2 ask 5 @ 102
        best                  -> 90/110
        post_only bid 5 @ 98  -> rests 3
        post_only ask 5 @ 102 -> rests 4
    """)
    assert (script.strategy.inventory, script.strategy.cash) == (0, 20)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_quote_that_is_refused_is_tried_again_at_the_next_tick(code):
    Script(maker()).play(f"""
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> {code}
        post_only ask 5 @ 102 -> rests 2
        until 500             -> 500
        cancel 2              -> 5
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 3
        post_only ask 5 @ 102 -> {code}
        until 1000            -> 1000
        cancel 3              -> 5
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> {code}
        post_only ask 5 @ 102 -> {code}
        until 1500            -> 1500
        orders                -> -
    """)


def test_a_lost_connection_begins_anew_and_keeps_the_inventory():
    """Whoever runs it has taken its orders back; it must not cancel their ids."""
    script = Script(maker(inventory_skew=Fraction(1)))
    script.play("""
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 98  -> rests 1
        post_only ask 5 @ 102 -> rests 2
    """)
    script.lose_connection(9_000, "filled 1 bid 3 @ 98")
    script.play("""
        orders                -> -
        best                  -> -/-
        post_only bid 5 @ 95  -> rests 11
        post_only ask 5 @ 99  -> rests 12
        until 9500            -> 9500
        cancel 11             -> 5
    """)
    script.stop("filled 12 ask 1 @ 99")
    assert script.strategy.inventory == 2


QUOTES = [  # mid, spread, best bid, best ask -> bid, ask
    (100, 2, None, None, 98, 102),
    (100, 2, 97, 103, 98, 102),
    (100, 2, 98, 102, 98, 102),  # joins them
    (100, 2, 98, 98, 97, 102),
    (100, 2, None, 99, 98, 102),
    (100, 2, None, 98, 97, 102),
    (100, 2, None, 50, 49, 102),
    (100, 2, 101, None, 98, 102),
    (100, 2, 102, None, 98, 103),
    (100, 2, 150, 160, 98, 151),
    (100, 2, 40, 50, 49, 102),
    (100, 2, 105, 95, 94, 106),  # crossed by others
    (100, 0, None, None, 100, 101),  # above the own bid
    (100, 0, 100, 101, 100, 101),
    (100, 0, 99, 100, 99, 100),
    (100, 1, None, None, 99, 101),
    (3, 10, None, None, 0, 13),
    (0, 0, None, None, 0, 1),
    (0, 5, None, None, 0, 5),
    (0, 0, None, 1, 0, 1),
    (100, 2, None, 0, None, 102),  # no bid below a best ask of 0
    (0, 0, None, 0, None, 0),
    (0, 0, 0, None, 0, 1),
    (TOP, 2, None, None, TOP - 2, TOP),
    (TOP, 0, None, None, TOP, None),  # no ask above the own bid
    (TOP, 0, None, TOP, TOP - 1, TOP),
    (100, 2, TOP, None, 98, None),  # no ask above a best bid of 2^64-1
    (100, 2, TOP - 1, TOP, 98, TOP),
    (100, 2, TOP, 0, None, None),
    (100, TOP, None, None, 0, TOP),
    (TOP, TOP, None, None, 0, TOP),
    (TOP, TOP, None, TOP, 0, TOP),
    (0, TOP, 7, 9, 0, TOP),
]


@pytest.mark.parametrize(("mid", "spread", "best_bid", "best_ask", "bid", "ask"), QUOTES)
def test_quotes(mid, spread, best_bid, best_ask, bid, ask):
    quotes = maker(mid_price=mid, spread=spread).quotes(Best(best_bid, best_ask))
    assert quotes == [(side, price, 5) for side, price in ((BID, bid), (ASK, ask)) if price is not None]


@pytest.mark.parametrize(("best", "left"), [("-/0", ASK), (f"{TOP}/-", BID)])
def test_where_one_side_cannot_be_the_other_is_posted_all_the_same(best, left):
    script = Script(maker())
    script.play(f"""
        orders -> -
        best   -> {best}
    """)
    assert script.asks == Submit(left, OrderType.POST_ONLY, 102 if left is ASK else 98, 5)
    word = left.name.lower()
    script.play(f"""
        post_only {word} 5 @ {102 if left is ASK else 98} -> rests 1
        until 500 -> 500
        cancel 1  -> 5
        orders    -> -
    """)


@pytest.mark.parametrize(
    ("skew", "inventory", "bid", "ask"),
    [
        ("0", 1_000, 98, 102),
        ("1", 0, 98, 102),
        ("1", 3, 95, 99),
        ("1", -3, 101, 105),
        ("0.25", 3, 98, 102),  # less than a tick
        ("0.25", 4, 97, 101),
        ("0.25", -3, 98, 102),
        ("0.25", -4, 99, 103),
        ("0.25", 7, 97, 101),
        ("1", 101, 0, 1),
        ("1", 200, 0, 1),  # saturates
        ("1", -(2**64), TOP, None),
        ("1", -(2**64) + 101, TOP - 2, TOP),
    ],
)
def test_inventory_moves_both_quotes_down(skew, inventory, bid, ask):
    quotes = maker(inventory=inventory, inventory_skew=Fraction(skew)).quotes(Best(None, None))
    assert quotes == [(side, price, 5) for side, price in ((BID, bid), (ASK, ask)) if price is not None]


@pytest.mark.parametrize(
    ("inventory", "lots_bid", "lots_ask"),
    [(0, 5, 5), (3, 5, 5), (4, 4, 5), (7, 1, 5), (8, 0, 5), (9, 0, 5), (50, 0, 5), (-4, 5, 4), (-8, 5, 0), (-50, 5, 0)],
)
def test_no_quote_may_lead_beyond_the_inventory_limit(inventory, lots_bid, lots_ask):
    quotes = maker(inventory=inventory, inventory_max=8).quotes(Best(None, None))
    wanted = [(BID, 98, lots_bid), (ASK, 102, lots_ask)]
    assert quotes == [quote for quote in wanted if quote[2]]


def test_with_a_limit_of_0_it_posts_nothing():
    Script(maker(inventory_max=0)).play("""
        orders    -> -
        best      -> 99/101
        until 500 -> 500
        orders    -> -
        best      -> 99/101
    """)


def test_without_room_for_a_bid_the_ask_need_not_be_above_one():
    assert maker(inventory=5, inventory_max=5, spread=0).quotes(Best(None, None)) == [(ASK, 100, 5)]
    assert maker(inventory=5, inventory_max=5, spread=0, mid_price=TOP).quotes(Best(None, None)) == [(ASK, TOP, 5)]


def test_profit_is_cash_and_inventory_at_the_mark():
    """The mark is between the best prices of others, the only one, or else the mid price."""
    script = Script(maker())
    assert script.strategy.figures() == {"inventory_lots": 0, "cash": 0, "profit": 0}
    script.play("""
        orders                -> -
        best                  -> 97/104
        post_only bid 5 @ 98  -> rests 1
        post_only ask 5 @ 102 -> rests 2
        until 500             -> 500
        cancel 1              -> 1
        cancel 2              -> 4
        orders                -> filled 1 bid 4 @ 98, filled 2 ask 1 @ 102
    """)
    assert script.strategy.figures() == {"inventory_lots": 3, "cash": -290, "profit": -290 + 3 * 100.5}
    script.play("best -> 97/-")
    assert script.strategy.profit == -290 + 3 * 97
    script.play("""
        post_only bid 5 @ 98  -> rests 3
        post_only ask 5 @ 102 -> rests 4
        until 1000            -> 1000
        cancel 3              -> 5
        cancel 4              -> 5
        orders                -> -
        best                  -> -/0
    """)
    assert script.strategy.profit == -290
    script.play("""
        post_only ask 5 @ 102 -> rests 5
        until 1500            -> 1500
        cancel 5              -> 5
        orders                -> -
        best                  -> -/-
    """)
    assert script.strategy.profit == -290 + 3 * 100


def test_it_may_begin_with_what_an_earlier_life_came_to():
    strategy = maker(inventory=-4, cash=410)
    assert strategy.figures() == {"inventory_lots": -4, "cash": 410, "profit": 10}
    strategy.on_fill(bought(6, 90))
    strategy.on_fill(sold(1, 120))
    assert strategy.figures() == {"inventory_lots": 1, "cash": 410 - 540 + 120, "profit": 90}


WRONG = [
    ({"quantity": 0}, "quantity is 0, and must be 1 to 2^64-1"),
    ({"quantity": 2**64}, f"quantity is {2**64}, and must be 1 to 2^64-1"),
    ({"mid_price": -1}, "mid_price is -1, and must be 0 to 2^64-1"),
    ({"mid_price": 2**64}, f"mid_price is {2**64}, and must be 0 to 2^64-1"),
    ({"spread": -1}, "spread is -1, and must be 0 to 2^64-1"),
    ({"tick_millis": 0}, "tick_millis is 0, and must be 1 to 2^64-1"),
    ({"inventory_max": -1}, "inventory_max is -1, and must be 0 to 2^64-1"),
    ({"inventory_skew": Fraction(-1, 4)}, "inventory_skew is -1/4, and must not be negative"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(SettingsError) as raised:
        MarketMakerSettings(**settings)
    assert str(raised.value) == message
    assert raised.value.field == next(iter(settings))


def test_defaults_are_the_contracts():
    assert MarketMakerSettings() == MarketMakerSettings(
        mid_price=100_000, spread=100, quantity=10, tick_millis=500, inventory_skew=Fraction(0), inventory_max=None
    )


prices = st.one_of(st.integers(0, 8), st.integers(TOP - 8, TOP), st.integers(0, TOP))
maybe_prices = st.none() | prices


@given(
    mid=prices, spread=prices, best=st.builds(Best, maybe_prices, maybe_prices), inventory=st.integers(-(2**65), 2**65),
    skew=st.fractions(0, 4), limit=st.none() | st.integers(0, 2**64 - 1),
)  # fmt: skip
def test_quotes_never_cross_and_are_as_near_as_they_may(mid, spread, best, inventory, skew, limit):
    strategy = maker(
        mid_price=mid, spread=spread, inventory=inventory, inventory_skew=Fraction(skew), inventory_max=limit
    )
    quotes = {side: (price, quantity) for side, price, quantity in strategy.quotes(best)}
    for price, quantity in quotes.values():
        assert 0 <= price <= TOP
        assert 1 <= quantity <= 5
    down = int(skew * inventory)
    bid, ask = quotes.get(BID), quotes.get(ASK)
    if bid:
        wanted = min(max(mid - down - spread, 0), TOP)
        assert bid[0] == (wanted if best.ask is None else min(wanted, best.ask - 1))
        assert limit is None or inventory + bid[1] <= limit
    else:
        assert best.ask == 0 or (limit is not None and inventory >= limit)
    highest = max((price for price in (best.bid, bid and bid[0]) if price is not None), default=-1)
    if ask:
        assert ask[0] == max(min(max(mid - down + spread, 0), TOP), highest + 1)
        assert limit is None or inventory - ask[1] >= -limit
    else:
        assert highest == TOP or (limit is not None and -inventory >= limit)


flows = st.lists(st.tuples(st.sampled_from((BID, ASK)), st.integers(90, 110), st.integers(1, 12)), max_size=40)


@given(flow=flows, spread=st.integers(0, 6), limit=st.none() | st.integers(0, 12), skew=st.fractions(0, 2))
def test_on_the_engine_no_quote_is_refused_or_trades_at_once(flow, spread, limit, skew):
    """Others may do what they like: quotes rest, inventory and cash are what the account shows, limits hold."""
    engine = market()
    before = engine.account_snapshot(AGENT)
    strategy = maker(spread=spread, inventory_max=limit, inventory_skew=Fraction(skew))
    orders = iter(enumerate(flow, 1))

    def meanwhile(time_ns):
        for order_id, (side, price, quantity) in islice(orders, 2):
            engine.submit(OTHERS, order_id, side, OrderType.LIMIT, price, quantity)
        return time_ns

    steps = Stage(strategy, InProcessGateway(engine, AGENT), meanwhile=meanwhile).run(len(flow) * 250_000_000)
    after = engine.account_snapshot(AGENT)
    assert strategy.inventory == after.available_base - before.available_base
    assert strategy.cash == after.available_quote - before.available_quote
    assert (after.reserved_base, after.reserved_quote) == (0, 0)
    assert limit is None or abs(strategy.inventory) <= limit
    assert all(step.request.order_type is OrderType.POST_ONLY for step in steps if isinstance(step.request, Submit))
    engine.check()
    events = engine.events()
    assert not [event for event in events if isinstance(event, Rejection)]
    takers = {event.taker_order_id for event in events if isinstance(event, Trade)}
    assert takers <= set(range(1, len(flow) + 1))
