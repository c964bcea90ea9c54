"""Settings of the tests of the page, its feed and REST."""

from collections.abc import Iterator

import pytest

from ..server.conftest import journal, quiet_logs  # noqa: F401 - fixtures
from .rest_app import TWO_MARKETS, RestApp, rest_app


@pytest.fixture
def rest() -> Iterator[RestApp]:
    """REST of an exchange with two instruments, open to all."""
    with rest_app(instruments=TWO_MARKETS) as app:
        yield app
