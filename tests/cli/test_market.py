"""The market as people look at it: sums, trades and bars from events, and what follows from the best prices."""

from fractions import Fraction

from obctl.client.market import BARS_KEPT, TRADES_KEPT, Market, PriceBar, ShownTrade, Tally
from orderbook import BookAdded, LevelDepth, OrderType, Side, Trade

NS = 10**9


def traded(time_ns: int, price: int, quantity: int, side: Side = Side.BID) -> Trade:
    return Trade(1, time_ns, 2, 1, side, OrderType.LIMIT, price, quantity)


def test_sums_and_trades() -> None:
    tally = Tally()
    tally.add(BookAdded(1, 5 * NS, 1, Side.BID, 99, 10))
    assert tally.time_ns == 5 * NS
    tally.add(traded(6 * NS, 100, 3))
    tally.add(traded(7 * NS, 102, 1, Side.ASK))
    market = Market(symbol="X", **tally.figures())
    assert (market.event_count, market.trade_count, market.volume, market.value) == (3, 2, 4, 402)
    assert market.vwap == Fraction(402, 4)
    assert market.trades == (ShownTrade(7 * NS, Side.ASK, 102, 1), ShownTrade(6 * NS, Side.BID, 100, 3))
    assert tally.time_ns == 7 * NS


def test_bars() -> None:
    tally = Tally()
    for nanosecond, price, quantity in ((0, 100, 1), (1, 104, 2), (2, 97, 3), (NS - 1, 101, 4), (NS, 90, 5)):
        tally.add(traded(7 * NS + nanosecond, price, quantity))
    assert tally.bars == (PriceBar(7, 100, 104, 97, 101, 10, 4), PriceBar(8, 90, 90, 90, 90, 5, 1))


def test_what_is_kept_is_bounded() -> None:
    tally = Tally()
    for second in range(BARS_KEPT + 10):
        tally.add(traded(second * NS, second, 1))
    assert len(tally.figures()["trades"]) == TRADES_KEPT
    assert len(tally.bars) == BARS_KEPT
    assert tally.bars[-1].second == BARS_KEPT + 9
    assert tally.trade_count == BARS_KEPT + 10


def test_what_a_lot_is_worth() -> None:
    bid, ask = LevelDepth(98, 5, 1), LevelDepth(101, 5, 1)
    trades = (ShownTrade(0, Side.BID, 97, 1),)
    assert Market(symbol="X", bids=(bid,), asks=(ask,), trades=trades).mark == Fraction(199, 2)
    assert Market(symbol="X", bids=(bid,), trades=trades).mark == 97
    assert Market(symbol="X", bids=(bid,)).mark is None
    assert Market(symbol="X", bids=(bid,), asks=(ask,)).spread == 3
    assert Market(symbol="X", asks=(ask,)).spread is None
