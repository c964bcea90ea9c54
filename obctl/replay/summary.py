"""The figures at the end of a replay: plain data, from which the JSON and the text for people are made."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from obctl.replay.replay import Replay
from orderbook import OrderBook


@dataclass(frozen=True)
class Best:
    """The best level of a side: its price in ticks and all lots open there."""

    price: int
    quantity: int


@dataclass(frozen=True)
class Summary:
    """What a replay came to. Prices are in ticks, quantities in lots, notional in ticks times lots."""

    files: list[str]
    format: str  # csv, lobster or bin
    mode: str  # match or book
    rows: int  # applied
    skipped_rows: int  # wrong, left out under --on-error skip
    ignored_rows: int  # right, but nothing that this mode does: halts, hidden executions
    commands: int  # rows that were to change the book: accepted + refused
    accepted: int
    refused: dict[str, int]  # by reason
    clamped: int  # reductions of more than was left, carried out as far as there was something
    seconds: float
    commands_per_second: float
    trades: int
    volume: int
    notional: int
    vwap: float | None  # notional / volume
    best_bid: Best | None
    best_ask: Best | None
    spread: int | None  # negative when the book is crossed
    resting_orders: int
    bid_levels: int
    ask_levels: int
    state_hash: str
    details: dict[str, Any]  # by the kind of replay: lobster, runs, verify

    def as_json(self) -> dict[str, Any]:
        """Return the summary as JSON writes it: the fields in order, those of `details` at the end."""
        fields = asdict(self)
        details: dict[str, Any] = fields.pop("details")
        return fields | details


def best_of(level: tuple[int, int] | None) -> Best | None:
    """Return a best level as the summary has it."""
    return Best(*level) if level else None


def spread_of(book: OrderBook) -> int | None:
    """Return best ask - best bid in ticks, or None when a side is empty."""
    bid, ask = book.best_bid(), book.best_ask()
    return ask[0] - bid[0] if bid and ask else None


def summarise(replay: Replay, files: list[str], kind: str, mode: str, skipped_rows: int, seconds: float) -> Summary:
    """Return the summary of a finished replay."""
    book, recorder = replay.book, replay.recorder
    return Summary(
        files=files,
        format=kind,
        mode=mode,
        rows=recorder.rows,
        skipped_rows=skipped_rows,
        ignored_rows=replay.ignored,
        commands=replay.commands,
        accepted=replay.accepted,
        refused=replay.refused(),
        clamped=replay.clamped,
        seconds=round(seconds, 6),
        commands_per_second=round(replay.commands / seconds, 1),
        trades=recorder.trade_count,
        volume=recorder.volume,
        notional=recorder.notional,
        vwap=recorder.notional / recorder.volume if recorder.volume else None,
        best_bid=best_of(book.best_bid()),
        best_ask=best_of(book.best_ask()),
        spread=spread_of(book),
        resting_orders=len(book),
        bid_levels=replay.bid_levels,
        ask_levels=replay.ask_levels,
        state_hash=book.state_hash(),
        details=replay.report(),
    )


class PriceFormat:
    """Prices for people: in ticks, or in money where the size of a tick is known."""

    def __init__(self, tick_size: Decimal | None) -> None:
        self.tick_size = tick_size

    def __call__(self, ticks: int) -> str:
        """Return a price's text."""
        return f"{ticks:,}" if self.tick_size is None else f"{ticks * self.tick_size:,}"

    def average(self, ticks: float) -> str:
        """Return the text of a price that lies between two ticks."""
        return f"{ticks:,.2f}" if self.tick_size is None else f"{ticks * float(self.tick_size):,.6g}"
