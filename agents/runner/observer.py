"""What an agent has done so far, counted where it happens; for logs, metrics and whoever else looks on."""

from collections import Counter
from dataclasses import dataclass, field

from agents.requests import Cancel, OwnFill, Request, Submit
from orderbook import OrderBookError, Side


@dataclass(eq=False)
class Observer:
    """The counts of one agent. Who wants to hear of things as they happen overrides methods, and calls these too.

    reconnects: connections after the first. refusals: of the engine, by code; orders: those that were accepted.
    fills, filled_lots: by side. missed_fills: how many times some fills may have been missed.
    """

    is_connected: bool = False
    connections: int = 0
    orders: int = 0
    cancels: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    fills: Counter[Side] = field(default_factory=Counter)
    filled_lots: Counter[Side] = field(default_factory=Counter)
    missed_fills: int = 0

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self.connections - 1)

    def on_credited(self, base: int, quote: int) -> None:
        """The server did not know the account, and the deposit was credited."""

    def on_connected(self) -> None:
        """The server answers, nothing of the account rests any more: the strategy trades from now on."""
        self.is_connected = True
        self.connections += 1

    def on_lost(self, error: Exception, delay_s: float) -> None:
        """The server cannot be reached, or does not serve; it is tried again after a delay."""
        self.is_connected = False

    def on_left(self) -> None:
        """The run has ended, the orders are taken back if that could be."""
        self.is_connected = False

    def on_done(self, request: Request) -> None:
        """A request was answered."""
        if isinstance(request, Submit):
            self.orders += 1
        elif isinstance(request, Cancel):
            self.cancels += 1

    def on_refused(self, request: Request, error: OrderBookError) -> None:
        """A request was refused by the engine."""
        self.refusals[error.code] += 1

    def on_fill(self, fill: OwnFill) -> None:
        """An order traded."""
        self.fills[fill.side] += 1
        self.filled_lots[fill.side] += fill.quantity

    def on_missed_fills(self, times: int) -> None:
        """Some trades of orders may have been missed, so many times by now: figures may be wrong from now on."""
        self.missed_fills = times
