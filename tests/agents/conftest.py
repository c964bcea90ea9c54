"""Clients of both kinds, and a server for them; what is said of one is said of the other."""

import pytest

from ..server.conftest import quiet_logs  # noqa: F401 - for servers here too
from ..server.grpc.client import serving
from .twins import connector


@pytest.fixture(params=["async", "blocking"])
def connect(request):
    with connector(request.param) as connect:
        yield connect


@pytest.fixture
def market():
    with serving() as market:
        yield market


@pytest.fixture
def client(connect, market):
    return connect(market.server.address)
