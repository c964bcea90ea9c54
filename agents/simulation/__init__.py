"""A deterministic simulation of agents on one in-process exchange: docs/simulation.md."""

from agents.simulation.config import AgentConfig, Config, load_config, parse_config
from agents.simulation.results import AgentResult, MarketResult, Result
from agents.simulation.samples import Sample, Samples
from agents.simulation.simulation import Simulation
from agents.simulation.tables import ConfigError

__all__ = [
    "AgentConfig",
    "AgentResult",
    "Config",
    "ConfigError",
    "MarketResult",
    "Result",
    "Sample",
    "Samples",
    "Simulation",
    "load_config",
    "parse_config",
]
