"""The compiled engine and threads: a batch runs without the GIL, and whoever enters meanwhile is turned away."""

import contextlib
import threading

import numpy
import pytest

import orderbook

from .helpers import BID, LIMIT, Command, Kind, cancel, lists, modify, new, packed, process

COMMANDS_PER_BATCH = 600_000
ATTEMPTS = 50  # a machine under load may run the whole batch before it runs this thread again

READS = {
    "best_bid": lambda engine: engine.order_book.best_bid(),
    "best_ask": lambda engine: engine.order_book.best_ask(),
    "best_order": lambda engine: engine.order_book.best_order(BID),
    "order": lambda engine: engine.order_book.order(1),
    "contains": lambda engine: 1 in engine.order_book,
    "len": lambda engine: len(engine.order_book),
    "total_orders": lambda engine: engine.order_book.total_orders(),
    "total_quantity": lambda engine: engine.order_book.total_quantity(BID),
    "available_quantity": lambda engine: engine.order_book.available_quantity(BID),
    "market_order_cost": lambda engine: engine.order_book.market_order_cost(BID, 5),
    "level_total_quantity": lambda engine: engine.order_book.level_total_quantity(BID, 100),
    "level_orders": lambda engine: engine.order_book.level_orders(BID, 100),
    "depth": lambda engine: engine.order_book.depth(),
    "snapshot": lambda engine: engine.order_book.snapshot(),
    "book check": lambda engine: engine.order_book.check(),
    "book state_hash": lambda engine: engine.order_book.state_hash(),
    "memory_bytes": lambda engine: engine.order_book.memory_bytes(),
    "check": lambda engine: engine.check(),
    "state_hash": lambda engine: engine.state_hash(),
    "events": lambda engine: engine.events(engine.last_sequence),
    "last_sequence": lambda engine: engine.last_sequence,
    "oldest_sequence": lambda engine: engine.oldest_sequence,
}
# None of these changes a state by itself: they are refused, or find nothing to do.
COMMANDS = {
    "submit": lambda engine: engine.submit(9, BID, LIMIT, 100, 0),
    "submit_market": lambda engine: engine.submit_market(9, BID, 0),
    "modify_order": lambda engine: engine.modify_order(10**9, 5),
    "cancel_order": lambda engine: engine.cancel_order(10**9),
    "process": lambda engine: engine.process(orderbook.as_commands(b"")),
    "add_order": lambda engine: engine.order_book.add_order(10**9, BID, 100, 0),
    "cancel": lambda engine: engine.order_book.cancel(10**9),
    "update_order_quantity": lambda engine: engine.order_book.update_order_quantity(10**9, 5),
}


@pytest.fixture(scope="module")
def batch():
    """Return many commands that leave the book as it was: add, enlarge, cancel."""
    rounds = (
        (new(order_id, BID, LIMIT, order_id % 100, 5), modify(order_id, 6), cancel(order_id))
        for order_id in range(COMMANDS_PER_BATCH // 3)
    )
    return orderbook.as_commands(b"".join(packed(commands) for commands in rounds))


def refused_while_running(engine, batch, call):
    """Run the batch in a thread, call until it has ended, and tell whether one of the calls was turned away."""

    def insist():
        """Run the batch, if need be after a call of the other thread that came in first."""
        while True:
            with contextlib.suppress(RuntimeError):
                return engine.process(batch)

    refused = False
    thread = threading.Thread(target=insist)
    thread.start()
    while thread.is_alive():
        try:
            call(engine)
        except RuntimeError:
            refused = True
        except orderbook.OrderBookError:
            pass  # it came in before or after the batch, and was answered
    thread.join()
    return refused


@pytest.mark.parametrize("call", [*READS.values(), *COMMANDS.values()], ids=[*READS, *COMMANDS])
def test_a_second_thread_is_turned_away(batch, call):
    """That it was, while the batch ran, also shows that the batch had let go of the GIL."""
    engine = orderbook.MatchingEngine()
    engine.submit_limit(10**9 + 1, BID, 100, 5)
    before = engine.state_hash()
    assert any(refused_while_running(engine, batch, call) for _ in range(ATTEMPTS))
    assert engine.state_hash() == before
    engine.check()


def test_two_batches_at_once(batch):
    """One of them runs, the other is refused whole; which one is left to chance, the outcome is not."""
    engine = orderbook.MatchingEngine(event_capacity=0)
    barrier = threading.Barrier(4)
    outcomes = []

    def run():
        barrier.wait()
        for _ in range(5):
            try:
                outcomes.append(max(lists(engine.process(batch))[0]))
            except RuntimeError:
                outcomes.append("refused")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = outcomes.count(0)
    assert accepted + outcomes.count("refused") == 20
    assert accepted >= 1
    assert engine.last_sequence == accepted * COMMANDS_PER_BATCH
    assert len(engine.order_book) == 0
    engine.check()


def test_two_engines_run_side_by_side(batch):
    """An engine knows nothing of another one's batches."""
    engines = [orderbook.MatchingEngine(event_capacity=0) for _ in range(4)]
    threads = [threading.Thread(target=engine.process, args=(batch,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {engine.last_sequence for engine in engines} == {COMMANDS_PER_BATCH}
    assert {engine.state_hash() for engine in engines} == {orderbook.MatchingEngine().state_hash()}


def test_a_batch_that_fails_to_start_lets_others_in(batch):
    engine = orderbook.MatchingEngine()
    with pytest.raises(ValueError, match="command"):
        engine.process(b"x" * 48)
    status, _, _ = process(engine, [Command(Kind.CREDIT), new(1, BID, LIMIT, 1, 1)])
    assert status == [11, 0]


def test_commands_that_change_while_they_run():
    """Which id a command gets is left to chance then; that the book stays whole is not."""
    engine = orderbook.MatchingEngine(event_capacity=0)
    commands = numpy.zeros(200_000, dtype=orderbook.COMMAND_DTYPE)
    commands["kind"], commands["side"], commands["order_type"], commands["flags"] = Kind.NEW, BID, LIMIT, 1
    commands["quantity"] = 1
    ids = numpy.arange(len(commands), dtype="u8")
    over = threading.Event()

    def scribble():
        lap = 0
        while not over.is_set():
            lap += 1
            numpy.add(ids, lap << 32, out=commands["order_id"])

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(10):
            engine.process(commands)
            engine.check()
    finally:
        over.set()
        thread.join()
