"""A market made up for the tests, a source that shows it, and the view of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import NamedTuple

from textual.pilot import Pilot

from obctl.client.market import PriceBar, ShownTrade
from obctl.watch.app import WatchApp
from obctl.watch.source import MarketView
from orderbook import LevelDepth, Side

SECONDS = 20  # that anything may take that should come at once
NS = 10**9
NOW = 1_700_000_000  # seconds since 1970
WIDE, NARROW, TINY = (160, 46), (80, 24), (40, 12)


class Traded(NamedTuple):
    symbol: str
    tick_size: Decimal = Decimal(1)
    lot_size: Decimal = Decimal(1)


class Player:
    """A playback that goes by what it is told."""

    def __init__(self) -> None:
        self.is_paused = False
        self.speed = 1.0
        self.position: float | None = 0.25
        self.time_ns: int | None = NOW * NS

    def toggle(self) -> None:
        self.is_paused = not self.is_paused

    def faster(self) -> None:
        self.speed *= 2

    def slower(self) -> None:
        self.speed /= 2


class Staged:
    """A source that shows what the test puts into `market`."""

    title = "stage"

    def __init__(self, market: MarketView, *symbols: str, controls: Player | None = None) -> None:
        self.market = market
        self.controls = controls
        self.opened = self.closed = False
        self.failing: Exception | None = None
        self._instruments = tuple(Traded(symbol) for symbol in symbols or (market.symbol,))
        self._ending = asyncio.Event()

    def instruments(self) -> tuple[Traded, ...]:
        return self._instruments if self.opened else ()

    async def open(self) -> None:
        self.opened = True

    async def run(self) -> None:
        await self._ending.wait()
        if self.failing:
            raise self.failing

    def end(self, error: Exception | None = None) -> None:
        """Have `run` end, with an error or without one."""
        self.failing = error
        self._ending.set()

    async def close(self) -> None:
        self.closed = True

    def select(self, symbol: str) -> None:
        self.market = replace(self.market, symbol=symbol)

    def view(self) -> MarketView:
        return self.market


def a_market(levels: int = 60, seconds: int = 200, **fields: object) -> MarketView:
    """Return a market, the same for the same numbers: so many levels a side, trades of so many seconds."""
    pick = Random(1)
    price, bars, trades = 100_000, [], []
    for second in range(NOW, NOW + seconds):
        closes = [price + pick.randint(-4, 4) for _ in range(3)]
        for place, close in enumerate(closes):
            time_ns = second * NS + place * NS // 3
            trades.append(ShownTrade(time_ns, pick.choice(list(Side)), close, pick.randint(1, 40)))
        volume = sum(trade.quantity for trade in trades[-3:])
        bars.append(PriceBar(second, closes[0], max(closes), min(closes), closes[-1], volume, 3))
        price = closes[-1]
    sides = [
        tuple(LevelDepth(price + sign * (2 + i + i // 7), pick.randint(1, 300), 1 + i % 3) for i in range(levels))
        for sign in (-1, 1)
    ]
    volume = sum(trade.quantity for trade in trades)
    known: dict[str, object] = {
        "symbol": "BTC-USD",
        "bids": sides[0],
        "asks": sides[1],
        "trades": tuple(reversed(trades)),
        "trade_count": len(trades),
        "volume": volume,
        "value": sum(trade.quantity * trade.price for trade in trades),
        "event_count": 9_999,
        "state": "live",
        "sequence": 123_456,
        "bars": tuple(bars),
        "time_ns": (NOW + seconds) * NS,
    }
    return MarketView(**(known | fields))  # type: ignore[arg-type]


class Shown(NamedTuple):
    """A view at work."""

    app: WatchApp
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        """Press keys, and have what they ask for drawn."""
        await self.pilot.press(*keys)
        await self.drawn()

    async def drawn(self) -> None:
        """Have everything drawn that there is to be seen now."""
        await self.pilot.pause()
        self.app.draw()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds that nothing tells of."""
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.02)

    def screen(self) -> list[str]:
        """Return the lines of the whole terminal."""
        rows = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in row) for row in rows]


@asynccontextmanager
async def shown(source: object, size: tuple[int, int] = WIDE) -> AsyncIterator[Shown]:
    """Show a source while the block lasts."""
    app = WatchApp(source)  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=True) as pilot:
        view = Shown(app, pilot)
        await view.drawn()
        yield view


def watching(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make a plain test of one that waits."""
    from functools import wraps

    @wraps(test)
    def run(*args: object, **fields: object) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(2 * SECONDS):
                await test(*args, **fields)

        asyncio.run(bounded())

    return run
