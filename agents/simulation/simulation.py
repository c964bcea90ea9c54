"""Simulation: agents on one in-process exchange, in simulated time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from itertools import count
from typing import Any

from agents.requests import Best
from agents.simulation.config import AgentConfig, Config, derived_seed
from agents.simulation.gateway import SimulatedGateway
from agents.simulation.loop import Loop, Participant
from agents.simulation.results import AgentResult, MarketResult, Result
from agents.simulation.samples import Samples, profit_of
from agents.simulation.tape import Tape
from agents.strategies import (
    MarketMaker,
    MarketMakerSettings,
    NoiseTrader,
    NoiseTraderSettings,
    PassiveBuyer,
    PassiveBuyerSettings,
    Strategy,
    Twap,
    TwapReport,
    TwapSettings,
)
from orderbook import Exchange

ISSUED_MAX = 2**63 - 1  # of an asset, so that what an agent won or lost fits in 64 bits with a sign
NS_PER_SECOND = 1_000_000_000

MAKERS: dict[type[Any], Callable[[Any, Callable[[TwapReport], None]], Strategy]] = {
    MarketMakerSettings: lambda settings, report: MarketMaker(settings),
    NoiseTraderSettings: lambda settings, report: NoiseTrader(settings),
    PassiveBuyerSettings: lambda settings, report: PassiveBuyer(settings),
    TwapSettings: Twap,
}


@dataclass(frozen=True, slots=True)
class _Seat:
    """An agent, and what the simulation knows of it beside."""

    participant: Participant
    group: str
    reports: list[TwapReport] = field(default_factory=list)


class Simulation:
    """A run of the agents of a configuration, and of those that are added, from time 0 to its end.

    keep_trades: hold all trades for the result, 64 bytes each. exchange: where they trade; what is done there before
    `run`, as by other accounts, is there when they begin.
    """

    def __init__(self, config: Config, *, keep_trades: bool = True) -> None:
        self.config = config
        self.exchange = Exchange([config.instrument])
        self._market = self.exchange.market(config.instrument.symbol)
        self._tape = Tape(self._market, keeps_trades=keep_trades)
        self._seats: list[_Seat] = []
        self._issued = [0, 0]
        self._names: set[str] = set()
        self._accounts = {agent.account_id for agent in config.agents}
        self._free_accounts = (account for account in count(1) if account not in self._accounts)
        self._is_over = False
        for agent in config.agents:
            self._add_configured(agent)

    def _add_configured(self, agent: AgentConfig) -> None:
        """Make an agent of the configuration; its chances come from the run's seed and its place in the list."""
        settings = agent.settings
        reports: list[TwapReport] = []
        if not agent.seeded and any(entry.name == "seed" for entry in fields(settings)):
            settings = replace(settings, seed=derived_seed(self.config.seed, len(self._seats)))
        strategy = MAKERS[type(settings)](settings, reports.append)
        self._seat(agent, strategy, reports)

    def add(self, name: str, strategy: Strategy, **options: int | None) -> None:
        """Add an agent with a strategy of one's own.

        options: account_id, latency_ns, start_ns, base_deposit, quote_deposit, as of an `AgentConfig`. Raise ValueError
        for a name or an account that another agent has.
        """
        self._seat(AgentConfig(name, None, **options), strategy, [])  # type: ignore[arg-type]

    def _seat(self, agent: AgentConfig, strategy: Strategy, reports: list[TwapReport]) -> None:
        if self._is_over:
            raise RuntimeError("the simulation is over")
        if agent.name in self._names:
            raise ValueError(f"there is an agent {agent.name!r} already")
        deposits = agent.base_deposit, agent.quote_deposit
        issued = [before + deposit for before, deposit in zip(self._issued, deposits, strict=True)]
        if max(issued) > ISSUED_MAX:
            raise ValueError(f"with the deposit of {agent.name!r} there would be more than 2^63-1 of an asset")
        account_id = next(self._free_accounts) if agent.account_id is None else agent.account_id
        gateway = SimulatedGateway(
            self._tape, account_id, base_deposit=agent.base_deposit, quote_deposit=agent.quote_deposit
        )
        participant = Participant(agent.name, strategy, gateway, latency_ns=agent.latency_ns, start_ns=agent.start_ns)
        self._issued = issued
        self._names.add(agent.name)
        self._accounts.add(account_id)
        self._seats.append(_Seat(participant, agent.group or agent.name, reports))

    def run(self, progress: Callable[[int, int], None] = lambda time_ns, actions: None) -> Result:
        """Run to the end, once. progress: told the simulated time and the actions so far, at each sample.

        Exceptions that a strategy lets out come out here, with a note that says whose they are.
        """
        if self._is_over:
            raise RuntimeError("the simulation is over")
        self._is_over = True
        participants = [seat.participant for seat in self._seats]
        loop = Loop(self._tape, participants)
        samples = Samples([participant.name for participant in participants])
        gateways = [participant.gateway for participant in participants]
        began = time.perf_counter()
        self._tape.listen()
        try:
            for time_ns in self._sample_times():
                loop.run(time_ns)
                samples.take(time_ns, self._tape, gateways, self._best())
                progress(time_ns, sum(participant.actions for participant in participants))
        finally:
            self._tape.hang_up()
        wall_seconds = time.perf_counter() - began
        for participant in participants:
            participant.finish()
        return self._result(samples, wall_seconds)

    def _sample_times(self) -> list[int]:
        """Return when to take a sample: at 0, after each interval, and at the end."""
        duration = self.config.duration_ns
        return [*range(0, duration, self.config.sample_interval_ns), duration]

    def _best(self) -> Best:
        bid, ask = self._market.order_book.best_bid(), self._market.order_book.best_ask()
        return Best(bid[0] if bid else None, ask[0] if ask else None)

    def _result(self, samples: Samples, wall_seconds: float) -> Result:
        tape, best = self._tape, self._best()
        mid = samples.mids()[-1]
        agents = tuple(self._agent_result(seat, mid) for seat in self._seats)
        actions = sum(agent.actions for agent in agents)
        market = MarketResult(
            seed=self.config.seed,
            seconds=self.config.duration_ns / NS_PER_SECOND,
            actions=actions,
            trades=tape.trades,
            volume=tape.volume,
            value=tape.value,
            vwap=tape.value / tape.volume if tape.volume else None,
            last_price=tape.last_price,
            best_bid=best.bid,
            best_ask=best.ask,
            resting_orders=len(self._market.order_book),
            state_hash=self.exchange.state_hash(),
            wall_seconds=round(wall_seconds, 6),
            actions_per_second=round(actions / wall_seconds, 1),
        )
        return Result(market, agents, samples, tape.columns())

    @staticmethod
    def _agent_result(seat: _Seat, mid: Any) -> AgentResult:
        participant, gateway = seat.participant, seat.participant.gateway
        profit = profit_of(gateway.cash, gateway.inventory, mid)
        return AgentResult(
            name=participant.name,
            group=seat.group,
            strategy=participant.strategy.name,
            account_id=gateway.account_id,
            actions=participant.actions,
            refusals=dict(sorted(participant.refusals.items())),
            fills=gateway.fills,
            bought_lots=gateway.bought,
            sold_lots=gateway.sold,
            inventory_lots=gateway.inventory,
            cash=gateway.cash,
            profit=None if profit is None else float(profit),
            reports=tuple(seat.reports),
        )
