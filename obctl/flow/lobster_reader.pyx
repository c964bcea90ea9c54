"""LOBSTER message files: see lobster_reader.pxd."""

cimport cython
from libc.stdint cimport uint64_t

from obctl.flow cimport scan
from obctl.flow.lines cimport LineBlocks, empty_line, too_long
from obctl.flow.rows cimport (
    ADD, CANCEL, CROSS, EXECUTE, EXECUTE_HIDDEN, HALT, HAS_ORDER_ID, HAS_PRICE, HAS_QUANTITY, HAS_SIDE, Row,
)
from obctl.flow.scan cimport OK, SECONDS, scan_time, scan_u64
from obctl.flow.text_reader cimport fail
from orderbook.records cimport ASK, BID, LIMIT

COLUMN_NAMES = ("time", "type", "order id", "size", "price", "direction")
REASONS = {
    scan.BAD_EVENT_TYPE: "is not an event type: 1 … 7",
    scan.BAD_DIRECTION: "is not a direction: 1 (buy) or -1 (sell)",
}

cdef enum:
    TIME = 0
    EVENT = 1
    ORDER_ID = 2
    SIZE = 3
    PRICE = 4
    DIRECTION = 5

cdef int[8] ACTIONS = [0, ADD, CANCEL, CANCEL, EXECUTE, EXECUTE_HIDDEN, CROSS, HALT]  # by event type
cdef enum:
    DELETE = 3  # the event type that cancels all of an order


@cython.final
cdef class LobsterReader(TextReader):
    """Read a LOBSTER message file. Prices stay in 1/10000 dollar, times are nanoseconds since midnight.

    A delete (type 3) is a cancel without HAS_QUANTITY whose `quantity` still tells the size in the file. A halt (type
    7) may hold -1 anywhere, a cross (type 6) as its order id: those fields have no flag.
    """

    def __init__(self, source, *, block_size=1 << 20):
        self.format = "lobster"
        self.source = source
        self.name = source.name
        self.lines = LineBlocks(source, block_size)

    cdef void parse(self, Py_ssize_t max_rows, Failure *failure) noexcept nogil:
        cdef const char *line = self.lines.data + self.lines.position
        cdef const char *whole = self.lines.data + self.lines.whole
        cdef const char *newline
        cdef Column[LOBSTER_COLUMNS] columns
        cdef Row *row
        cdef int count
        while line < whole and self.count < max_rows:
            row = &self.rows[self.count]
            row.line = self.lines.line
            self.lines.line += 1
            if empty_line(line):
                line += empty_line(line)
                continue
            count = split(line, columns, &newline)
            if too_long(line, newline):
                fail(failure, scan.LINE_TOO_LONG, -1, newline, newline)
            elif count != LOBSTER_COLUMNS:
                self.found_columns = count
                fail(failure, scan.COLUMN_COUNT, -1, newline, newline)
            line = newline + 1
            if failure.reason != OK or not self.good_row(columns, row, failure):
                break
            self.count += 1
        self.lines.position = line - self.lines.data

    cdef bint good_row(self, const Column *columns, Row *row, Failure *failure) noexcept nogil:
        """Read the six columns. Return False, with the failure filled, when one of them is wrong."""
        cdef int column = TIME
        cdef uint64_t event = 0
        cdef int reason = scan_time(columns[TIME].start, columns[TIME].end, SECONDS, &row.timestamp)
        row.account_id = 0
        if reason == OK and columns[TIME].start == columns[TIME].end:
            reason = scan.MISSING
        if reason == OK:
            column = EVENT
            reason = scan_u64(columns[EVENT].start, columns[EVENT].end, &event)
            if reason == OK and not 1 <= event <= 7:
                reason = scan.BAD_EVENT_TYPE
        if reason == OK:
            row.action = ACTIONS[event]
            row.order_type = LIMIT if event == 1 else 0
            row.flags = HAS_ORDER_ID | HAS_QUANTITY | HAS_PRICE
            column = ORDER_ID
            reason = scan_number(&columns[ORDER_ID], row, HAS_ORDER_ID, &row.order_id, event >= 6)
        if reason == OK:
            column = SIZE
            reason = scan_number(&columns[SIZE], row, HAS_QUANTITY, &row.quantity, event == 7)
        if reason == OK:
            column = PRICE
            reason = scan_number(&columns[PRICE], row, HAS_PRICE, &row.price, event == 7)
        if reason == OK:
            column = DIRECTION
            reason = scan_direction(&columns[DIRECTION], row)
        if reason != OK:
            fail(failure, reason, column, columns[column].start, columns[column].end)
            return False
        if event == DELETE:
            row.flags &= ~HAS_QUANTITY
        return True

    cdef str column_name(self, int column):
        return COLUMN_NAMES[column]

    cdef str explain(self, int reason, int column):
        if reason == scan.COLUMN_COUNT:
            return f"the row has {self.found_columns} columns instead of {LOBSTER_COLUMNS}"
        return REASONS.get(reason) or TextReader.explain(self, reason, column)


cdef inline int split(const char *line, Column *columns, const char **newline) noexcept nogil:
    """Find the columns of a line and its end. Return how many columns there are; those beyond six are not kept."""
    cdef const char *p = line
    cdef int count = 0
    while True:
        if count < LOBSTER_COLUMNS:
            columns[count].start = p
        while p[0] != c',' and p[0] != c'\n':
            p += 1
        if count < LOBSTER_COLUMNS:
            columns[count].end = p - (p[0] == c'\n' and p > columns[count].start and (p - 1)[0] == c'\r')
        count += 1
        if p[0] == c'\n':
            newline[0] = p
            return count
        p += 1


cdef inline int scan_number(const Column *column, Row *row, int flag, uint64_t *number,
                            bint may_be_minus_one) noexcept nogil:
    """Read an unsigned integer; -1, where it may stand, clears the field's flag."""
    if may_be_minus_one and column.end - column.start == 2 and column.start[0] == c'-' and column.start[1] == c'1':
        number[0] = <uint64_t>-1
        row.flags &= ~flag
        return OK
    return scan_u64(column.start, column.end, number)


cdef inline int scan_direction(const Column *column, Row *row) noexcept nogil:
    """Read the direction of the resting order as its side. A halt has none, whatever stands there."""
    cdef const char *start = column.start
    cdef Py_ssize_t size = column.end - start
    row.side = 0
    if size == 1 and start[0] == c'1':
        row.side = BID
    elif size == 2 and start[0] == c'-' and start[1] == c'1':
        row.side = ASK
    elif row.action != HALT or size != 1 or start[0] != c'0':
        return scan.MISSING if size == 0 else scan.BAD_DIRECTION
    if row.action == HALT:
        row.side = 0
    else:
        row.flags |= HAS_SIDE
    return OK
