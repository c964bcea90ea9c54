"""TWAP: trades a quantity in slices, evenly over time, and reports how it did."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from agents.requests import (
    Best,
    Life,
    OwnFill,
    Placed,
    ReadBest,
    ReadTape,
    Request,
    Submit,
    Tape,
    WaitUntil,
)
from agents.strategies.strategy import Figure
from agents.strategies.take_back import clear, take_back
from agents.strategies.twap_report import TwapReport
from agents.strategies.twap_schedule import Slice, schedule
from agents.strategies.twap_settings import TwapSettings
from orderbook import OrderBookError, OrderType


@dataclass(slots=True)
class Cycle:
    """A cycle under way. schedule_ns: where its schedule begins, later than the cycle did where the run was held up;
    sent: how many slices have had their turn."""

    slices: list[Slice]
    begin_ns: int
    schedule_ns: int
    arrival_price: Fraction | None
    tape_before: Tape
    tape: Tape
    sent: int = 0
    orders_sent: int = 0
    orders_refused: int = 0
    filled: int = 0
    value: int = 0


class Twap:
    """Trades a quantity in slices, cycle after cycle; what a slice did not fill is added to the next.

    cycles: how many have ended; filled: lots, in all of them. report: called at the end of each cycle, also of one that
    was cut short.
    """

    name = "twap"

    def __init__(self, settings: TwapSettings, report: Callable[[TwapReport], None] = lambda report: None) -> None:
        self.settings = settings
        self.cycles = 0
        self.filled = 0
        self._report = report
        self._random = Random(settings.seed)
        self._cycle: Cycle | None = None  # goes on after a lost connection
        self._order_id: int | None = None  # of the last slice, if it may rest
        self._now_ns = 0

    def live(self, now_ns: int) -> Life:
        """Do cycle after cycle with pauses between them; with `once`, a single one."""
        self._order_id = None
        self._now_ns = now_ns
        while not (self.settings.once and self.cycles):
            if self._cycle is None:
                if self.cycles:
                    yield from self._wait(self._now_ns + self.settings.cycle_pause_ns)
                self._cycle = yield from self._begin()
            yield from self._work_off(self._cycle)
            self._end(is_cut_short=False)

    def _begin(self) -> Generator[Request, Any, Cycle]:
        """Look at the market, and plan a cycle."""
        best: Best = yield ReadBest()
        tape: Tape = yield ReadTape()
        slices = schedule(self.settings, self._random)
        return Cycle(slices, self._now_ns, self._now_ns, best.middle, tape, tape)

    def _work_off(self, cycle: Cycle) -> Life:
        """Send what is left of the slices, each in its time, and wait for the last one's end."""
        while cycle.sent < len(cycle.slices):
            due = cycle.slices[cycle.sent]
            yield from self._wait_for_turn(cycle, due)
            yield from self._take_back(cycle)
            cycle.sent += 1
            if due.goal > cycle.filled:
                yield from self._send(cycle, due.goal - cycle.filled)
        yield from self._wait(cycle.schedule_ns + len(cycle.slices) * self.settings.slice_interval_ns)
        yield from self._take_back(cycle)

    def _wait_for_turn(self, cycle: Cycle, due: Slice) -> Life:
        """Wait until a slice is due. One that comes late by more than an interval holds all behind it up."""
        due_ns = cycle.schedule_ns + due.delay_ns
        yield from self._wait(due_ns)
        if self._now_ns - due_ns > self.settings.slice_interval_ns:
            cycle.schedule_ns += self._now_ns - due_ns

    def _wait(self, time_ns: int) -> Life:
        self._now_ns = yield WaitUntil(time_ns)

    def _take_back(self, cycle: Cycle) -> Life:
        """Cancel what rests of the last slice, and hear what it and the market traded."""
        if self._order_id is not None:
            yield from take_back(self._order_id)
            self._order_id = None
        yield from clear()
        cycle.tape = yield ReadTape()

    def _send(self, cycle: Cycle, quantity: int) -> Life:
        """Send a slice's order. What is refused is not filled, and so added to the next."""
        settings = self.settings
        price = None if settings.order_type == OrderType.MARKET else settings.price
        cycle.orders_sent += 1
        try:
            placed: Placed = yield Submit(settings.side, settings.order_type, price, quantity)
        except OrderBookError:
            cycle.orders_refused += 1
            return
        if placed.result.resting is not None:
            self._order_id = placed.order_id

    def on_fill(self, fill: OwnFill) -> None:
        """Count a fill for the cycle under way; before the first, an earlier life's orders may still be filled."""
        if self._cycle is not None and fill.side == self.settings.side:
            self.filled += fill.quantity
            self._cycle.filled += fill.quantity
            self._cycle.value += fill.quantity * fill.price

    def finish(self) -> None:
        """Report a cycle that was under way."""
        if self._cycle is not None:
            self._end(is_cut_short=True)

    def _end(self, *, is_cut_short: bool) -> None:
        """Report a cycle, and forget it."""
        cycle, self._cycle = self._cycle, None
        assert cycle is not None
        self.cycles += 1
        self._report(
            TwapReport(
                cycle=self.cycles,
                side=self.settings.side,
                total_quantity=self.settings.total_quantity,
                filled_quantity=cycle.filled,
                value=cycle.value,
                orders_sent=cycle.orders_sent,
                orders_refused=cycle.orders_refused,
                arrival_price=cycle.arrival_price,
                market_volume=cycle.tape.volume - cycle.tape_before.volume,
                market_value=cycle.tape.value - cycle.tape_before.value,
                market_is_complete=cycle.tape.gaps == cycle.tape_before.gaps,
                begin_ns=cycle.begin_ns,
                end_ns=self._now_ns,
                is_cut_short=is_cut_short,
            )
        )

    def figures(self) -> dict[str, Figure]:
        """Return cycles that ended, lots filled in all, and of the cycle under way the part that is filled."""
        part = self._cycle.filled / self.settings.total_quantity if self._cycle else None
        return {"cycles": self.cycles, "filled_lots": self.filled, "fill_rate": part}
