"""Typed refusals: no argument about money is truncated, wrapped round or guessed at, and a refusal leaves no trace."""

import inspect

import numpy
import pytest

from orderbook import Instrument, InsufficientQuote, UnknownSymbol

from ..engine.helpers import ASK, BID, LIMIT, TOP
from ..engine.test_arguments import (
    ID,
    MAYBE_PRICE,
    NUMBER,
    OPEN_ID,
    OPTIONAL,
    QUANTITY,
    SIDE,
    TYPE,
    WRONG_MEMBERS,
    cases,
)
from .helpers import ALICE, BOB, MODES, NEWEST, OLDEST, funded, limit, trace

ACCOUNT, AMOUNT = (ALICE, NUMBER), (5, NUMBER)
MODE = (
    OLDEST,
    {label: wrong for label, wrong in WRONG_MEMBERS.items() if label not in ("None", "6")} | {"5": (5, ValueError)},
)
WRONG_NAMES = {"None": (None, TypeError), "5": (5, TypeError), "bytes": (b"BASE", TypeError), "True": (True, TypeError)}
SYMBOL, ASSET = ("BASE-QUOTE", WRONG_NAMES), ("BASE", WRONG_NAMES)

ORDER = {
    "account_id": ACCOUNT,
    "order_id": ID,
    "side": SIDE,
    "order_type": TYPE,
    "price": MAYBE_PRICE,
    "quantity": QUANTITY,
}
MODIFY = {"account_id": ACCOUNT, "order_id": OPEN_ID, "quantity": QUANTITY, "price": MAYBE_PRICE}
CANCEL = {"account_id": ACCOUNT, "order_id": OPEN_ID}
EVENTS = {"after": (0, NUMBER), "limit": (1, OPTIONAL)}

MARKET_METHODS = {
    "credit_account": {"account_id": ACCOUNT, "base": AMOUNT, "quote": AMOUNT},
    "debit_account": {"account_id": ACCOUNT, "base": AMOUNT, "quote": AMOUNT},
    "account_snapshot": {"account_id": ACCOUNT},
    "submit": ORDER,
    "modify_order": MODIFY,
    "cancel_order": CANCEL,
    "cancel_all": {"account_id": ACCOUNT},
    "open_orders": {"account_id": ACCOUNT},
    "events": EVENTS,
}
EXCHANGE_METHODS = {
    "market": {"symbol": SYMBOL},
    "halt": {"symbol": SYMBOL},
    "resume": {"symbol": SYMBOL},
    "submit": {"symbol": SYMBOL, **ORDER},
    "modify_order": {"symbol": SYMBOL, **MODIFY},
    "cancel_order": {"symbol": SYMBOL, **CANCEL},
    "cancel_all": {"symbol": SYMBOL, "account_id": ACCOUNT},
    "open_orders": {"symbol": SYMBOL, "account_id": ACCOUNT},
    "credit": {"account_id": ACCOUNT, "asset": ASSET, "amount": AMOUNT},
    "debit": {"account_id": ACCOUNT, "asset": ASSET, "amount": AMOUNT},
    "balance": {"account_id": ACCOUNT, "asset": ASSET},
    "total": {"asset": ASSET},
    "events": EVENTS,
}


@pytest.fixture
def exchange(api):
    """Return an exchange of the default instrument in which ALICE has a bid open."""
    exchange = api.Exchange()
    exchange.market("BASE-QUOTE").credit_account(ALICE, 100, 1000)
    exchange.submit("BASE-QUOTE", ALICE, 1, BID, LIMIT, 100, 3)
    return exchange


@pytest.mark.parametrize(("method", "arguments", "error"), cases(MARKET_METHODS))
def test_a_market_refuses(engine, method, arguments, error):
    limit(engine, ALICE, 1, BID, 100, 3)
    before, last = trace(engine), engine.last_sequence
    with pytest.raises(error):
        getattr(engine, method)(*arguments)
    assert (trace(engine), engine.last_sequence) == (before, last)


@pytest.mark.parametrize(("method", "arguments", "error"), cases(EXCHANGE_METHODS))
def test_an_exchange_refuses(exchange, method, arguments, error):
    before = exchange.state_hash(), exchange.last_sequence, exchange.market("BASE-QUOTE").halted
    with pytest.raises(error):
        getattr(exchange, method)(*arguments)
    assert (exchange.state_hash(), exchange.last_sequence, exchange.market("BASE-QUOTE").halted) == before
    exchange.check()


@pytest.mark.parametrize(("value", "error"), MODE[1].values(), ids=MODE[1])
def test_wrong_prevention(engine, exchange, value, error):
    for submit in (engine.submit, lambda *order, **mode: exchange.submit("BASE-QUOTE", *order, **mode)):
        with pytest.raises(error):
            submit(ALICE, 9, BID, LIMIT, 100, 5, self_trade_prevention=value)
    assert engine.last_sequence == 0
    assert exchange.last_sequence == 1


@pytest.mark.parametrize("mode", [None, *MODES, *map(int, MODES), numpy.uint8(1)])
def test_prevention_by_member_or_number(engine, mode):
    assert engine.submit(ALICE, 9, BID, LIMIT, 100, 5, self_trade_prevention=mode).resting


def test_prevention_is_named(engine):
    with pytest.raises(TypeError):
        engine.submit(ALICE, 9, BID, LIMIT, 100, 5, NEWEST)


@pytest.mark.parametrize("method", MARKET_METHODS)
def test_arguments_of_a_market_have_names(engine, method):
    limit(engine, ALICE, 1, BID, 100, 3)
    getattr(engine, method)(**{name: right for name, (right, _) in MARKET_METHODS[method].items()})
    engine.check()


@pytest.mark.parametrize("method", EXCHANGE_METHODS)
def test_arguments_of_an_exchange_have_names(exchange, method):
    getattr(exchange, method)(**{name: right for name, (right, _) in EXCHANGE_METHODS[method].items()})
    exchange.check()


@pytest.mark.parametrize(("name", "methods"), [("RiskEngine", MARKET_METHODS), ("Exchange", EXCHANGE_METHODS)])
def test_the_tables_name_every_method_that_takes_arguments(api, name, methods):
    """A method added later must be added to the tables, too (`process` and `load_state` have their own tests)."""
    cls = getattr(api, name)
    public = {
        method
        for method in dir(cls)
        if not method.startswith("_")
        and callable(getattr(cls, method))
        and len(inspect.signature(getattr(cls, method)).parameters) > 1
    }
    assert public - {"process", "load_state"} <= set(methods)


def test_arguments_are_checked_before_anything_else(engine, exchange):
    """Before the missing price that would be an event, the unknown account, the unknown order and the halt."""
    engine.halt()
    with pytest.raises(TypeError):
        engine.submit(404, 1, BID, LIMIT, None, 0.0)
    with pytest.raises(TypeError):
        engine.submit(404, 1, BID, LIMIT, None, 1, self_trade_prevention="CANCEL_NEWEST")
    with pytest.raises(OverflowError):
        engine.modify_order(ALICE, 404, 0, -1)
    with pytest.raises(OverflowError):
        engine.debit_account(404, 1, TOP + 1)
    with pytest.raises(TypeError):
        exchange.credit(ALICE, "unknown", 1.5)
    with pytest.raises(OverflowError):
        exchange.debit(404, "unknown", -1)
    with pytest.raises(UnknownSymbol):
        exchange.credit(ALICE, "unknown", 1)
    assert engine.last_sequence == 0


@pytest.mark.parametrize("value", [numpy.uint64(7), numpy.uint8(7), numpy.int64(7)])
def test_whatever_has_an_index_is_a_number(engine, value):
    engine.credit_account(value, value, value)
    engine.debit_account(value, numpy.int8(1), numpy.int8(1))
    assert engine.account_snapshot(7).available_base == 6
    assert type(engine.account_snapshot(value).available_quote) is int
    assert engine.submit(value, value, numpy.uint8(2), numpy.uint8(2), value, numpy.uint8(5)).resting.side is ASK
    assert engine.modify_order(value, value, numpy.uint8(4)).resting.quantity == 4
    assert engine.cancel_order(value, value) == 4
    assert engine.cancel_all(value) == 0


@pytest.mark.parametrize(
    ("value", "error"),
    [(-1, OverflowError), (TOP + 1, OverflowError), (1.5, TypeError), (True, TypeError), ("1", TypeError)],
)
def test_the_reference_price(api, value, error):
    engine = funded(api, reference_price=100, price_band=5)
    with pytest.raises(error):
        engine.reference_price = value
    assert engine.reference_price == 100
    engine.reference_price = numpy.uint8(7)
    assert engine.reference_price == 7
    assert type(engine.reference_price) is int


@pytest.mark.parametrize(
    ("value", "error"), [(-1, OverflowError), (1.5, TypeError), (True, TypeError), (None, TypeError)]
)
@pytest.mark.parametrize("name", ["RiskEngine", "Exchange"])
def test_event_capacity(api, name, value, error):
    with pytest.raises(error):
        getattr(api, name)(event_capacity=value)


@pytest.mark.parametrize("value", ["BTC-USD", 5, ("BTC-USD", "BTC", "USD"), Instrument])
def test_an_instrument(api, value):
    with pytest.raises(TypeError):
        api.RiskEngine(instrument=value)


def test_options_are_named(api):
    with pytest.raises(TypeError):
        api.RiskEngine(16)
    with pytest.raises(TypeError):
        api.Exchange(None, 16)


class Meddler:
    """A number that does something else to the engine while it is being read."""

    def __init__(self, meddle, value):
        self.meddle, self.value = meddle, value

    def __index__(self):
        self.meddle()
        return self.value


def test_an_argument_may_call_back_into_the_engine(engine):
    """Arguments are read first and the command starts after that: it finds accounts and book as they left them."""
    limit(engine, BOB, 1, ASK, 100, 5)
    result = limit(engine, ALICE, 2, BID, 100, Meddler(lambda: engine.cancel_all(BOB), 5))
    assert result.fills == ()
    last = engine.last_sequence
    left = engine.account_snapshot(ALICE).available_quote
    with pytest.raises(InsufficientQuote):
        limit(engine, ALICE, 3, BID, 90, Meddler(lambda: engine.debit_account(ALICE, 0, left), 5))
    assert engine.last_sequence == last
    engine.check()


class Symbol(str):
    """A text of a class of its own."""


def test_a_symbol_may_be_of_a_subclass_of_str(exchange):
    assert exchange.market(Symbol("BASE-QUOTE")) is exchange.market("BASE-QUOTE")
    assert exchange.total(Symbol("BASE")) == 100
