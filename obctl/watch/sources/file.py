"""Files of order flow as a market: what `obctl replay` makes of them, row by row at the times of the rows."""

import asyncio
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

from obctl.client.market import ShownTrade, Tally
from obctl.flow import RowError
from obctl.flow.compression import bare_name
from obctl.flow.source import STDIN
from obctl.replay.inputs import Inputs, readable
from obctl.replay.plan import Plan
from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay
from obctl.watch.playback import PlaybackClock
from obctl.watch.source import LEVELS_KEPT, MarketView
from obctl.watch.sources.aside import aside
from obctl.watch.sources.instrument import KnownInstrument
from obctl.watch.timed_rows import TimedRows
from obctl.watch.timeline import Timeline
from orderbook import Side

ROWS_PER_STEP = 256
LOBSTER_TICK = Decimal("0.0001")


class FileSource:
    """The files of a plan, played: they are one stream, about one instrument. Rows count as events."""

    def __init__(self, plan: Plan, clock: PlaybackClock) -> None:
        self.controls = clock
        self._plan = plan
        self._inputs = Inputs(plan)
        self._timeline = Timeline()
        self._tally = Tally()
        self._position = 0  # of the file at hand
        self._skipped_rows = 0
        self._recorder = Recorder(trades=True)
        self._stack = ExitStack()  # what is open of the file at hand
        self._rows: TimedRows
        self._replay: Replay
        self._instrument: KnownInstrument | None = None
        self._reading = threading.Lock()  # held by the thread that reads ahead

    @property
    def title(self) -> str:
        """The first file's name, and how many follow."""
        first, *others = self._plan.files
        name = "standard input" if first == STDIN else Path(first).name
        return f"{name} and {len(others)} more" if others else name

    def instruments(self) -> tuple[KnownInstrument, ...]:
        """Return the one instrument that there is."""
        return (self._instrument,) if self._instrument else ()

    async def open(self) -> None:
        """Open the first file. Raise BadInput, UsageError."""
        self._plan.check_files()
        with readable():
            await self._begin_file()
            self._replay = self._inputs.new_replay(self._recorder)
            self._inputs.begin(self._position, self._replay, self._stack)
        self._instrument = instrument_of(self._plan, self._inputs.kind)

    async def run(self) -> None:
        """Play all files. Raise BadInput."""
        with readable():
            await self.controls.play(self)

    async def close(self) -> None:
        """Close the file at hand; not under a thread that waits for it: it is closed with the program."""
        if self._reading.acquire(blocking=False):
            self._stack.close()

    def select(self, symbol: str) -> None:
        """Do nothing: there is one instrument."""

    async def look_ahead(self) -> int | None:
        """Return the place of the next row on the timeline, going on with the next file; None at the end of all."""
        while True:
            try:
                place = await self._look_ahead()
            except RowError:
                if self._plan.on_error == "stop":
                    raise
                self._skipped_rows += 1
                self._replay.skip_row()
                await asyncio.sleep(0)  # there may be many
                continue
            if place is not None:
                return place
            self._end_file()
            if self._position + 1 == len(self._plan.files):
                return None
            self._position += 1
            await self._begin_file(after=self._rows)
            self._inputs.begin(self._position, self._replay, self._stack)

    def carry_out(self, until: int) -> None:
        """Carry out the next rows that are due."""
        self._rows.until = until
        self._replay.feed(self._rows, ROWS_PER_STEP)
        self._take_notes()

    async def _look_ahead(self) -> int | None:
        if self._rows.holds_rows or not may_wait(self._plan.files[self._position]):
            return self._rows.look_ahead()

        def look() -> int | None:
            with self._reading:
                return self._rows.look_ahead()

        return await aside(look)

    async def _begin_file(self, after: TimedRows | None = None) -> None:
        """Open the file at hand."""

        def opened() -> TimedRows:
            reader = self._inputs.open(self._position, after=after.inner if after else None)
            return TimedRows(reader, self._timeline)

        if may_wait(self._plan.files[self._position]):
            self._rows = await aside(opened)
        else:
            self._rows = opened()
        self._stack.push(self._rows.inner)

    def _end_file(self) -> None:
        self._replay.end_file()
        self._take_notes()
        self._stack.close()

    def _take_notes(self) -> None:
        """Take what the recorder has written down since the last time."""
        block = self._recorder.trades
        assert block is not None, "it was asked for"
        block.check()
        cells = block.values().cast("Q")
        width = len(block.columns)
        for i in range(0, len(cells), width):
            _, time_ns, _, _, side, price, quantity = cells[i : i + width]
            self._tally.add_trade(ShownTrade(time_ns, Side(side), price, quantity))
        block.clear()
        self._tally.event_count = self._recorder.rows
        self._tally.time_ns = self.controls.time_ns = self._timeline.time or None
        self.controls.position = self._share()

    def _share(self) -> float | None:
        """Return how much has been played, as if all files were of one size."""
        share = self._rows.share
        return None if share is None else (self._position + share) / len(self._plan.files)

    def view(self) -> MarketView:
        """Return the market as it is behind the last row."""
        if self._instrument is None:
            return MarketView(symbol="", state="connecting", state_text="opening the file")
        bids, asks = self._replay.book.depth(LEVELS_KEPT)
        return MarketView(
            symbol=self._instrument.symbol,
            state=self.controls.state,
            state_text=", ".join(self._remarks()),
            bids=bids,
            asks=asks,
            bars=self._tally.bars,
            sequence=self._recorder.rows,
            time_ns=self._tally.time_ns,
            **self._tally.figures(),
        )

    def _remarks(self) -> Iterator[str]:
        """Say what is not to be seen in the market itself."""
        if self._recorder.rows > 1 and not self._timeline.time:
            yield "no times: a row each millisecond"
        if self._skipped_rows:
            yield f"wrong rows skipped: {self._skipped_rows:,}"
        if (quiet := self.controls.quiet) is not None:
            yield quiet


def may_wait(name: str) -> bool:
    """Return whether reading a file may take as long as somebody likes who writes to it."""
    if name == STDIN:
        return True
    try:
        return not stat.S_ISREG(Path(name).stat().st_mode)
    except OSError:
        return False  # opening it tells


def instrument_of(plan: Plan, kind: str) -> KnownInstrument:
    """Return what the files of a plan are about: what it is called there, or else what the first file is called."""
    name = "order flow" if plan.files[0] == STDIN else bare_name(Path(plan.files[0]).name)
    if kind == "lobster":  # TICKER_date_…_message_levels.csv
        return KnownInstrument(name.partition("_")[0], LOBSTER_TICK, Decimal(1))
    symbol = plan.symbol or Path(name).stem
    return KnownInstrument(symbol, plan.tick_size or Decimal(1), plan.lot_size or Decimal(1))
