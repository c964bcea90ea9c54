"""Typed refusals: no argument is truncated, wrapped round or guessed at, and a refusal leaves no trace."""

import inspect
import subprocess
import sys
from decimal import Decimal

import numpy
import pytest

from orderbook import Fill

from .helpers import ASK, BID, IOC, LIMIT, TOP, trace

WRONG_NUMBERS = {
    "True": (True, TypeError),
    "1.5": (1.5, TypeError),
    "1.0": (1.0, TypeError),
    "text": ("1", TypeError),
    "bytes": (b"1", TypeError),
    "Decimal": (Decimal(1), TypeError),
    "numpy bool": (numpy.bool_(True), TypeError),
    "numpy float": (numpy.float64(1), TypeError),
    "-1": (-1, OverflowError),
    "2^64": (TOP + 1, OverflowError),
    "-2^64": (-TOP - 1, OverflowError),
    "huge": (1 << 4096, OverflowError),
    "more digits than str() takes": (1 << 20_000, OverflowError),
    "as many below zero": (-1 << 20_000, OverflowError),
    "numpy -1": (numpy.int64(-1), OverflowError),
}
NONE = {"None": (None, TypeError)}
WRONG_MEMBERS = {
    "0": (0, ValueError),
    "6": (6, ValueError),
    "-1": (-1, ValueError),
    "2^64 + 1": (TOP + 2, ValueError),
    "2^20000": (1 << 20_000, ValueError),
    "True": (True, TypeError),
    "1.0": (1.0, TypeError),
    "name": ("BID", TypeError),
    "None": (None, TypeError),
}
WRONG_SIDE = {**WRONG_MEMBERS, "3": (3, ValueError)}

NUMBER = {**WRONG_NUMBERS, **NONE}
OPTIONAL = WRONG_NUMBERS

# What may go wrong with each argument, beside a right value for it.
ID, OPEN_ID = (9, NUMBER), (1, NUMBER)
SIDE, TYPE = (BID, WRONG_SIDE), (LIMIT, WRONG_MEMBERS)
PRICE, QUANTITY, MAYBE_PRICE = (100, NUMBER), (5, NUMBER), (100, OPTIONAL)

BOOK_METHODS = {
    "add_order": {"order_id": ID, "side": SIDE, "price": PRICE, "quantity": QUANTITY},
    "cancel": {"order_id": OPEN_ID},
    "update_order_quantity": {"order_id": OPEN_ID, "quantity": QUANTITY},
    "order": {"order_id": ID},
    "__contains__": {"order_id": ID},
    "best_order": {"side": SIDE},
    "total_quantity": {"side": SIDE},
    "available_quantity": {"side": SIDE, "price_limit": MAYBE_PRICE},
    "market_order_cost": {"side": SIDE, "quantity": QUANTITY},
    "level_total_quantity": {"side": SIDE, "price": PRICE},
    "level_orders": {"side": SIDE, "price": PRICE},
    "depth": {"levels": (1, OPTIONAL)},
}
ENGINE_METHODS = {
    "submit": {"order_id": ID, "side": SIDE, "order_type": TYPE, "price": MAYBE_PRICE, "quantity": QUANTITY},
    "submit_limit": {"order_id": ID, "side": SIDE, "price": MAYBE_PRICE, "quantity": QUANTITY},
    "submit_market": {"order_id": ID, "side": SIDE, "quantity": QUANTITY},
    "submit_immediate_or_cancel": {"order_id": ID, "side": SIDE, "price": MAYBE_PRICE, "quantity": QUANTITY},
    "submit_fill_or_kill": {"order_id": ID, "side": SIDE, "price": MAYBE_PRICE, "quantity": QUANTITY},
    "submit_post_only": {"order_id": ID, "side": SIDE, "price": MAYBE_PRICE, "quantity": QUANTITY},
    "modify_order": {"order_id": OPEN_ID, "quantity": QUANTITY, "price": MAYBE_PRICE},
    "cancel_order": {"order_id": OPEN_ID},
    "events": {"after": (0, NUMBER), "limit": (1, OPTIONAL)},
}


def cases(methods):
    """Return one case per method, argument and wrong value."""
    found = []
    for method, arguments in methods.items():
        for name, (_, wrong) in arguments.items():
            for label, (value, error) in wrong.items():
                right = [argument for argument, _ in arguments.values()]
                right[list(arguments).index(name)] = value
                found.append(pytest.param(method, right, error, id=f"{method}-{name}-{label}"))
    return found


@pytest.mark.parametrize(("method", "arguments", "error"), cases(BOOK_METHODS))
def test_book_refuses(book, method, arguments, error):
    book.add_order(1, BID, 100, 3)
    before = book.state_hash(), book.snapshot()
    with pytest.raises(error):
        getattr(book, method)(*arguments)
    assert (book.state_hash(), book.snapshot()) == before
    book.check()


@pytest.mark.parametrize(("method", "arguments", "error"), cases(ENGINE_METHODS))
def test_engine_refuses(engine, method, arguments, error):
    engine.submit_limit(1, BID, 100, 3)
    before = trace(engine)
    with pytest.raises(error):
        getattr(engine, method)(*arguments)
    assert trace(engine) == before
    engine.check()


@pytest.mark.parametrize("method", [name for name in (*BOOK_METHODS, *ENGINE_METHODS) if name != "__contains__"])
def test_arguments_have_names(api, method):
    """Every argument may be given by the name that the contract gives it."""
    book = api.OrderBook()
    book.add_order(1, BID, 100, 3)
    owner, methods = (book, BOOK_METHODS) if method in BOOK_METHODS else (api.MatchingEngine(book), ENGINE_METHODS)
    getattr(owner, method)(**{name: right for name, (right, _) in methods[method].items()})
    owner.check()


@pytest.mark.parametrize(("name", "methods"), [("OrderBook", BOOK_METHODS), ("MatchingEngine", ENGINE_METHODS)])
def test_the_tables_name_every_method_that_takes_arguments(api, name, methods):
    """A method added later must be added to the tables, too (`process` has its own tests)."""
    cls = getattr(api, name)
    public = {
        method
        for method, function in vars(cls).items()
        if not method.startswith("_") and callable(function) and len(inspect.signature(function).parameters) > 1
    }
    assert public - {"process"} <= set(methods)


def test_arguments_are_checked_before_the_matcher_looks_at_them(engine):
    """A wrong type late in the list wins over a refusal the matcher would have reported, event and all."""
    with pytest.raises(TypeError):
        engine.submit(1, BID, LIMIT, None, 0.0)
    with pytest.raises(OverflowError):
        engine.modify_order(404, 0, -1)
    assert engine.last_sequence == 0


@pytest.mark.parametrize("value", [numpy.uint64(TOP), numpy.uint8(7), numpy.int64(7)])
def test_whatever_has_an_index_is_a_number(engine, value):
    engine.submit(value, BID, LIMIT, value, value)
    order = engine.order_book.order(value)
    assert (order.id, order.price, order.quantity) == (int(value),) * 3
    assert type(order.price) is int
    assert value in engine.order_book
    assert engine.cancel_order(value) == int(value)


def test_an_equal_integer_is_as_good_as_a_member(engine):
    assert engine.submit(1, 2, 2, 100, 5).resting.side is ASK
    assert engine.submit(2, numpy.uint8(1), numpy.uint8(3), 100, 5).fills[0].quantity == 5


def test_zero_is_a_legal_id_and_price(engine):
    result = engine.submit(0, ASK, LIMIT, 0, 1)
    assert (result.resting.id, result.resting.price) == (0, 0)
    assert engine.submit(TOP, BID, IOC, 0, 1).fills == (Fill(0, 0, 1),)


class Meddler:
    """A number that cancels an order while it is being read."""

    def __init__(self, engine, order_id, value):
        self.engine, self.order_id, self.value = engine, order_id, value

    def __index__(self):
        self.engine.cancel_order(self.order_id)
        return self.value


def test_an_argument_may_call_back_into_the_engine(engine):
    """Arguments are read first and the command starts after that: it finds the book as they left it."""
    engine.submit_limit(1, ASK, 100, 5)
    result = engine.submit_limit(2, BID, 100, Meddler(engine, 1, 5))
    assert result.fills == ()
    assert result.resting.quantity == 5
    engine.check()


def test_an_error_in_index_comes_through(engine):
    class Broken:
        def __index__(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        engine.submit_limit(1, BID, Broken(), 5)
    assert engine.last_sequence == 0


@pytest.mark.parametrize(
    ("value", "error"), [(-1, OverflowError), (1.5, TypeError), (True, TypeError), ("1", TypeError)]
)
@pytest.mark.parametrize("name", ["max_orders", "max_levels"])
def test_caps_of_a_book(api, name, value, error):
    with pytest.raises(error):
        api.OrderBook(**{name: value})


@pytest.mark.parametrize(
    ("value", "error"), [(-1, OverflowError), (1.5, TypeError), (True, TypeError), (None, TypeError)]
)
def test_event_capacity(api, value, error):
    with pytest.raises(error):
        api.MatchingEngine(event_capacity=value)


def test_options_are_named(api):
    with pytest.raises(TypeError):
        api.OrderBook(True)
    with pytest.raises(TypeError):
        api.MatchingEngine(None, 16)


@pytest.mark.parametrize("book", [1, "book", object()])
def test_an_engine_takes_only_a_book(api, book):
    with pytest.raises(TypeError):
        api.MatchingEngine(book)


CALL_UNBOUND = """
from orderbook import Fill, MatchingEngine, OrderBook, OrderView
try:
    {owner}.{method}({other}, *[1] * {arguments})
except TypeError:
    raise SystemExit(0)
raise SystemExit("no TypeError")
"""


@pytest.mark.parametrize("other", ["None", "5", "object()"])
@pytest.mark.parametrize(
    ("owner", "method", "arguments"),
    [
        ("OrderBook", "best_bid", 0),
        ("OrderBook", "cancel", 1),
        ("MatchingEngine", "submit_limit", 4),
        ("MatchingEngine", "check", 0),
        ("OrderView", "__reduce__", 0),
    ],
)
def test_a_method_is_for_its_own_class(owner, method, arguments, other):
    """A method called through its class, with another object as self, is a TypeError and not a crash."""
    code = CALL_UNBOUND.format(owner=owner, method=method, arguments=arguments, other=other)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
