"""One suite, two engines: whatever asks for `api` or `engine` runs on the compiled one and on the oracle."""

from types import ModuleType

import pytest

from ..engine.conftest import ENGINES
from .helpers import funded


@pytest.fixture(params=ENGINES)
def api(request) -> ModuleType:
    """Return the module whose RiskEngine and Exchange are under test."""
    return ENGINES[request.param]


@pytest.fixture
def engine(api):
    """Return a risk engine with three accounts that have plenty."""
    return funded(api)
