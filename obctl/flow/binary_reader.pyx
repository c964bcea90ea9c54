"""Files of raw COMMAND records: see binary_reader.pxd."""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.string cimport memmove

from obctl.flow.rows cimport ADD, CANCEL, HAS_ORDER_ID, HAS_PRICE, HAS_QUANTITY, HAS_SIDE, MODIFY, Row
from orderbook.records cimport CANCEL as KIND_CANCEL
from orderbook.records cimport HAS_PRICE as FLAG_PRICE
from orderbook.records cimport MODIFY as KIND_MODIFY
from orderbook.records cimport NEW as KIND_NEW
from orderbook.records cimport POST_ONLY

from obctl.flow.errors import RowError


@cython.final
cdef class BinaryReader(RowReader):
    """Read a file of COMMAND records (48 bytes each, `orderbook.COMMAND_DTYPE`).

    `read` gives rows like every reader; credits and cancel-alls are no order flow and are refused there.
    `read_commands` gives the records as they are, without a copy.
    """

    def __init__(self, source, *, block_size=1 << 20):
        if block_size < 1:
            raise ValueError(f"block_size {block_size} is not positive")
        self.format = "bin"
        self.source = source
        self.name = source.name
        self.block_size = block_size
        self.block = bytearray(block_size + sizeof(Command))
        self.commands = <Command *>PyByteArray_AS_STRING(self.block)
        self.view = memoryview(self.block)
        self.record = 1

    def read_commands(self, Py_ssize_t max_commands):
        """Return up to `max_commands` records as a memoryview of bytes, empty at the end of the file.

        Fewer records than asked for are no sign of the end. The view shows the reader's own block: it is valid until
        the next call. Raise RowError for a last record that is cut short.
        """
        cdef Py_ssize_t start, count
        if max_commands < 1:
            raise ValueError(f"max_commands {max_commands} is not positive")
        if self.position == self.whole and not self.refill():
            return self.view[:0]
        start = self.position
        count = min(max_commands, self.whole - start)
        self.position += count
        self.record += count
        return self.view[start * sizeof(Command):(start + count) * sizeof(Command)]

    cdef int fill(self, Py_ssize_t max_rows) except -1:
        cdef Command *command
        if self.position == self.whole and not self.refill():
            return 0
        while self.count < max_rows and self.position < self.whole:
            command = &self.commands[self.position]
            self.position += 1
            self.record += 1
            self.check(command)
            to_row(command, self.record - 1, &self.rows[self.count])
            self.count += 1
        return 0

    cdef bint refill(self) except -1:
        """Get the next whole records, once all before are consumed. Return False at the end of the file."""
        cdef Py_ssize_t rest = self.size - self.whole * <Py_ssize_t>sizeof(Command)
        cdef Py_ssize_t got
        memmove(self.commands, self.commands + self.whole, rest)
        self.size = rest
        self.position = self.whole = 0
        while self.whole == 0 and not self.finished:
            got = self.source.readinto(self.view[self.size:self.size + self.block_size])
            self.finished = got == 0
            self.size += got
            self.whole = self.size // <Py_ssize_t>sizeof(Command)
        if self.whole == 0 and self.size > 0:
            rest, self.size = self.size, 0
            raise RowError(self.name, self.record, None, None,
                           f"the last record is cut short: {rest} of {sizeof(Command)} bytes")
        return self.whole > 0

    cdef int check(self, const Command *command) except -1:
        """Raise RowError for a record that is no new order, cancel or modify, or a new order of no side or type."""
        field = None
        if not KIND_NEW <= command.kind <= KIND_MODIFY:
            field, value, reason = "kind", command.kind, "is none of 1 (new), 2 (cancel), 3 (modify)"
        elif command.kind == KIND_NEW and not 1 <= command.side <= 2:
            field, value, reason = "side", command.side, "is neither 1 (bid) nor 2 (ask)"
        elif command.kind == KIND_NEW and not 1 <= command.order_type <= POST_ONLY:
            field, value, reason = "order_type", command.order_type, "is not an order type: 1 … 5"
        if field is not None:
            raise RowError(self.name, self.record - 1, field, str(value), reason)
        return 0


cdef inline void to_row(const Command *command, uint64_t number, Row *row) noexcept nogil:
    """Write a command that was checked as a row."""
    row.line = number
    row.timestamp = command.timestamp
    row.order_id = command.order_id
    row.account_id = command.account_id
    row.price = command.price if command.flags & FLAG_PRICE else 0
    row.quantity = 0 if command.kind == KIND_CANCEL else command.quantity
    row.action = ADD if command.kind == KIND_NEW else CANCEL if command.kind == KIND_CANCEL else MODIFY
    row.side = command.side if 1 <= command.side <= 2 else 0
    row.order_type = command.order_type if command.kind == KIND_NEW else 0
    row.flags = HAS_ORDER_ID
    if command.flags & FLAG_PRICE:
        row.flags |= HAS_PRICE
    if command.kind != KIND_CANCEL:
        row.flags |= HAS_QUANTITY
    if row.side:
        row.flags |= HAS_SIDE
