"""A taker with many fills that meets its own orders: there is room for its fills, however far it goes, and no more.

How many fills a large taker may have is found out before it trades, so that memory cannot run out half-way.
Self-trade prevention changes that number both ways: a taker that removes its own order goes further than the lots at
hand say, one that is dropped or decremented at it has fewer fills.
"""

import pytest

import orderbook
from orderbook import Fill, OrderType, Side

from ..engine.helpers import new, process
from .helpers import ALICE, BOB, BOTH, DECREMENT, NEWEST, OLDEST, limit, market_of, of

MANY = 6_000  # above the numbers up to which room is made without counting
OWN = MANY * 10
PLENTY = 10**9
PRICE = 100


def engine_for(mode, side, ahead):
    """Return an engine where a taker of `side` meets MANY orders of BOB, and behind `ahead` of them one of ALICE."""
    engine = orderbook.RiskEngine(instrument=market_of(self_trade_prevention=mode))
    for account in (ALICE, BOB):
        engine.credit_account(account, PLENTY, PLENTY * PRICE)
    makers = Side.ASK if side is Side.BID else Side.BID
    for order_id in range(MANY):
        if order_id == ahead:
            limit(engine, ALICE, MANY, makers, PRICE, OWN)
        limit(engine, BOB, order_id, makers, PRICE, 1)
    return engine


def fills_of(first, count):
    return tuple(Fill(order_id, PRICE, 1) for order_id in range(first, first + count))


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("order_type", [OrderType.LIMIT, OrderType.MARKET, OrderType.IOC, OrderType.FOK])
def test_a_taker_that_removes_its_own_order_has_room_for_all_fills_behind_it(side, order_type):
    engine = engine_for(OLDEST, side, 0)
    price = None if order_type is OrderType.MARKET else PRICE
    result = engine.submit(ALICE, MANY + 1, side, order_type, price, MANY)
    assert result.fills == fills_of(0, MANY)
    assert result.unfilled == 0
    engine.check()


@pytest.mark.parametrize("side", Side)
def test_so_has_one_of_a_batch(side):
    engine = engine_for(OLDEST, side, 0)
    status, _, fills = process(engine, [of(ALICE, new(MANY + 1, side, OrderType.LIMIT, PRICE, MANY))])
    assert status == [0]
    assert [fill[2] for fill in fills] == list(range(MANY))
    engine.check()


@pytest.mark.parametrize("side", Side)
def test_so_has_a_repriced_order(side):
    engine = engine_for(OLDEST, side, 0)
    away = PRICE - 1 if side is Side.BID else PRICE + 1
    limit(engine, ALICE, MANY + 1, side, away, MANY)
    assert engine.modify_order(ALICE, MANY + 1, MANY, PRICE).fills == fills_of(0, MANY)
    engine.check()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("mode", [NEWEST, BOTH, DECREMENT])
def test_a_taker_that_ends_at_its_own_order_has_only_the_fills_before(side, mode):
    engine = engine_for(mode, side, 10)
    result = limit(engine, ALICE, MANY + 1, side, PRICE, MANY)
    assert result.fills == fills_of(0, 10)
    assert result.unfilled == MANY - 10
    engine.check()
