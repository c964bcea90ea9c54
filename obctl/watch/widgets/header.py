"""The two lines on top: what is watched and how that stands, and what the market came to."""

from dataclasses import dataclass
from math import inf

from obctl.client.words import average_text, clock_text
from obctl.watch.source import Instrument, MarketView, Playback
from obctl.watch.widgets.panel import SIDE_STYLES, Line, Panel, Run

STATE_STYLES = {
    "live": "good",
    "playing": "good",
    "connecting": "warn",
    "resyncing": "warn",
    "paused": "warn",
    "stale": "bad",
    "ended": "strong",
}


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast the market is, of late: events and trades a second, on the clock on the wall."""

    events: float = 0.0
    trades: float = 0.0


class Header(Panel):
    """Two lines, of which the end is cut off where there is no room."""

    DEFAULT_CSS = """
    Header { height: 2; border: none; background: $panel; }
    """

    def __init__(self, title: str, controls: Playback | None, *, id: str = "header") -> None:  # noqa: A002 - as textual
        super().__init__(id=id)
        self._title = title
        self._controls = controls
        self.instruments: tuple[Instrument, ...] = ()
        self.rates = Rates()

    def draw(self, market: MarketView, width: int, height: int) -> list[Line]:
        """Return the two lines."""
        return [clipped(self._where(market), width), clipped(self._figures(market), width)]

    def _where(self, market: MarketView) -> list[Run]:
        """Say what is watched, and how it stands."""
        runs = [(f" {market.symbol or '…'}", "strong line"), (f"{self._place(market.symbol)}  ", "quiet")]
        runs.append((f"● {market.state}", STATE_STYLES[market.state]))
        if market.state_text:
            runs.append((f": {market.state_text}", ""))
        if market.is_halted:
            runs.append(("  HALTED", "bad"))
        if self._controls is not None:
            runs.append((f"  {playback_text(self._controls)}", "strong"))
        runs.append((f"  event {market.sequence:,}  {self._title}{self._sizes(market.symbol)}", "quiet"))
        return runs

    def _place(self, symbol: str) -> str:
        """Say which of several instruments this is."""
        symbols = [instrument.symbol for instrument in self.instruments]
        return f" {symbols.index(symbol) + 1}/{len(symbols)}" if len(symbols) > 1 and symbol in symbols else ""

    def _sizes(self, symbol: str) -> str:
        """Say what a tick and a lot are worth, where that is not 1."""
        for instrument in self.instruments:
            if instrument.symbol == symbol:
                sizes = {"tick": instrument.tick_size, "lot": instrument.lot_size}
                return "".join(f"  {name} {size:f}" for name, size in sizes.items() if size != 1)
        return ""

    def _figures(self, market: MarketView) -> list[Run]:
        """Say what the market came to."""
        runs: list[Run] = [(" last ", "quiet")]
        if market.trades:
            last = market.trades[0]
            runs.append((f"{last.price:,}", f"strong {SIDE_STYLES[last.side]}"))
        else:
            runs.append(("none", ""))
        figures = (
            f"{self.rates.events:,.0f} events/s",
            f"{self.rates.trades:,.0f} trades/s",
            f"volume {market.volume:,}",
            f"VWAP {average_text(market.vwap)}",
            f"{market.trade_count:,} trades",
        )
        return [*runs, *((f"  {figure}", "") for figure in figures)]


def playback_text(controls: Playback) -> str:
    """Say how fast it is played, and how far it is."""
    parts = ["max" if controls.speed == inf else f"{controls.speed:g}×"]
    if controls.position is not None:
        parts.append(f"{controls.position:.0%}")
    if controls.time_ns is not None:
        parts.append(clock_text(controls.time_ns))
    return " ".join(parts)


def clipped(runs: list[Run], width: int) -> Line:
    """Return runs as a line of at most so many cells, its end marked where it is cut off."""
    if sum(len(text) for text, _ in runs) <= width:
        return tuple(runs)
    line: list[Run] = []
    room = max(0, width - 1)
    for text, style in runs:
        if text[:room]:
            line.append((text[:room], style))
        room -= len(text[:room])
    return (*line, ("…", "quiet")) if width else ()
