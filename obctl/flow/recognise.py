"""What format a file is in, by its name and its first bytes."""

import re
import struct

from obctl.flow.compression import bare_name
from obctl.flow.errors import FlowError
from obctl.flow.spellings import known_columns

FORMATS = ("csv", "lobster", "bin")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
COMMAND = struct.Struct("<4BI5Q")  # the layout of orderbook.COMMAND_DTYPE
CHECKED_RECORDS = 64  # records at the start of a binary file that must look like commands
INSTRUMENTS_MAX = 1 << 16  # an instrument number above this is none


def recognise(name: str, head: bytes) -> str:
    """Return 'csv', 'lobster' or 'bin' for a file's name and its first bytes (decompressed).

    Raise FlowError, saying what the file looks like, when it is none of them.
    """
    if bare_name(name).lower().endswith(".bin"):
        return "bin"
    if not head.strip(b"\xef\xbb\xbf\r\n \t"):
        raise FlowError(f"{name}: the file is empty, so its format cannot be told; name it ({', '.join(FORMATS)})")
    if looks_like_commands(head):
        return "bin"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FlowError(f"{name}: the file is UTF-16 text; convert it to UTF-8")
    if b"\0" in head:
        raise FlowError(f"{name}: the file is binary, but its records are no commands")
    return recognise_text(name, head)


def recognise_text(name: str, head: bytes) -> str:
    """Tell CSV with a header from LOBSTER messages by the first line that is not empty."""
    line = head.decode("utf-8-sig", "replace").lstrip().partition("\n")[0].rstrip()
    columns = re.split("[,;\t]", line)
    if known_columns([column.strip('" ') for column in columns]):
        return "csv"
    if all(NUMBER.fullmatch(column) for column in columns):
        if len(columns) == 6:
            return "lobster"
        if len(columns) % 4 == 0:
            raise FlowError(f"{name}: this looks like a LOBSTER order-book file, which holds no order flow")
    raise FlowError(
        f"{name}: neither CSV with a header, nor LOBSTER messages (six numbers), nor command records: "
        f"its first line is {line[:60]!r}"
    )


def looks_like_commands(head: bytes) -> bool:
    """Return whether the bytes begin with a command record, and all whole records among them could be commands."""
    records = [COMMAND.unpack_from(head, at) for at in range(0, len(head) - COMMAND.size + 1, COMMAND.size)]
    return bool(records) and all(
        1 <= kind <= 5 and side <= 2 and order_type <= 5 and flags < 16 and instrument < INSTRUMENTS_MAX
        for kind, side, order_type, flags, instrument, *_ in records[:CHECKED_RECORDS]
    )
