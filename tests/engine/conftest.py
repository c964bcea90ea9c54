"""One suite, two engines: whatever asks for `api`, `book` or `engine` runs on the compiled one and on the oracle."""

from types import ModuleType

import pytest

import orderbook
import orderbook.reference

ENGINES = {"compiled": orderbook, "reference": orderbook.reference}


@pytest.fixture(params=ENGINES)
def api(request) -> ModuleType:
    """Return the module whose OrderBook and MatchingEngine are under test."""
    return ENGINES[request.param]


@pytest.fixture
def book(api):
    """Return an empty book."""
    return api.OrderBook()


@pytest.fixture
def engine(api):
    """Return a matching engine over an empty book."""
    return api.MatchingEngine()
