"""What the view draws, and where it comes from: a source tells it, be it a server, a file or a data directory."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from obctl.client.market import Market, PriceBar

LEVELS_KEPT = 500  # of each side that a view has at most, as the page has

State = Literal["connecting", "live", "stale", "resyncing", "playing", "paused", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView(Market):
    """The market as it is to be drawn, and how the source stands.

    sequence: of the last event in the book; bars: one for each second with trades, the oldest first; state_text: what
    is to be said beside the state ("next try in 2.0 s: …"), or nothing; time_ns: of the last event, None before.
    """

    state: State
    state_text: str = ""
    sequence: int = 0
    bars: tuple[PriceBar, ...] = ()
    is_halted: bool = False
    time_ns: int | None = None


class Instrument(Protocol):
    """What is known of an instrument. tick_size, lot_size: what a tick and a lot are worth to people."""

    @property
    def symbol(self) -> str:
        """Its name."""

    @property
    def tick_size(self) -> Decimal:
        """Of prices, in the quote asset."""

    @property
    def lot_size(self) -> Decimal:
        """Of quantities, in the base asset."""


class Playback(Protocol):
    """How what was written down is played, and the keys for it: space, + and -."""

    @property
    def is_paused(self) -> bool:
        """Whether time stands still."""

    @property
    def speed(self) -> float:
        """Seconds of the market in one of the clock on the wall."""

    @property
    def position(self) -> float | None:
        """How much of it has been played, 0 to 1; None where that is not known."""

    @property
    def time_ns(self) -> int | None:
        """Where it stands, in the time of the market; None before the first event."""

    def toggle(self) -> None:
        """Pause, or go on."""

    def faster(self) -> None:
        """Play faster, by a step."""

    def slower(self) -> None:
        """Play slower, by a step."""


class Source(Protocol):
    """A market to watch. All is called in one event loop, where a source must never hold up the view.

    The view calls `open`, `run` and `close` in this order and in a task of its own, the first two once; `view` at
    any time, `select` any time after `open`. What `open` and `run` raise ends the view, and with it the command:
    exceptions of obctl.errors, told in one line with their status. Where trying again helps, they try again instead,
    and `view` says so.
    """

    @property
    def title(self) -> str:
        """Where the market comes from, in a word: 127.0.0.1:50051, orders.csv."""

    @property
    def controls(self) -> Playback | None:
        """How it is played; None where it is live."""

    def instruments(self) -> tuple[Instrument, ...]:
        """Return the instruments that there are; none before `open` has returned."""

    async def open(self) -> None:
        """Find out what there is: the instruments, of which one is selected now."""

    async def run(self) -> None:
        """Follow the selected instrument: for ever, or to the end of what was written down (state "ended")."""

    async def close(self) -> None:
        """Let go of everything; harmless when nothing is held."""

    def select(self, symbol: str) -> None:
        """Look at another instrument: from now on `view` is of it."""

    def view(self) -> MarketView:
        """Return what is to be drawn now, at most LEVELS_KEPT levels of each side; called many times a second."""
