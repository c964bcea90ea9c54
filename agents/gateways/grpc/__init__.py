"""Clients of the exchange's gRPC interface, and the gateway that strategies trade on over it."""

from agents.gateways.grpc.blocking import BlockingOrderBookClient
from agents.gateways.grpc.channel import TlsFiles
from agents.gateways.grpc.client import GrpcOrderBookClient
from agents.gateways.grpc.events import MarketEvent, UnknownEvent
from agents.gateways.grpc.executions import Accepted, Canceled, Execution, Filled, Refused
from agents.gateways.grpc.messages import InstrumentInfo, OpenOrders
from agents.replica import Depth

__all__ = [
    "Accepted",
    "BlockingOrderBookClient",
    "Canceled",
    "Depth",
    "Execution",
    "Filled",
    "GrpcOrderBookClient",
    "InstrumentInfo",
    "MarketEvent",
    "OpenOrders",
    "Refused",
    "TlsFiles",
    "UnknownEvent",
]
