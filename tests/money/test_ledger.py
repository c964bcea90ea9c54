"""Credits and debits: caps, both assets or neither, and who is known."""

import pytest

from orderbook import AccountSnapshot, InsufficientBase, InsufficientQuote, NumericOverflow, UnknownAccount

from ..engine.helpers import ASK, BID, TOP
from .helpers import ALICE, BOB, CAROL, STRANGER, limit, refused, sums


@pytest.fixture
def engine(api):
    """Return a risk engine without accounts."""
    return api.RiskEngine()


def test_an_account_is_unknown_until_it_is_credited(engine):
    assert engine.account_snapshot(ALICE) is None
    assert engine.open_orders(ALICE) == ()
    engine.credit_account(ALICE, 0, 0)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(0, 0, 0, 0)
    assert engine.open_orders(ALICE) == ()
    assert engine.account_snapshot(BOB) is None


@pytest.mark.parametrize("account", [0, 1, 2**32, TOP])
def test_any_number_may_be_an_account(engine, account):
    engine.credit_account(account, 7, 9)
    assert engine.account_snapshot(account) == AccountSnapshot(7, 0, 9, 0)


def test_credits_add_up(engine):
    engine.credit_account(ALICE, 1, 10)
    engine.credit_account(BOB, 2, 20)
    engine.credit_account(ALICE, 100, 0)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(101, 0, 10, 0)
    assert engine.account_snapshot(BOB) == AccountSnapshot(2, 0, 20, 0)
    engine.check()


def test_a_debit_takes_what_is_available(engine):
    engine.credit_account(ALICE, 5, 50)
    engine.debit_account(ALICE, 5, 49)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(0, 0, 1, 0)
    engine.debit_account(ALICE, 0, 1)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(0, 0, 0, 0)
    engine.debit_account(ALICE, 0, 0)
    engine.check()


@pytest.mark.parametrize(
    ("base", "quote", "error"),
    [(6, 0, InsufficientBase), (0, 51, InsufficientQuote), (6, 51, InsufficientBase), (5, 51, InsufficientQuote)],
)
def test_a_debit_takes_both_or_neither(engine, base, quote, error):
    engine.credit_account(ALICE, 5, 50)
    engine.credit_account(BOB, 100, 100)
    with refused(engine, error):
        engine.debit_account(ALICE, base, quote)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(5, 0, 50, 0)


@pytest.mark.parametrize("amounts", [(0, 0), (1, 1)])
def test_a_debit_of_an_unknown_account(engine, amounts):
    engine.credit_account(ALICE, 5, 50)
    with refused(engine, UnknownAccount):
        engine.debit_account(STRANGER, *amounts)
    assert engine.account_snapshot(STRANGER) is None


def test_what_is_reserved_cannot_be_debited(engine):
    engine.credit_account(ALICE, 5, 500)
    limit(engine, ALICE, 1, BID, 100, 3)
    limit(engine, ALICE, 2, ASK, 110, 4)
    for base, quote, error in [(2, 0, InsufficientBase), (0, 201, InsufficientQuote)]:
        with refused(engine, error):
            engine.debit_account(ALICE, base, quote)
    engine.debit_account(ALICE, 1, 200)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(0, 4, 0, 300)


def test_credits_and_debits_are_no_events(engine):
    engine.credit_account(ALICE, 5, 50)
    engine.debit_account(ALICE, 5, 50)
    assert engine.last_sequence == 0
    assert engine.events() == []
    assert engine.order_book.snapshot().sequence == 0


@pytest.mark.parametrize("full", [(TOP, 0), (0, TOP), (TOP, TOP)])
def test_all_that_is_issued_of_an_asset_is_capped(engine, full):
    """The cap is over all accounts, and a credit beyond it in one asset gives nothing of the other."""
    engine.credit_account(ALICE, *full)
    for account in (ALICE, BOB):
        with refused(engine, NumericOverflow):
            engine.credit_account(account, 1, 1)
    assert engine.account_snapshot(BOB) is None  # a refused credit makes no account
    engine.credit_account(BOB, TOP - full[0], TOP - full[1])
    assert sums(engine) == (TOP, TOP)
    engine.check()


@pytest.mark.parametrize("amount", [1, TOP, 1 << 63])
def test_no_credit_wraps_round(engine, amount):
    engine.credit_account(ALICE, TOP - amount + 1, TOP - amount + 1)
    for credit in [(amount, 0), (0, amount), (amount, amount)]:
        with refused(engine, NumericOverflow):
            engine.credit_account(BOB, *credit)
    engine.credit_account(BOB, amount - 1, amount - 1)
    assert sums(engine) == (TOP, TOP)


def test_a_debit_makes_room_for_a_credit(engine):
    engine.credit_account(ALICE, TOP, TOP)
    engine.debit_account(ALICE, 3, 4)
    with refused(engine, NumericOverflow):
        engine.credit_account(BOB, 4, 0)
    with refused(engine, NumericOverflow):
        engine.credit_account(BOB, 0, 5)
    engine.credit_account(BOB, 3, 4)
    assert sums(engine) == (TOP, TOP)


def test_what_is_reserved_counts_as_issued(engine):
    engine.credit_account(ALICE, 0, TOP)
    engine.credit_account(BOB, TOP, 0)
    limit(engine, ALICE, 1, BID, 1, TOP)
    with refused(engine, NumericOverflow):
        engine.credit_account(CAROL, 0, 1)
    limit(engine, BOB, 2, ASK, 2, TOP // 2)
    with refused(engine, NumericOverflow):
        engine.credit_account(CAROL, 1, 0)


def test_all_there_is_may_change_hands(engine):
    """No sum overflows on the way, though one account ends up with everything."""
    engine.credit_account(ALICE, 0, TOP)
    engine.credit_account(BOB, TOP, 0)
    limit(engine, BOB, 1, ASK, 1, TOP)
    limit(engine, ALICE, 2, BID, 1, TOP)
    assert engine.account_snapshot(ALICE) == AccountSnapshot(TOP, 0, 0, 0)
    assert engine.account_snapshot(BOB) == AccountSnapshot(0, 0, TOP, 0)
    engine.debit_account(ALICE, TOP, 0)
    engine.debit_account(BOB, 0, TOP)
    assert sums(engine) == (0, 0)
    engine.check()


def test_the_hash_covers_balances_and_accounts(api):
    def hash_after(*given):
        engine = api.RiskEngine()
        for credit in given:
            engine.credit_account(*credit)
        return engine.state_hash()

    hashes = [
        hash_after(),
        hash_after((ALICE, 0, 0)),
        hash_after((ALICE, 1, 0)),
        hash_after((ALICE, 0, 1)),
        hash_after((BOB, 0, 1)),
        hash_after((ALICE, 0, 1), (BOB, 0, 0)),
    ]
    assert len(set(hashes)) == len(hashes)
    assert hash_after((ALICE, 3, 4), (BOB, 5, 6)) == hash_after((BOB, 5, 0), (ALICE, 3, 4), (BOB, 0, 6))


@pytest.mark.parametrize("stride", [1, 64, 1 << 16, 1 << 32, (1 << 52) + 1])
def test_many_accounts_with_ids_in_patterns(engine, stride):
    """Ids are chosen by strangers, and so may all look alike from one end."""
    accounts = [number * stride for number in range(4000)]
    for number, account in enumerate(accounts):
        engine.credit_account(account, number, 2 * number)
    for number, account in enumerate(accounts):
        assert engine.account_snapshot(account) == AccountSnapshot(number, 0, 2 * number, 0)
    assert engine.account_snapshot(4000 * stride) is None
    engine.check()
