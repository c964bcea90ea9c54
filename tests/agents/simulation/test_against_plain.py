"""The compiled simulation against a slow, obvious one in plain Python, on `InProcessGateway`: equal to the last lot."""

from dataclasses import replace

import pytest

from agents.simulation import AgentConfig, Config, Simulation
from agents.strategies import (
    MarketMaker,
    MarketMakerSettings,
    NoiseTrader,
    NoiseTraderSettings,
    PassiveBuyer,
    PassiveBuyerSettings,
    Twap,
    TwapSettings,
)
from orderbook import OrderType, Trade

from .helpers import PlainSimulation

SECOND = 1_000_000_000


def market(seed, latencies):
    """Return agents as configured: a dozen noise traders, some of them short of money, and the three agents."""
    agents = []
    for number in range(12):
        settings = NoiseTraderSettings(seed=seed * 100 + number, actions_per_second=20 + number, depth_ticks=8)
        money = 5_000_000 if number % 4 == 0 else 10**12
        agents.append(AgentConfig(f"noise-{number}", settings, base_deposit=40, quote_deposit=money))
    agents.append(AgentConfig("maker", MarketMakerSettings(spread=3, tick_millis=130, inventory_max=40)))
    twap = TwapSettings(order_type=OrderType.IOC, price=100_003, slice_interval_millis=700, time_jitter_percent=50)
    agents.append(AgentConfig("twap", twap))
    agents.append(AgentConfig("buyer", PassiveBuyerSettings(target_price=99_999, tick_millis=90)))
    return [
        replace(
            agent,
            account_id=5 + number,
            latency_ns=latencies[number % len(latencies)],
            start_ns=number % 3,
            seeded=True,
        )
        for number, agent in enumerate(agents)
    ]


def strategy_of(settings, reports):
    if isinstance(settings, TwapSettings):
        return Twap(settings, reports.append)
    kinds = {
        NoiseTraderSettings: NoiseTrader,
        MarketMakerSettings: MarketMaker,
        PassiveBuyerSettings: PassiveBuyer,
    }
    return kinds[type(settings)](settings)


@pytest.mark.parametrize("latencies", [(0,), (1,), (1_000_000,), (0, 5_000_000, 333, 40_000_000)], ids=str)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_they_are_equal(seed, latencies):
    agents = market(seed, latencies)
    reports = []
    strategies = [strategy_of(agent.settings, reports) for agent in agents]
    plain = PlainSimulation(
        (agent.account_id, strategy, agent.latency_ns, agent.start_ns, agent.base_deposit, agent.quote_deposit)
        for agent, strategy in zip(agents, strategies, strict=True)
    )
    plain.run(20 * SECOND)
    simulation = Simulation(Config(agents=tuple(agents), duration_ns=20 * SECOND, sample_interval_ns=7 * SECOND // 3))
    result = simulation.run()

    simulation.exchange.check()
    assert result.market.state_hash == plain.exchange.state_hash()
    trades = [event for event in plain.exchange.events() if isinstance(event, Trade)]
    assert result.market.trades == len(trades) > 500
    assert list(result.trades["price"]) == [trade.price for trade in trades]
    assert list(result.trades["quantity"]) == [trade.quantity for trade in trades]
    assert list(result.trades["taker_side"]) == [trade.taker_side for trade in trades]
    assert list(result.trades["taker_order_id"]) == [trade.taker_order_id for trade in trades]
    assert list(result.trades["maker_order_id"]) == [trade.maker_order_id for trade in trades]
    assert (result.market.volume, result.market.value) == (plain.feed.tape.volume, plain.feed.tape.value)
    assert result.market.actions == plain.actions
    assert sum(sum(agent.refusals.values()) for agent in result.agents) == plain.refusals > 0
    assert list(result.agent("twap").reports[: len(reports)]) == reports
    assert len(reports) > 1
