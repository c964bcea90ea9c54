"""`agents` has what most programs need by name, and loads no more than what is asked for."""

import subprocess
import sys

import pytest

import agents


@pytest.mark.parametrize("name", agents.__all__)
def test_a_name_is_what_its_home_has(name):
    assert getattr(agents, name).__module__.startswith(agents.HOMES[name])


def test_all_names_have_a_home():
    assert sorted(agents.HOMES) == sorted(agents.__all__)


def test_what_is_not_there_is_said():
    with pytest.raises(AttributeError, match=r"^module 'agents' has no attribute 'Oracle'$"):
        agents.Oracle  # noqa: B018


def test_strategies_and_simulations_load_no_grpc():
    program = (
        "import sys; from agents import BookReplica, InProcessGateway, MarketMaker, Simulation, Twap; "
        "print([name for name in ('grpc', 'google.protobuf', 'structlog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
