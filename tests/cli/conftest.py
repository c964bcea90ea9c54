"""A server for the tests of the client commands: one process for a module, one instrument for each test."""

import os
from collections.abc import Iterator

import pytest

# Tests fork: gRPC, whose threads live in this process, would have its say on the standard error of the children.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

from agents.gateways.grpc import BlockingOrderBookClient

from .client_server import Market
from .serve_process import FREE, Server, serving

INSTRUMENTS = 120


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Run a server with an instrument for each test."""
    instruments = [word for number in range(INSTRUMENTS) for word in ("--instrument", f"B{number}-Q{number}")]
    with serving(*FREE, *instruments) as running:
        yield running


@pytest.fixture(scope="module")
def connected_client(server: Server) -> Iterator[BlockingOrderBookClient]:
    """Return a client of the server."""
    with BlockingOrderBookClient.connect(server.addresses["grpc"]) as client:
        yield client


@pytest.fixture(scope="module")
def fresh_symbols() -> Iterator[str]:
    """Return symbols that no test has had."""
    return (f"B{number}-Q{number}" for number in range(INSTRUMENTS))


@pytest.fixture
def market(server: Server, connected_client: BlockingOrderBookClient, fresh_symbols: Iterator[str]) -> Market:
    """Return a market of the test's own."""
    return Market(next(fresh_symbols), server.addresses["grpc"], connected_client)
