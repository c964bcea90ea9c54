"""Flows that an enemy would send: the compiled engine stays right, and its memory bounded by what rests.

Nothing here looks at a clock. The bounds are those that the documentation states, per resting order and per level,
times two for arrays that double, and a constant for the empty book.
"""

import os
import random
import shutil
import subprocess
import sys

import numpy
import pytest

import orderbook

from .helpers import ASK, BID, IOC, LIMIT, MARKET, TOP, Kind, linux_alone

ORDER_BYTES = 64 + 32  # the order and its entry in the index
LEVEL_BYTES = 4096
GROWTH = 2
EMPTY_BYTES = 64 << 10
COUNT = 200_000


def bound(orders, levels):
    """Return the bytes that a book of that many orders and levels may span."""
    return GROWTH * (orders * ORDER_BYTES + levels * LEVEL_BYTES) + EMPTY_BYTES


def records(kind, ids, side=BID, order_type=LIMIT, prices=0, quantities=1):
    """Return COMMAND records, each argument after `kind` an array or one value for all."""
    ids = numpy.asarray(ids, dtype="u8")
    commands = numpy.zeros(len(ids), dtype=orderbook.COMMAND_DTYPE)
    commands["kind"], commands["order_id"] = kind, ids
    if kind == Kind.NEW:
        commands["side"], commands["order_type"], commands["flags"] = side, order_type, 1
        commands["price"], commands["quantity"] = prices, quantities
    return commands


def run(engine, commands):
    """Process a batch of which every command must be accepted; return its result."""
    result = engine.process(commands)
    assert not numpy.asarray(result.status).any()
    return result


def reversed_bits(count):
    """Return 0 … count-1 with their 64 bits in reverse."""
    numbers = numpy.arange(count, dtype="u8")
    for shift, mask in [
        (1, 0x5555555555555555),
        (2, 0x3333333333333333),
        (4, 0x0F0F0F0F0F0F0F0F),
        (8, 0x00FF00FF00FF00FF),
        (16, 0x0000FFFF0000FFFF),
        (32, 0x00000000FFFFFFFF),
    ]:
        mask, shift = numpy.uint64(mask), numpy.uint64(shift)
        numbers = ((numbers >> shift) & mask) | ((numbers & mask) << shift)
    return numbers


PATTERNS = {
    "one after the other": numpy.arange(COUNT, dtype="u8"),
    "from the top down": numpy.uint64(TOP) - numpy.arange(COUNT, dtype="u8"),
    "every 64th": numpy.arange(COUNT, dtype="u8") * numpy.uint64(64),
    "every 4096th": numpy.arange(COUNT, dtype="u8") * numpy.uint64(4096),
    "every 2^32nd": numpy.arange(COUNT, dtype="u8") * numpy.uint64(2**32),
    "evenly over all": numpy.arange(COUNT, dtype="u8") * numpy.uint64(TOP // COUNT),
    "bits reversed": reversed_bits(COUNT),
    "at random": numpy.unique(numpy.random.default_rng(1).integers(0, TOP, 2 * COUNT, dtype="u8"))[:COUNT],
}
patterns = pytest.mark.parametrize("numbers", PATTERNS.values(), ids=PATTERNS)


@patterns
@pytest.mark.parametrize("side", [BID, ASK])
def test_every_order_its_own_price(numbers, side):
    """Wherever in the 64-bit range they lie; then half of them leave, and the rest is traded away in order."""
    engine = orderbook.MatchingEngine(event_capacity=0)
    book = engine.order_book
    shuffled = numpy.random.default_rng(2).permutation(numbers)
    run(engine, records(Kind.NEW, shuffled, side, prices=shuffled))
    engine.check()
    assert book.memory_bytes() <= bound(COUNT, COUNT)
    assert book.total_quantity(side) == len(book) == COUNT
    best = [level.price for level in book.depth(100)[side - 1]]
    ordered = sorted(numbers.tolist(), reverse=side is BID)
    assert best == ordered[:100]
    run(engine, records(Kind.CANCEL, shuffled[: COUNT // 2]))
    engine.check()
    taker = records(Kind.NEW, [1], 3 - side, MARKET, quantities=COUNT)
    taker["order_id"] = next(number for number in range(COUNT + 1) if number not in book)
    fills = numpy.asarray(run(engine, taker).fills)
    assert fills["price"].tolist() == sorted(shuffled[COUNT // 2 :].tolist(), reverse=side is BID)
    assert len(book) == 0
    engine.check()


def test_prices_that_share_all_but_their_last_bits():
    """Pairs at the far ends of every power of two: as many branches as a tree over the bits of a price can have."""
    engine = orderbook.MatchingEngine()
    prices = sorted({(1 << bit) + offset for bit in range(64) for offset in (-1, 0, 1)} | {TOP - 1, TOP})
    for order_id, price in enumerate(prices):
        engine.submit_limit(order_id, ASK, price, 1)
    engine.check()
    assert [level.price for level in engine.order_book.depth()[1]] == prices
    assert engine.order_book.memory_bytes() <= bound(len(prices), len(prices))
    for order_id in random.Random(3).sample(range(len(prices)), len(prices)):
        engine.cancel_order(order_id)
        engine.check()


def test_a_million_orders_at_one_price():
    """The order in the middle of the queue leaves as easily as any, and time priority holds to the last."""
    count = 1_000_000
    engine = orderbook.MatchingEngine(event_capacity=0)
    book = engine.order_book
    run(engine, records(Kind.NEW, numpy.arange(count), ASK, prices=100, quantities=2))
    engine.check()
    assert book.depth() == ((), (orderbook.LevelDepth(100, 2 * count, count),))
    assert book.memory_bytes() <= bound(count, 1)
    gone = numpy.random.default_rng(4).permutation(count)[: count // 2]
    run(engine, records(Kind.CANCEL, gone))
    engine.check()
    left = numpy.setdiff1d(numpy.arange(count), gone)
    assert book.level_total_quantity(ASK, 100) == 2 * len(left)
    fills = numpy.asarray(run(engine, records(Kind.NEW, [count], BID, IOC, 100, 2 * count)).fills)
    assert numpy.array_equal(fills["maker_order_id"], left)
    assert len(book) == 0
    engine.check()


@patterns
def test_ids_in_patterns(numbers):
    """Each is found again, and none that is not there."""
    engine = orderbook.MatchingEngine(event_capacity=0)
    book = engine.order_book
    run(engine, records(Kind.NEW, numbers, prices=numpy.arange(len(numbers)) % 16))
    engine.check()
    assert book.memory_bytes() <= bound(len(numbers), 16)
    assert set(numpy.asarray(engine.process(records(Kind.NEW, numbers)).status).tolist()) == {1}
    run(engine, records(Kind.CANCEL, numbers[::2]))
    engine.check()
    expected = numpy.where(numpy.arange(len(numbers)) % 2, 0, 2)
    assert numpy.array_equal(numpy.asarray(engine.process(records(Kind.CANCEL, numbers)).status), expected)
    assert len(book) == 0


@pytest.mark.parametrize("resting", [1, 1000, 20_000])
def test_memory_does_not_grow_while_ids_come_and_go(resting):
    """Millions of orders pass through a book that never holds more than a few: each under a new id and price."""
    engine = orderbook.MatchingEngine(event_capacity=0)
    book = engine.order_book
    run(engine, records(Kind.NEW, numpy.arange(resting), prices=numpy.arange(resting) * 977))
    run(engine, records(Kind.NEW, [resting], prices=resting * 977))
    run(engine, records(Kind.CANCEL, [0]))
    settled = book.memory_bytes()
    ids = numpy.arange(1, 1_000_001, dtype="u8")
    adds = records(Kind.NEW, ids + numpy.uint64(resting), prices=(ids + numpy.uint64(resting)) * numpy.uint64(977))
    both = numpy.stack([records(Kind.CANCEL, ids), adds], axis=1).ravel()
    run(engine, both)
    assert len(book) == resting
    assert book.memory_bytes() <= settled
    assert settled <= bound(resting + 1, resting + 1)
    engine.check()


def test_the_state_hash_does_not_depend_on_the_key_of_the_index():
    """Ids are hashed with a key of their own in every book, so that nobody can make them collide; it shows nowhere."""
    ids = reversed_bits(5000)
    hashes = set()
    for _ in range(5):
        engine = orderbook.MatchingEngine()
        run(engine, records(Kind.NEW, ids, prices=ids % numpy.uint64(50)))
        hashes.add(engine.state_hash())
    assert len(hashes) == 1


OUT_OF_MEMORY = """
import resource, sys, numpy, orderbook
engine = orderbook.MatchingEngine(event_capacity=16)
commands = numpy.zeros(50_000, dtype=orderbook.COMMAND_DTYPE)
commands["kind"], commands["side"], commands["order_type"], commands["flags"] = 1, 2, 2, 1
commands["quantity"] = 1
engine.process(commands[:0])
taken = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + (200 << 20),) * 2)
for batch in range(1000):
    commands["order_id"] = numpy.arange(batch * len(commands), (batch + 1) * len(commands), dtype="u8")
    commands["price"] = commands["order_id"] << numpy.uint64(30)
    status = numpy.asarray(engine.process(commands).status)
    if status.any():
        break
assert set(status.tolist()) <= {0, 16}, set(status.tolist())
assert status[-1] == 16
engine.check()
before, orders = engine.state_hash(), len(engine.order_book)
try:
    engine.submit_limit(2**64 - 1, 2, 2**64 - 1, 1)
except orderbook.CapacityExceeded:
    pass
else:
    sys.exit("an order came to rest without memory")
assert (engine.state_hash(), len(engine.order_book)) == (before, orders)
assert engine.cancel_order(0) == 1
engine.check()
assert engine.submit_limit(0, 2, 0, 1).resting
assert len(engine.submit_market(2**64 - 1, 1, 1000).fills) == 1000
engine.check()
print(orders)
"""


@linux_alone
def test_memory_may_run_out():
    """Then orders are refused with a status, nothing is lost, and what was there can be cancelled and traded."""
    done = subprocess.run([sys.executable, "-c", OUT_OF_MEMORY], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 50_000


RESIDENT = """
import numpy, orderbook
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) << 10
count = 1 << 20
commands = numpy.zeros(count, dtype=orderbook.COMMAND_DTYPE)
commands["kind"], commands["side"], commands["order_type"], commands["flags"], commands["quantity"] = 1, 2, 2, 1, 1
commands["order_id"] = commands["price"] = numpy.arange(count)
engine = orderbook.MatchingEngine(event_capacity=0)
before = resident()
status = engine.process(commands)
del status
print((resident() - before) // count)
"""


@linux_alone
def test_levels_close_together_take_far_less():
    """A million orders a tick apart, each a level of its own: the order, its index entry, and little more."""
    done = subprocess.run([sys.executable, "-c", RESIDENT], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= ORDER_BYTES + 128


# Linux before 6.17 moves no more than one mapping at a time: a range that spans two is EFAULT.
OLD_MREMAP = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *mremap(void *old, size_t old_size, size_t new_size, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    void *wanted = va_arg(rest, void *);
    va_end(rest);
    unsigned long from, to, at = (unsigned long)old;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= at && at < to) break;
    fclose(maps);
    if (at + old_size > to) {
        errno = EFAULT;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mremap, old, old_size, new_size, flags, wanted);
}
"""
GROW = """
import numpy, orderbook
commands = numpy.zeros(300_000, dtype=orderbook.COMMAND_DTYPE)
commands["kind"], commands["side"], commands["order_type"], commands["flags"], commands["quantity"] = 1, 2, 2, 1, 1
commands["order_id"] = numpy.arange(300_000)
engine = orderbook.MatchingEngine()
print(numpy.count_nonzero(engine.process(commands).status))
engine.check()
"""


@linux_alone
@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_arrays_grow_on_older_kernels(tmp_path):
    """An array grows as often as it likes where the system moves single mappings only."""
    source, library = tmp_path / "old_mremap.c", tmp_path / "old_mremap.so"
    source.write_text(OLD_MREMAP)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run([sys.executable, "-c", GROW], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "0", "")


NO_MEMORY_FOR_THE_FILLS = """
import resource, sys
import numpy, orderbook
count = 400_000
commands = numpy.zeros(count, dtype=orderbook.COMMAND_DTYPE)
commands["kind"], commands["side"], commands["order_type"], commands["flags"], commands["quantity"] = 1, 1, 2, 1, 1
commands["order_id"] = numpy.arange(count)
engine = orderbook.MatchingEngine()
engine.process(commands)
before = engine.state_hash()
taken = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + (10 << 20), resource.RLIM_INFINITY))
try:
    engine.submit_market(count, 2, count)
except orderbook.CapacityExceeded:
    pass
else:
    sys.exit("there was memory enough")
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
engine.check()
print(engine.state_hash() == before)
"""


@linux_alone
def test_no_memory_for_the_fills_leaves_the_book():
    """What raises leaves the book as it was: room for all fills is made before the first."""
    done = subprocess.run([sys.executable, "-c", NO_MEMORY_FOR_THE_FILLS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "True", "")
