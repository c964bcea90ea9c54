"""Every account is told its own story: the compiled executions against those worked out from the oracle."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook import Exchange, OrderType, SelfTradePrevention, SequenceGone
from orderbook_server.sequencer.executions import Execution
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, TOP, Command, Kind, cancel, modify, new
from ..money.flow import flow
from ..money.helpers import ACCOUNTS, STRANGER, credit, of
from ..money.strategies import batches, configurations
from .stories import (
    ACCEPTED,
    CANCELED,
    FILLED,
    REFUSED,
    REQUESTED,
    SELF_TRADE,
    UNFILLED,
    Storyteller,
    Told,
    exchange_of,
    process,
    send_all,
    sequencer_of,
    story,
    told,
)

EVERYBODY = (1, 2, 3, 4, 5, *ACCOUNTS)
RICH = [credit(account, 300, 3000, instrument=position) for account in range(1, 5) for position in range(3)]


def open_at_the_end(executions: list[Execution]) -> dict[tuple[int, int], int]:
    """Follow an account's orders through its executions alone; return the open lots of those that are left.

    Assert that each execution's `open_quantity` is what the ones before it leave: what was accepted is what was filled,
    canceled and is open.
    """
    lots: dict[tuple[int, int], int] = {}
    for execution in executions:
        key = execution.instrument, execution.order_id
        if execution.kind == ACCEPTED:
            assert (key in lots) == (execution.command == Kind.MODIFY)
            lots[key] = execution.quantity
        elif execution.kind != REFUSED:
            lots[key] -= execution.quantity
            assert execution.quantity > 0
            assert lots[key] == execution.open_quantity
            if lots[key] == 0:
                del lots[key]
    return lots


def assert_agree(sequencer: Sequencer, teller: Storyteller) -> None:
    """Compare all that accounts were told, the numbers of it, the counts, and the exchanges."""
    numbers = []
    for account in sorted({*EVERYBODY, *teller.stories}):
        executions = sequencer.executions(account)
        assert [told(execution) for execution in executions] == teller.stories[account]
        own = [execution.sequence for execution in executions]
        assert own == sorted(set(own))
        numbers += own
        resting = {
            (position, order.id): order.quantity
            for position, instrument in enumerate(teller.instruments)
            for order in sequencer.exchange.open_orders(instrument.symbol, account)
        }
        assert open_at_the_end(executions) == resting
    assert sorted(numbers) == list(range(1, sequencer.last_execution + 1))
    for tally, counts, refusals in zip(sequencer.tallies(), teller.counts, teller.refusals, strict=True):
        assert tally.refused == dict(+refusals)
        assert tally.accepted == counts["accepted"]
        assert (tally.trades, tally.volume) == (counts["Trade"], counts["volume"])
        assert (tally.added, tally.updated, tally.removed) == tuple(
            counts[name] for name in ("BookAdded", "BookUpdated", "BookRemoved")
        )
    assert sequencer.exchange.state_hash() == teller.exchange.state_hash()


def many(count: int) -> st.SearchStrategy[list[Command]]:
    """Return a strategy of flow of which only seed and length are drawn, so that books fill up."""
    return st.builds(lambda seed, size: list(flow(seed, size, count)), st.integers(0, 2**32 - 1), st.integers(1, 80))


steps = st.tuples(st.sampled_from(["batch", "batch", "one by one", "one by one", "halt", "resume"]), st.integers(0, 2))


@given(configurations(), st.data())
def test_accounts_are_told_what_the_oracle_says(instruments, data):
    """Hypothesis draws the limits, the halts and every command."""
    sequencer, teller = Sequencer(Exchange(instruments)), Storyteller(instruments)
    rich = [command for command in RICH if command.instrument < len(instruments)]
    assert process(sequencer, rich) == teller.run_all(rich)
    for way, position in data.draw(st.lists(steps, min_size=1, max_size=5)):
        if way in ("halt", "resume"):
            symbol = instruments[position % len(instruments)].symbol
            for exchange in (sequencer.exchange, teller.exchange):
                getattr(exchange, way)(symbol)
            continue
        commands = data.draw(st.one_of(batches(len(instruments), max_size=16), many(len(instruments))))
        run = process if way == "batch" else send_all
        assert run(sequencer, commands) == teller.run_all(commands)
    assert_agree(sequencer, teller)


@pytest.mark.parametrize("seed", range(8))
def test_long_stories(seed):
    """Long flow over full books; half of the seeds in batches, each mode of prevention as the instruments' own."""
    instruments = exchange_of(3, self_trade_prevention=SelfTradePrevention(1 + seed // 2))
    sequencer, teller = Sequencer(Exchange(instruments)), Storyteller(instruments)
    commands = RICH + list(flow(seed, 1500, 3))
    run = process if seed % 2 else send_all
    for start in range(0, len(commands), 50):
        batch = commands[start : start + 50]
        assert run(sequencer, batch) == teller.run_all(batch)
    assert_agree(sequencer, teller)


def test_flow_tells_every_kind_of_execution():
    """The comparison above would be worth little if its flow left something out."""
    teller = Storyteller(exchange_of(3))
    teller.run_all(RICH + list(flow(1, 3000, 3)))
    seen = defaultdict(int)
    for executions in teller.stories.values():
        for it in executions:
            seen[it.kind, it.command, it.maker, it.cancel_reason, it.kind == CANCELED and it.open_quantity > 0] += 1
    expected = {
        *((ACCEPTED, command, False, 0, False) for command in (Kind.NEW, Kind.MODIFY)),
        *((FILLED, 0, maker, 0, False) for maker in (True, False)),
        *((CANCELED, 0, False, reason, False) for reason in (REQUESTED, SELF_TRADE, UNFILLED)),
        (CANCELED, 0, False, SELF_TRADE, True),
        *((REFUSED, command, False, 0, False) for command in (Kind.NEW, Kind.CANCEL, Kind.MODIFY)),
    }
    assert {key for key, count in seen.items() if count >= 5} >= expected


# Stories told by hand, word for word as the contract says them.


def two_accounts(**settings):
    """Return a sequencer in which accounts 1 and 2 have plenty."""
    sequencer = Sequencer(Exchange(exchange_of(1, **settings)))
    for account in (1, 2):
        sequencer.credit_account(0, account, 1000, 1_000_000)
    return sequencer


def test_maker_and_taker_of_a_trade():
    sequencer = two_accounts()
    sequencer.submit(0, 1, 10, ASK, LIMIT, 100, 5)
    sequencer.submit(0, 2, 20, BID, IOC, 101, 8)
    assert story(sequencer, 1) == [
        Told(ACCEPTED, 0, 10, Kind.NEW, ASK, LIMIT, 100, 5),
        Told(FILLED, 0, 10, side=ASK, price=100, quantity=5, counter_order_id=20, maker=True),
    ]
    assert story(sequencer, 2) == [
        Told(ACCEPTED, 0, 20, Kind.NEW, BID, IOC, 101, 8),
        Told(FILLED, 0, 20, side=BID, price=100, quantity=5, open_quantity=3, counter_order_id=10),
        Told(CANCELED, 0, 20, side=BID, price=101, quantity=3, cancel_reason=UNFILLED),
    ]


def test_trade_of_an_account_with_itself_has_two_events_the_makers_first():
    sequencer = two_accounts()
    sequencer.submit(0, 1, 10, ASK, LIMIT, 100, 5)
    sequencer.submit(0, 1, 11, BID, LIMIT, 100, 2)
    assert story(sequencer, 1)[-2:] == [
        Told(FILLED, 0, 10, 0, ASK, 0, 100, 2, open_quantity=3, counter_order_id=11, maker=True),
        Told(FILLED, 0, 11, 0, BID, 0, 100, 2, open_quantity=0, counter_order_id=10),
    ]


def test_market_order_has_no_price_whatever_came_with_it():
    sequencer = two_accounts()
    sequencer.submit(0, 1, 10, BID, MARKET, 77, 4)
    assert story(sequencer, 1) == [
        Told(ACCEPTED, 0, 10, Kind.NEW, BID, MARKET, None, 4),
        Told(CANCELED, 0, 10, side=BID, price=None, quantity=4, cancel_reason=UNFILLED),
    ]


def test_killed_fill_or_kill_is_accepted_and_canceled_whole():
    sequencer = two_accounts()
    sequencer.submit(0, 2, 20, ASK, LIMIT, 100, 3)
    sequencer.submit(0, 1, 10, BID, FOK, 100, 4)
    assert story(sequencer, 1) == [
        Told(ACCEPTED, 0, 10, Kind.NEW, BID, FOK, 100, 4),
        Told(CANCELED, 0, 10, side=BID, price=100, quantity=4, cancel_reason=UNFILLED),
    ]
    tally = sequencer.tallies()[0]
    assert (tally.accepted, tally.refused) == (1, {"insufficient_liquidity": 1})


def test_change_of_a_price_is_told_as_one_acceptance():
    """The cancel that the public feed shows is none for the account; a post-only order's change reads LIMIT too."""
    sequencer = two_accounts()
    sequencer.submit(0, 1, 10, BID, POST_ONLY, 90, 4)
    sequencer.modify_order(0, 1, 10, 6, 95)
    sequencer.modify_order(0, 1, 10, 2)
    assert story(sequencer, 1)[1:] == [
        Told(ACCEPTED, 0, 10, Kind.MODIFY, BID, LIMIT, 95, 6),
        Told(ACCEPTED, 0, 10, Kind.MODIFY, BID, LIMIT, 95, 2),
    ]


def test_change_of_a_price_that_trades():
    sequencer = two_accounts()
    sequencer.submit(0, 2, 20, ASK, LIMIT, 100, 3)
    sequencer.submit(0, 1, 10, BID, LIMIT, 90, 4)
    sequencer.modify_order(0, 1, 10, 5, 100)
    assert story(sequencer, 1)[1:] == [
        Told(ACCEPTED, 0, 10, Kind.MODIFY, BID, LIMIT, 100, 5),
        Told(FILLED, 0, 10, side=BID, price=100, quantity=3, open_quantity=2, counter_order_id=20),
    ]


PREVENTED = {
    SelfTradePrevention.CANCEL_NEWEST: [(11, BID, 4, 0)],
    SelfTradePrevention.CANCEL_OLDEST: [(10, ASK, 3, 0)],
    SelfTradePrevention.CANCEL_BOTH: [(10, ASK, 3, 0), (11, BID, 4, 0)],
    SelfTradePrevention.DECREMENT: [(10, ASK, 3, 0), (11, BID, 3, 1)],
}


@pytest.mark.parametrize("mode", PREVENTED)
def test_what_prevention_takes_off_stands_between_the_fills(mode):
    """The account meets another's order, its own, and another's again; the last one only if it comes that far."""
    sequencer = two_accounts(self_trade_prevention=mode)
    for account, order_id, price, lots in ((2, 20, 99, 2), (1, 10, 100, 3), (2, 21, 101, 1)):
        sequencer.submit(0, account, order_id, ASK, LIMIT, price, lots)
    sequencer.submit(0, 1, 11, BID, OrderType.IOC, 101, 6)
    told_of = story(sequencer, 1)[2:]
    assert told_of[0] == Told(FILLED, 0, 11, 0, BID, 0, 99, 2, open_quantity=4, counter_order_id=20)
    prices = {10: 100, 11: 101}
    prevented = [
        Told(CANCELED, 0, order_id, 0, side, 0, prices[order_id], lots, left, cancel_reason=SELF_TRADE)
        for order_id, side, lots, left in PREVENTED[mode]
    ]
    assert told_of[1 : 1 + len(prevented)] == prevented
    rest = [(it.kind, it.order_id, it.quantity, it.cancel_reason) for it in told_of[1 + len(prevented) :]]
    goes_on = {
        SelfTradePrevention.CANCEL_OLDEST: [(FILLED, 11, 1, 0), (CANCELED, 11, 3, UNFILLED)],
        SelfTradePrevention.DECREMENT: [(FILLED, 11, 1, 0)],
    }
    assert rest == goes_on.get(mode, [])


def test_decremented_maker_keeps_what_is_open():
    sequencer = two_accounts(self_trade_prevention=SelfTradePrevention.DECREMENT)
    sequencer.submit(0, 1, 10, ASK, LIMIT, 100, 7)
    sequencer.submit(0, 1, 11, BID, LIMIT, 100, 3)
    assert story(sequencer, 1)[2:] == [
        Told(CANCELED, 0, 10, 0, ASK, 0, 100, 3, open_quantity=4, cancel_reason=SELF_TRADE),
        Told(CANCELED, 0, 11, 0, BID, 0, 100, 3, open_quantity=0, cancel_reason=SELF_TRADE),
    ]


def test_change_after_a_prevented_trade_tells_nothing_of_it():
    sequencer = two_accounts(self_trade_prevention=SelfTradePrevention.DECREMENT)
    sequencer.submit(0, 1, 10, ASK, LIMIT, 100, 7)
    sequencer.submit(0, 1, 11, BID, LIMIT, 100, 3)
    before = sequencer.last_execution
    sequencer.modify_order(0, 1, 10, 2)
    assert [told(it) for it in sequencer.executions(1, before)] == [
        Told(ACCEPTED, 0, 10, Kind.MODIFY, ASK, LIMIT, 100, 2)
    ]


def test_cancels_are_told_in_order_of_entry():
    sequencer = two_accounts()
    for order_id in (12, 10, 11):
        sequencer.submit(0, 1, order_id, BID, LIMIT, 50 + order_id, 3)
    assert sequencer.cancel_order(0, 1, 10) == 3
    assert sequencer.cancel_all(0, 1) == 2
    assert story(sequencer, 1)[3:] == [
        Told(CANCELED, 0, order_id, side=BID, price=50 + order_id, quantity=3, cancel_reason=REQUESTED)
        for order_id in (10, 12, 11)
    ]


def test_the_newest_of_an_account():
    sequencer = two_accounts()
    assert [sequencer.newest_execution(account) for account in (1, 2, 3)] == [0, 0, 0]
    sequencer.submit(0, 1, 10, ASK, LIMIT, 90, 4)
    assert [sequencer.newest_execution(account) for account in (1, 2, 3)] == [1, 0, 0]
    sequencer.submit(0, 2, 11, BID, LIMIT, 90, 1)
    for account in (1, 2):
        assert sequencer.newest_execution(account) == sequencer.executions(account)[-1].sequence


def test_refusals_are_told_to_who_asked_and_exists():
    """A credit is not an event of accounts, and an account that was never credited is told nothing."""
    sequencer = two_accounts()
    sequencer.submit(0, 1, 10, BID, LIMIT, 90, 4)
    after = sequencer.last_execution
    commands = [
        of(2, cancel(10)),  # somebody else's
        of(2, modify(99, 5)),
        of(2, new(10, ASK, LIMIT, 95, 1)),  # the id is taken
        of(2, new(11, BID, LIMIT, TOP, TOP)),
        of(STRANGER, new(12, BID, LIMIT, 1, 1)),
        of(STRANGER, cancel(10)),
        of(STRANGER, Command(Kind.CANCEL_ALL)),
        credit(2, TOP, TOP),
        of(2, new(13, 9, LIMIT, 1, 1)),  # no side
        Command(Kind.CANCEL_ALL, account_id=2, order_id=7, flags=255),
        Command(0, account_id=2, order_id=14),  # nothing that has a name was asked for
        Command(255, account_id=2, order_id=15),
        of(2, new(16, BID, LIMIT, 1, 1, instrument=9)),  # and nowhere
    ]
    assert process(sequencer, commands)[0] == [9, 2, 1, 10, 6, 9, 6, 10, 11, 11, 11, 11, 11]
    assert [told(it) for it in sequencer.executions(2, after)] == [
        Told(REFUSED, 0, 10, command=Kind.CANCEL, refusal=9),
        Told(REFUSED, 0, 99, command=Kind.MODIFY, refusal=2),
        Told(REFUSED, 0, 10, command=Kind.NEW, refusal=1),
        Told(REFUSED, 0, 11, command=Kind.NEW, refusal=10),
        Told(REFUSED, 0, 13, command=Kind.NEW, refusal=11),
        Told(REFUSED, 0, 0, command=Kind.CANCEL_ALL, refusal=11),
    ]
    assert sequencer.executions(STRANGER) == []
    assert sequencer.executions(1, after) == []
    refused = {"duplicate_order": 1, "numeric_overflow": 1, "unknown_account": 1, "invalid_command": 1}
    assert sequencer.tallies()[0].refused == refused


def test_executions_cannot_be_made_by_hand():
    with pytest.raises(TypeError):
        Execution()


# Coming back


def replayed(capacity: int, commands: list[Command]) -> Sequencer:
    """Return a sequencer that holds so many executions and has run the commands."""
    sequencer = sequencer_of(3, execution_capacity=capacity)
    process(sequencer, commands)
    return sequencer


def numbered(executions: list[Execution]) -> list[tuple[int, Told]]:
    """Return executions with their numbers, without their times."""
    return [(execution.sequence, told(execution)) for execution in executions]


COMMANDS = [*RICH, credit(6, 1, 1), *flow(5, 300, 3)]  # account 6 does nothing
WHO = (1, 2, 3, 4, 6, STRANGER)


def test_stories_go_on_from_every_number():
    sequencer = replayed(1 << 20, COMMANDS)
    last = sequencer.last_execution
    assert last > 300
    for account in WHO:
        whole = numbered(sequencer.executions(account))
        assert bool(whole) == (account <= 4)
        for after in range(last + 1):
            tail = [it for it in whole if it[0] > after]
            assert numbered(sequencer.executions(account, after)) == tail
            for limit in (0, 1, 3):
                assert numbered(sequencer.executions(account, after, limit)) == tail[:limit]
        with pytest.raises(SequenceGone):
            sequencer.executions(account, last + 1)


def test_executions_are_gone_exactly_where_the_accounts_own_are():
    """With room for few, a story is complete, or it is refused: never with a hole, and never without need."""
    full = replayed(1 << 20, COMMANDS)
    last = full.last_execution
    for capacity in (1, 2, 7, 64, last - 1, last, last + 1):
        sequencer = replayed(capacity, COMMANDS)
        assert sequencer.last_execution == last
        oldest_held = max(1, last - capacity + 1)
        refusals = 0
        for account in WHO:
            whole = numbered(full.executions(account))
            for after in (
                *range(0, last + 1, 5),
                *range(max(0, oldest_held - 12), min(last, oldest_held + 12) + 1),
                last,
            ):
                tail = [it for it in whole if it[0] > after]
                if tail and tail[0][0] < oldest_held:
                    refusals += 1
                    for limit in (None, 0, 1):
                        with pytest.raises(SequenceGone):
                            sequencer.executions(account, after, limit)
                else:
                    assert numbered(sequencer.executions(account, after)) == tail
        assert bool(refusals) == (capacity < last)


def test_quiet_account_keeps_its_place_while_others_are_busy():
    """Nothing of it is lost by what others do, though its last number is long overwritten."""
    sequencer = sequencer_of(1, execution_capacity=4)
    for account in (1, 2):
        sequencer.credit_account(0, account, 100, 100)
    sequencer.submit(0, 1, 10, BID, LIMIT, 1, 1)
    for order_id in range(20, 40):
        sequencer.submit(0, 2, order_id, BID, LIMIT, 1, 1)
    assert sequencer.executions(1, 1) == []
    assert sequencer.executions(1, 15) == []
    with pytest.raises(SequenceGone):
        sequencer.executions(1, 0)
    sequencer.cancel_order(0, 1, 10)
    assert [it.sequence for it in sequencer.executions(1, 1)] == [22]
    assert [it.sequence for it in sequencer.executions(1, 20)] == [22]
    with pytest.raises(SequenceGone):
        sequencer.executions(1, 0)


def test_many_accounts_each_have_their_own_story():
    """Accounts are made while executions are written, far beyond what there was room for at first."""
    sequencer = sequencer_of(1)
    commands = []
    for account in range(5000):
        commands += [credit(account, 0, 10), of(account, new(account, BID, LIMIT, 1, 2)), of(account, cancel(account))]
    assert not any(process(sequencer, commands)[0])
    assert sequencer.last_execution == 10_000
    for account in range(0, 5000, 7):
        assert [(it.sequence, it.kind) for it in sequencer.executions(account)] == [
            (2 * account + 1, ACCEPTED),
            (2 * account + 2, CANCELED),
        ]
