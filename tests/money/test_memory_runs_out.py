"""No memory for accounts, their orders, or the orders themselves: refused whole, and what is there goes on working."""

import subprocess
import sys

import pytest

from ..engine.helpers import linux_alone

BEGIN = """
import resource, sys
import numpy, orderbook
from orderbook import CapacityExceeded, OrderType, RiskEngine, Side

def batch(kind, **fields):
    commands = numpy.zeros(10_000, dtype=orderbook.COMMAND_DTYPE)
    commands["kind"] = kind
    for name, value in fields.items():
        commands[name] = value
    return commands

def statuses(commands):
    return numpy.asarray(engine.process(commands).status).copy()

def shrink(megabytes):
    taken = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) * 1024
    resource.setrlimit(resource.RLIMIT_AS, (taken + (megabytes << 20), resource.RLIM_INFINITY))

def hashed():
    # There is memory for this.
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    engine.check()
    state_hash = engine.state_hash()
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return state_hash

engine = RiskEngine(event_capacity=0)
numbers = numpy.arange(10_000, dtype="u8")
"""
ACCOUNTS = """
shrink(150)
for first in range(0, 1 << 30, 10_000):
    status = statuses(batch(4, account_id=numbers + first, price=3, quantity=5))
    if status.any():
        break
assert set(status.tolist()) == {0, 16}
refused = first + int(numpy.flatnonzero(status)[0])
before = hashed()
for make in (lambda: engine.credit_account(refused, 1, 1), lambda: engine.credit_account(refused, 0, 0)):
    try:
        make()
    except CapacityExceeded:
        pass
    else:
        sys.exit("an account was made without memory")
assert engine.account_snapshot(refused) is None
assert hashed() == before
engine.credit_account(7, 1, 1)
assert engine.account_snapshot(7).available_base == 4
assert engine.submit(7, 1, Side.BID, OrderType.LIMIT, 2, 2).resting
hashed()
print(refused)
"""
ORDERS = """
for account in range(100):
    engine.credit_account(account, 1 << 50, 1 << 50)
shrink(150)
for first in range(0, 1 << 30, 10_000):
    ids = numbers + first
    price = 1 + (ids << numpy.uint64(20))
    owners = {"account_id": ids % 100, "order_id": ids}
    status = statuses(batch(1, side=2, order_type=2, flags=1, price=price, quantity=1, **owners))
    if status.any():
        break
assert set(status.tolist()) == {0, 16}
before = hashed()
try:
    engine.submit(5, 1 << 60, Side.ASK, OrderType.LIMIT, 1 << 60, 1)
except CapacityExceeded:
    pass
else:
    sys.exit("an order came to rest without memory")
assert hashed() == before
rested = len(engine.order_book)
assert engine.cancel_all(5) in (rested // 100, rested // 100 + 1)
assert engine.submit(5, 1 << 60, Side.ASK, OrderType.LIMIT, 1 << 60, 1).resting
assert len(engine.submit(6, 1 << 61, Side.BID, OrderType.MARKET, None, 100).fills) == 100
hashed()
print(rested)
"""


@linux_alone
@pytest.mark.parametrize("story", [ACCOUNTS, ORDERS], ids=["accounts", "orders"])
def test_memory_may_run_out(story):
    done = subprocess.run([sys.executable, "-c", BEGIN + story], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert int(done.stdout) > 50_000
