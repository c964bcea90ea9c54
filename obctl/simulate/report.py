"""The summary of a simulation as people read it."""

from collections.abc import Iterator, Sequence

from agents.simulation import AgentResult, Result
from agents.strategies import TwapReport
from obctl.figures import print_figures

NONE = "none"


def print_result(result: Result) -> None:
    """Print the summary to standard output."""
    print_figures(lines_of(result))


def lines_of(result: Result) -> Iterator[tuple[str, str]]:
    """Return the lines as pairs of a name and a text."""
    market = result.market
    yield "simulated", f"{market.seconds:g} s, seed {market.seed}, {len(result.agents):,} agents"
    yield (
        "speed",
        f"{market.actions:,} actions in {market.wall_seconds:.3f} s: {market.actions_per_second:,.0f} a second",
    )
    vwap = f", volume {market.volume:,}, VWAP {market.vwap:,.2f}" if market.vwap is not None else ""
    yield "trades", f"{market.trades:,}{vwap}"
    yield "best bid", _price(market.best_bid)
    yield "best ask", _price(market.best_ask)
    yield "resting", f"{market.resting_orders:,} orders"
    yield "state hash", market.state_hash
    groups: dict[str, list[AgentResult]] = {}
    for agent in result.agents:
        groups.setdefault(agent.group, []).append(agent)
    for group, agents in groups.items():
        yield group, group_text(agents)
        for agent in agents:
            for report in agent.reports:
                yield "", report_text(report)


def _price(ticks: int | None) -> str:
    return NONE if ticks is None else f"{ticks:,}"


def group_text(agents: Sequence[AgentResult]) -> str:
    """Return what an entry of the configuration came to, all its agents together."""
    profits = [agent.profit for agent in agents]
    profit = "unknown" if None in profits else f"{sum(filter(None, profits)):,.0f}"
    return (
        (f"{len(agents):,} agents, " if len(agents) > 1 else "")
        + f"{sum(agent.actions for agent in agents):,} actions, "
        + f"{sum(sum(agent.refusals.values()) for agent in agents):,} refused, "
        + f"{sum(agent.fills for agent in agents):,} fills, "
        + f"bought {sum(agent.bought_lots for agent in agents):,}, "
        + f"sold {sum(agent.sold_lots for agent in agents):,}, "
        + f"inventory {sum(agent.inventory_lots for agent in agents):,}, profit {profit}"
    )


def report_text(report: TwapReport) -> str:
    """Return a TWAP cycle's report in a line."""
    text = f"cycle {report.cycle}: {report.filled_quantity:,} of {report.total_quantity:,} lots"
    if report.average_price is not None:
        text += f" at {float(report.average_price):,.2f}"
    for name, reference in (("arrival", report.arrival_price), ("market VWAP", report.market_vwap)):
        basis_points = report.slippage_basis_points(reference)
        if basis_points is not None:
            text += f", {float(basis_points):+.2f} bp to {name}"
    return text + (", cut short" if report.is_cut_short else "")
