"""The server's port, its standard services, deadlines and its end."""

import asyncio
import socket
import struct
import threading
import time

import grpc
import pytest
import trustme
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from orderbook_wire.v1 import orderbook_pb2 as wire

from ..running import eventually
from . import records
from .client import METHODS, SERVICE, Client, serving

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def test_a_port_that_is_taken_is_an_error():
    with serving() as market, pytest.raises(OSError, match="in use"), serving(port=market.server.port):
        pass


def test_a_port_that_another_program_has_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"), serving(port=port):
            pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_an_error(host):
    with pytest.raises(OSError, match=r"\w"), serving(host=host):
        pass
