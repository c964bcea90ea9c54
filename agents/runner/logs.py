"""What an agent logs: a line for each thing that happens to its connection, and its figures every now and then."""

import asyncio
from typing import NoReturn

import structlog

from agents.requests import Request, Submit
from agents.runner.observer import Observer
from agents.strategies import Strategy
from orderbook import OrderBookError, Side

FIGURES_SECONDS = 10.0


class LoggingObserver(Observer):
    """Counts, and logs. account_id, and the strategy's name, are in each line."""

    def __init__(self, strategy: Strategy, account_id: int) -> None:
        super().__init__()
        self.log = structlog.get_logger().bind(agent=strategy.name, account=account_id)
        self._strategy = strategy
        self._reasons: dict[Side | None, str] = {}  # by side, why the last order that was refused was
        self._trouble = ""  # the last reason for which there was no connection

    def on_credited(self, base: int, quote: int) -> None:
        """Log it."""
        super().on_credited(base, quote)
        self.log.info("account credited", base=base, quote=quote)

    def on_connected(self) -> None:
        """Log it; refusals are news again."""
        super().on_connected()
        self._reasons.clear()
        self._trouble = ""
        self.log.info("connected", reconnects=self.reconnects)

    def on_lost(self, error: Exception, delay_s: float) -> None:
        """Log why, and when it is tried again; that it is as it was is no news."""
        event = "connection lost" if self.is_connected else "no connection"
        super().on_lost(error, delay_s)
        log = self.log.debug if str(error) == self._trouble else self.log.warning
        log(event, reason=str(error), next_try_seconds=round(delay_s, 3))
        self._trouble = str(error)

    def on_refused(self, request: Request, error: OrderBookError) -> None:
        """Log an order that is refused for another reason than the last one of its side."""
        super().on_refused(request, error)
        side = request.side if isinstance(request, Submit) else None
        if self._reasons.get(side) != error.code:
            self._reasons[side] = error.code
            self.log.warning("refused", request=type(request).__name__.lower(), code=error.code, reason=str(error))

    def on_missed_fills(self, times: int) -> None:
        """Log it."""
        super().on_missed_fills(times)
        reason = "the server began anew, or held the account's executions no longer"
        self.log.warning("fills may be missing", times=times, reason=reason)

    def on_left(self) -> None:
        """Log the last figures."""
        super().on_left()
        self.log.info("left", **self.figures())

    def figures(self) -> dict[str, int | float | None]:
        """Return the strategy's figures and what was counted, for a line."""
        counts = {"orders": self.orders, "refusals": self.refusals.total(), "fills": self.fills.total()}
        return {**self._strategy.figures(), **counts}

    async def log_figures(self, every_s: float = FIGURES_SECONDS) -> NoReturn:
        """Log the figures again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            self.log.info("figures", **self.figures())
