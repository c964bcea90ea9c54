"""Command records as CSV text, in columns that the CSV reader understands."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, strlen

from orderbook.digits cimport put_digits
from orderbook.records cimport CANCEL, HAS_PRICE, MODIFY, NEW, Command

HEADER = b"timestamp,action,order_id,side,price,quantity,order_type,account\n"

cdef enum:
    ROW_MAX = 160  # bytes of the longest row: five numbers of 20 digits, three words, the commas

cdef const char **ACTIONS = [b"", b"ADD", b"CANCEL", b"MODIFY"]
cdef const char **SIDES = [b"", b"B", b"S"]
cdef const char **TYPES = [b"", b"MARKET", b"LIMIT", b"IOC", b"FOK", b"POST_ONLY"]


def to_csv(const unsigned char[::1] records not None):
    """Return COMMAND records as CSV rows without the header (HEADER). Fields that a kind does not have are empty.

    Raise ValueError for credits and cancel-alls, which are no order flow, and for unknown sides and types.
    """
    cdef Py_ssize_t count = records.shape[0] // <Py_ssize_t>sizeof(Command)
    cdef const Command *commands
    cdef bytes text
    cdef char *p
    cdef Py_ssize_t i
    if count == 0:
        return b""
    commands = <const Command *>&records[0]
    text = PyBytes_FromStringAndSize(NULL, count * ROW_MAX)
    p = PyBytes_AS_STRING(text)
    for i in range(count):
        if not NEW <= commands[i].kind <= MODIFY or commands[i].side > 2 or commands[i].order_type > 5:
            raise ValueError(f"record {i} is no order flow: {bytes(records[i * sizeof(Command):][:4]).hex()}")
        p = write_row(p, &commands[i])
    return text[:p - PyBytes_AS_STRING(text)]


cdef char *write_row(char *p, const Command *command) noexcept nogil:
    """Write one row and return the place behind it."""
    p = write_number(p, command.timestamp, c',')
    p = write_text(p, ACTIONS[command.kind], c',')
    p = write_number(p, command.order_id, c',')
    p = write_text(p, SIDES[command.side], c',')
    if command.flags & HAS_PRICE:
        p = write_number(p, command.price, c',')
    else:
        p = write_text(p, b"", c',')
    if command.kind == CANCEL:
        p = write_text(p, b"", c',')
    else:
        p = write_number(p, command.quantity, c',')
    p = write_text(p, TYPES[command.order_type if command.kind == NEW else 0], c',')
    return write_number(p, command.account_id, c'\n')


cdef inline char *write_text(char *p, const char *text, char behind) noexcept nogil:
    cdef size_t size = strlen(text)
    memcpy(p, text, size)
    p[size] = behind
    return p + size + 1


cdef inline char *write_number(char *p, uint64_t number, char behind) noexcept nogil:
    p += put_digits(p, number)
    p[0] = behind
    return p + 1
