"""What a simulation came to."""

from array import array
from dataclasses import asdict, dataclass
from typing import Any

from agents.simulation.samples import Samples
from agents.strategies import TwapReport


@dataclass(frozen=True, slots=True)
class AgentResult:
    """One agent. actions: submits, modifies and cancels that were answered; refusals: how many not done, by code.

    Lots bought and sold are those of its fills; inventory (lots) and cash (ticks × lots) are what that left, by the
    ledger; profit is both, at the last middle of the market; None where there never was one. reports: of a TWAP.
    """

    name: str
    group: str
    strategy: str
    account_id: int
    actions: int
    refusals: dict[str, int]
    fills: int
    bought_lots: int
    sold_lots: int
    inventory_lots: int
    cash: int
    profit: float | None
    reports: tuple[TwapReport, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """Return it in plain types, for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"reports": [report.as_plain() for report in self.reports]}


@dataclass(frozen=True, slots=True)
class MarketResult:
    """The market over the run, and at its end. Prices in ticks, volume in lots, value in ticks × lots.

    state_hash: of the exchange, orders that rest included. wall_seconds: of the machine, all else is of the simulation.
    """

    seed: int
    seconds: float
    actions: int
    trades: int
    volume: int
    value: int
    vwap: float | None
    last_price: int | None
    best_bid: int | None
    best_ask: int | None
    resting_orders: int
    state_hash: str
    wall_seconds: float
    actions_per_second: float


@dataclass(frozen=True, slots=True)
class Result:
    """A run. trades: columns of 64-bit numbers, by name, as `Tape.columns` says; empty where they were not kept."""

    market: MarketResult
    agents: tuple[AgentResult, ...]
    samples: Samples
    trades: dict[str, "array[int]"]

    def agent(self, name: str) -> AgentResult:
        """Return an agent's; raise KeyError."""
        found = {agent.name: agent for agent in self.agents}
        return found[name]

    def as_plain(self) -> dict[str, Any]:
        """Return the summary in plain types, for JSON: the market's figures, and `agents`."""
        return asdict(self.market) | {"agents": [agent.as_plain() for agent in self.agents]}
