"""Instrument: names, settings, and the decimals by which people read an engine's integers."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal

import numpy
import pytest

from orderbook import Instrument, SelfTradePrevention

from ..engine.helpers import TOP

SETTINGS = ["reference_price", "price_band", "quantity_max", "notional_max", "open_orders_max"]


def made(**fields):
    return Instrument(**{"symbol": "BTC-USD", "base": "BTC", "quote": "USD"} | fields)


def test_defaults():
    instrument = Instrument("BTC-USD", "BTC", "USD")
    assert (instrument.symbol, instrument.base, instrument.quote) == ("BTC-USD", "BTC", "USD")
    assert instrument.tick_size == instrument.lot_size == 1
    assert instrument.self_trade_prevention is None
    assert [getattr(instrument, name) for name in SETTINGS] == [None] * 5


def test_it_is_a_value():
    first, same, other = made(tick_size="0.01"), made(tick_size=Decimal("0.01")), made(tick_size="0.1")
    assert first == same != other
    assert hash(first) == hash(same)
    assert pickle.loads(pickle.dumps(first)) == copy.copy(first) == copy.deepcopy(first) == first
    assert replace(first, quantity_max=5).quantity_max == 5
    with pytest.raises(FrozenInstanceError):
        first.symbol = "ETH-USD"
    with pytest.raises((AttributeError, TypeError)):
        first.another = 1


@pytest.mark.parametrize("name", ["symbol", "base", "quote"])
@pytest.mark.parametrize("value", ["A", "a", "1", "X" * 32, "BTC/USD", "BTC.USD", "!~"])
def test_names(name, value):
    assert getattr(made(**{name: value}), name) == value


@pytest.mark.parametrize("name", ["symbol", "base", "quote"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("", ValueError),
        ("X" * 33, ValueError),
        ("BTC USD", ValueError),
        ("BTC:USD", ValueError),
        ("BTC\n", ValueError),
        ("Ä", ValueError),
        ("\x7f", ValueError),
        (None, TypeError),
        (5, TypeError),
        (b"BTC", TypeError),
    ],
)
def test_wrong_names(name, value, error):
    with pytest.raises(error, match=name):
        made(**{name: value})


def test_base_and_quote_are_two():
    with pytest.raises(ValueError, match="same asset"):
        Instrument("X-X", "X", "X")


@pytest.mark.parametrize("name", ["tick_size", "lot_size"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ValueError),
        ("-1", ValueError),
        ("0.0", ValueError),
        ("one", ValueError),
        ("", ValueError),
        ("NaN", ValueError),
        ("Infinity", ValueError),
        ("1e1000000", ValueError),
        ("1e-1000000", ValueError),
        (1.5, TypeError),
        (True, TypeError),
        (None, TypeError),
    ],
)
def test_wrong_sizes(name, value, error):
    with pytest.raises(error, match=name):
        made(**{name: value})


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", [0, 1, TOP, numpy.uint64(TOP)])
def test_settings(name, value):
    instrument = made(**{"reference_price": 5, name: value})
    assert getattr(instrument, name) == value
    assert type(getattr(instrument, name)) is int


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    ("value", "error"),
    [(-1, OverflowError), (TOP + 1, OverflowError), (1.0, TypeError), (True, TypeError), ("1", TypeError)],
)
def test_wrong_settings(name, value, error):
    with pytest.raises(error, match=name):
        made(**{"reference_price": 5, name: value})


def test_a_band_needs_a_reference_price():
    with pytest.raises(ValueError, match="reference_price"):
        made(price_band=5)
    made(price_band=5, reference_price=0)
    made(reference_price=5)


@pytest.mark.parametrize("mode", [None, *SelfTradePrevention])
def test_self_trade_prevention(mode):
    assert made(self_trade_prevention=mode).self_trade_prevention is mode
    if mode is not None:
        assert made(self_trade_prevention=int(mode)).self_trade_prevention is mode


@pytest.mark.parametrize(
    ("value", "error"),
    [(0, ValueError), (5, ValueError), (-1, ValueError), (True, TypeError), ("CANCEL_NEWEST", TypeError)],
)
def test_wrong_self_trade_prevention(value, error):
    with pytest.raises(error):
        made(self_trade_prevention=value)


# Decimals.


@pytest.mark.parametrize(
    ("size", "text", "units"),
    [
        (1, "7", 7),
        ("0.25", "1.25", 5),
        ("0.25", "0", 0),
        ("0.01", "100", 10_000),
        ("0.01", "100.000", 10_000),
        ("1e-8", "0.00000001", 1),
        ("1e-8", "1e2", 10**10),
        ("100", "2500", 25),
        ("0.3", "0.9", 3),
        (5, Decimal(15), 3),
        (5, 15, 3),
        (1, TOP, TOP),
        ("0.00000000000000000001", "0.18446744073709551615", TOP),
        ("3e40", "6e40", 2),
    ],
)
def test_units_and_back(size, text, units):
    instrument = made(tick_size=size, lot_size=size)
    assert instrument.ticks(text) == instrument.lots(text) == units
    assert instrument.price(units) == instrument.quantity(units) == Decimal(text)


def test_the_two_sizes_are_two():
    instrument = made(tick_size="0.5", lot_size="0.001")
    assert (instrument.ticks("2"), instrument.lots("2")) == (4, 2000)
    assert (instrument.price(4), instrument.quantity(2000)) == (2, 2)
    assert str(instrument.price(5)) == "2.5"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("0.1", ValueError),
        ("0.255", ValueError),
        ("-0.25", ValueError),
        ("abc", ValueError),
        ("", ValueError),
        ("NaN", ValueError),
        ("inf", ValueError),
        ("1e1000000000", ValueError),
        (str((TOP + 1) // 4), OverflowError),
        ("1e100", OverflowError),
        (0.25, TypeError),
        (True, TypeError),
        (None, TypeError),
    ],
)
def test_wrong_decimals(value, error):
    instrument = made(tick_size="0.25", lot_size="0.25")
    for convert, name in [(instrument.ticks, "price"), (instrument.lots, "quantity")]:
        with pytest.raises(error, match=name):
            convert(value)


def test_decimals_are_exact():
    """No context rounds them, however many digits they have."""
    instrument = made(tick_size="0.0000000000000000000000000000000000000001")
    assert str(instrument.price(TOP)) == "1.8446744073709551615E-21"
    assert instrument.ticks(instrument.price(TOP)) == TOP
    wide = made(tick_size="1.000000000000000000000000000000001")
    assert wide.ticks(wide.price(TOP)) == TOP


@pytest.mark.parametrize("method", ["price", "quantity"])
def test_numbers_are_never_bent_on_the_way_to_people(method):
    """A numpy integer would wrap where it is multiplied, and a text would be repeated."""
    shown = getattr(Instrument("A-B", "A", "B", tick_size="0.25", lot_size="0.25"), method)
    assert str(shown(numpy.uint64(2**63))) == "2305843009213693952.00"
    assert str(shown(TOP)) == "4611686018427387903.75"
    assert str(shown(0)) == "0.00"
    for wrong, error in [(1.5, TypeError), ("12", TypeError), (True, TypeError), (None, TypeError)]:
        with pytest.raises(error, match=r"ticks|lots"):
            shown(wrong)
    for wrong in (-1, TOP + 1):
        with pytest.raises(OverflowError, match=r"ticks|lots"):
            shown(wrong)


@pytest.mark.parametrize("text", [" 1 ", "1_0", "١", "1e", "", ".", "0x10", "1" * 101, "1e-101", "Infinity", "1,5"])
def test_a_text_that_is_no_plain_decimal(text):
    with pytest.raises(ValueError, match=r"^price ") as caught:
        Instrument("A-B", "A", "B").ticks(text)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("number", [10**5000, Decimal("1e500"), Decimal("1" * 101)], ids=["int", "size", "digits"])
def test_a_number_out_of_all_proportion(number):
    with pytest.raises(ValueError, match=r"^tick_size "):
        Instrument("A-B", "A", "B", tick_size=number)
