"""Code that runs in the middle of an answer: finalizers, and threads that get the GIL there. Compiled engine only.

Whoever enters meanwhile is answered or turned away; the answer at hand is that of one state in any case.
"""

import contextlib
import gc
import sys
import threading

import pytest

import orderbook

from .helpers import ASK, BID, LIMIT, new, packed

LEVELS = 300
LAST = 10**6
READS = {
    "snapshot": lambda engine: engine.order_book.snapshot(),
    "depth": lambda engine: engine.order_book.depth(),
    "level_orders": lambda engine: engine.order_book.level_orders(BID, 1000),
    "state_hash": lambda engine: engine.state_hash(),
    "market_order_cost": lambda engine: engine.order_book.market_order_cost(ASK, 10**6),
}


@pytest.fixture
def engine():
    """Return an engine with 300 bids at the best price, and one at each of 300 worse ones."""
    engine = orderbook.MatchingEngine()
    for order_id in range(LEVELS):
        engine.submit_limit(order_id, BID, 1000, 5)
        engine.submit_limit(LEVELS + order_id, BID, 999 - order_id, 5)
    return engine


@pytest.fixture
def collecting_often():
    """Let the garbage collector run as often as it can, and put it back."""
    threshold, callbacks = gc.get_threshold(), list(gc.callbacks)
    gc.set_threshold(1, 1, 1)
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*threshold)


def numbers_without_sequence(answer):
    """Return an answer so that two of equal books are equal."""
    return (answer.bids, answer.asks) if isinstance(answer, orderbook.BookSnapshot) else answer


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.usefixtures("collecting_often")
def test_a_finalizer_changes_the_book_meanwhile(engine, read):
    """Many new orders make the arrays move; a walk that went on through the old ones would read freed memory."""
    gc.callbacks.clear()
    before = numbers_without_sequence(read(engine))
    ran = []

    def intrude(phase, _):
        if phase == "stop" and not ran:
            ran.append(True)
            with contextlib.suppress(RuntimeError):
                for order_id in range(LAST, LAST + 5000):
                    engine.submit_limit(order_id, BID, 1000 - order_id % 1000, 5)

    gc.callbacks.append(intrude)
    during = numbers_without_sequence(read(engine))
    gc.callbacks.clear()
    after = numbers_without_sequence(read(engine))
    assert during in (before, after)
    engine.check()


@pytest.mark.usefixtures("collecting_often")
def test_a_finalizer_trades_while_a_result_is_made(engine):
    gc.callbacks.clear()
    ran = []

    def intrude(phase, _):
        if phase == "stop" and not ran:
            ran.append(True)
            with contextlib.suppress(RuntimeError):
                engine.submit_market(LAST + 1, ASK, 5 * 100)

    gc.callbacks.append(intrude)
    result = engine.submit_limit(LAST, ASK, 1000, 5 * 150)
    gc.callbacks.clear()
    makers = [fill.maker_id for fill in result.fills]
    assert makers in (list(range(150)), list(range(100, 250)))
    assert result.resting is None
    engine.check()


def test_a_hash_is_that_of_one_state():
    """A thread hashes a large book while another moves one order from the head of the walk to its end and back."""
    engine = orderbook.MatchingEngine(event_capacity=0)
    engine.submit_limit(LAST, BID, 3, 5)
    engine.process(orderbook.as_commands(packed(new(order_id, BID, LIMIT, 2, 5) for order_id in range(30_000))))
    legitimate = set()
    for price in (1, 3):
        engine.modify_order(LAST, 5, price)
        legitimate.add(engine.state_hash())
    seen = set()

    def hash_often():
        for _ in range(100):
            with contextlib.suppress(RuntimeError):
                seen.add(engine.state_hash())

    thread = threading.Thread(target=hash_often)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    price = 1
    while thread.is_alive():
        with contextlib.suppress(RuntimeError):
            engine.modify_order(LAST, 5, price)
            price = 4 - price
    thread.join()
    sys.setswitchinterval(interval)
    assert seen <= legitimate
    engine.check()


class Engine(orderbook.MatchingEngine):
    """A subclass has a dictionary, and so can be part of a cycle."""


def test_the_book_outlives_an_engine_in_a_cycle():
    engine = Engine()
    engine.submit_limit(1, BID, 100, 5)
    engine.itself = engine
    address = id(engine)
    book = engine.order_book
    snapshot = book.snapshot()
    del engine
    gc.collect()
    others = [Engine(event_capacity=0)]
    while id(others[-1]) != address and len(others) < 2000:  # until one takes the memory that became free
        others.append(Engine(event_capacity=0))
    for other in others:
        other.submit_limit(2, ASK, 1, 1)
        other.submit_limit(3, ASK, 1, 1)
    assert book.snapshot() == snapshot
    book.check()
