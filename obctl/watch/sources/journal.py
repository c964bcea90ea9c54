"""A data directory as a market: its journal carried out again, frame by frame, at the times of its commands."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from obctl.client.market import Tally
from obctl.journal.directory import DataDirectory, readable
from obctl.journal.state import require_within
from obctl.journal.tally import Tally as FrameTally
from obctl.watch.playback import PlaybackClock
from obctl.watch.source import LEVELS_KEPT, MarketView
from obctl.watch.sources.instrument import KnownInstrument
from obctl.watch.timeline import Timeline
from orderbook import Exchange
from orderbook_server.journal.reader import Frame
from orderbook_server.journal.recovery import Recovery

EVENTS_HELD = 1 << 20  # more than a frame makes, but in the strangest of cases
EVENTS_PER_STEP = 2_000


class JournalSource:
    """The journal in a data directory, played from its beginning, or from the oldest snapshot where that is gone.

    until, until_event: the record, or the event, to end with. A frame, what was written at once, is carried out as one,
    at the time of its last command.
    """

    def __init__(
        self, directory: Path, clock: PlaybackClock, *, until: int | None = None, until_event: int | None = None
    ) -> None:
        self.controls = clock
        self._path = directory
        self._until = until
        self._until_event = until_event
        self._timeline = Timeline()
        self._symbol = ""
        self._tallies: dict[str, Tally] = {}  # by symbol
        self._counted = 0  # the last event that was counted, or lost
        self._lost = 0  # events that the log dropped before they were counted
        self._recovery: Recovery | None = None
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None  # the frame that comes next
        self._next_time = 0
        self._progress: Callable[[], float | None] = lambda: None

    @property
    def title(self) -> str:
        """The directory's name."""
        return self._path.name or str(self._path)

    @property
    def _opened(self) -> Recovery:
        assert self._recovery is not None, "it is open"
        return self._recovery

    @property
    def _exchange(self) -> Exchange:
        return self._opened.replay.sequencer.exchange

    def instruments(self) -> tuple[KnownInstrument, ...]:
        """Return the instruments that there are where it has come to."""
        known = self._exchange.instruments if self._recovery else ()
        return tuple(KnownInstrument(each.symbol, Decimal(each.tick_size), Decimal(each.lot_size)) for each in known)

    async def open(self) -> None:
        """Load what the journal begins with, up to the record that says what the instruments are. Raise BadInput."""
        with readable(self._path):
            directory = DataDirectory(self._path)
            require_within(directory, self._until, self._until_event)
            self._recovery = Recovery(
                directory.path,
                event_capacity=EVENTS_HELD,
                until=self._until,
                until_event=self._until_event,
                from_beginning=True,
                live=directory.live,
            )
            self._counted = self._exchange.last_sequence
            self._progress = self._measure(self._until or directory.last_record())
            self._frames = self._recovery.frames()
            self._read_next()
            if self._next is not None and self._next.sequence == 1:
                self._carry_out_next()
                if self._counted < self._exchange.last_sequence:  # commands were written with it
                    self._timeline.pass_by(self.controls.time_ns or 0)
        self._symbol = self._exchange.instruments[0].symbol

    async def run(self) -> None:
        """Play the journal to its end. Raise BadInput, Damaged."""
        with readable(self._path):
            await self.controls.play(self)

    async def close(self) -> None:
        """Do nothing: files are closed with what reads them."""

    def select(self, symbol: str) -> None:
        """Look at another instrument."""
        self._symbol = symbol

    async def look_ahead(self) -> int | None:
        """Return the place of the next frame on the timeline, None at the end; raise where that should not be there."""
        if self._counted < self._exchange.last_sequence:
            return self._timeline.place
        if self._next is not None:
            return self._timeline.place_of(self._next_time)
        self._opened.finish()
        self.controls.position = 1.0
        return None

    def carry_out(self, until: int) -> None:
        """Carry out the next frames that are due, and count their events."""
        left = EVENTS_PER_STEP
        while left > 0:
            if self._counted < self._exchange.last_sequence:
                left -= self._count(left)
            elif self._next is not None and self._timeline.place_of(self._next_time) <= until:
                self._timeline.pass_by(self._next_time)
                self._carry_out_next()
                left -= 1
            else:
                return

    def _carry_out_next(self) -> None:
        """Carry out a frame, and read the next one."""
        assert self._next is not None, "there is one"
        recovery = self._opened
        recovery.carry_out(self._next)
        recovery.replay.flush()
        self.controls.time_ns = self._next_time
        self.controls.position = self._progress()
        self._read_next()

    def _read_next(self) -> None:
        self._next = next(self._frames, None)
        if self._next is not None:
            self._next_time = time_of(self._next)

    def _count(self, limit: int) -> int:
        """Count the next events, at most `limit`; return how many they were."""
        exchange = self._exchange
        lost = max(0, exchange.oldest_sequence - 1 - self._counted)
        self._lost += lost
        self._counted += lost
        events = exchange.events(self._counted, limit)
        self._counted += len(events)
        symbols = [instrument.symbol for instrument in exchange.instruments]
        for event in events:
            self._tally(symbols[event.instrument]).add(event)
        return len(events)

    def _tally(self, symbol: str) -> Tally:
        return self._tallies.setdefault(symbol, Tally())

    def _measure(self, last_record: int) -> Callable[[], float | None]:
        """Return what tells how much has been played: of the events, where one is the last, else of the records."""
        replay = self._opened.replay
        first_event, first_record = self._counted, replay.sequence
        if self._until_event is not None:
            events = self._until_event - first_event
            return lambda: min(1.0, (self._exchange.last_sequence - first_event) / events)
        records = last_record - first_record
        return lambda: min(1.0, (replay.sequence - first_record) / records) if records > 0 else None

    def view(self) -> MarketView:
        """Return the selected instrument as it is behind the last frame; the first where it is not there any more."""
        if self._recovery is None:
            return MarketView(symbol="", state="connecting", state_text="opening the journal")
        symbols = [instrument.symbol for instrument in self._exchange.instruments]
        symbol = self._symbol if self._symbol in symbols else symbols[0]
        market = self._exchange.market(symbol)
        bids, asks = market.order_book.depth(LEVELS_KEPT)
        tally = self._tally(symbol)
        return MarketView(
            symbol=symbol,
            state=self.controls.state,
            state_text=", ".join(self._remarks()),
            bids=bids,
            asks=asks,
            bars=tally.bars,
            sequence=self._exchange.last_sequence,
            is_halted=market.halted,
            time_ns=tally.time_ns,
            **tally.figures(),
        )

    def _remarks(self) -> Iterator[str]:
        """Say what is not to be seen in the market itself."""
        yield f"record {self._opened.replay.sequence:,}"
        if self._lost:
            yield f"events too many at once to be counted: {self._lost:,}"
        if (quiet := self.controls.quiet) is not None:
            yield quiet


def time_of(frame: Frame) -> int:
    """Return when the last command of a frame came in, or where it has none, when it was written."""
    tally = FrameTally()
    tally.add(frame)
    return tally.last_time or frame.time
