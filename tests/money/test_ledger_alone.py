"""Ledger, the class by itself: what exchanges keep their balances in. The oracle's is another, so this one is alone."""

import copy
import pickle

import pytest

from orderbook import Balance, InsufficientBase, InsufficientQuote, NumericOverflow, UnknownAccount, UnknownSymbol
from orderbook.ledger import Ledger

from ..engine.helpers import TOP


@pytest.fixture
def ledger():
    """Return an empty ledger: Y is called a base first, Z a quote."""
    return Ledger([("X", "Z"), ("Y", "Z"), ("X", "Y")])


def test_an_empty_ledger(ledger):
    assert ledger.assets == ("X", "Z", "Y")
    assert len(ledger) == 0
    assert [ledger.total(asset) for asset in ledger.assets] == [0, 0, 0]
    assert ledger.balance(7, "X") is None


def test_credit_and_debit(ledger):
    ledger.credit(7, "Z", 10)
    ledger.credit(7, "Z", 5)
    ledger.credit(8, "Z", 1)
    ledger.debit(7, "Z", 12)
    assert (ledger.balance(7, "Z"), ledger.balance(7, "X")) == (Balance(3, 0), Balance(0, 0))
    assert (ledger.total("Z"), len(ledger)) == (4, 2)


def test_what_is_issued_is_capped(ledger):
    ledger.credit(7, "Z", TOP - 1)
    with pytest.raises(NumericOverflow):
        ledger.credit(8, "Z", 2)
    assert len(ledger) == 1  # the refused credit made no account
    ledger.credit(8, "Z", 1)
    ledger.credit(8, "X", TOP)
    assert (ledger.total("Z"), ledger.total("X")) == (TOP, TOP)


@pytest.mark.parametrize(
    ("asset", "error"), [("X", InsufficientBase), ("Y", InsufficientBase), ("Z", InsufficientQuote)]
)
def test_a_debit_of_too_much(ledger, asset, error):
    ledger.credit(7, asset, 10)
    with pytest.raises(error, match="account 7"):
        ledger.debit(7, asset, 11)
    assert ledger.balance(7, asset) == Balance(10, 0)
    assert ledger.total(asset) == 10


def test_unknown_accounts_and_assets(ledger):
    with pytest.raises(UnknownAccount, match="account 7"):
        ledger.debit(7, "X", 0)
    for call in (
        lambda: ledger.credit(7, "W", 1),
        lambda: ledger.debit(7, "W", 1),
        lambda: ledger.balance(7, "W"),
        lambda: ledger.total("W"),
    ):
        with pytest.raises(UnknownSymbol, match="'W'; there are X, Z, Y"):
            call()
    assert len(ledger) == 0


def test_many_accounts(ledger):
    empty = ledger.memory_bytes()
    for account in range(1_000):
        ledger.credit(account << 40, "Y", account)
    assert [ledger.balance(account << 40, "Y").available for account in range(1_000)] == list(range(1_000))
    assert (len(ledger), ledger.total("Y")) == (1_000, 499_500)
    assert ledger.memory_bytes() > empty


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_neither_picklable_nor_copyable(ledger, duplicate):
    with pytest.raises(TypeError, match="neither picklable nor copyable"):
        duplicate(ledger)
