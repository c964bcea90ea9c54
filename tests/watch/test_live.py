"""The view of a real server: it shows the engine's book, comes back after everything, and says how it stands."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.errors import ServerBusy, ServerUnavailable
from obctl.client.connection import Connection
from obctl.errors import BadConfiguration, Refused
from obctl.watch.sources import live
from obctl.watch.sources.live import Followed, LiveSource
from orderbook import OrderType, Side, Trade
from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.grpc import GrpcGateway

from ..agents.test_follow import trade
from ..server.grpc.client import TWO_MARKETS, Market, serving
from ..server.running import SECONDS, running
from .staged import NARROW, WIDE, Shown, shown, watching
from .test_ladder import expected, middle, numbers


def connection(address: str, symbol: str = "", token: str | None = None) -> Connection:
    return Connection(address, token, symbol, None, None, None, timeout=SECONDS)


@asynccontextmanager
async def view_of(address: str, size: tuple[int, int] = NARROW, **options: str) -> AsyncIterator[Shown]:
    """Watch the server at an address while the block lasts."""
    async with shown(LiveSource(connection(address, **options)), size) as view:
        yield view
        assert view.app.error is None


async def shows_the_book(view: Shown, market: Market, symbol: str = "BASE-QUOTE") -> None:
    """Wait until the view is where the engine is, and hold the ladder on the screen against the engine's book."""
    book = market.sequencer.exchange.market(symbol).order_book
    engine_bids, engine_asks = market.server.call(book.depth, 50)
    sequence = market.server.call(lambda: market.sequencer.exchange.last_sequence)
    await view.until(lambda: (now := view.app.source.view()).state == "live" and now.sequence >= sequence)
    await view.drawn()
    lines = view.app.ladder.text()
    assert [row[1 : 1 + len(line)] for row, line in zip(view.screen()[3:], lines, strict=False)] == lines
    if engine_bids and engine_asks:
        touch = middle(view)
        asks = [numbers(line) for line in lines[1:touch] if line]
        bids = [numbers(line) for line in lines[touch + 1 :] if line]
        assert asks[::-1] == expected(engine_asks)[: len(asks)]
        assert bids == expected(engine_bids)[: len(bids)]
        assert len(bids) == min(len(engine_bids), len(lines) - touch - 1)


def state(view: Shown) -> str:
    return view.app.source.view().state


@watching
async def test_the_screen_shows_the_engines_book() -> None:
    with serving() as market:
        async with view_of(market.server.address, WIDE) as view:
            for seed in range(1, 6):
                trade(market, 100, seed)
                await shows_the_book(view, market)
            events = market.server.call(lambda: market.sequencer.exchange.events(after=0))
            trades = [event for event in events if isinstance(event, Trade)]
            now = view.app.source.view()
            assert len(trades) > 20
            assert (now.event_count, now.trade_count) == (len(events), len(trades))
            assert now.volume == sum(event.quantity for event in trades)
            assert now.value == sum(event.quantity * event.price for event in trades)
            assert [each.price for each in now.trades] == [event.price for event in reversed(trades)]
            assert sum(bar.volume for bar in now.bars) == now.volume
            assert f"{len(trades):,} trades" in view.screen()[1]


@watching
async def test_each_event_shows() -> None:
    with serving() as market:
        async with view_of(market.server.address) as view:
            await view.until(lambda: state(view) == "live")
            for number, (side, price) in enumerate(
                ((Side.BID, 99), (Side.ASK, 101), (Side.BID, 100), (Side.ASK, 99)), 1
            ):
                order = number, side, OrderType.LIMIT, price, 5
                market.server.call(lambda order=order: market.sequencer.submit(0, 1, *order))
                await shows_the_book(view, market)


@watching
async def test_instruments() -> None:
    with serving(instruments=TWO_MARKETS) as market:
        trade(market, 60, seed=1, instrument=0)
        trade(market, 90, seed=2, instrument=1)
        async with view_of(market.server.address, symbol="ETH-USD") as view:
            await shows_the_book(view, market, "ETH-USD")
            await view.press("n")
            await shows_the_book(view, market, "BTC-USD")
            assert view.screen()[0].split()[:2] == ["BTC-USD", "1/2"]
            assert "tick 0.5" in view.app.header.text()[0] or "…" in view.app.header.text()[0]
            trade(market, 60, seed=3, instrument=1)
            assert view.app.source.view().event_count == 0, "another's events are not its own"
            await view.press("n")
            await shows_the_book(view, market, "ETH-USD")


@watching
async def test_a_server_that_goes_and_comes_back() -> None:
    with serving() as market:
        trade(market, 50, seed=1)
        async with view_of(market.server.address) as view:
            await shows_the_book(view, market)
            before = view.app.ladder.text()
            market.server.stop()
            await view.until(lambda: state(view) == "connecting")
            await view.drawn()
            assert "next try in" in view.app.source.view().state_text
            assert "● connecting: " in view.screen()[0]
            assert view.app.ladder.text() == before, "what was known is still to be seen"
            trade(market, 50, seed=2)
            gateway = lambda: GrpcGateway(market.sequencer, Settings(), market.stats)  # noqa: E731
            with running(gateway, port=market.server.port):
                await shows_the_book(view, market)


@watching
async def test_a_server_that_began_anew() -> None:
    with serving() as market:
        trade(market, 200, seed=1)
        async with view_of(market.server.address) as view:
            await shows_the_book(view, market)
            market.server.stop()
            with serving(port=market.server.port) as anew:
                trade(anew, 20, seed=2)
                sequence = anew.server.call(lambda: anew.sequencer.exchange.last_sequence)
                await view.until(lambda: view.app.source.view().sequence == sequence)
                await shows_the_book(view, anew)


@watching
async def test_a_server_that_is_not_there_yet() -> None:
    with serving() as market:
        address, port = market.server.address, market.server.port
    async with view_of(address) as view:
        await view.until(lambda: "next try in" in view.app.source.view().state_text)
        await view.drawn()
        assert "● connecting: " in view.screen()[0]
        with serving(port=port) as market:
            trade(market, 50, seed=1)
            await shows_the_book(view, market)


@watching
async def test_quiet_is_not_stale_and_silent_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PULSE_S", 0.02)
    monkeypatch.setattr(live, "STALE_S", 0.5)
    with serving() as market:
        async with view_of(market.server.address) as view:
            await view.until(lambda: state(view) == "live")
            quiet_until = time.monotonic() + 3 * live.STALE_S
            while time.monotonic() < quiet_until:
                assert state(view) == "live"
                await asyncio.sleep(0.02)
            market.server.hold(4 * live.STALE_S)
            await view.until(lambda: state(view) == "stale")
            assert "nothing from the server for" in view.app.source.view().state_text
            await view.until(lambda: state(view) == "live")
            trade(market, 20, seed=1)
            await shows_the_book(view, market)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symbol": "DOGE-USD"}, "unknown_symbol: DOGE-USD: the exchange has BASE-QUOTE"),
        ({"token": "wrong"}, "unauthenticated: "),
        ({}, "a token is given with --token or OBCTL_TOKEN"),
    ],
)
@watching
async def test_what_no_other_try_mends(options: dict[str, str], message: str) -> None:
    tokens = {"right": Access("somebody", "viewer")}
    with serving(authenticate=None if "symbol" in options else tokens.get) as market:
        async with shown(LiveSource(connection(market.server.address, **options)), NARROW) as view:
            await view.until(lambda: view.app.error)
        assert isinstance(view.app.error, Refused)
        assert message in view.app.error.message


@watching
async def test_a_token() -> None:
    with serving(authenticate={"right": Access("somebody", "viewer")}.get) as market:
        trade(market, 50, seed=1)
        async with view_of(market.server.address, token="right") as view:
            await shows_the_book(view, market)


@watching
async def test_wrong_options(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="nowhere"):
        LiveSource(connection("nowhere"))
    source = LiveSource(Connection("127.0.0.1:1", None, "", tmp_path / "missing.pem", None, None, 1.0))
    with pytest.raises(BadConfiguration, match=r"missing\.pem: cannot be read"):
        await source.open()


def test_how_it_stands() -> None:
    followed = Followed("X")
    now = time.monotonic()
    assert followed.state(now, 0) == ("connecting", "")
    followed.on_lost(ServerUnavailable("no answer"), 0.25)
    assert followed.state(now, 0) == ("connecting", "next try in 0.2 s: no answer")
    followed.replica.is_ready = True
    followed.on_stands()
    assert followed.state(now, live.BEHIND_MAX) == ("live", "")
    assert followed.state(now, 12_345) == ("live", "12,345 events behind")
    followed.on_lost(ServerBusy("slow_consumer"), 0.5)
    assert followed.state(now, 0) == ("connecting", "next try in 0.5 s: this view was too slow for the feed")
    followed.replica.is_ready = False
    assert followed.state(now, 0)[0] == "resyncing"
    followed.replica.is_ready = True
    followed.on_stands()
    assert followed.state(now - live.STALE_S, 0) == ("live", "")
    followed.heard_s -= live.STALE_S
    assert followed.state(now, 0) == ("live", "")
    assert followed.state(now - live.STALE_S, 0)[0] == "stale"
