"""Settings of the whole suite: how hard Hypothesis tries, and the marks."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "default",
    max_examples=250,
    stateful_step_count=40,
    deadline=None,  # machines differ, and a slow example is no wrong one
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("default"), max_examples=5000, stateful_step_count=120)
settings.register_profile(  # whether something fails, not how small it can be made
    "canary", settings.get_profile("default"), max_examples=100, phases=[Phase.explicit, Phase.generate], database=None
)
NO_PARAMETERS = SimpleNamespace(params={})
DATA_DIR = Path(__file__).parent.parent / "orderbook-data"  # of a server that was started here and not told where
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
settings.load_profile(PROFILE)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks that `--strict-markers` lets pass."""
    config.addinivalue_line("markers", "canary: builds the engine with a planted bug, which the suite must catch")
    config.addinivalue_line("markers", "oracle: runs plain Python alone, which is the same in every build")


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """See that no test has left an exchange in the tree."""
    before = DATA_DIR.exists()
    yield
    assert before or not DATA_DIR.exists(), f"a test has left {DATA_DIR}"


def runs_on_a_reference(item: pytest.Item) -> bool:
    """Tell whether a test is one of a pair and runs on the one that is plain Python."""
    values = getattr(item, "callspec", NO_PARAMETERS).params.values()
    return any(isinstance(value, str) and value == "reference" for value in values)


@pytest.hookimpl(tryfirst=True)  # before marks are looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the oracle's own tests; let the long profile take the time it needs."""
    for item in items:
        if runs_on_a_reference(item):
            item.add_marker(pytest.mark.oracle)
    if PROFILE == "long":
        for item in items:
            item.add_marker(pytest.mark.timeout(0))
