"""The grammar of the line protocol for the reference: a line to a command's name and its arguments, or a refusal.

Fields are read from left to right; the first that is missing or wrong decides. What is behind the last one comes last.
"""

import re
from collections.abc import Callable
from typing import Any

from orderbook import OrderType, Side

from ..engine.helpers import TOP

SIDES = {b"B": Side.BID, b"A": Side.ASK}
ORDER_TYPES = {
    **dict.fromkeys((b"LIMIT", b"L"), OrderType.LIMIT),
    **dict.fromkeys((b"MARKET", b"MKT", b"M"), OrderType.MARKET),
    b"IOC": OrderType.IOC,
    b"FOK": OrderType.FOK,
    **dict.fromkeys((b"POST_ONLY", b"POSTONLY", b"POST", b"PO"), OrderType.POST_ONLY),
}
MODES = {
    **dict.fromkeys((b"ON", b"YES", b"1", b"EVENTS", b"SUB", b"SUBSCRIBE"), True),
    **dict.fromkeys((b"OFF", b"NO", b"0", b"NONE", b"STOP", b"UNSUB", b"UNSUBSCRIBE"), False),
}
DEPTH_LEVELS = 10


class Refused(Exception):
    """A line that the protocol itself refuses; the text is what stands behind ERR."""


class Fields:
    """The fields of a line, taken one by one."""

    def __init__(self, line: bytes) -> None:
        self.left = [word for word in re.split(rb"[ \t]+", line) if word]

    def word(self, name: str) -> bytes:
        """Take the next field as it is."""
        if not self.left:
            raise Refused(f"missing_field {name}")
        return self.left.pop(0)

    def number(self, name: str) -> int:
        """Take the next field, decimal digits up to 2^64-1."""
        match = re.fullmatch(rb"0*([0-9]{1,20})", self.word(name))  # 2^64 has 20 digits
        if match is None or int(match[1]) > TOP:
            raise Refused("invalid_field number")
        return int(match[1])

    def numbers(self, *names: str) -> tuple[int, ...]:
        """Take several numbers."""
        return tuple(self.number(name) for name in names)

    def choice(self, name: str, choices: dict[bytes, Any]) -> Any:
        """Take the next field, one of some words in either case, and return what it stands for."""
        word = self.word(name).upper()
        if word not in choices:
            raise Refused(f"invalid_field {name}")
        return choices[word]

    def mode(self) -> bool:
        """Take on or off; nothing is on."""
        return self.choice("mode", MODES) if self.left else True


def new_arguments(fields: Fields) -> tuple[Any, ...]:
    """Read account, order, side, price, quantity and type."""
    account_id, order_id = fields.numbers("account_id", "order_id")
    side = fields.choice("side", SIDES)
    price, quantity = fields.numbers("price", "quantity")
    order_type = fields.choice("order_type", ORDER_TYPES) if fields.left else OrderType.LIMIT
    return account_id, order_id, side, price, quantity, order_type


def modify_arguments(fields: Fields) -> tuple[Any, ...]:
    """Read account, order, quantity and the price, if there is one."""
    numbers = fields.numbers("account_id", "order_id", "quantity")
    return *numbers, fields.number("price") if fields.left else None


def snapshot_arguments(fields: Fields) -> tuple[Any, ...]:
    """Read nothing, or a side and a price."""
    return (fields.choice("side", SIDES), fields.number("price")) if fields.left else (None, None)


def feed_arguments(fields: Fields) -> tuple[Any, ...]:
    """Read a mode, or FROM and a number."""
    if fields.left and fields.left[0].upper() == b"FROM":
        fields.word("mode")
        return True, fields.number("sequence")
    return fields.mode(), None


def of_numbers(*names: str) -> Callable[[Fields], tuple[Any, ...]]:
    """Return what reads these numbers."""
    return lambda fields: fields.numbers(*names)


def of_word(name: str) -> Callable[[Fields], tuple[Any, ...]]:
    """Return what reads one field as it is."""
    return lambda fields: (fields.word(name),)


READERS: dict[str, Callable[[Fields], tuple[Any, ...]]] = {
    "NEW": new_arguments,
    "MODIFY": modify_arguments,
    "CANCEL": of_numbers("account_id", "order_id"),
    "CANCEL_ALL": of_numbers("account_id"),
    "SNAPSHOT": snapshot_arguments,
    "DEPTH": lambda fields: (fields.number("levels") if fields.left else DEPTH_LEVELS,),
    "ORDER": of_numbers("order_id"),
    "CREDIT": of_numbers("account_id", "base", "quote"),
    "DEBIT": of_numbers("account_id", "base", "quote"),
    "BALANCE": of_numbers("account_id"),
    "FEED": feed_arguments,
    "USE": of_word("symbol"),
    "INSTRUMENTS": of_numbers(),
    "CANCEL_ON_DISCONNECT": lambda fields: (fields.mode(),),
    "AUTH": of_word("token"),
    "PING": of_numbers(),
    "VERSION": of_numbers(),
    "QUIT": of_numbers(),
}
LETTERS = {
    "N": "NEW",
    "M": "MODIFY",
    "C": "CANCEL",
    "X": "CANCEL_ALL",
    "S": "SNAPSHOT",
    "L": "DEPTH",
    "O": "ORDER",
    "A": "CREDIT",
    "W": "DEBIT",
    "B": "BALANCE",
    "F": "FEED",
    "U": "USE",
    "I": "INSTRUMENTS",
    "D": "CANCEL_ON_DISCONNECT",
    "P": "PING",
    "V": "VERSION",
    "Q": "QUIT",
}
NAMES = {word.encode(): name for word, name in [*LETTERS.items(), *((name, name) for name in READERS)]}


def parse(line: bytes) -> tuple[str, tuple[Any, ...]]:
    """Return the name of a line's command and its arguments; raise Refused for the first thing that is wrong."""
    fields = Fields(line)
    word = fields.word("command")
    if word.upper() not in NAMES:
        raise Refused("unknown_command" if len(word) == 1 else "invalid_field command")
    name = NAMES[word.upper()]
    arguments = READERS[name](fields)
    if fields.left:
        raise Refused("too_many_fields")
    return name, arguments
