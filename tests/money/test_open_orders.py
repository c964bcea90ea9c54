"""Open orders of an account, in the order in which they came to rest, and cancelling all of them."""

import random

import pytest

from orderbook import BookRemoved, OrderView, RemoveReason, Side, UnknownAccount

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, process
from ..engine.helpers import cancel as cancel_record
from .helpers import ALICE, BOB, CAROL, STRANGER, available, funded, limit, of, refused


def ids(engine, account):
    """Return the ids of an account's open orders, in the order of entry."""
    return [order.id for order in engine.open_orders(account)]


@pytest.fixture
def several(engine):
    """Return an engine in which ALICE has bids 3 and 1 and ask 2, entered in this order, and BOB bid 4."""
    limit(engine, ALICE, 3, BID, 100, 5)
    limit(engine, BOB, 4, BID, 100, 5)
    limit(engine, ALICE, 1, BID, 99, 6)
    limit(engine, ALICE, 2, ASK, 110, 7)
    return engine


def test_open_orders_are_views_in_the_order_of_entry(several):
    expected = (OrderView(3, BID, 100, 5), OrderView(1, BID, 99, 6), OrderView(2, ASK, 110, 7))
    assert several.open_orders(ALICE) == expected
    assert several.open_orders(BOB) == (OrderView(4, BID, 100, 5),)
    assert several.open_orders(CAROL) == several.open_orders(STRANGER) == ()


def test_a_partial_fill_keeps_the_place(several):
    several.submit(BOB, 9, ASK, IOC, 100, 2)
    assert several.open_orders(ALICE)[0] == OrderView(3, BID, 100, 3)
    several.submit(BOB, 9, ASK, IOC, 100, 3)
    assert ids(several, ALICE) == [1, 2]


@pytest.mark.parametrize("quantity", [1, 5, 50])
@pytest.mark.parametrize("price", [None, 100])
def test_a_modify_at_the_same_price_keeps_the_place(several, quantity, price):
    """Also a larger quantity, which loses its place in the level."""
    several.modify_order(ALICE, 3, quantity, price)
    assert several.open_orders(ALICE)[0] == OrderView(3, BID, 100, quantity)
    assert ids(several, ALICE) == [3, 1, 2]


@pytest.mark.parametrize("price", [98, 99, 101])
def test_a_new_price_is_a_new_entry(several, price):
    several.modify_order(ALICE, 3, 5, price)
    assert ids(several, ALICE) == [1, 2, 3]
    several.modify_order(ALICE, 3, 5, 100)
    assert ids(several, ALICE) == [1, 2, 3]
    several.modify_order(ALICE, 2, 5, 120)
    assert ids(several, ALICE) == [1, 3, 2]


def test_a_new_price_that_trades_is_a_new_entry_if_it_rests(several):
    limit(several, BOB, 5, ASK, 105, 2)
    assert len(several.modify_order(ALICE, 3, 5, 106).fills) == 1
    assert several.open_orders(ALICE)[-1] == OrderView(3, BID, 106, 3)
    limit(several, BOB, 6, ASK, 107, 3)
    assert several.modify_order(ALICE, 3, 3, 107).resting is None
    assert ids(several, ALICE) == [1, 2]


def test_an_order_that_rests_after_trading_is_entered_then(several):
    limit(several, ALICE, 5, ASK, 99, 30)  # trades with both of its own bids, and BOB's
    assert several.open_orders(ALICE) == (OrderView(2, ASK, 110, 7), OrderView(5, ASK, 99, 14))


@pytest.mark.parametrize("order_type", [MARKET, IOC, FOK])
def test_what_never_rests_is_never_open(several, order_type):
    several.submit(ALICE, 9, BID, order_type, 105, 3)
    assert ids(several, ALICE) == [3, 1, 2]


def test_an_id_used_again_is_a_new_entry(several):
    several.cancel_order(ALICE, 3)
    several.submit(ALICE, 3, BID, POST_ONLY, 100, 1)
    assert ids(several, ALICE) == [1, 2, 3]


def test_an_id_may_pass_to_another_account(several):
    several.cancel_order(ALICE, 3)
    limit(several, BOB, 3, BID, 100, 1)
    assert ids(several, ALICE) == [1, 2]
    assert ids(several, BOB) == [4, 3]


def test_cancel_all_in_the_order_of_entry(several):
    several.modify_order(ALICE, 1, 60)
    several.modify_order(ALICE, 3, 5, 101)
    last = several.last_sequence
    assert several.cancel_all(ALICE) == 3
    assert several.events(last) == [
        BookRemoved(last + 1, 0, 1, BID, 99, 60, RemoveReason.CANCELED),
        BookRemoved(last + 2, 0, 2, ASK, 110, 7, RemoveReason.CANCELED),
        BookRemoved(last + 3, 0, 3, BID, 101, 5, RemoveReason.CANCELED),
    ]
    assert several.open_orders(ALICE) == ()
    assert available(several, ALICE) == available(several, CAROL)
    assert ids(several, BOB) == [4]
    several.check()


def test_cancel_all_of_nothing(several):
    last = several.last_sequence
    assert several.cancel_all(CAROL) == 0
    assert several.last_sequence == last
    with refused(several, UnknownAccount):
        several.cancel_all(STRANGER)


def test_the_hash_covers_the_order_of_entry(api):
    """Two engines that differ in nothing else."""
    hashes = set()
    for order in [(1, 2), (2, 1)]:
        engine = funded(api)
        for order_id in order:
            limit(engine, ALICE, order_id, BID, 100 + order_id, 1)
        hashes.add(engine.state_hash())
    assert len(hashes) == 2


def test_the_hash_covers_whose_order_it_is(api):
    hashes = set()
    for owner, other in [(ALICE, BOB), (BOB, ALICE)]:
        engine = funded(api)
        limit(engine, owner, 1, BID, 100, 1)
        limit(engine, other, 2, BID, 100, 1)
        hashes.add(engine.state_hash())
    assert len(hashes) == 2


def test_many_orders_of_many_accounts(api):
    """Entered, cancelled, filled and repriced at random, against lists kept by the test."""
    chance = random.Random(11)
    engine = api.RiskEngine()
    accounts = range(20)
    entered = {account: [] for account in accounts}
    for account in accounts:
        engine.credit_account(account, 10**9, 10**12)
    for order_id in range(3000):
        account, side = chance.choice(accounts), chance.choice(list(Side))
        price = chance.randrange(50, 100) if side is BID else chance.randrange(101, 150)
        limit(engine, account, order_id, side, price, chance.randrange(1, 9))
        entered[account].append(order_id)
    assert {account: ids(engine, account) for account in accounts} == entered
    for account in accounts:
        for order_id in chance.sample(entered[account], 50):
            order = engine.order_book.order(order_id)
            what = chance.choice(["cancel", "smaller", "larger", "reprice"])
            if what == "cancel":
                engine.cancel_order(account, order_id)
                entered[account].remove(order_id)
            elif what == "reprice":
                engine.modify_order(account, order_id, 3, order.price - 50 if order.side is BID else order.price + 50)
                entered[account].remove(order_id)
                entered[account].append(order_id)
            else:
                engine.modify_order(account, order_id, 1 if what == "smaller" else 10)
    for fill in engine.submit(0, 9999, ASK, IOC, 90, 1000).fills:
        if fill.maker_id not in engine.order_book:
            next(owned for owned in entered.values() if fill.maker_id in owned).remove(fill.maker_id)
    assert {account: ids(engine, account) for account in accounts} == entered
    engine.check()
    for account in accounts:
        last = engine.last_sequence
        assert engine.cancel_all(account) == len(entered[account])
        assert [event.order_id for event in engine.events(last)] == entered[account]
    assert len(engine.order_book) == 0
    engine.check()


def test_cancelled_in_a_batch(several):
    """A record's cancel leaves the list of the account like a call's."""
    assert process(several, [of(ALICE, cancel_record(1)), of(BOB, cancel_record(2))])[0] == [0, 9]
    assert ids(several, ALICE) == [3, 2]


def test_each_type_that_rests_is_entered(engine):
    for order_id, order_type in [(1, POST_ONLY), (2, LIMIT), (3, POST_ONLY)]:
        engine.submit(ALICE, order_id, BID, order_type, 100, 1)
    assert ids(engine, ALICE) == [1, 2, 3]
