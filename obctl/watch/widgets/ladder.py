"""The book as a ladder: asks above, the touch in the middle, bids below; each level with what lies before it."""

import time
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar, NamedTuple

from obctl.client.ladder import bar
from obctl.client.words import average_text
from obctl.watch.source import MarketView
from obctl.watch.widgets.panel import BAR_STYLES, SIDE_STYLES, Line, Panel, Run
from orderbook import LevelDepth, Side

FLASH_S = 0.5
COLUMNS = ("price", "lots", "orders", "total")
DROPPED = ("orders", "total")  # where there is no room, in this order
BAR_WIDTH_MIN = 6
GAP = 2  # cells between columns

Quantities = dict[tuple[Side, int], int]


class Rung(NamedTuple):
    """A level as the ladder has it. total: lots at this price and all better ones."""

    side: Side
    level: LevelDepth
    total: int

    def cells(self) -> dict[str, str]:
        """Return what each column says."""
        level = self.level
        numbers = (level.price, level.total_quantity, level.order_count, self.total)
        return {name: f"{number:,}" for name, number in zip(COLUMNS, numbers, strict=True)}


def rungs(side: Side, levels: Sequence[LevelDepth]) -> list[Rung]:
    """Return a side of the book, best first."""
    totals = accumulate(level.total_quantity for level in levels)
    return [Rung(side, level, total) for level, total in zip(levels, totals, strict=True)]


class Ladder(Panel):
    """The ladder. scroll: how many levels above the touch its middle is, negative below; a level flashes on change."""

    DEFAULT_CSS: ClassVar[str] = """
    Ladder { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str = "ladder") -> None:  # noqa: A002 - textual's own name of it
        super().__init__("Book", id=id)
        self.scroll = 0
        self._symbol = ""
        self._quantities: Quantities | None = None
        self._flashes: dict[tuple[Side, int], tuple[float, str]] = {}  # by level: until when, and the style

    def show(self, market: MarketView) -> None:
        """Draw a market; what is not as it was when it was shown last flashes."""
        sides = ((Side.BID, market.bids), (Side.ASK, market.asks))
        now = {(side, level.price): level.total_quantity for side, levels in sides for level in levels}
        if market.symbol != self._symbol:
            self._symbol, self._quantities, self.scroll = market.symbol, None, 0
            self._flashes.clear()
        if self._quantities:
            self._flash(self._quantities, now)
        self._quantities = now
        super().show(market)

    def _flash(self, before: Quantities, now: Quantities) -> None:
        """Have levels flash that are new, or of more or fewer lots than before."""
        clock = time.monotonic()
        self._flashes = {place: flash for place, flash in self._flashes.items() if flash[0] > clock}
        for place, quantity in now.items():
            grown = quantity - before.get(place, 0)
            if grown:
                self._flashes[place] = (clock + FLASH_S, "grown" if grown > 0 else "shrunk")

    def move(self, levels: int) -> None:
        """Scroll up by so many levels, or down."""
        if self.market is not None:
            self.scroll = max(-len(self.market.bids), min(len(self.market.asks), self.scroll + levels))
            self.draw_again()

    def centre(self) -> None:
        """Have the touch in the middle again."""
        self.scroll = 0
        self.draw_again()

    @property
    def page(self) -> int:
        """How many levels a page is."""
        return max(1, self.size.height - 2)

    def draw(self, market: MarketView, width: int, height: int) -> list[Line]:
        """Return the headings, and what of the book there is room for."""
        self.border_subtitle = f"{self.scroll:+,} levels, 0 centres" if self.scroll else ""
        places = self._places(market, height - 1)
        shown = [place for place in places if isinstance(place, Rung)]
        widths = column_widths(shown, width)
        largest = max((rung.level.total_quantity for rung in shown), default=1)
        deepest = max((rung.total for rung in shown), default=1)
        lines: list[Line] = [((gap_row({name: name for name in COLUMNS}, widths), "quiet"),)]
        for place in places:
            if isinstance(place, Rung):
                lines.append(self._rung_line(place, widths, width, largest, deepest))
            else:
                lines.append(((place[:width], "strong"),))
        return lines

    def _places(self, market: MarketView, count: int) -> list[Rung | str]:
        """Return what is on each line: a level, or the text between the sides, or nothing."""
        asks, bids = rungs(Side.ASK, market.asks), rungs(Side.BID, market.bids)
        top = count // 2 + self.scroll
        places: list[Rung | str] = []
        for above in range(top, top - count, -1):  # how many levels a line is above the touch
            if above == 0:
                places.append(middle_text(market))
            else:
                side, place = (asks, above - 1) if above > 0 else (bids, -above - 1)
                places.append(side[place] if place < len(side) else "")
        return places

    def _rung_line(self, rung: Rung, widths: dict[str, int], width: int, largest: int, deepest: int) -> Line:
        """Return a level: its numbers, its bar, and behind them, as a shade, all the lots up to it."""
        style, cells = SIDE_STYLES[rung.side], rung.cells()
        flash = self._flashes.get((rung.side, rung.level.price))
        runs: list[Run] = []
        for name, column_width in widths.items():
            cell = f"{cells[name]:>{column_width}}"
            if name == "price":
                runs.append((cell, style))
            elif name == "lots" and flash and flash[0] > time.monotonic():
                runs.append((cell, flash[1]))
            else:
                runs.append((cell, "quiet" if name == "orders" else ""))
            runs.append((" " * GAP, ""))
        room = max(0, width - sum(len(text) for text, _ in runs))
        blocks = bar(rung.level.total_quantity, largest, room, blocks=True)
        runs.append((f"{blocks:<{room}}"[:room], BAR_STYLES[rung.side]))
        return shaded(runs, width * rung.total // deepest)


def middle_text(market: MarketView) -> str:
    """Say what lies between the best prices."""
    if market.spread is None:
        return "no bids" if market.asks else "no asks" if market.bids else "the book is empty"
    return f"spread {market.spread:,}  mid {average_text(market.mid).removesuffix('.00')}"


def column_widths(shown: Sequence[Rung], width: int) -> dict[str, int]:
    """Return the columns that there is room for, and how wide they are."""
    cells = [rung.cells() for rung in shown]
    widths = {name: max(len(name), *(len(cell[name]) for cell in cells), 0) for name in COLUMNS}
    for name in DROPPED:
        if sum(widths.values()) + GAP * len(widths) + BAR_WIDTH_MIN > width:
            del widths[name]
    return widths


def gap_row(cells: dict[str, str], widths: dict[str, int]) -> str:
    """Return cells as text, aligned to the right."""
    return (" " * GAP).join(f"{cells[name]:>{width}}" for name, width in widths.items())


def shaded(runs: Sequence[Run], width: int) -> Line:
    """Put a shade behind the first `width` cells."""
    line: list[Run] = []
    for text, style in runs:
        dark, bright = text[:width], text[width:]
        width = max(0, width - len(text))
        line += [run for run in ((dark, f"deep {style}"), (bright, style)) if run[0]]
    return tuple(line)
