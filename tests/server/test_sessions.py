"""Sessions: what came through one and still rests is canceled with it, and nothing else is."""

import random
from itertools import groupby

import pytest

from orderbook import BookRemoved, Exchange, RemoveReason
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_server.sequencer.sessions import Session

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, POST_ONLY, Command, Kind, cancel, modify, new
from ..money.flow import flow
from ..money.helpers import credit, of
from .stories import CANCELED, REQUESTED, Storyteller, exchange_of, process, send, send_all, sequencer_of, told

ACCOUNTS = range(1, 5)
RICH = [credit(account, 300, 3000, instrument=position) for account in ACCOUNTS for position in range(3)]


def funded(count=1, accounts=ACCOUNTS):
    """Return a sequencer in which these accounts have plenty of all assets."""
    sequencer = sequencer_of(count)
    for position in range(count):
        process(sequencer, [credit(account, 1000, 100_000, instrument=position) for account in accounts])
    return sequencer


def bid(account, order_id, quantity=1, price=5, **fields):
    """Return the record of a LIMIT bid."""
    return of(account, new(order_id, BID, LIMIT, price, quantity, **fields))


def resting(sequencer, account, symbol="X-Z"):
    """Return the ids of an account's resting orders."""
    return [order.id for order in sequencer.exchange.open_orders(symbol, account)]


def canceled_by(sequencer, session, accounts=ACCOUNTS):
    """End a session; return (instrument, order id) as it canceled, having checked events, executions and count."""
    event, execution = sequencer.exchange.last_sequence, sequencer.last_execution
    count = session.cancel_orders()
    events = sequencer.exchange.events(event)
    assert all(isinstance(it, BookRemoved) and it.reason is RemoveReason.CANCELED for it in events)
    told_of = sorted(
        (it for account in accounts for it in sequencer.executions(account, execution)), key=lambda it: it.sequence
    )
    assert all((it.kind, it.cancel_reason, it.open_quantity) == (CANCELED, REQUESTED, 0) for it in told_of)
    key = [(it.instrument, it.order_id, it.side, it.price, it.quantity) for it in told_of]
    assert key == [(it.instrument, it.order_id, it.side, it.price, it.quantity) for it in events]
    assert count == len(events)
    assert session.cancel_orders() == 0
    return [it[:2] for it in key]


def test_session_with_nothing():
    sequencer = funded()
    process(sequencer, [bid(1, 10)])
    assert canceled_by(sequencer, sequencer.open_session()) == []
    assert resting(sequencer, 1) == [10]


def test_what_came_through_it_is_canceled_and_what_did_not_is_not():
    sequencer = funded()
    first, second = sequencer.open_session(), sequencer.open_session()
    sequencer.submit(0, 1, 10, BID, LIMIT, 5, 3, first)
    sequencer.submit(0, 1, 11, BID, POST_ONLY, 5, 3, second)
    sequencer.submit(0, 1, 12, BID, LIMIT, 5, 3)
    sequencer.submit(0, 2, 13, BID, LIMIT, 5, 3, first)
    process(sequencer, [bid(1, 14), bid(3, 15)], first)
    process(sequencer, [bid(1, 16)])
    assert canceled_by(sequencer, first) == [(0, 10), (0, 14), (0, 13), (0, 15)]
    assert resting(sequencer, 1) == [11, 12, 16]
    assert canceled_by(sequencer, second) == [(0, 11)]


def test_ids_used_again_by_others_are_theirs():
    sequencer = funded()
    first, second = sequencer.open_session(), sequencer.open_session()
    process(sequencer, [bid(1, 10), bid(1, 11), bid(1, 12)], first)
    process(sequencer, [of(3, new(1, ASK, LIMIT, 5, 3))])  # fills them all
    process(sequencer, [bid(2, 10)], second)
    process(sequencer, [bid(1, 11)])
    process(sequencer, [bid(1, 12)], first)
    assert canceled_by(sequencer, first) == [(0, 12)]
    assert resting(sequencer, 1) == [11]
    assert canceled_by(sequencer, second) == [(0, 10)]


@pytest.mark.parametrize(
    "change", [modify(10, 2), modify(10, 9), modify(10, 3, 6), modify(10, 9, 5), modify(10, 4, 20)]
)
def test_changed_order_stays_with_its_first_session(change):
    """A change moves no order to the session that it came through, also where the order trades on its way."""
    sequencer = funded()
    first, second = sequencer.open_session(), sequencer.open_session()
    process(sequencer, [of(2, new(1, ASK, LIMIT, 20, 1))])
    process(sequencer, [bid(1, 10, 3)], first)
    assert process(sequencer, [of(1, change)], second)[0] == [0]
    assert send(sequencer, of(1, modify(10, 2)), second)[0] == 0
    assert canceled_by(sequencer, second) == []
    assert canceled_by(sequencer, first) == [(0, 10)]


def test_order_of_no_session_stays_nobodys():
    sequencer = funded()
    session = sequencer.open_session()
    process(sequencer, [bid(1, 10, 3)])
    process(sequencer, [of(1, modify(10, 3, 6)), of(1, modify(10, 9))], session)
    assert canceled_by(sequencer, session) == []


def test_orders_that_never_rested_leave_nothing():
    sequencer = funded()
    session = sequencer.open_session()
    process(sequencer, [of(2, new(1, ASK, LIMIT, 5, 4))])
    commands = [
        of(1, new(10, BID, IOC, 5, 1)),
        of(1, new(11, BID, FOK, 5, 1)),
        bid(1, 12),
        bid(404, 13),
        of(1, new(1, BID, LIMIT, 5, 1)),  # the id is taken, by an order that is not the session's
    ]
    assert process(sequencer, commands, session)[0] == [0, 0, 0, 6, 1]
    assert canceled_by(sequencer, session) == []
    assert resting(sequencer, 2) == [1]


def test_session_goes_on_after_a_cancel():
    sequencer = funded()
    session = sequencer.open_session()
    process(sequencer, [bid(1, 10)], session)
    assert canceled_by(sequencer, session) == [(0, 10)]
    process(sequencer, [bid(1, 10), bid(2, 11)], session)
    assert canceled_by(sequencer, session) == [(0, 10), (0, 11)]


def test_halted_orders_are_canceled_too():
    sequencer = funded()
    session = sequencer.open_session()
    process(sequencer, [bid(1, 10)], session)
    sequencer.exchange.halt("X-Z")
    assert canceled_by(sequencer, session) == [(0, 10)]


@pytest.mark.parametrize("count", [63, 64, 65, 130, 5000])
def test_many_accounts(count):
    """Each account's first order came through the session, its second through another, its third through none."""
    sequencer = sequencer_of()
    session, other = sequencer.open_session(), sequencer.open_session()
    accounts = range(1, count + 1)
    process(sequencer, [credit(account, 0, 100) for account in accounts])
    process(sequencer, [bid(account, account) for account in accounts], session)
    process(sequencer, [bid(account, 10_000 + account) for account in accounts], other)
    process(sequencer, [bid(account, 20_000 + account) for account in accounts])
    assert canceled_by(sequencer, session, accounts) == [(0, account) for account in accounts]
    assert sequencer.exchange.market("X-Z").order_book.total_orders() == 2 * count
    assert canceled_by(sequencer, other, accounts) == [(0, 10_000 + account) for account in accounts]


def test_session_that_meets_late_accounts_first():
    """Which accounts a session traded for is noted in any order, and also of accounts that come after it."""
    sequencer = sequencer_of()
    session = sequencer.open_session()
    accounts = [*range(6000)]
    random.Random(1).shuffle(accounts)
    traded = accounts[::100]
    process(sequencer, [credit(account, 0, 100) for account in range(6000)])
    for account in traded:
        process(sequencer, [bid(account, account)], session)
    assert sorted(canceled_by(sequencer, session, traded)) == [(0, account) for account in sorted(traded)]


@pytest.mark.parametrize("seed", range(6))
def test_sessions_in_long_flow(seed):
    """Several sessions over several instruments, one ending now and then; the model says what each has left.

    Orders are canceled account by account; within an account's market, in order of entry.
    """
    chance = random.Random(seed)
    sequencer, teller = Sequencer(Exchange(exchange_of(3))), Storyteller(exchange_of(3))
    process(sequencer, RICH)
    teller.run_all(RICH)
    sessions = [None, *(sequencer.open_session() for _ in range(4))]
    canceled = 0
    for round_of in range(60):
        commands = list(flow(100 * seed + round_of, 15, 3))
        session = chance.choice(sessions)
        run = chance.choice([process, send_all])
        assert run(sequencer, commands, session) == teller.run_all(commands, session)
        if round_of % 4 == 3:
            canceled += ended(sequencer, teller, chance.choice(sessions[1:]))
    assert canceled > 15
    for session in sessions[1:]:
        ended(sequencer, teller, session)
    for account in ACCOUNTS:
        assert [told(it) for it in sequencer.executions(account)] == teller.stories[account]
    assert sequencer.exchange.state_hash() == teller.exchange.state_hash()


def ended(sequencer, teller, session):
    """End a session; compare what it cancels with what the model has of it, and do the same there."""
    expected = {
        (position, order.account_id): [
            view.id
            for view in teller.exchange.open_orders(instrument.symbol, order.account_id)
            if teller.resting[position][view.id].session is session
        ]
        for position, instrument in enumerate(teller.instruments)
        for order in teller.resting[position].values()
        if order.session is session
    }
    owners = {
        (position, order_id): account for (position, account), order_ids in expected.items() for order_id in order_ids
    }
    found = canceled_by(sequencer, session)
    assert set(found) == set(owners)
    assert len(found) == len(owners)
    accounts = [account for account, _ in groupby(found, key=owners.get)]
    assert len(accounts) == len(set(accounts))
    for (position, account), order_ids in expected.items():
        assert [key[1] for key in found if key[0] == position and owners[key] == account] == order_ids
    for position, order_id in found:
        command = Command(Kind.CANCEL, instrument=position, account_id=owners[position, order_id], order_id=order_id)
        teller.run(command)
    return len(found)


def test_session_is_one_of_its_sequencers():
    """Numbers of sessions mean something in their own sequencer alone."""
    sequencer, other = funded(), funded()
    session, foreign = sequencer.open_session(), other.open_session()
    for call in (
        lambda: sequencer.submit(0, 1, 10, BID, LIMIT, 5, 1, foreign),
        lambda: sequencer.modify_order(0, 1, 10, 5, 1, foreign),
        lambda: process(sequencer, [bid(1, 10)], foreign),
    ):
        with pytest.raises(ValueError, match="another"):
            call()
    assert resting(sequencer, 1) == []
    assert session.cancel_orders() == foreign.cancel_orders() == 0


def test_sessions_are_opened_not_made():
    with pytest.raises(TypeError):
        Session()
    with pytest.raises(TypeError):
        Session(funded())
    with pytest.raises(TypeError):
        Session.__new__(Session)
    with pytest.raises(TypeError):
        funded().submit(0, 1, 10, BID, LIMIT, 5, 1, 7)


def test_session_outlives_what_else_knows_its_sequencer():
    session = funded().open_session()
    assert session.cancel_orders() == 0


def test_canceled_one_by_one_before_the_end():
    sequencer = funded()
    session = sequencer.open_session()
    process(sequencer, [bid(1, 10), bid(1, 11), bid(2, 12)], session)
    process(sequencer, [of(1, cancel(10)), Command(Kind.CANCEL_ALL, account_id=2)])
    assert canceled_by(sequencer, session) == [(0, 11)]


@pytest.mark.parametrize("traders", [[1], [63], [64], [65], [127, 128], [1, 64, 300], [200]])
def test_few_of_many_accounts(traders):
    """Those without orders of the session are passed over, many at a time."""
    accounts = range(1, 301)
    sequencer = funded(accounts=accounts)
    session = sequencer.open_session()
    process(sequencer, [bid(account, 1000 + account) for account in accounts])
    process(sequencer, [bid(account, account) for account in traders], session)
    assert canceled_by(sequencer, session, accounts) == [(0, account) for account in traders]
    assert sum(len(resting(sequencer, account)) for account in accounts) == 300
