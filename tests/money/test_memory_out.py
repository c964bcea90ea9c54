"""Python's memory runs out while room for a large taker's fills is made: it is refused, and nothing has changed."""

import subprocess
import sys

import pytest

pytest.importorskip("_testcapi")

# One allocation fails, each time a later one: of the Fill objects, and of the list that holds them as it grows.
PROGRAM = """
import gc
import _testcapi
from orderbook import CapacityExceeded, OrderType, RiskEngine, Side

gc.disable()
engine = RiskEngine()
engine.credit_account(1, 10_000, 0)
engine.credit_account(2, 0, 100_000)
for order_id in range(1_500):
    engine.submit(1, order_id, Side.ASK, OrderType.LIMIT, 10, 1)
before, refused = engine.state_hash(), 0
for failing in range(200):
    _testcapi.set_nomemory(failing, failing + 1)
    try:
        engine.submit(2, 9_999, Side.BID, OrderType.LIMIT, 10, 1_400)
    except (CapacityExceeded, MemoryError):
        refused += 1
    finally:
        _testcapi.remove_mem_hooks()
    engine.check()
    assert engine.state_hash() == before
print(refused)
"""


def test_a_large_taker_is_refused_where_there_is_no_memory_for_its_fills():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == 200
