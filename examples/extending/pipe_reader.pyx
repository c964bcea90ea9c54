"""A replay format: lines such as `1700000000000000000|+|7|B|10025|300`, in ticks and lots; `-` takes an order back."""

from obctl.flow.lines cimport LineBlocks
from obctl.flow.rows cimport ADD, CANCEL, HAS_ORDER_ID, HAS_PRICE, HAS_QUANTITY, HAS_SIDE, Row, RowReader
from orderbook.records cimport ASK, BID, LIMIT

from obctl.flow import RowError

FIELDS = ("time", "action", "order", "side", "price", "quantity")
SIDES = {b"B": BID, b"S": ASK}
ACTIONS = {b"+": ADD, b"-": CANCEL}
U64_MAX = 2**64 - 1


cdef class PipeReader(RowReader):
    """Reads them from an `obctl.flow.source.Source`, which decompresses on the way."""

    cdef LineBlocks lines

    def __init__(self, source, *, block_size=1 << 20):
        self.format = "pipe"
        self.source = source
        self.name = source.name
        self.lines = LineBlocks(source, block_size)

    cdef int fill(self, Py_ssize_t max_rows) except -1:
        """Parse up to `max_rows` lines. A wrong one raises; those before it are counted."""
        while self.count < max_rows and (line := self.lines.next_line()) is not None:
            self.parse(line, &self.rows[self.count])
            self.count += 1
        return 0

    cdef int parse(self, bytes line, Row *row) except -1:
        """Turn one line into a row, or raise RowError with its number and the field that is wrong."""
        fields = line.rstrip().split(b"|")
        if len(fields) != len(FIELDS):
            raise RowError(self.name, self.lines.line - 1, None, None, f"{len(fields)} fields, not {len(FIELDS)}")
        row.line = self.lines.line - 1
        row.timestamp = self.number(fields, 0)
        row.action = self.word(fields, 1, ACTIONS)
        row.order_id = self.number(fields, 2)
        row.side = self.word(fields, 3, SIDES)
        row.price = self.number(fields, 4)
        row.quantity = self.number(fields, 5)
        row.account_id = 0
        row.order_type = LIMIT if row.action == ADD else 0
        row.flags = HAS_ORDER_ID | HAS_SIDE | (HAS_PRICE | HAS_QUANTITY if row.action == ADD else 0)
        return 0

    def number(self, fields, position):
        """Return a field as a number of 64 bits."""
        text = fields[position]
        if not text.isdigit() or int(text) > U64_MAX:
            raise self.error(fields, position, "is no number from 0 to 2^64-1")
        return int(text)

    def word(self, fields, position, words):
        """Return what a field's word stands for."""
        if fields[position] not in words:
            raise self.error(fields, position, f"is none of {b', '.join(words).decode()}")
        return words[fields[position]]

    def error(self, fields, position, reason):
        """Return what is wrong with a field, and where."""
        value = fields[position].decode("utf-8", "replace")
        return RowError(self.name, self.lines.line - 1, FIELDS[position], value, reason)
