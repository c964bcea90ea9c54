"""Tape: trades and bars against the exchange's own events."""

import gc
import time

import pytest

from orderbook import Side, Trade
from orderbook_server.market.tape import BARS, TRADES, Tape
from orderbook_server.sequencer.sequencer import Sequencer
from tests.web.market_flow import SYMBOLS, Flow, two_markets

SECOND = 10**9


def trades_of(sequencer: Sequencer, instrument: int, after: int = 0) -> list[tuple[int, int, int, int, bool]]:
    """Return an instrument's trades, by its events."""
    return [
        (event.sequence, event.timestamp, event.price, event.quantity, event.taker_side is Side.BID)
        for event in sequencer.exchange.events(after)
        if isinstance(event, Trade) and event.instrument == instrument
    ]


def bars_of(trades: list[tuple[int, int, int, int, bool]]) -> list[tuple[int, ...]]:
    """Return the bars of trades, the slow way."""
    bars = []
    for second in sorted({stamp // SECOND for _, stamp, _, _, _ in trades}):
        prices = [price for _, stamp, price, _, _ in trades if stamp // SECOND == second]
        volume = sum(quantity for _, stamp, _, quantity, _ in trades if stamp // SECOND == second)
        bars.append((second, prices[0], max(prices), min(prices), prices[-1], volume, len(prices)))
    return bars


def trade(sequencer: Sequencer, order_id: int, price: int, quantity: int = 1) -> None:
    """Have account 1 sell to account 2."""
    sequencer.submit(0, 1, order_id, Side.ASK, 2, price, quantity)
    sequencer.submit(0, 2, order_id + 1, Side.BID, 2, price, quantity)


def test_nothing_has_happened():
    tape = Tape(two_markets())
    assert tape.advance() == 0
    assert (tape.trades(0), tape.bars_of(1), tape.totals(0), tape.last_sequence(0)) == ([], [], (0, 0), 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_trades_are_those_of_the_events(seed):
    sequencer = two_markets()
    tape, flow = Tape(sequencer), Flow(sequencer, seed, 6)
    for _ in range(60):
        for _ in range(flow.random.randint(1, 60)):
            flow.step()
        assert tape.advance() == sequencer.exchange.last_sequence
        for instrument in range(len(SYMBOLS)):
            trades = trades_of(sequencer, instrument)
            assert tape.trades(instrument) == trades[-TRADES:]
            assert tape.trades(instrument, limit=7) == trades[-7:]
            assert tape.totals(instrument) == (len(trades), sum(trade[3] for trade in trades))
            assert tape.bars_of(instrument) == bars_of(trades)
            own = [event.sequence for event in sequencer.exchange.events() if event.instrument == instrument]
            assert tape.last_sequence(instrument) == (own[-1] if own else 0)
            if trades:
                after = flow.random.choice(trades)[0]
                assert tape.trades(instrument, after) == trades_of(sequencer, instrument, after)[-TRADES:]
    assert len(trades_of(sequencer, 0)) > 100


def test_bars_of_several_seconds():
    """The sequencer stamps with the clock of the machine; a bar begins with the second."""
    sequencer = two_markets()
    tape = Tape(sequencer)
    order_id = 1
    for _ in range(3):
        for step in (0, 4, -3, 1):
            trade(sequencer, order_id, 100 + step, order_id % 3 + 1)
            order_id += 2
        tape.advance()
        time.sleep(1 - time.time() % 1)
    bars = tape.bars_of(0)
    assert bars == bars_of(trades_of(sequencer, 0))
    assert len(bars) == 3
    assert bars[-1][1:5] == (100, 104, 97, 101)


def test_the_log_has_dropped_what_was_not_read():
    sequencer = two_markets(event_capacity=8)
    tape = Tape(sequencer)
    for order_id in range(1, 40, 2):
        trade(sequencer, order_id, 100)
    tape.advance()
    held = trades_of(sequencer, 0, sequencer.exchange.oldest_sequence - 1)
    assert 0 < len(held) < 20
    assert tape.trades(0) == held
    assert tape.totals(0) == (20, 20)


def test_the_collector_may_take_the_sequencer_first():
    """A feed listens to its sequencer: what is in such a circle is emptied before it goes."""
    sequencer = two_markets()
    tape = Tape(sequencer)
    trade(sequencer, 1, 100)
    tape.advance()
    circle = [tape]
    circle.append(circle)
    sequencer.listeners.append(circle)
    del sequencer, tape, circle
    assert gc.collect() > 0


def test_what_is_no_instrument():
    tape = Tape(two_markets())
    for call in (tape.trades, tape.bars_of, tape.totals, tape.last_sequence):
        with pytest.raises(IndexError, match="no instrument at position 2"):
            call(2)
    assert BARS == 3600
