"""The report of a TWAP cycle, for people or as JSON."""

import json
from fractions import Fraction

import click

from agents.strategies import TwapReport


def print_report(report: TwapReport, *, as_json: bool) -> None:
    """Print a cycle's report: one object in a line, or a small table."""
    click.echo(json.dumps(report.as_plain()) if as_json else "\n".join(table(report)))


def table(report: TwapReport) -> list[str]:
    """Return the lines of the table."""
    arrival, vwap = report.arrival_price, report.market_vwap
    end = " (cut short)" if report.is_cut_short else ""
    rows = [
        ("filled", f"{report.filled_quantity} of {report.total_quantity} lots ({float(report.fill_rate):.1%})"),
        ("orders", f"{report.orders_sent} sent, {report.orders_refused} refused"),
        ("average price", ticks(report.average_price)),
        ("arrival price", f"{ticks(arrival)}{compared(report, arrival)}"),
        ("market price", f"{ticks(vwap)}{compared(report, vwap)}{'' if report.market_is_complete else ', incomplete'}"),
    ]
    width = max(len(name) for name, _ in rows)
    heading = f"cycle {report.cycle}, {report.side.name.lower()}{end}"
    return [heading, *(f"  {name:<{width}}  {text}" for name, text in rows)]


def ticks(price: Fraction | None) -> str:
    """Return a price as people read it."""
    return "-" if price is None else f"{float(price):.2f} ticks"


def compared(report: TwapReport, reference: Fraction | None) -> str:
    """Say how much worse the average price is than a reference."""
    slippage, basis_points = report.slippage(reference), report.slippage_basis_points(reference)
    if slippage is None:
        return ""
    relative = "" if basis_points is None else f", {float(basis_points):+.2f} bps"
    return f" (slippage {float(slippage):+.2f} ticks{relative})"
