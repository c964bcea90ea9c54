"""An exchange that is open to all, with one instrument or two."""

from collections.abc import Iterator

import pytest

from .client import TWO_MARKETS, Client, Market, serving


@pytest.fixture
def market() -> Iterator[Market]:
    with serving() as market:
        yield market


@pytest.fixture
def client(market: Market) -> Client:
    return market.client


@pytest.fixture
def two_markets() -> Iterator[Market]:
    with serving(instruments=TWO_MARKETS) as market:
        yield market
