"""Two processes with different PYTHONHASHSEED lead to the same events, balances and hash."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import importlib, sys
from orderbook import Instrument
from tests.engine.helpers import process
from tests.money.flow import flow
from tests.money.helpers import credit

api = importlib.import_module(sys.argv[1])
symbols = [("X-Z", 1), ("Y-Z", 2), ("X-Y", None)]
exchange = api.Exchange(
    [Instrument(symbol, *symbol.split("-"), self_trade_prevention=mode) for symbol, mode in symbols]
)
for position in range(3):
    process(exchange, [credit(account, 900, 900, instrument=position) for account in (3, 1, 404, 4, 2)])
print(process(exchange, flow(7, 1000, 3)))
for event in exchange.events():
    print(event)
for account in (1, 2, 3, 4, 404):
    print([exchange.balance(account, asset) for asset in "XYZ"])
print(exchange.state_hash(), [exchange.market(symbol).state_hash() for symbol, _ in symbols])
"""


def output(module, seed):
    """Return what the program prints in a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, module]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def expected():
    """Return what the reference says, the order of whose sets is left as it is."""
    return output("orderbook.reference", "random")


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
@pytest.mark.parametrize("module", ["orderbook", "orderbook.reference"], ids=["compiled", "reference"])
def test_the_hash_seed_of_python_does_not_show(expected, module, seed):
    assert output(module, seed) == expected
    assert expected.count("Trade(") > 50
