"""How many actions of agents a second a simulation does on this machine."""

import time
from fractions import Fraction

from agents.simulation import AgentConfig, Config, Simulation
from agents.strategies import MarketMakerSettings, NoiseTraderSettings, PassiveBuyerSettings, TwapSettings

from .flows import middle

NOISE_TRADERS = 100
LATENCIES_NS = (0, 500_000)
SECONDS = 400  # simulated: 400,000 actions of noise traders


def noise(latency_ns: int) -> list[AgentConfig]:
    """Return the noise traders, ten actions a second each."""
    settings = NoiseTraderSettings(actions_per_second=Fraction(10))
    return [AgentConfig(f"noise-{number}", settings, latency_ns=latency_ns) for number in range(NOISE_TRADERS)]


def three_agents(latency_ns: int) -> list[AgentConfig]:
    """Return a market maker, a TWAP that buys without end, and a passive buyer."""
    kinds = {
        "maker": MarketMakerSettings(spread=5, tick_millis=100, inventory_skew=Fraction(1, 50)),
        "twap": TwapSettings(price=100_010),
        "buyer": PassiveBuyerSettings(target_price=99_995, tick_millis=500),
    }
    return [AgentConfig(name, settings, latency_ns=latency_ns) for name, settings in kinds.items()]


def actions_per_second(agents: list[AgentConfig]) -> float:
    """Run once; return submits, modifies and cancels answered per second of the machine."""
    config = Config(agents=tuple(agents), duration_ns=SECONDS * 10**9)
    simulation = Simulation(config, keep_trades=False)
    began = time.perf_counter()
    result = simulation.run()
    return result.market.actions / (time.perf_counter() - began)


class Actions:
    """Runs of `Simulation`, samples every simulated second included, without the trades kept."""

    params = LATENCIES_NS
    param_names = ("latency_ns",)
    timeout = 300

    def track_noise_traders(self, latency_ns: int) -> float:
        """Return the median of seven runs with 100 noise traders."""
        return middle(lambda: actions_per_second(noise(latency_ns)))

    def track_with_three_agents(self, latency_ns: int) -> float:
        """Return the median of seven runs with the three agents besides."""
        return middle(lambda: actions_per_second([*noise(latency_ns), *three_agents(latency_ns)]))

    track_noise_traders.unit = track_with_three_agents.unit = "actions/s"
