"""GrpcGateway: the gRPC server, from opening its port to saying goodbye."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.grpc.access import Context, Gate
from orderbook_server.gateways.grpc.feeds import Bell
from orderbook_server.gateways.grpc.service import SERVICE, Service
from orderbook_server.gateways.grpc.streams import Streams
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.rpc.common import Desk
from orderbook_server.sequencer.sequencer import Sequencer

STOP_SECONDS = 3.0  # for calls to finish when the server shuts down
KEEPALIVE_SECONDS, KEEPALIVE_TIMEOUT_SECONDS = 20, 10  # how a client that vanished is noticed
PING_INTERVAL_SECONDS_MIN = 5  # a client may ask us as often whether we are there
