"""The summary as people read it: a few lines of figures, coloured on a terminal only."""

from collections.abc import Iterator
from typing import Any

from obctl.figures import print_figures
from obctl.replay.summary import Best, PriceFormat, Summary

NONE = "none"


def print_summary(summary: Summary, price: PriceFormat) -> None:
    """Print the summary to standard output."""
    print_figures(lines_of(summary, price))


def lines_of(summary: Summary, price: PriceFormat) -> Iterator[tuple[str, str]]:
    """Return the lines as pairs of a name and a text."""
    yield "replayed", f"{', '.join(summary.files)} ({summary.format}, {summary.mode} mode)"
    yield "rows", rows_text(summary)
    yield (
        "speed",
        f"{summary.commands:,} commands in {summary.seconds:.3f} s: {summary.commands_per_second:,.0f} a second",
    )
    yield "accepted", f"{summary.accepted:,}"
    yield "refused", refused_text(summary.refused)
    if summary.clamped:
        yield "clamped", f"{summary.clamped:,} reductions asked for more than was left"
    yield "trades", trades_text(summary, price)
    yield "best bid", best_text(summary.best_bid, price)
    yield "best ask", best_text(summary.best_ask, price)
    yield "spread", NONE if summary.spread is None else price(summary.spread)
    yield (
        "resting",
        f"{summary.resting_orders:,} orders on {summary.bid_levels:,} bid and {summary.ask_levels:,} ask levels",
    )
    yield "state hash", summary.state_hash
    yield from detail_lines(summary.details)


def rows_text(summary: Summary) -> str:
    """Return how many rows there were, and what else became of some."""
    parts = [f"{summary.rows:,}"]
    if summary.ignored_rows:
        parts.append(f"{summary.ignored_rows:,} leave the book alone")
    if summary.skipped_rows:
        parts.append(f"{summary.skipped_rows:,} wrong rows skipped")
    return ", ".join(parts)


def refused_text(refused: dict[str, int]) -> str:
    """Return the refusals, the most frequent reason first."""
    if not refused:
        return "0"
    reasons = sorted(refused.items(), key=lambda reason: -reason[1])
    return f"{sum(refused.values()):,}: " + ", ".join(f"{name} {count:,}" for name, count in reasons)


def trades_text(summary: Summary, price: PriceFormat) -> str:
    """Return the number of trades, their volume and their average price."""
    if summary.vwap is None:
        return "0"
    return f"{summary.trades:,}, volume {summary.volume:,}, VWAP {price.average(summary.vwap)}"


def best_text(best: Best | None, price: PriceFormat) -> str:
    """Return a best level as quantity at price."""
    return f"{best.quantity:,} at {price(best.price)}" if best else NONE


def detail_lines(details: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the lines that only some kinds of replay have."""
    if lobster := details.get("lobster"):
        yield "LOBSTER", ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in lobster.items())
    if runs := details.get("runs"):
        text = f"{runs['identical']:,} of {runs['runs']:,} execution runs gave identical fills"
        if first := runs["first_difference"]:
            text += f"; first difference at {first['file']}:{first['line']}"
            text += f": the file has {fills_text(first['expected'])}, the engine {fills_text(first['found'])}"
        yield "runs", text
    if verify := details.get("verify"):
        text = f"{verify['equal']:,} of {verify['rows']:,} rows equal, {verify['levels']} levels"
        if first := verify["first_difference"]:
            text += f"; first difference at {first['file']}:{first['line']}: {difference_text(first)}"
        yield "verified", text


def fills_text(fills: list[dict[str, Any]]) -> str:
    """Return the fills of a run in a few words, the first three of them."""
    shown = [f"{fill['quantity']} of {fill['order']} at {fill['price']}" for fill in fills[:3]]
    more = f" and {len(fills) - 3} more" if len(fills) > 3 else ""
    return (", ".join(shown) or "none") + more


def difference_text(first: dict[str, Any]) -> str:
    """Return in what a row of the order book file and the book differ."""
    if first["level"] is None:
        return str(first["reason"])

    def level_text(level: dict[str, int] | None) -> str:
        return f"{level['quantity']} at {level['price']}" if level else "nothing"

    return (
        f"{first['side']} level {first['level']}: "
        f"the file has {level_text(first['expected'])}, the book {level_text(first['found'])}"
    )
