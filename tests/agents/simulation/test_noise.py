"""The noise trader, step by step: what it may ask for, within its settings, and its chances."""

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import pytest

from agents.requests import Best, Cancel, OwnFill, Placed, ReadBest, ReadOrders, Submit, WaitUntil
from agents.strategies import NoiseTrader, NoiseTraderSettings, SettingsError
from orderbook import InsufficientBase, OrderType, OrderView, Side, UnknownOrder

RESTS = SimpleNamespace(resting=object())
DONE = SimpleNamespace(resting=None)


class Watch:
    """A noise trader at work against a market with a given middle, where limits rest and takers are done."""

    def __init__(self, best=None, forgets=False, **settings):
        self.trader = NoiseTrader(NoiseTraderSettings(**settings))
        self.best = best or Best(None, None)
        self.forgets = forgets  # whether all orders are gone whenever one looks
        self.requests = []
        self.open = {}
        self.open_max = 0

    def run(self, steps):
        life = self.trader.live(1_000)
        request = life.send(None)
        for _ in range(steps):
            self.requests.append(request)
            try:
                answer = self.answer(request)
            except UnknownOrder as refusal:
                request = life.throw(refusal)
            else:
                request = life.send(answer)
        return self

    def answer(self, request):
        match request:
            case WaitUntil(time_ns):
                return time_ns
            case ReadBest():
                return self.best
            case ReadOrders():
                if self.forgets:
                    self.open.clear()
                return tuple(self.open.values())
            case Cancel(order_id):
                if order_id not in self.open:
                    raise UnknownOrder("gone")
                return self.open.pop(order_id).quantity
            case Submit(side, OrderType.LIMIT, price, quantity):
                order_id = len(self.requests)
                self.open[order_id] = OrderView(order_id, side, price, quantity)
                self.open_max = max(self.open_max, len(self.open))
                return Placed(order_id, RESTS)
            case Submit():
                return Placed(0, DONE)

    def submits(self, *kinds):
        return [
            request
            for request in self.requests
            if isinstance(request, Submit) and (not kinds or request.order_type in kinds)
        ]


def test_the_same_seed_asks_for_the_same():
    assert Watch(seed=4).run(2_000).requests == Watch(seed=4).run(2_000).requests
    assert Watch(seed=4).run(2_000).requests != Watch(seed=5).run(2_000).requests


def test_the_first_requests_are_the_same_on_every_machine():
    """Numbers of splitmix64, by hand: the first wait of seed 1 is 2e8+1 times its first output, over 2^64."""
    first = 0x910A2DEC89025CC1
    (wait,) = Watch(seed=1).run(1).requests
    assert wait == WaitUntil(1_000 + (first * 200_000_001 >> 64))


def test_waits_lie_between_nothing_and_twice_the_mean():
    watch = Watch(actions_per_second=Fraction(5, 2)).run(20_000)
    times = [1_000] + [request.time_ns for request in watch.requests if isinstance(request, WaitUntil)]
    waits = [after - before for before, after in pairwise(times)]
    assert 0 <= min(waits) < 20_000_000
    assert 780_000_000 < max(waits) <= 800_000_000
    assert sum(waits) / len(waits) == pytest.approx(400_000_000, rel=0.03)


def test_kinds_of_actions_come_as_often_as_set():
    watch = Watch(Best(99, 101), taker_percent=20, cancel_percent=30, open_orders_max=10_000).run(30_000)
    submits, cancels = len(watch.submits()), sum(isinstance(request, Cancel) for request in watch.requests)
    takers = watch.submits(OrderType.MARKET, OrderType.IOC)
    assert cancels / (submits + cancels) == pytest.approx(0.30, abs=0.02)
    assert len(takers) / (submits + cancels) == pytest.approx(0.20, abs=0.02)
    assert {request.order_type for request in takers} == {OrderType.MARKET, OrderType.IOC}
    assert sum(request.side == Side.BID for request in watch.submits()) / submits == pytest.approx(0.5, abs=0.02)


def test_orders_are_small_and_near_the_middle():
    watch = Watch(Best(990, 1_010), reference_price=1_000, walk_ticks=0, depth_ticks=6, quantity_max=4).run(10_000)
    limits = watch.submits(OrderType.LIMIT)
    assert {request.price for request in limits if request.side == Side.BID} == set(range(994, 1_001))
    assert {request.price for request in limits if request.side == Side.ASK} == set(range(1_000, 1_007))
    assert {request.price for request in watch.submits(OrderType.IOC) if request.side == Side.BID} == {1_006}
    assert {request.price for request in watch.submits(OrderType.IOC) if request.side == Side.ASK} == {994}
    assert {request.price for request in watch.submits(OrderType.MARKET)} == {None}
    assert {request.quantity for request in watch.submits()} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("best", "centre"),
    [
        (Best(None, None), 1_000),
        (Best(5, None), 1_000),
        (Best(None, 5_000), 1_000),
        (Best(2_000, 2_002), 2_001 - 125),
        (Best(0, 0), 125),
        (Best(2**64 - 1, 2**64 - 1), 2**62 - (2**62 - 1_000) // 8),
    ],
)
def test_where_the_centre_is(best, centre):
    """The middle, pulled by an eighth to the reference; the reference where a side is empty."""
    watch = Watch(best, reference_price=1_000, walk_ticks=0, depth_ticks=1, cancel_percent=0, taker_percent=0).run(400)
    prices = [request.price for request in watch.submits()]
    assert centre - 1 <= min(prices) <= max(prices) <= centre + 1


def test_the_reference_walks_and_stays_a_price():
    prices = [r.price for r in Watch(reference_price=3, walk_ticks=50, depth_ticks=1).run(9_000).submits() if r.price]
    assert max(prices) > 500
    assert min(prices) >= 0


def test_it_leaves_no_more_orders_than_it_may():
    assert Watch(open_orders_max=4, cancel_percent=1).run(5_000).open_max == 4


def test_it_reads_its_orders_and_forgets_what_is_gone():
    watch = Watch(forgets=True, open_orders_max=5, cancel_percent=0, taker_percent=0).run(3_000)
    assert not any(isinstance(request, Cancel) for request in watch.requests)
    assert len(watch.submits()) > 800, "with no order resting in fact, it goes on posting"
    reads = [place for place, request in enumerate(watch.requests) if isinstance(request, ReadOrders)]
    assert len(reads) > 100


def test_refusals_do_not_end_it():
    trader = NoiseTrader(NoiseTraderSettings(taker_percent=0))
    life = trader.live(0)
    life.send(None)
    assert life.send(10) == ReadBest()
    assert isinstance(life.send(Best(None, None)), Submit)
    assert isinstance(life.throw(InsufficientBase("none left")), WaitUntil)


def test_it_counts_its_fills():
    trader = NoiseTrader(NoiseTraderSettings())
    trader.on_fill(OwnFill(1, Side.BID, 100, 3, True))
    trader.on_fill(OwnFill(2, Side.ASK, 102, 1, False))
    trader.finish()
    assert trader.figures() == {"inventory_lots": 2, "cash": -198}
    assert trader.name == "noise-trader"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"actions_per_second": 0}, "actions_per_second"),
        ({"actions_per_second": 1_000_001}, "actions_per_second"),
        ({"reference_price": 0}, "reference_price"),
        ({"depth_ticks": 0}, "depth_ticks"),
        ({"quantity_max": 0}, "quantity_max"),
        ({"open_orders_max": 0}, "open_orders_max"),
        ({"taker_percent": 101}, "taker_percent"),
        ({"taker_percent": 60, "cancel_percent": 50}, "cancel_percent"),
    ],
)
def test_settings_that_cannot_be(settings, field):
    with pytest.raises(SettingsError) as caught:
        NoiseTraderSettings(**settings)
    assert caught.value.field == field
