"""The records of a batch as the reference engine reads and writes them: plain tuples, without numpy."""

import re
from array import array
from enum import IntEnum
from struct import iter_unpack
from typing import NamedTuple

from orderbook.enums import OrderType, Side
from orderbook.errors import InvalidCommand

COMMAND_BYTES = 48
COMMAND_FORMAT = "<4BI5Q"
PRICE_PRESENT = 1  # bit 0 of the flags

# A field of a buffer's format is an optional byte order, a code and a name: "<I:instrument:".
FORMAT_FIELD = re.compile(r"[<=@^]?([BILQ]):(\w+):")
FORMAT_STRUCT = re.compile(rf"[<=@^]?T\{{((?:{FORMAT_FIELD.pattern})*)\}}")


class Kind(IntEnum):
    """What a record asks for. The other kinds of the layout need accounts, which this engine has not."""

    NEW = 1
    CANCEL = 2
    MODIFY = 3


KINDS: frozenset[int] = frozenset(Kind)
SIDES: frozenset[int] = frozenset(Side)
ORDER_TYPES: frozenset[int] = frozenset(OrderType)


class Command(NamedTuple):
    """One COMMAND record."""

    kind: int
    side: int
    order_type: int
    flags: int
    instrument: int
    account_id: int
    order_id: int
    price: int
    quantity: int
    timestamp: int

    @property
    def limit(self) -> int | None:
        """The price if the flags say that there is one."""
        return self.price if self.flags & PRICE_PRESENT else None


# The names and codes of the layout. "L" is as good as "Q": in a record of 48 bytes it cannot be shorter.
COMMAND_FIELDS = list(zip(Command._fields, "BBBBIQQQQQ", strict=True))


class BatchResult(NamedTuple):
    """What became of each record, and the fills: (command, taker_order_id, maker_order_id, price, quantity)."""

    status: "array[int]"  # quoted: Python 3.11 cannot subscript array
    unfilled: "array[int]"
    fills: list[tuple[int, int, int, int, int]]


def read_commands(commands: object) -> list[Command]:
    """Return the records of a buffer. TypeError if it is none, ValueError if its items are not COMMAND records."""
    view = memoryview(commands)  # type: ignore[arg-type]  # its TypeError is the one to raise
    if view.ndim != 1 or not view.c_contiguous:
        raise ValueError("commands must be one contiguous row of records")
    if view.itemsize != COMMAND_BYTES:
        raise ValueError(f"a command has {COMMAND_BYTES} bytes, not {view.itemsize}")
    if _fields_of(view.format) != COMMAND_FIELDS:
        raise ValueError(f"commands have the layout {view.format!r}, not that of COMMAND")
    return [Command._make(fields) for fields in iter_unpack(COMMAND_FORMAT, view.tobytes())]


def _fields_of(buffer_format: str) -> list[tuple[str, str]]:
    """Return the (name, code) pairs of a little-endian struct of unsigned numbers, [] for anything else."""
    struct = FORMAT_STRUCT.fullmatch(buffer_format)
    return [(name, code.replace("L", "Q")) for code, name in FORMAT_FIELD.findall(struct[1])] if struct else []


def check_command(command: Command) -> None:
    """Raise InvalidCommand unless the record asks for something that this engine does."""
    if command.kind not in KINDS or command.instrument != 0 or command.flags & ~PRICE_PRESENT:
        raise InvalidCommand("unknown kind, instrument or flag")
    if command.kind == Kind.NEW and (command.side not in SIDES or command.order_type not in ORDER_TYPES):
        raise InvalidCommand("unknown side or order type")
