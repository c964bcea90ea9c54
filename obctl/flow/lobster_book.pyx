"""LOBSTER order-book files: see lobster_book.pxd."""

cimport cython
from libc.stdlib cimport calloc, free
from libc.string cimport memchr, memcmp, strlen

from obctl.flow cimport scan
from obctl.flow.lines cimport empty_line, too_long
from obctl.flow.scan cimport OK, scan_u64
from obctl.flow.text_reader cimport Failure, fail

from obctl.flow.errors import FlowError, RowError
from obctl.flow.source import Source
from obctl.flow.text_reader import REASONS as NUMBER_REASONS

COLUMN_NAMES = ("ask price", "ask size", "bid price", "bid size")  # of each level, in the file's order
REASONS = {
    **NUMBER_REASONS,
    scan.LEVEL_EMPTY: "is the size of a level that has a price",
    scan.LEVEL_NOT_EMPTY: "is the size of a level that is empty",
    scan.LEVEL_GAP: "is the price of a level behind an empty one",
}

cdef const char *NO_ASK = b"9999999999"
cdef const char *NO_BID = b"-9999999999"


@cython.final
cdef class LobsterBookReader:
    """Read a LOBSTER order-book file (plain or compressed, "-" for standard input) row by row.

    Each row has ask price, ask size, bid price, bid size per level; an empty level is ±9999999999 with size 0. Raise
    OSError when the file cannot be opened and FlowError when its first row cannot be one of an order book. It is a
    context manager.
    """

    def __init__(self, path, *, block_size=1 << 20):
        self.source = Source(path)
        self.name = self.source.name
        self.lines = LineBlocks(self.source, block_size)
        try:
            self.measure()
        except BaseException:
            self.source.close()
            raise

    def __dealloc__(self):
        free(self.asks)
        free(self.bids)

    cdef int measure(self) except -1:
        """Learn the number of levels from the first row, without consuming it."""
        cdef char *line = self.find_line()
        cdef char *newline
        if line == NULL:
            raise FlowError(f"{self.name}: the file is empty: a LOBSTER order-book file has at least one row")
        newline = <char *>memchr(line, c'\n', self.lines.size)
        columns = 1 + (<bytes>line[:newline - line]).count(b",")
        if columns % 4:
            raise FlowError(f"{self.name}: no LOBSTER order-book file: its first row has {columns} columns, "
                            "and four per level are needed")
        self.levels = columns // 4
        self.asks = <BookLevel *>calloc(self.levels, sizeof(BookLevel))
        self.bids = <BookLevel *>calloc(self.levels, sizeof(BookLevel))
        if self.asks == NULL or self.bids == NULL:
            raise MemoryError
        return 0

    cdef char *find_line(self) except? NULL:
        """Return the start of the next line that is not empty, NULL at the end of the file."""
        cdef char *line
        while self.lines.position < self.lines.whole or self.lines.refill():
            line = self.lines.data + self.lines.position
            if not empty_line(line):
                return line
            self.lines.position += empty_line(line)
            self.lines.line += 1
        return NULL

    cpdef bint read(self) except -1:
        """Read the next row into `asks` and `bids`. Return False at the end of the file.

        A bad row raises RowError; the next call goes on behind it.
        """
        cdef char *line = self.find_line()
        cdef char *newline
        cdef Failure failure
        if line == NULL:
            return False
        newline = <char *>memchr(line, c'\n', self.lines.size)
        self.line = self.lines.line
        self.lines.line += 1
        self.lines.position = newline + 1 - self.lines.data
        if not self.parse_row(line, newline, &failure):
            raise self.row_error(line, newline, &failure)
        return True

    cdef bint parse_row(self, char *line, char *newline, Failure *failure) noexcept nogil:
        """Read all levels of a line. Return False, with the failure filled, when it is wrong."""
        cdef char *p = line
        cdef char *end = newline - (newline > line and (newline - 1)[0] == c'\r')
        cdef Py_ssize_t level
        self.ask_count = self.bid_count = 0
        failure.reason = OK
        if too_long(line, newline):
            fail(failure, scan.LINE_TOO_LONG, -1, p, p)
            return False
        for level in range(self.levels):
            if not parse_level(&p, end, NO_ASK, 4 * level, &self.asks[level], &self.ask_count, failure):
                return False
            if not parse_level(&p, end, NO_BID, 4 * level + 2, &self.bids[level], &self.bid_count, failure):
                return False
        if p <= end:
            fail(failure, scan.COLUMN_COUNT, -1, p, p)
        return failure.reason == OK

    cdef object row_error(self, char *line, char *newline, const Failure *failure):
        """Return the RowError for the row in hand."""
        if failure.reason == scan.COLUMN_COUNT:
            found = 1 + (<bytes>line[:newline - line]).count(b",")
            reason = f"the row has {found} columns, the first row {4 * self.levels}"
        else:
            reason = REASONS[failure.reason]
        if failure.column < 0:
            return RowError(self.name, self.line, None, None, reason)
        field = f"{COLUMN_NAMES[failure.column % 4]} {failure.column // 4 + 1}"
        value = failure.start[:failure.end - failure.start].decode("utf-8", "replace")
        return RowError(self.name, self.line, field, value, reason)

    def row_as_tuples(self):
        """Return the last row read as (asks, bids), each a list of (price, quantity), best first."""
        cdef Py_ssize_t i
        return ([(self.asks[i].price, self.asks[i].quantity) for i in range(self.ask_count)],
                [(self.bids[i].price, self.bids[i].quantity) for i in range(self.bid_count)])

    def close(self):
        """Close the file."""
        self.source.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


cdef bint next_column(char **at, char *line_end, char **start, char **end) noexcept nogil:
    """Take the next column and step behind its comma. Return False when the line has no more."""
    cdef char *p = at[0]
    if p > line_end:
        return False
    start[0] = p
    while p < line_end and p[0] != c',':
        p += 1
    end[0] = p
    at[0] = p + 1
    return True


cdef bint parse_level(char **at, char *line_end, const char *empty, int column, BookLevel *level, Py_ssize_t *count,
                      Failure *failure) noexcept nogil:
    """Read the price and size of one side's next level, and count it unless it is empty."""
    cdef char *price
    cdef char *price_end
    cdef char *size
    cdef char *size_end
    cdef int reason
    cdef bint is_empty
    if not next_column(at, line_end, &price, &price_end) or not next_column(at, line_end, &size, &size_end):
        fail(failure, scan.COLUMN_COUNT, -1, line_end, line_end)
        return False
    is_empty = price_end - price == <Py_ssize_t>strlen(empty) and memcmp(price, empty, price_end - price) == 0
    if not is_empty:
        reason = scan_u64(price, price_end, &level.price)
        if reason == OK and count[0] * 4 != column - column % 4:
            reason = scan.LEVEL_GAP
        if reason != OK:
            fail(failure, reason, column, price, price_end)
            return False
    reason = scan_u64(size, size_end, &level.quantity)
    if reason == OK and is_empty != (level.quantity == 0):
        reason = scan.LEVEL_NOT_EMPTY if is_empty else scan.LEVEL_EMPTY
    if reason != OK:
        fail(failure, reason, column + 1, size, size_end)
        return False
    count[0] += not is_empty
    return True
