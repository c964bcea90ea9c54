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

    `read` gives rows like every reader, `read_commands` the records as they are, without a copy. Both refuse what is no
    order flow for one instrument: credits and cancel-alls, unknown kinds, sides and types, other instruments, flags.
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
        the next call. Raise RowError for a record that is wrong or cut short; the next call goes on behind it.
        """
        cdef Py_ssize_t count
        if max_commands < 1:
            raise ValueError(f"max_commands {max_commands} is not positive")
        count = self.take(max_commands)
        return self.view[(self.position - count) * sizeof(Command):self.position * sizeof(Command)]

    cdef int fill(self, Py_ssize_t max_rows) except -1:
        cdef Py_ssize_t i
        cdef Py_ssize_t count = self.take(max_rows)
        for i in range(count):
            to_row(&self.commands[self.position - count + i], self.record - count + i, &self.rows[i])
        self.count = count
        return 0

    cdef Py_ssize_t take(self, Py_ssize_t max_records) except -1:
        """Step over the next records, up to `max_records` or a wrong one, and return how many; 0 at the end.

        Raise RowError where the next record is wrong, and step over that.
        """
        cdef Py_ssize_t start, end
        if self.position == self.whole and not self.refill():
            return 0
        start = self.position
        end = min(self.whole, start + max_records)
        while self.position < end and is_order_flow(&self.commands[self.position]):
            self.position += 1
        self.record += self.position - start
        if self.position == start:
            self.position += 1
            self.record += 1
            raise self.record_error(&self.commands[start])
        return self.position - start

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

    cdef object record_error(self, const Command *command):
        """Return the RowError for a wrong record that was just stepped over."""
        if not KIND_NEW <= command.kind <= KIND_MODIFY:
            field, value, reason = "kind", command.kind, "is none of 1 (new), 2 (cancel), 3 (modify)"
        elif command.instrument:
            field, value, reason = "instrument", command.instrument, "is another instrument than 0, the only one here"
        elif command.flags & ~FLAG_PRICE:
            field, value, reason = "flags", command.flags, "is more than 1 (the price is present)"
        elif not 1 <= command.side <= 2:
            field, value, reason = "side", command.side, "is neither 1 (bid) nor 2 (ask)"
        else:
            field, value, reason = "order_type", command.order_type, "is not an order type: 1 … 5"
        return RowError(self.name, self.record - 1, field, str(value), reason)


cdef inline bint is_order_flow(const Command *command) noexcept nogil:
    """Tell whether a record is a new order, cancel or modify that a replay can carry out or refuse."""
    return (
        KIND_NEW <= command.kind <= KIND_MODIFY and command.instrument == 0 and not command.flags & ~FLAG_PRICE
        and (command.kind != KIND_NEW or (1 <= command.side <= 2 and 1 <= command.order_type <= POST_ONLY))
    )


cdef inline void to_row(const Command *command, uint64_t number, Row *row) noexcept nogil:
    """Write a command that is order flow as a row."""
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
