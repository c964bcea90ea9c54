"""The figures at the end of the demo: plain data, from which the JSON and the text for people are made."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from agents.strategies import TwapReport
from agents.strategies.strategy import Figure
from obctl.client.market import Level
from obctl.client.words import NONE, average_text
from obctl.demo.picture import Picture, Standing
from obctl.demo.words import duration_text, level_text, signed_text, together

NAME_WIDTH = 11  # of the first column, as in the other commands' summaries
REPORTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BookCheck:
    """That the book as the feed tells it was the engine's, queue by queue, after an event: so many orders."""

    sequence: int
    orders: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a demo came to. addresses: where it listened; figures: what each agent says of itself, by name.

    at_the_end: of trading, before the agents took their orders back; final: after that.
    """

    addresses: dict[str, str]
    seed: int
    at_the_end: Picture
    final: Picture
    figures: dict[str, dict[str, Figure]]
    reports: tuple[TwapReport, ...]
    check: BookCheck

    def as_json(self) -> dict[str, Any]:
        """Return the summary as JSON writes it: prices in ticks, quantities in lots, money in their product."""
        market, book = self.final.market, self.at_the_end.market
        return {
            "symbol": market.symbol,
            "addresses": self.addresses,
            "seconds": round(self.at_the_end.elapsed_s, 3),
            "seed": self.seed,
            "events": market.event_count,
            "trades": market.trade_count,
            "volume": market.volume,
            "notional": market.value,
            "vwap": _plain(market.vwap),
            "best_bid": _plain_level(book.best_bid),
            "best_ask": _plain_level(book.best_ask),
            "spread": book.spread,
            "agents": [
                self._plain_standing(standing) | {"figures": self.figures[standing.name]}
                for standing in self.final.agents
            ],
            "noise": [self._plain_standing(standing) for standing in self.final.noise],
            "twap_reports": [report.as_plain() for report in self.reports],
            "book_check": {"sequence": self.check.sequence, "orders": self.check.orders, "equal": True},
        }

    def _plain_standing(self, standing: Standing) -> dict[str, Any]:
        return {
            "name": standing.name,
            "account": standing.account_id,
            "orders": standing.orders,
            "refused": standing.refused,
            "fills": standing.fills,
            "inventory": standing.inventory,
            "cash": standing.cash,
            "profit": float(standing.profit(self.at_the_end.market.mark)),
        }

    def as_lines(self) -> Iterator[str]:
        """Return the summary as people read it."""
        market, book = self.final.market, self.at_the_end.market
        for name, text in (
            ("ran", f"{duration_text(self.at_the_end.elapsed_s)}, {market.event_count:,} events"),
            ("trades", f"{market.trade_count:,}, volume {market.volume:,}, VWAP {average_text(market.vwap)}"),
            ("best bid", level_text(book.best_bid)),
            ("best ask", level_text(book.best_ask)),
            ("spread", f"{book.spread:,}" if book.spread is not None else NONE),
            ("book", f"{self.check.orders:,} orders, in the feed's copy as in the engine"),
        ):
            yield f"{name:<{NAME_WIDTH}} {text}"
        yield ""
        yield from self._trader_lines()
        if self.reports:
            yield ""
        if len(self.reports) > REPORTS_SHOWN:
            yield f"twap: {len(self.reports):,} cycles, the last of them"
        yield from map(report_line, self.reports[-REPORTS_SHOWN:])

    def _trader_lines(self) -> Iterator[str]:
        """Return a table of the traders."""
        yield f"{'':<14} {'orders':>7} {'refused':>7} {'fills':>7} {'position':>9} {'profit':>11}"
        noise = self.final.noise
        standings = [*self.final.agents, *([together(f"noise × {len(noise)}", noise)] if noise else [])]
        for each in standings:
            profit = round(each.profit(self.at_the_end.market.mark))
            yield (
                f"{each.name:<14} {each.orders:>7,} {each.refused:>7,} {each.fills:>7,} "
                f"{signed_text(each.inventory):>9} {profit:>11,}"
            )


def report_line(report: TwapReport) -> str:
    """Return a cycle of the TWAP in one line: what it traded, and how well."""
    cut = ", cut short" if report.is_cut_short else ""
    line = f"twap cycle {report.cycle}{cut}: {report.filled_quantity:,} of {report.total_quantity:,} lots"
    if report.average_price is None:
        return line
    line += f" at {average_text(report.average_price)}"
    for name, reference in (("arrival", report.arrival_price), ("VWAP", report.market_vwap)):
        slippage = report.slippage_basis_points(reference)
        if slippage is not None:
            line += f", {name} {average_text(reference)} ({float(slippage):+.2f} bp)"
    return line


def _plain(number: Fraction | None) -> float | None:
    return None if number is None else float(number)


def _plain_level(level: Level) -> dict[str, int] | None:
    return {"price": level.price, "quantity": level.total_quantity} if level else None
