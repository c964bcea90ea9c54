"""The flow that all measurements send: NEW and CANCEL of the mixes `balanced` and `cancels`, from 100 accounts.

It is a cycle: behind each mix all accounts take back what rests, so that the book is empty and the ids are free again.
That is one line in a thousand. Commands are records (48 bytes), lines, or messages, one for one.
"""

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import Any

from obctl.flow import generate

MIXES = ("balanced", "cancels")
COMMANDS_PER_MIX = 100_000
SEED = 1
ACCOUNTS = range(1, 101)
PLENTY = 1 << 50  # of base, and eight times that of quote: nobody runs out
BATCH = 1_000  # commands in a packet or a message

RECORD = Struct("<BBBBIQQQQQ")  # kind, side, type, flags, instrument, account, order, price, quantity, timestamp
NEW, CANCEL, CANCEL_ALL = 1, 2, 5
SIDES = {1: "B", 2: "A"}
TYPES = {1: " M", 2: "", 3: " IOC"}

Fields = tuple[Any, ...]  # ten integers, as RECORD has them


@lru_cache(maxsize=1)
def commands() -> list[Fields]:
    """Return the fields of the cycle's commands, in the order of a record; their number is a multiple of BATCH."""
    cycle: list[Fields] = []
    for mix in MIXES:
        part: list[Fields] = []
        for fields in RECORD.iter_unpack(generate.commands(mix, COMMANDS_PER_MIX, seed=SEED)):
            if fields[0] in (NEW, CANCEL):
                account = fields[5] % len(ACCOUNTS) + ACCOUNTS.start
                part.append((*fields[:5], account, *fields[6:]))
        cycle += part[: len(part) - (len(part) + len(ACCOUNTS)) % BATCH]
        cycle += [(CANCEL_ALL, 0, 0, 0, 0, account, 0, 0, 0, 0) for account in ACCOUNTS]
    return cycle


def line_of(fields: Fields) -> bytes:
    """Return a command as a line."""
    kind, side, order_type, _, _, account, order, price, quantity, _ = fields
    if kind == NEW:
        return f"N {account} {order} {SIDES[side]} {price} {quantity}{TYPES[order_type]}\n".encode()
    return f"C {account} {order}\n".encode() if kind == CANCEL else b"X %d\n" % account


def credit_lines() -> bytes:
    """Return lines that give all accounts plenty."""
    return b"".join(b"A %d %d %d\n" % (account, PLENTY, 8 * PLENTY) for account in ACCOUNTS)


def cancel_all_lines() -> bytes:
    """Return lines that take back all that the accounts have resting."""
    return b"".join(b"X %d\n" % account for account in ACCOUNTS)


@lru_cache(maxsize=1)
def lines() -> list[bytes]:
    """Return the cycle as lines."""
    return [line_of(fields) for fields in commands()]


def in_batches(items: list[bytes]) -> Iterator[bytes]:
    """Yield the items glued together, BATCH of them at a time."""
    for first in range(0, len(items), BATCH):
        yield b"".join(items[first : first + BATCH])


@lru_cache(maxsize=1)
def packets() -> list[bytes]:
    """Return the cycle as packets of lines."""
    return list(in_batches(lines()))


@lru_cache(maxsize=1)
def records() -> list[bytes]:
    """Return the cycle as batches of records."""
    return list(in_batches([RECORD.pack(*fields) for fields in commands()]))
