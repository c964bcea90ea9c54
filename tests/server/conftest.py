"""Settings of the tests of the server."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.server.held_journal import HeldJournal


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """Log what concerns people who run a server, not every connection."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


@pytest.fixture
def journal() -> Iterator[HeldJournal]:
    """A journal that keeps what the test says. Servers that use it end before it does."""
    journal = HeldJournal()
    yield journal
    journal.close()
