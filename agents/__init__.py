"""Agents: strategies without I/O, gateways to trade on, the runner that keeps them alive, and a simulation.

What most programs need is here by name; it is imported when it is asked for, so that nothing of gRPC is loaded for a
strategy or a simulation. Everything else is in the packages: strategies, gateways, runner, simulation.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.gateways.grpc.blocking import BlockingOrderBookClient
    from agents.gateways.grpc.client import GrpcOrderBookClient
    from agents.gateways.grpc.follow import follow_book
    from agents.gateways.grpc.gateway import LiveGateway
    from agents.gateways.in_process import InProcessGateway
    from agents.replica import BookReplica
    from agents.runner.runner import run_agent
    from agents.simulation.simulation import Simulation
    from agents.strategies.market_maker import MarketMaker
    from agents.strategies.noise import NoiseTrader
    from agents.strategies.passive_buyer import PassiveBuyer
    from agents.strategies.twap import Twap

HOMES = {
    "BlockingOrderBookClient": "agents.gateways.grpc.blocking",
    "BookReplica": "agents.replica",
    "GrpcOrderBookClient": "agents.gateways.grpc.client",
    "InProcessGateway": "agents.gateways.in_process",
    "LiveGateway": "agents.gateways.grpc.gateway",
    "MarketMaker": "agents.strategies.market_maker",
    "NoiseTrader": "agents.strategies.noise",
    "PassiveBuyer": "agents.strategies.passive_buyer",
    "Simulation": "agents.simulation.simulation",
    "Twap": "agents.strategies.twap",
    "follow_book": "agents.gateways.grpc.follow",
    "run_agent": "agents.runner.runner",
}

__all__ = [
    "BlockingOrderBookClient",
    "BookReplica",
    "GrpcOrderBookClient",
    "InProcessGateway",
    "LiveGateway",
    "MarketMaker",
    "NoiseTrader",
    "PassiveBuyer",
    "Simulation",
    "Twap",
    "follow_book",
    "run_agent",
]


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives."""
    if name not in HOMES:
        raise AttributeError(f"module 'agents' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
