"""The records of a batch as the reference engine reads and writes them: plain tuples, without numpy."""

import re
from array import array
from collections.abc import Callable, Container
from enum import IntEnum
from struct import iter_unpack
from typing import NamedTuple

from orderbook.enums import OrderType, SelfTradePrevention, Side
from orderbook.errors import InvalidCommand, OrderBookError
from orderbook.reference.events import EventLog
from orderbook.views import Fill

COMMAND_BYTES = 48
COMMAND_FORMAT = "<4BI5Q"
PRICE_PRESENT = 1  # bit 0 of the flags
PREVENTION_SHIFT = 1  # bits 1–3 of the flags are the self-trade prevention of a NEW
PREVENTION_MASK = 0b1110

# A field of a buffer's format is an optional byte order, a code and a name: "<I:instrument:".
FORMAT_FIELD = re.compile(r"[<=@^]?([BILQ]):(\w+):")
FORMAT_STRUCT = re.compile(rf"[<=@^]?T\{{((?:{FORMAT_FIELD.pattern})*)\}}")


class Kind(IntEnum):
    """What a record asks for."""

    NEW = 1
    CANCEL = 2
    MODIFY = 3
    CREDIT = 4
    CANCEL_ALL = 5


SIDES: frozenset[int] = frozenset(Side)
ORDER_TYPES: frozenset[int] = frozenset(OrderType)
PREVENTIONS: frozenset[int] = frozenset({0, *SelfTradePrevention})  # 0: what the instrument says


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

    @property
    def prevention(self) -> int | None:
        """The self-trade prevention that the flags ask for; None for what the instrument says."""
        return (self.flags & PREVENTION_MASK) >> PREVENTION_SHIFT or None


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


def check_command(command: Command, kinds: Container[int], position: int) -> None:
    """Raise InvalidCommand unless the record is well formed, of one of these kinds, for the instrument there."""
    if command.kind not in kinds or command.instrument != position:
        raise InvalidCommand("unknown kind or instrument")
    is_new = command.kind == Kind.NEW
    if command.flags & ~(PRICE_PRESENT | PREVENTION_MASK * is_new) or (command.prevention or 0) not in PREVENTIONS:
        raise InvalidCommand("unknown flag")
    if is_new and (command.side not in SIDES or command.order_type not in ORDER_TYPES):
        raise InvalidCommand("unknown side or order type")


def process(log: EventLog, commands: object, apply: Callable[[Command], tuple[tuple[Fill, ...], int]]) -> BatchResult:
    """Apply a buffer of COMMAND records one by one; a refused one is a status, and the rest goes on.

    `apply` takes one record and returns its fills and its `unfilled`.
    """
    batch = read_commands(commands)
    result = BatchResult(array("B", bytes(len(batch))), array("Q", bytes(8 * len(batch))), [])
    for position, command in enumerate(batch):
        log.timestamp = command.timestamp
        try:
            fills, result.unfilled[position] = apply(command)
        except OrderBookError as error:
            result.status[position] = error.number or 0
        else:
            result.fills.extend((position, command.order_id, *fill) for fill in fills)
    log.timestamp = 0
    return result
