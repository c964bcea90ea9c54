"""Threads and money: whoever enters an exchange, or any of its markets and books, during a batch is turned away."""

import threading

import pytest

import orderbook
from orderbook import Instrument

from ..engine.helpers import BID, LIMIT, cancel, lists, new, packed
from ..engine.test_threads import ATTEMPTS, refused_while_running
from .helpers import ALICE, credit, of

ROUNDS = 150_000
A, B = Instrument("A-X", "A", "X"), Instrument("B-X", "B", "X")

OF_A_MARKET = {
    "account_snapshot": lambda market: market.account_snapshot(ALICE),
    "open_orders": lambda market: market.open_orders(ALICE),
    "order_book": lambda market: market.order_book.best_bid(),
    "check": lambda market: market.check(),
    "state_hash": lambda market: market.state_hash(),
    "events": lambda market: market.events(market.last_sequence),
    "last_sequence": lambda market: market.last_sequence,
    # None of these changes a state by itself: they are refused, or find nothing to do.
    "submit": lambda market: market.submit(ALICE, 9, BID, LIMIT, 100, 0),
    "modify_order": lambda market: market.modify_order(ALICE, 10**9, 5),
    "cancel_order": lambda market: market.cancel_order(ALICE, 10**9),
    "cancel_all": lambda market: market.cancel_all(404),
    "credit_account": lambda market: market.credit_account(ALICE, 0, 0),
    "debit_account": lambda market: market.debit_account(ALICE, 0, 0),
    "process": lambda market: market.process(orderbook.as_commands(b"")),
    "reference_price": lambda market: setattr(market, "reference_price", None),
    "resume": lambda market: market.resume(),
}
OF_AN_EXCHANGE = {
    "balance": lambda exchange: exchange.balance(ALICE, "X"),
    "total": lambda exchange: exchange.total("X"),
    "credit": lambda exchange: exchange.credit(ALICE, "X", 0),
    "debit": lambda exchange: exchange.debit(ALICE, "X", 0),
    "process": lambda exchange: exchange.process(orderbook.as_commands(b"")),
    "check": lambda exchange: exchange.check(),
    "state_hash": lambda exchange: exchange.state_hash(),
    "dump_state": lambda exchange: exchange.dump_state(),
    "last_sequence": lambda exchange: exchange.last_sequence,
    "another market's submit": lambda exchange: exchange.submit("B-X", ALICE, 9, BID, LIMIT, 100, 0),
    "another market's accounts": lambda exchange: exchange.market("B-X").account_snapshot(ALICE),
    "another market's book": lambda exchange: exchange.market("B-X").order_book.snapshot(),
    "another market's batch": lambda exchange: exchange.market("B-X").process(orderbook.as_commands(b"")),
}


@pytest.fixture(scope="module")
def batch():
    """Return many commands for the first instrument that leave everything as it was: add, cancel."""
    rounds = (
        (of(ALICE, new(number, BID, LIMIT, number % 100, 5)), of(ALICE, cancel(number))) for number in range(ROUNDS)
    )
    return orderbook.as_commands(b"".join(packed(commands) for commands in rounds))


@pytest.mark.parametrize("call", OF_A_MARKET.values(), ids=OF_A_MARKET)
def test_a_second_thread_is_turned_away_from_a_market(batch, call):
    engine = orderbook.RiskEngine()
    engine.credit_account(ALICE, 0, 1000)
    before = engine.state_hash()
    assert any(refused_while_running(engine, batch, call) for _ in range(ATTEMPTS))
    assert engine.state_hash() == before
    engine.check()


@pytest.mark.parametrize("call", OF_AN_EXCHANGE.values(), ids=OF_AN_EXCHANGE)
def test_a_second_thread_is_turned_away_from_an_exchange(batch, call):
    """From the whole of it: its markets share a ledger."""
    exchange = orderbook.Exchange([A, B])
    exchange.credit(ALICE, "X", 1000)
    before = exchange.state_hash()
    assert any(refused_while_running(exchange, batch, call) for _ in range(ATTEMPTS))
    assert exchange.state_hash() == before
    exchange.check()


def test_exchanges_run_side_by_side(batch):
    """An exchange knows nothing of another one's batches."""
    exchanges = [orderbook.Exchange([A, B], event_capacity=0) for _ in range(4)]
    for exchange in exchanges:
        exchange.credit(ALICE, "X", 1000)
    threads = [threading.Thread(target=exchange.process, args=(batch,)) for exchange in exchanges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {exchange.last_sequence for exchange in exchanges} == {2 * ROUNDS}
    assert {exchange.balance(ALICE, "X").available for exchange in exchanges} == {1000}


def test_a_batch_that_fails_to_start_lets_others_in(batch):
    exchange = orderbook.Exchange([A, B])
    for engine in (exchange, exchange.market("A-X")):
        with pytest.raises(ValueError, match="command"):
            engine.process(b"x" * 48)
    assert lists(exchange.process(orderbook.as_commands(packed([credit(ALICE, 1, 1)]))))[0] == [0]
