"""A halted instrument: what it refuses, and what goes on."""

import pytest

from orderbook import (
    AccountMismatch,
    Halted,
    Instrument,
    InvalidQuantity,
    OrderType,
    RejectReason,
    Side,
    UnknownAccount,
    UnknownOrder,
)

from ..engine.helpers import ASK, BID, LIMIT, cancel, modify, new, process
from .helpers import ALICE, BOB, CAROL, STRANGER, available, credit, limit, of, refused


@pytest.fixture
def halted(engine):
    """Return a halted engine with a bid of 5 at 100 and an ask of 5 at 110, both of ALICE."""
    limit(engine, ALICE, 1, BID, 100, 5)
    limit(engine, ALICE, 2, ASK, 110, 5)
    engine.halt()
    return engine


def test_it_tells(engine):
    assert engine.halted is False
    engine.halt()
    assert engine.halted is True
    engine.halt()
    assert engine.halted is True
    engine.resume()
    assert engine.halted is False
    engine.resume()
    assert engine.halted is False
    with pytest.raises(AttributeError):
        engine.halted = True


def test_halting_is_no_state_and_no_event(engine):
    limit(engine, ALICE, 1, BID, 100, 5)
    state, last = engine.state_hash(), engine.last_sequence
    engine.halt()
    assert (engine.state_hash(), engine.last_sequence) == (state, last)
    engine.resume()
    assert (engine.state_hash(), engine.last_sequence) == (state, last)


@pytest.mark.parametrize("order_type", list(OrderType))
@pytest.mark.parametrize("side", list(Side))
def test_new_orders_are_refused(halted, order_type, side):
    for price, quantity in [(100, 1), (110, 5), (90, 0)]:
        with refused(halted, Halted):
            halted.submit(BOB, 3, side, order_type, price, quantity)
    with refused(halted, Halted):
        halted.submit(BOB, 1, side, order_type, 100, 1)  # halted is seen before the duplicate
    with refused(halted, UnknownAccount):
        halted.submit(STRANGER, 3, side, order_type, 100, 1)
    halted.resume()
    halted.submit(BOB, 3, side, order_type, 105, 1)


@pytest.mark.parametrize(("quantity", "price"), [(6, None), (6, 100), (5, 99), (5, 101), (1, 99), (0, 99), (6, 110)])
def test_new_prices_and_larger_quantities_are_refused(halted, quantity, price):
    with refused(halted, Halted):
        halted.modify_order(ALICE, 1, quantity, price)
    with refused(halted, AccountMismatch):
        halted.modify_order(BOB, 1, quantity, price)
    with refused(halted, UnknownOrder):
        halted.modify_order(ALICE, 3, quantity, price)


@pytest.mark.parametrize("price", [None, 100])
@pytest.mark.parametrize("quantity", [5, 4, 1])
def test_the_same_or_less_goes_on(halted, quantity, price):
    assert halted.modify_order(ALICE, 1, quantity, price).resting.quantity == quantity
    assert available(halted, ALICE) == (1000 - 5, 1_000_000 - 100 * quantity)


def test_nothing_at_all_is_still_no_quantity(halted):
    with refused(halted, InvalidQuantity, RejectReason.INVALID_QUANTITY):
        halted.modify_order(ALICE, 1, 0)


def test_cancels_credits_and_debits_go_on(halted):
    assert halted.cancel_order(ALICE, 1) == 5
    halted.credit_account(CAROL, 1, 1)
    halted.debit_account(CAROL, 1, 1)
    assert halted.cancel_all(ALICE) == 1
    assert len(halted.order_book) == 0


def test_batches(halted):
    commands = [
        of(BOB, new(3, BID, LIMIT, 100, 1)),
        of(ALICE, modify(1, 6)),
        of(ALICE, modify(1, 5, 99)),
        of(ALICE, modify(1, 4)),
        credit(CAROL, 1, 1),
        of(ALICE, cancel(1)),
    ]
    assert process(halted, commands)[:2] == ([17, 17, 17, 0, 0, 0], [0, 0, 0, 0, 0, 4])
    halted.resume()
    assert process(halted, commands[:1])[0] == [0]


def test_one_instrument_of_several(api):
    exchange = api.Exchange([Instrument("A-X", "A", "X"), Instrument("B-X", "B", "X")])
    exchange.credit(ALICE, "X", 1000)
    exchange.halt("B-X")
    assert [exchange.market(symbol).halted for symbol in ("A-X", "B-X")] == [False, True]
    assert exchange.submit("A-X", ALICE, 1, BID, LIMIT, 1, 1).resting
    with pytest.raises(Halted):
        exchange.submit("B-X", ALICE, 1, BID, LIMIT, 1, 1)
    exchange.resume("B-X")
    assert exchange.submit("B-X", ALICE, 1, BID, LIMIT, 1, 1).resting
    exchange.market("A-X").halt()
    with pytest.raises(Halted):
        exchange.modify_order("A-X", ALICE, 1, 1, 2)
