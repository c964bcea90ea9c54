"""TWAP, step by step: slices and what is carried forward, ends and pauses, held-up runs."""

import pytest

from agents.strategies import SettingsError, Twap, TwapSettings
from orderbook import OrderType, Side

from .scripted import REFUSALS, Script


def twap(reports=None, **settings):
    """Return a TWAP that buys 10 lots at 100 in 4 slices, one a second."""
    chosen = {"price": 100, "total_quantity": 10, "slices": 4} | settings
    return Twap(TwapSettings(**chosen), (lambda report: None) if reports is None else reports.append)


BEGIN = """
    best                -> 98/102
    tape                -> 0 0
    until 0             -> 0
    orders              -> -
    tape                -> 0 0
"""


def test_one_slice_per_interval_and_the_last_one_smaller():
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> done 1
        until 1000          -> 1000
        orders              -> taken 1 bid 3 @ 99
        tape                -> 3 297
        limit bid 3 @ 100   -> done 2
        until 2000          -> 2000
        orders              -> taken 2 bid 3 @ 99
        tape                -> 6 594
        limit bid 3 @ 100   -> done 3
        until 3000          -> 3000
        orders              -> taken 3 bid 3 @ 99
        tape                -> 9 891
        limit bid 1 @ 100   -> done 4
        until 4000          -> 4000
        orders              -> taken 4 bid 1 @ 99
        tape                -> 10 990
        end
    """)
    assert script.strategy.figures() == {"cycles": 1, "filled_lots": 10, "fill_rate": None}


def test_the_rest_of_a_slice_is_taken_back_and_added_to_the_next():
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> rests 1
        until 1000          -> 1000
        cancel 1            -> 2
        orders              -> filled 1 bid 1 @ 100
        tape                -> 1 100
        limit bid 5 @ 100   -> rests 2
        until 2000          -> 2000
        cancel 2            -> 5
        orders              -> -
        tape                -> 1 100
        limit bid 8 @ 100   -> rests 3
        until 3000          -> 3000
        cancel 3            -> unknown_order
        orders              -> filled 3 bid 8 @ 100
        tape                -> 9 900
        limit bid 1 @ 100   -> rests 4
        until 4000          -> 4000
        cancel 4            -> 1
        orders              -> -
        tape                -> 9 900
        end
    """)
    assert script.strategy.filled == 9


@pytest.mark.parametrize("gone", ["unknown_order", "account_mismatch"])
def test_an_order_that_is_gone_is_no_error(gone):
    """What it traded before the cancel came is not bought again."""
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play(f"""
        limit bid 3 @ 100   -> rests 1
        until 1000          -> 1000
        cancel 1            -> {gone}
        orders              -> taken 1 bid 2 @ 99, filled 1 bid 1 @ 100
        tape                -> 3 298
        limit bid 3 @ 100   -> rests 2
    """)


@pytest.mark.parametrize("side", ["bid", "ask"])
@pytest.mark.parametrize("order_type", OrderType)
def test_what_is_not_filled_is_carried_forward_whatever_the_type(order_type, side):
    """A market order goes without its price; what does not rest is not taken back."""
    script = Script(twap(once=True, order_type=order_type, side=Side[side.upper()]))
    script.play(BEGIN)
    word = order_type.name.lower()
    at = "" if order_type is OrderType.MARKET else " @ 100"
    rests = order_type in (OrderType.LIMIT, OrderType.POST_ONLY)
    placed, how = ("rests", "filled") if rests else ("done", "taken")

    def cancel(order_id):
        return f"cancel {order_id} -> 1\n" if rests else ""

    script.play(f"""
        {word} {side} 3{at}    -> {placed} 1
        until 1000             -> 1000
        {cancel(1)}orders      -> {how} 1 {side} 2 @ 100
        tape                   -> 2 200
        {word} {side} 4{at}    -> {placed} 2
        until 2000             -> 2000
        {cancel(2)}orders      -> -
        tape                   -> 2 200
        {word} {side} 7{at}    -> {placed} 3
        until 3000             -> 3000
        {cancel(3)}orders      -> {how} 3 {side} 7 @ 100
        tape                   -> 9 900
        {word} {side} 1{at}    -> {placed} 4
        until 4000             -> 4000
        {cancel(4)}orders      -> {how} 4 {side} 1 @ 100
        tape                   -> 10 1000
        end
    """)
    assert script.strategy.filled == 10


@pytest.mark.parametrize("code", REFUSALS)
def test_what_is_refused_is_added_to_the_next_slice(code):
    reports = []
    script = Script(twap(reports, once=True, slices=2))
    script.play(BEGIN)
    script.play(f"""
        limit bid 5 @ 100   -> {code}
        until 1000          -> 1000
        orders              -> -
        tape                -> 0 0
        limit bid 10 @ 100  -> {code}
        until 2000          -> 2000
        orders              -> -
        tape                -> 0 0
        end
    """)
    (report,) = reports
    assert (report.orders_sent, report.orders_refused, report.filled_quantity) == (2, 2, 0)
    assert (report.unfilled_quantity, report.fill_rate, report.average_price) == (10, 0, None)


@pytest.mark.parametrize(
    ("total", "slices", "sizes"),
    [
        (10, 4, (3, 3, 3, 1)),
        (1_000, 5, (200,) * 5),
        (11, 5, (3, 3, 3, 2)),  # rounding up uses the total up before the fifth
        (6, 4, (2, 2, 2)),
        (6, 5, (2, 2, 2)),
        (5, 5, (1,) * 5),
        (3, 5, (1, 1, 1)),
        (1, 5, (1,)),
        (7, 1, (7,)),
        (2**64 - 1, 2, (2**63, 2**63 - 1)),
        (9, 100_000, (1,) * 9),
    ],
)
def test_a_slice_is_the_total_by_the_slices_rounded_up(total, slices, sizes):
    script = Script(twap(once=True, total_quantity=total, slices=slices))
    script.play(BEGIN)
    for number, size in enumerate(sizes, 1):
        script.play(f"""
            limit bid {size} @ 100       -> done {number}
            until {number * 1000}        -> {number * 1000}
            orders                       -> taken {number} bid {size} @ 1
            tape                         -> 0 0
        """)
    script.play("end")
    assert script.strategy.filled == total


def test_then_a_pause_and_the_next_cycle():
    reports = []
    script = Script(twap(reports, slices=1, total_quantity=2))
    script.play(BEGIN)
    script.play("""
        limit bid 2 @ 100   -> rests 1
        until 1000          -> 1000
        cancel 1            -> 1
        orders              -> filled 1 bid 1 @ 100
        tape                -> 5 500
        until 6000          -> 6200
        best                -> 100/-
        tape                -> 50 5000
        until 6200          -> 6200
        orders              -> -
        tape                -> 50 5000
    """)
    assert script.strategy.figures() == {"cycles": 1, "filled_lots": 1, "fill_rate": 0}
    script.play("""
        limit bid 2 @ 100   -> rests 2
        until 7200          -> 7200
        cancel 2            -> 0
        orders              -> filled 2 bid 2 @ 100
        tape                -> 54 5300
        until 12200         -> 12200
    """)
    first, second = reports
    assert (first.cycle, first.filled_quantity, first.unfilled_quantity, first.market_vwap) == (1, 1, 1, 100)
    assert (second.cycle, second.filled_quantity, second.fill_rate, second.market_vwap) == (2, 2, 1, 75)
    assert (first.arrival_price, second.arrival_price) == (100, 100)
    assert (first.begin_ns, first.end_ns) == (0, 1_000_000_000)
    assert (second.begin_ns, second.end_ns) == (6_200_000_000, 7_200_000_000)
    assert script.strategy.figures() == {"cycles": 2, "filled_lots": 3, "fill_rate": None}


def test_a_gap_in_the_tape_is_that_cycle_s_alone():
    reports = []
    script = Script(twap(reports, slices=1, cycle_pause_millis=0))
    script.play(BEGIN)
    script.play("""
        limit bid 10 @ 100  -> done 1
        until 1000          -> 1000
        orders              -> -
        tape                -> 2 200 gap
        until 1000          -> 1000
        best                -> -/-
        tape                -> 2 200 gap
        until 1000          -> 1000
        orders              -> -
        tape                -> 2 200 gap
        limit bid 10 @ 100  -> done 2
        until 2000          -> 2000
        orders              -> -
        tape                -> 5 500 gap
        until 2000          -> 2000
    """)
    assert [(report.market_volume, report.market_is_complete) for report in reports] == [(2, False), (3, True)]


def test_without_a_pause_the_next_cycle_follows_at_once():
    script = Script(twap(slices=1, cycle_pause_millis=0))
    script.play(BEGIN)
    script.play("""
        limit bid 10 @ 100  -> done 1
        until 1000          -> 1000
        orders              -> taken 1 bid 10 @ 100
        tape                -> 10 1000
        until 1000          -> 1000
        best                -> -/-
    """)


def test_a_slice_that_is_late_does_not_move_the_next():
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> done 1
        until 1000          -> 2000
        orders              -> taken 1 bid 3 @ 100
        tape                -> 3 300
        limit bid 3 @ 100   -> done 2
        until 2000          -> 2000
        orders              -> taken 2 bid 3 @ 100
        tape                -> 6 600
        limit bid 3 @ 100   -> done 3
        until 3000          -> 3000
    """)


def test_a_run_held_up_by_more_than_an_interval_sends_one_slice_per_interval_from_then_on():
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> done 1
        until 1000          -> 3600
        orders              -> -
        tape                -> 0 0
        limit bid 6 @ 100   -> done 2
        until 4600          -> 4600
        orders              -> -
        tape                -> 0 0
        limit bid 9 @ 100   -> done 3
        until 5600          -> 5600
        orders              -> -
        tape                -> 0 0
        limit bid 10 @ 100  -> done 4
        until 6600          -> 6600
        orders              -> -
        tape                -> 0 0
        end
    """)


def test_a_cycle_that_is_cut_short_is_reported_with_its_last_fills():
    reports = []
    script = Script(twap(reports))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> rests 1
        until 1000          -> 1000
        cancel 1            -> 2
        orders              -> filled 1 bid 1 @ 100
        tape                -> 4 420
        limit bid 5 @ 100   -> rests 2
    """)
    script.stop("filled 2 bid 2 @ 97")
    (report,) = reports
    assert report.is_cut_short
    assert (report.filled_quantity, report.value, report.average_price) == (3, 294, 98)
    assert (report.orders_sent, report.market_vwap, report.end_ns) == (2, 105, 1_000_000_000)


def test_without_a_cycle_under_way_nothing_is_cut_short():
    reports = []
    Script(twap(reports)).stop()
    script = Script(twap(reports, slices=1))
    script.play(BEGIN)
    script.play("""
        limit bid 10 @ 100  -> done 1
        until 1000          -> 1000
        orders              -> -
        tape                -> 0 0
    """)
    script.stop()
    assert [report.is_cut_short for report in reports] == [False]


def test_fills_of_an_earlier_lifes_orders_are_not_the_cycles():
    strategy = twap()
    script = Script(strategy)
    script.lose_connection(0, "filled 77 bid 4 @ 100")
    assert strategy.filled == 0
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> rests 1
        until 1000          -> 1000
        cancel 1            -> 3
        orders              -> filled 1 bid 1 @ 100
    """)
    assert strategy.figures() == {"cycles": 0, "filled_lots": 1, "fill_rate": 0.1}


def test_a_market_order_needs_no_price_and_every_other_does():
    assert TwapSettings(order_type=OrderType.MARKET).price is None
    for order_type in set(OrderType) - {OrderType.MARKET}:
        with pytest.raises(SettingsError, match=f"^price is needed for {order_type.name.lower()} orders") as raised:
            TwapSettings(order_type=order_type)
        assert raised.value.field == "price"


@pytest.mark.parametrize("name", ["total_quantity", "slices", "slice_interval_millis"])
def test_0_is_refused(name):
    with pytest.raises(SettingsError, match=f"^{name} is 0, and must be 1 to (2|100000$)"):
        TwapSettings(price=1, **{name: 0})


@pytest.mark.parametrize("name", ["time_jitter_percent", "size_jitter_percent"])
def test_a_jitter_has_at_most_100_percent(name):
    with pytest.raises(SettingsError, match=f"^{name} is 101, and must be 0 to 100"):
        TwapSettings(price=1, **{name: 101})


def test_defaults_are_the_contracts():
    defaults = TwapSettings(price=1)
    assert (defaults.side, defaults.order_type) == (Side.BID, OrderType.LIMIT)
    assert (defaults.total_quantity, defaults.slices) == (1_000, 5)
    assert (defaults.slice_interval_millis, defaults.cycle_pause_millis, defaults.once) == (1_000, 5_000, False)
    assert (defaults.time_jitter_percent, defaults.size_jitter_percent, defaults.seed) == (0, 0, 0)
