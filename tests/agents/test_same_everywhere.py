"""The same strategy does the same on an engine in this process and on a server over gRPC, event for event.

Both markets begin alike, and the other side of each, an account of its own, goes by the same dice.
"""

import asyncio
import inspect
from collections import Counter
from contextlib import contextmanager
from fractions import Fraction
from random import Random

import pytest

from agents.gateways.gateway import perform
from agents.gateways.grpc.client import GrpcOrderBookClient
from agents.gateways.grpc.gateway import LiveGateway
from agents.gateways.in_process import InProcessGateway
from agents.gateways.order_ids import OrderIds
from agents.requests import Cancel, Modify, ReadBalance, ReadBest, ReadOrders, ReadTape, Submit
from agents.strategies import (
    MarketMaker,
    MarketMakerSettings,
    PassiveBuyer,
    PassiveBuyerSettings,
    Twap,
    TwapSettings,
)
from orderbook import Exchange, OrderBookError, OrderType, Side

from ..server.grpc.client import TWO_MARKETS, serving
from .staged import AGENT, OTHERS, Stage

BASE, QUOTE = 1_000_000, 1_000_000_000  # that each account has of each instrument's assets, as the server gives them
FIRST_ID = 1 << 40


def doors_of(symbol):
    """Return account and instrument of the agent, of the others, and of the agent in the other instrument."""
    (other,) = {instrument.symbol for instrument in TWO_MARKETS} - {symbol}
    return (AGENT, symbol), (OTHERS, symbol), (AGENT, other)


class Here:
    """An exchange in this process."""

    def __init__(self, symbol):
        self.exchange = Exchange(TWO_MARKETS)
        for account_id in (AGENT, OTHERS):
            for instrument in TWO_MARKETS:
                self.exchange.market(instrument.symbol).credit_account(account_id, BASE, QUOTE)
        self.agent, self.others, self.elsewhere = (
            InProcessGateway(self.exchange, account_id, symbol=name, order_ids=OrderIds(account_id * FIRST_ID))
            for account_id, name in doors_of(symbol)
        )

    def complete(self, answer):
        return answer

    def events(self):
        return self.exchange.events(), self.exchange.state_hash()


class There:
    """An exchange on a server, and a connection to it; each call is carried out before the next."""

    def __init__(self, market, loop, symbol):
        self._market = market
        self._loop = loop
        self._client = loop.run(GrpcOrderBookClient.connect(market.server.address))
        self.agent, self.others, self.elsewhere = (
            LiveGateway(self._client, account_id, OrderIds(account_id * FIRST_ID), symbol=name)
            for account_id, name in doors_of(symbol)
        )

    def complete(self, answer):
        async def awaited():
            return await answer

        return self._loop.run(awaited()) if inspect.isawaitable(answer) else answer

    def events(self):
        exchange = self._market.sequencer.exchange
        return self._market.server.call(exchange.events), self._market.server.call(exchange.state_hash)

    def close(self):
        self._loop.run(self._client.close())


@contextmanager
def both(symbol):
    """Give one market here and one there."""
    with serving(instruments=TWO_MARKETS) as market, asyncio.Runner() as loop:
        there = There(market, loop, symbol)
        try:
            yield Here(symbol), there
        finally:
            there.close()


def plain(events):
    """Return events without their times, which a server stamps and an engine alone does not know."""
    return [(type(event).__name__, *untimed(event)) for event in events]


def untimed(event):
    names = [name for name in dir(event) if not name.startswith("_") and name != "timestamp"]
    return [(name, getattr(event, name)) for name in names if not callable(getattr(event, name))]


def counter_flow(place, seed):
    """Return a function that has the others act: three times by dice, around 1000; sometimes a wait ends late."""
    dice = Random(seed)
    resting = []

    def act():
        if resting and dice.random() < 0.3:
            request = Cancel(resting.pop(dice.randrange(len(resting))))
        else:
            order_type = dice.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.IOC, OrderType.MARKET))
            price = None if order_type is OrderType.MARKET else dice.randint(985, 1_015)
            request = Submit(dice.choice(list(Side)), order_type, price, dice.randint(1, 9))
        try:
            placed = place.complete(perform(place.others, request))
        except OrderBookError:
            return
        if isinstance(request, Submit) and placed.result.resting is not None:
            resting.append(placed.order_id)

    def meanwhile(time_ns):
        for _ in range(3):
            act()
        return time_ns + dice.choice((0, 0, 0, 1_700_000))

    return meanwhile


def market_maker(_):
    return MarketMaker(
        MarketMakerSettings(
            mid_price=1_000, spread=4, quantity=6, tick_millis=1, inventory_skew=Fraction("0.25"), inventory_max=20
        )
    )


def passive_buyer(_):
    return PassiveBuyer(PassiveBuyerSettings(target_price=998, quantity=5, tick_millis=1, price_cap=997, budget=30_000))


def twap(order_type, side, **settings):
    return lambda report: Twap(
        TwapSettings(
            side=side,
            order_type=order_type,
            price=1_004 if side is Side.BID else 996,
            total_quantity=14,
            slices=7,
            slice_interval_millis=1,
            cycle_pause_millis=3,
            time_jitter_percent=40,
            size_jitter_percent=60,
            seed=11,
        ),
        report,
    )


STRATEGIES = {"market maker": market_maker, "passive buyer": passive_buyer} | {
    f"TWAP {order_type.name}": twap(order_type, Side.BID if order_type % 2 else Side.ASK) for order_type in OrderType
}


@pytest.mark.parametrize("symbol", ["BTC-USD", "ETH-USD"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_orders_fills_and_reports_are_the_same(name, symbol):
    """So are all answers: best prices, tape, open orders; and both exchanges end in the same state."""
    with both(symbol) as places:
        stories = []
        for place in places:
            reports = []
            strategy = STRATEGIES[name](reports.append)
            stage = Stage(strategy, place.agent, meanwhile=counter_flow(place, 3), complete=place.complete)
            stage.run(40_000_000)
            stories.append((stage.steps, stage.fills, reports, strategy.figures(), *place.events()))
        here, there = stories
    assert here[0] == there[0]
    assert here[1] == there[1]
    assert here[2:4] == there[2:4]
    assert plain(here[4]) == plain(there[4])
    assert here[5] == there[5]
    steps, fills, reports, *_ = here
    assert fills  # something did happen
    assert len(steps) > 60
    assert len(reports) > 1 or not name.startswith("TWAP")


def requests(seed, resting):
    """Yield requests of all kinds by dice; resting: ids to cancel or modify, and some that are not there."""
    dice = Random(seed)
    for _ in range(250):
        act = dice.random()
        order_id = dice.choice(resting) if resting else 5
        if act < 0.5:
            order_type = dice.choice(list(OrderType))
            price = None if order_type is OrderType.MARKET or dice.random() < 0.05 else dice.randint(95, 105)
            yield Submit(dice.choice(list(Side)), order_type, price, dice.randint(0, 9))
        elif act < 0.6:
            yield Cancel(order_id)
        elif act < 0.75:
            yield Modify(order_id, dice.randint(0, 9), dice.choice((None, dice.randint(95, 105))))
        else:
            yield dice.choice((ReadBest(), ReadOrders(), ReadBalance(), ReadTape()))


def answers(place, seed):
    """Have all do what they like, also trade with themselves; return all answers, and the fills in all."""
    told, fills, resting = [], [], []
    doors = (place.agent, place.others, place.elsewhere)
    for gateway in doors:
        place.complete(gateway.orders())
        place.complete(gateway.tape())
    dice = Random(seed)
    for request in requests(seed, resting):
        try:
            answer = place.complete(perform(dice.choice(doors), request))
        except OrderBookError as refusal:
            answer = type(refusal)
        else:
            if isinstance(request, Submit) and answer.result.resting is not None:
                resting.append(answer.order_id)
            if isinstance(request, ReadOrders):
                fills += answer.fills
                answer = answer.open_orders, Counter(answer.fills)  # of a trade with oneself, either may come first
        told.append((request, answer))
    return told, fills


@pytest.mark.parametrize("seed", range(3))
def test_every_call_is_answered_alike(seed):
    with both("ETH-USD") as (here, there):
        (told_here, fills), (told_there, _) = answers(here, seed), answers(there, seed)
        assert told_here == told_there
        assert plain(here.events()[0]) == plain(there.events()[0])
    assert {fill.is_maker for fill in fills} == {True, False}
    refused = {answer.code for _, answer in told_here if isinstance(answer, type)}
    assert refused >= {"invalid_quantity", "missing_price", "account_mismatch", "unknown_order", "crossed_order"}
