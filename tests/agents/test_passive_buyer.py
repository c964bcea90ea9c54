"""The passive buyer, step by step, and what holds of its bids whatever the market does."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateways.in_process import InProcessGateway
from agents.requests import Best, OwnFill, Submit
from agents.strategies import PassiveBuyer, PassiveBuyerSettings, SettingsError
from orderbook import BookAdded, OrderType, Rejection, Side

from .scripted import REFUSALS, Script
from .staged import AGENT, OTHERS, Stage, market

TOP = 2**64 - 1


def buyer(**settings):
    """Return a buyer of 5 lots at 100."""
    return PassiveBuyer(PassiveBuyerSettings(**{"target_price": 100, "quantity": 5} | settings))


def test_it_keeps_one_bid():
    Script(buyer()).play("""
        orders                 -> -
        best                   -> 90/110
        post_only bid 5 @ 100  -> rests 1
        until 1500             -> 1500
        orders                 -> 1 bid 5 @ 100
        best                   -> 100/110
        until 3000             -> 3100
        orders                 -> 1 bid 5 @ 100
        best                   -> 100/101
        until 4600             -> 4600
        orders                 -> 1 bid 5 @ 100
    """)


def test_a_bid_that_was_filled_is_followed_by_the_next():
    script = Script(buyer())
    script.play("""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 1
        until 1500             -> 1500
        orders                 -> filled 1 bid 5 @ 100
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 2
        until 3000             -> 3000
    """)
    assert script.strategy.figures() == {"bought_lots": 5, "spent": 500, "average_price_ticks": 100}


def test_a_bid_that_was_partly_filled_stays():
    script = Script(buyer())
    script.play("""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 1
        until 1500             -> 1500
        orders                 -> 1 bid 2 @ 100, filled 1 bid 3 @ 100
        best                   -> -/-
        until 3000             -> 3000
        orders                 -> filled 1 bid 2 @ 100
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 2
    """)
    assert (script.strategy.bought, script.strategy.spent) == (5, 500)


def test_when_the_wanted_price_moves_it_cancels_and_posts_again():
    script = Script(buyer())
    script.play("""
        orders                 -> -
        best                   -> -/101
        post_only bid 5 @ 100  -> rests 1
        until 1500             -> 1500
        orders                 -> 1 bid 5 @ 100
        best                   -> 100/99
        cancel 1               -> 5
        orders                 -> -
        post_only bid 5 @ 98   -> rests 2
        until 3000             -> 3000
        orders                 -> 2 bid 4 @ 98, filled 2 bid 1 @ 98
        best                   -> 98/150
        cancel 2               -> 4
        orders                 -> -
        post_only bid 5 @ 100  -> rests 3
        until 4500             -> 4500
    """)
    assert script.strategy.figures() == {"bought_lots": 1, "spent": 98, "average_price_ticks": 98}


@pytest.mark.parametrize("gone", ["unknown_order", "account_mismatch"])
def test_a_bid_that_is_gone_when_it_is_to_be_cancelled_is_no_error(gone):
    """What it traded meanwhile counts before the next is sized."""
    Script(buyer(budget=1_000)).play(f"""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 1
        until 1500             -> 1500
        orders                 -> 1 bid 5 @ 100
        best                   -> 100/91
        cancel 1               -> {gone}
        orders                 -> filled 1 bid 5 @ 100
        post_only bid 5 @ 90   -> rests 2
        until 3000             -> 3000
        orders                 -> 2 bid 5 @ 90
        best                   -> 90/121
        cancel 2               -> {gone}
        orders                 -> filled 2 bid 3 @ 90
        post_only bid 2 @ 100  -> rests 3
        until 4500             -> 4500
    """)


def test_no_bid_while_the_best_ask_is_0():
    Script(buyer()).play("""
        orders                 -> -
        best                   -> -/0
        until 1500             -> 1500
        orders                 -> -
        best                   -> -/1
        post_only bid 5 @ 0    -> rests 1
        until 3000             -> 3000
        orders                 -> 1 bid 5 @ 0
        best                   -> -/0
        cancel 1               -> 5
        orders                 -> -
        until 4500             -> 4500
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 2
    """)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_bid_that_is_refused_is_tried_again_at_the_next_tick(code):
    Script(buyer()).play(f"""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> {code}
        until 1500             -> 1500
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 1
        until 3000             -> 3000
        orders                 -> 1 bid 5 @ 100
        best                   -> -/90
        cancel 1               -> 5
        orders                 -> -
        post_only bid 5 @ 89   -> {code}
        until 4500             -> 4500
        orders                 -> -
        best                   -> -/90
        post_only bid 5 @ 89   -> rests 2
    """)


def test_an_order_whose_answer_was_lost_and_that_comes_late_is_taken_back():
    Script(buyer()).play("""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 2
        until 1500             -> 1500
        orders                 -> 1 bid 5 @ 100, 2 bid 5 @ 100
        best                   -> -/-
        cancel 1               -> unknown_order
        until 3000             -> 3000
    """)


def test_a_lost_connection_begins_anew_and_keeps_count():
    script = Script(buyer(budget=700))
    script.play("""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 1
    """)
    script.lose_connection(9_000, "filled 1 bid 4 @ 100")
    script.play("""
        orders                 -> -
        best                   -> -/-
        post_only bid 3 @ 100  -> rests 11
        until 10500            -> 10500
    """)
    script.stop("filled 11 bid 1 @ 100")
    assert script.strategy.figures() == {"bought_lots": 5, "spent": 500, "average_price_ticks": 100}


WANTED = [  # target, cap, best ask -> price
    (100, None, None, 100),
    (100, None, 101, 100),
    (100, None, 100, 99),
    (100, None, 7, 6),
    (100, None, 1, 0),
    (100, None, 0, None),
    (100, 95, None, 95),
    (100, 95, 96, 95),
    (100, 95, 95, 94),
    (100, 95, 0, None),
    (100, 100, None, 100),
    (100, 200, None, 100),
    (100, 0, None, 0),
    (0, None, None, 0),
    (0, None, 1, 0),
    (TOP, None, None, TOP),
    (TOP, None, TOP, TOP - 1),
    (TOP, TOP, None, TOP),
]


@pytest.mark.parametrize(("target", "cap", "best_ask", "price"), WANTED)
@pytest.mark.parametrize("best_bid", [None, 5, TOP])
def test_wanted_price(target, cap, best_ask, price, best_bid):
    """Bids of others do not matter."""
    assert buyer(target_price=target, price_cap=cap).wanted_price(Best(best_bid, best_ask)) == price


def test_the_budget_is_spent_exactly_and_then_no_more_bids_are_posted():
    script = Script(buyer(budget=850))
    script.play("""
        orders                 -> -
        best                   -> -/-
        post_only bid 5 @ 100  -> rests 1
        until 1500             -> 1500
        orders                 -> filled 1 bid 5 @ 100
        best                   -> -/-
        post_only bid 3 @ 100  -> rests 2
        until 3000             -> 3000
        orders                 -> filled 2 bid 3 @ 100
        best                   -> -/-
        until 4500             -> 4500
        orders                 -> -
        best                   -> -/51
        post_only bid 1 @ 50   -> rests 3
        until 6000             -> 6000
        orders                 -> filled 3 bid 1 @ 50
        best                   -> -/2
        until 7500             -> 7500
        orders                 -> -
        best                   -> -/1
        until 9000             -> 9000
    """)
    assert script.strategy.spent == 850


@pytest.mark.parametrize(
    ("budget", "price", "lots"),
    [
        (0, 100, 0),
        (99, 100, 0),
        (100, 100, 1),
        (499, 100, 4),
        (500, 100, 5),
        (TOP, 100, 5),
        (0, 0, 0),
        (1, 0, 5),  # costs nothing
    ],
)
def test_not_one_lot_more_than_the_budget_allows(budget, price, lots):
    script = Script(buyer(budget=budget, target_price=price))
    script.play("""
        orders -> -
        best   -> -/-
    """)
    posted = script.asks.quantity if isinstance(script.asks, Submit) else 0
    assert posted == lots


def test_only_what_it_bought_counts():
    strategy = buyer()
    assert strategy.figures() == {"bought_lots": 0, "spent": 0, "average_price_ticks": None}
    strategy.on_fill(OwnFill(1, Side.ASK, 100, 5, is_maker=True))
    strategy.on_fill(OwnFill(2, Side.BID, 90, 2, is_maker=True))
    strategy.on_fill(OwnFill(2, Side.BID, 93, 1, is_maker=True))
    assert strategy.figures() == {"bought_lots": 3, "spent": 273, "average_price_ticks": 91}


@pytest.mark.parametrize("name", ["target_price", "quantity", "tick_millis", "price_cap", "budget"])
def test_settings_that_cannot_be(name):
    for wrong in (-1, 2**64):
        with pytest.raises(SettingsError, match=f"^{name} is {wrong}, and must be "):
            PassiveBuyerSettings(**{name: wrong})
    if name in ("quantity", "tick_millis"):
        with pytest.raises(SettingsError, match=f"^{name} is 0, and must be 1 to 2"):
            PassiveBuyerSettings(**{name: 0})


def test_defaults_are_the_contracts():
    assert PassiveBuyerSettings() == PassiveBuyerSettings(
        target_price=99_000, quantity=25, tick_millis=1_500, price_cap=None, budget=None
    )


flows = st.lists(st.tuples(st.sampled_from(Side), st.integers(0, 8), st.integers(1, 12)), max_size=40)
limits = st.none() | st.integers(0, 60)


@given(flow=flows, target=st.integers(0, 9), cap=st.none() | st.integers(0, 9), budget=limits)
def test_on_the_engine_budget_and_cap_hold(flow, target, cap, budget):
    """Others may do what they like: it has one bid at most, as maker alone, and never pays more than it may."""
    engine = market()
    before = engine.account_snapshot(AGENT)
    strategy = buyer(target_price=target, price_cap=cap, budget=budget)
    orders = iter(enumerate(flow, 1))
    mine = set()

    def meanwhile(time_ns):
        resting = engine.open_orders(AGENT)
        assert len(resting) <= 1
        for order in resting:
            mine.add(order.id)
            assert budget is None or strategy.spent + order.price * order.quantity <= budget
        for order_id, (side, price, quantity) in islice(orders, 2):
            engine.submit(OTHERS, order_id, side, OrderType.LIMIT, price, quantity)
        return time_ns

    Stage(strategy, InProcessGateway(engine, AGENT), meanwhile=meanwhile).run((len(flow) // 2 + 2) * 1_500_000_000)
    after = engine.account_snapshot(AGENT)
    assert strategy.bought == after.available_base - before.available_base
    assert strategy.spent == before.available_quote - after.available_quote
    assert budget is None or strategy.spent <= budget
    events = engine.events()
    assert not [event for event in events if isinstance(event, Rejection)]
    highest = target if cap is None else min(target, cap)
    posted = [event for event in events if isinstance(event, BookAdded) and event.order_id in mine]
    assert all(event.price <= highest and event.quantity <= 5 for event in posted)
