"""The numbers and words that other parts and the wire rely on."""

from enum import IntEnum

import pytest

import orderbook
from orderbook import OrderBookError, OrderType, RejectReason, RemoveReason, SelfTradePrevention, Side

ERRORS = {
    "DuplicateOrder": ("duplicate_order", 1),
    "UnknownOrder": ("unknown_order", 2),
    "InvalidQuantity": ("invalid_quantity", 3),
    "CrossedOrder": ("crossed_order", 4),
    "MissingPrice": ("missing_price", 5),
    "UnknownAccount": ("unknown_account", 6),
    "InsufficientBase": ("insufficient_base", 7),
    "InsufficientQuote": ("insufficient_quote", 8),
    "AccountMismatch": ("account_mismatch", 9),
    "NumericOverflow": ("numeric_overflow", 10),
    "InvalidCommand": ("invalid_command", 11),
    "PriceOutOfBand": ("price_out_of_band", 12),
    "QuantityTooLarge": ("quantity_too_large", 13),
    "NotionalTooLarge": ("notional_too_large", 14),
    "TooManyOrders": ("too_many_orders", 15),
    "CapacityExceeded": ("capacity_exceeded", 16),
    "Halted": ("halted", 17),
    "JournalFull": ("journal_full", 18),
    "SequenceGone": ("sequence_gone", None),
    "UnknownSymbol": ("unknown_symbol", None),
}


@pytest.mark.parametrize(
    ("enum", "members"),
    [
        (Side, {"BID": 1, "ASK": 2}),
        (
            OrderType,
            {
                "MARKET": 1,
                "LIMIT": 2,
                "IMMEDIATE_OR_CANCEL": 3,
                "IOC": 3,
                "FILL_OR_KILL": 4,
                "FOK": 4,
                "POST_ONLY": 5,
            },
        ),
        (RemoveReason, {"FILLED": 1, "CANCELED": 2, "SELF_TRADE": 3}),
        (
            RejectReason,
            {
                "DUPLICATE": 1,
                "CROSSED": 2,
                "INVALID_QUANTITY": 3,
                "MISSING_PRICE": 4,
                "INSUFFICIENT_LIQUIDITY": 5,
            },
        ),
        (SelfTradePrevention, {"CANCEL_NEWEST": 1, "CANCEL_OLDEST": 2, "CANCEL_BOTH": 3, "DECREMENT": 4}),
    ],
)
def test_members_and_values(enum, members):
    assert issubclass(enum, IntEnum)
    assert {name: member.value for name, member in enum.__members__.items()} == members


def test_short_names_are_aliases():
    assert OrderType.IOC is OrderType.IMMEDIATE_OR_CANCEL
    assert OrderType.FOK is OrderType.FILL_OR_KILL


@pytest.mark.parametrize(("name", "code", "number"), [(name, *words) for name, words in ERRORS.items()])
def test_error(name, code, number):
    error = getattr(orderbook, name)
    assert issubclass(error, OrderBookError)
    assert (error.code, error.number) == (code, number)


def test_no_other_errors():
    assert {error.__name__ for error in OrderBookError.__subclasses__()} == set(ERRORS)
    assert OrderBookError.__bases__ == (Exception,)
