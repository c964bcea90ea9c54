"""The screen as a whole: sizes, states, the lines on top, the tape, and what ends it."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len

from obctl.client.words import clock_text
from obctl.errors import Refused
from obctl.watch.app import BUSY_EVENTS, BUSY_TICKS, WatchApp
from obctl.watch.source import State
from obctl.watch.widgets.header import Rates

from .staged import NARROW, TINY, WIDE, Staged, Traded, a_market, shown, watching

SIZES = [WIDE, NARROW, TINY, (110, 24), (109, 24), (56, 24), (55, 24), (20, 6), (10, 4), (5, 2), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
@watching
async def test_any_size(size: tuple[int, int]) -> None:
    async with shown(Staged(a_market(), "BTC-USD", "ETH-USD"), size) as view:
        for key in ("d", "c", "t", "pagedown", "question_mark"):
            await view.press(key)
        assert [cell_len(line) for line in view.screen()] == [size[0]] * size[1]


@watching
async def test_a_terminal_that_changes_its_size() -> None:
    async with shown(Staged(a_market()), WIDE) as view:
        for size in (NARROW, TINY, (1, 1), NARROW, WIDE):
            await view.pilot.resize_terminal(*size)
            await view.drawn()
            assert (view.app.tape.is_on_screen, view.app.depth.is_on_screen) == (size in (WIDE, NARROW), size == WIDE)
        rows = view.screen()
        assert rows[2].count("╮") == 3
        assert all(word in rows[2] for word in ("Book", "Price", "Trades"))


@pytest.mark.parametrize("state", ["live", "connecting", "stale", "resyncing", "playing", "paused", "ended"])
@watching
async def test_states(state: State) -> None:
    async with shown(Staged(a_market(state=state, state_text="and why")), NARROW) as view:
        assert f"● {state}: and why" in view.screen()[0]


@watching
async def test_before_anything_is_known() -> None:
    source = Staged(a_market(levels=0, seconds=0, symbol="", state="connecting", time_ns=None, trades=(), bars=()))
    source.market = replace(source.market, volume=0, value=0, trade_count=0)
    async with shown(source) as view:
        text = "\n".join(view.screen())
    assert " …  ● connecting" in text
    assert "last none" in text
    assert "VWAP none" in text
    assert "the book is empty" in text
    assert "no trades yet" in text


@watching
async def test_the_figures() -> None:
    market = a_market(volume=4, value=400_001, trade_count=1_234)
    async with shown(Staged(market)) as view:
        view.app.header.rates = Rates(12_345.6, 67.8)
        view.app.header.draw_again()
        last = market.trades[0].price
        assert view.app.header.text()[1].split("  ") == [
            f" last {last:,}",
            "12,346 events/s",
            "68 trades/s",
            "volume 4",
            "VWAP 100,000.25",
            "1,234 trades",
        ]


@watching
async def test_what_ticks_and_lots_are_worth() -> None:
    source = Staged(a_market(is_halted=True))
    source._instruments = (Traded("BTC-USD", Decimal("0.010"), Decimal("1E-8")),)
    async with shown(source) as view:
        assert "tick 0.010  lot 0.00000001" in view.screen()[0]
        assert "HALTED" in view.screen()[0]
        source._instruments = (Traded("BTC-USD", Decimal("1.0"), Decimal(1)),)
        await view.drawn()
        assert "tick" not in view.screen()[0]


@watching
async def test_the_tape() -> None:
    market = a_market()
    async with shown(Staged(market)) as view:
        rows = [line.split() for line in view.app.tape.text()]
        words = {"buy": 0, "sell": 1}
        for row, trade in zip(rows, market.trades, strict=False):
            assert row[0].startswith(clock_text(trade.time_ns) + ".")
            assert words[row[1]] == trade.side.value - market.trades[0].side.__class__.BID.value
            assert row[2:] == [f"{trade.quantity:,}", f"{trade.price:,}"]
        assert len(rows) == WIDE[1] - 5
    async with shown(Staged(market), NARROW) as view:
        assert view.app.tape.text()[0].split()[0] == clock_text(market.trades[0].time_ns)


@watching
async def test_rates() -> None:
    market = a_market(event_count=0, trade_count=0)
    source = Staged(market, "BTC-USD", "ETH-USD")
    async with shown(source) as view:
        source.market = replace(market, event_count=1_000_000, trade_count=1_000)
        await view.drawn()
        rates = view.app.header.rates
        assert rates.events > 100_000
        assert rates.events / rates.trades == pytest.approx(1_000)
        await view.press("n")
        assert view.app.header.rates.events < rates.events, "another instrument begins anew"


@watching
async def test_what_ends_a_source_ends_the_view() -> None:
    source = Staged(a_market())
    error = Refused("unknown_symbol: BTC-USD")
    async with shown(source) as view:
        source.end(error)
        await view.until(lambda: view.app.error)
    assert source.closed
    assert view.app.error is error


@watching
async def test_the_end_of_a_file_does_not() -> None:
    source = Staged(a_market())
    async with shown(source) as view:
        source.end()
        source.market = replace(source.market, state="ended")
        await view.drawn()
        assert view.app.is_running
        assert "● ended" in view.screen()[0]


def test_a_busy_market_is_drawn_less_often() -> None:
    async def pictures(events: float) -> int:
        app = WatchApp(Staged(a_market()))
        drawn = []
        app.draw = lambda: drawn.append(1)
        app.header.rates = Rates(events, 0)
        for _ in range(BUSY_TICKS * 5):
            app._tick()
        return len(drawn)

    assert asyncio.run(pictures(BUSY_EVENTS - 1)) == BUSY_TICKS * 5
    assert asyncio.run(pictures(BUSY_EVENTS)) == 5


@watching
async def test_what_has_not_changed_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    market = a_market()
    source = Staged(market)
    async with shown(source) as view:
        refreshed: list[object] = []
        monkeypatch.setattr(view.app.tape, "refresh", lambda *regions, **_: refreshed.append(regions))
        view.app.draw()
        assert not refreshed
        source.market = replace(market, trades=market.trades[1:])
        view.app.draw()
        assert len(refreshed) == 1
