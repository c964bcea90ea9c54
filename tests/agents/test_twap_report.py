"""What a TWAP cycle is measured by."""

import json
from fractions import Fraction

import pytest

from agents.strategies import Twap, TwapReport, TwapSettings
from orderbook import Side

from .scripted import Script


def report(**fields):
    """Return a report of 4 of 10 lots bought for 102 each, where 100 was the price at the start."""
    known = {
        "cycle": 1,
        "side": Side.BID,
        "total_quantity": 10,
        "filled_quantity": 4,
        "value": 408,
        "orders_sent": 3,
        "orders_refused": 1,
        "arrival_price": Fraction(100),
        "market_volume": 20,
        "market_value": 2_020,
        "market_is_complete": True,
        "begin_ns": 500_000_000,
        "end_ns": 4_500_000_000,
        "is_cut_short": False,
    }
    return TwapReport(**known | fields)


def test_figures_of_a_buyer():
    bought = report()
    assert (bought.average_price, bought.market_vwap) == (102, 101)
    assert (bought.unfilled_quantity, bought.fill_rate) == (6, Fraction(2, 5))
    assert bought.slippage(bought.arrival_price) == 2
    assert bought.slippage(bought.market_vwap) == 1
    assert bought.slippage_basis_points(bought.arrival_price) == 200
    assert bought.slippage_basis_points(bought.market_vwap) == Fraction(10_000, 101)


def test_slippage_is_positive_where_it_is_worse_for_either_side():
    """A buyer who paid more, a seller who got less."""
    dear, cheap = report(), report(value=392)
    assert (dear.slippage(Fraction(100)), cheap.slippage(Fraction(100))) == (2, -2)
    dear, cheap = report(side=Side.ASK), report(side=Side.ASK, value=392)
    assert (dear.slippage(Fraction(100)), cheap.slippage(Fraction(100))) == (-2, 2)
    assert (dear.slippage_basis_points(Fraction(50)), cheap.slippage_basis_points(Fraction(50))) == (-10_400, -9_600)


def test_no_slippage_is_known_to_be_none():
    even = report(value=400)
    assert (even.slippage(even.arrival_price), even.slippage_basis_points(even.arrival_price)) == (0, 0)


def test_what_is_not_known_is_not_made_up():
    nothing = report(filled_quantity=0, value=0, arrival_price=None, market_volume=0, market_value=0)
    assert (nothing.average_price, nothing.market_vwap, nothing.fill_rate) == (None, None, 0)
    assert nothing.slippage(Fraction(100)) is None
    assert nothing.slippage_basis_points(Fraction(100)) is None
    assert report().slippage(None) is None
    assert report().slippage_basis_points(None) is None


def test_at_a_price_of_0_there_are_ticks_but_no_basis_points():
    free = report(arrival_price=Fraction(0))
    assert free.slippage(free.arrival_price) == 102
    assert free.slippage_basis_points(free.arrival_price) is None


def test_in_plain_types_it_goes_into_json():
    assert json.loads(json.dumps(report(value=410).as_plain())) == {
        "cycle": 1,
        "side": "bid",
        "total_lots": 10,
        "filled_lots": 4,
        "unfilled_lots": 6,
        "fill_rate": 0.4,
        "orders_sent": 3,
        "orders_refused": 1,
        "average_price_ticks": 102.5,
        "arrival_price_ticks": 100,
        "arrival_slippage_ticks": 2.5,
        "arrival_slippage_bps": 250,
        "market_vwap_ticks": 101,
        "market_volume_lots": 20,
        "market_is_complete": True,
        "vwap_slippage_ticks": 1.5,
        "vwap_slippage_bps": pytest.approx(15_000 / 101),
        "duration_seconds": 4,
        "is_cut_short": False,
    }
    plain = report(side=Side.ASK, filled_quantity=0, value=0, arrival_price=None, market_volume=0, market_value=0)
    unknown = {name for name, value in plain.as_plain().items() if value is None}
    assert unknown == {
        "average_price_ticks",
        "arrival_price_ticks",
        "arrival_slippage_ticks",
        "arrival_slippage_bps",
        "market_vwap_ticks",
        "vwap_slippage_ticks",
        "vwap_slippage_bps",
    }
    assert plain.as_plain()["side"] == "ask"


@pytest.mark.parametrize(
    ("best", "arrival"),
    [("98/103", Fraction(201, 2)), ("98/-", 98), ("-/103", 103), ("-/-", None), ("0/-", 0), ("-/0", 0)],
)
def test_a_cycle_tells_what_it_saw(best, arrival):
    """Arrival is the middle of the best prices at the start; of the tape, what came after the start."""
    reports = []
    script = Script(Twap(TwapSettings(side=Side.ASK, price=90, total_quantity=8, slices=2, once=True), reports.append))
    script.play(f"""
        best             -> {best}
        tape             -> 70 7000
        until 0          -> 0
        orders           -> -
        tape             -> 70 7000
        limit ask 4 @ 90 -> rests 1
        until 1000       -> 1100
        cancel 1         -> 2
        orders           -> taken 1 ask 1 @ 95, filled 1 ask 1 @ 90
        tape             -> 80 7950
        limit ask 6 @ 90 -> crossed_order
        until 2000       -> 2300
        orders           -> -
        tape             -> 90 9000
        end
    """)
    assert reports == [
        TwapReport(
            cycle=1, side=Side.ASK, total_quantity=8, filled_quantity=2, value=185, orders_sent=2, orders_refused=1,
            arrival_price=arrival, market_volume=20, market_value=2_000, market_is_complete=True, begin_ns=0,
            end_ns=2_300_000_000, is_cut_short=False,
        )
    ]  # fmt: skip
