"""CSV with a header: see csv_reader.pxd. One pass splits a line into the fields that matter, a second reads them."""

cimport cython
from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from obctl.flow cimport scan
from obctl.flow.lines cimport LineBlocks, empty_line, too_long
from obctl.flow.rows cimport (
    ADD, CANCEL, EXECUTE, HAS_ORDER_ID, HAS_PRICE, HAS_QUANTITY, HAS_SIDE, MODIFY, Row,
)
from obctl.flow.scan cimport (
    AUTO, MICROSECONDS, MILLISECONDS, NANOSECONDS, OK, SECONDS, as_unit, scan_scaled, scan_time, scan_u64,
)
from obctl.flow.text_reader cimport fail
from obctl.flow.words cimport Word, WordTable, add_word, find_word
from orderbook.records cimport LIMIT, MARKET

import csv
import os

from obctl.flow import spellings
from obctl.flow.errors import FlowError

DELIMITERS = (",", ";", "\t")
TIME_UNITS = {"auto": AUTO, "ns": NANOSECONDS, "us": MICROSECONDS, "ms": MILLISECONDS, "s": SECONDS}
ROLES = {
    "time": TIME, "kind": KIND, "order id": ORDER_ID, "side": SIDE, "price": PRICE, "quantity": QUANTITY,
    "order type": ORDER_TYPE, "account": ACCOUNT, "symbol": SYMBOL,
}

KINDS = [word for words in spellings.ACTIONS.values() for word in words]
REASONS = {
    scan.BAD_KIND: f"is not a kind of row: {', '.join(KINDS)}, or an order type: {', '.join(spellings.ORDER_TYPES)}",
    scan.BAD_SIDE: f"is not a side: {', '.join(spellings.SIDES)}",
    scan.BAD_ORDER_TYPE: f"is not an order type: {', '.join(spellings.ORDER_TYPES)}",
    scan.CONTRADICTION: "is another order type than the one that the kind says",
    scan.NO_ORDER_ID: "a cancel, modify or execution needs an order id, and the file has no column for it",
}

cdef WordTable kind_words   # value: an action; detail: the order type that the word says, 0 none
cdef WordTable side_words
cdef WordTable type_words


cdef int fill_tables() except -1:
    """Fill the word tables from the spellings, the most frequent words first."""
    actions = {"ADD": ADD, "CANCEL": CANCEL, "MODIFY": MODIFY, "EXECUTE": EXECUTE}
    for action, words in spellings.ACTIONS.items():
        for word in words:
            add_word(&kind_words, word, actions[action], 0)
    for word, order_type in spellings.ORDER_TYPES.items():
        add_word(&kind_words, word, ADD, order_type)
        add_word(&type_words, word, order_type, 0)
    for word, side in spellings.SIDES.items():
        add_word(&side_words, word, side, 0)
    return 0


fill_tables()


@cython.final
cdef class CsvReader(TextReader):
    """Read a CSV file with a header.

    `tick_size` and `lot_size` say what one tick and one lot are in the file's decimals (None: 1). `time_unit` is
    'auto', 'ns', 'us', 'ms' or 's'. With `symbol` the rows of other symbols are passed over. `after` is the reader of
    the file before in one stream: the symbol stays its, and the numbers of orders without an id go on.
    """

    def __init__(self, source, *, tick_size=None, lot_size=None, time_unit="auto", symbol=None,
                 CsvReader after=None, block_size=1 << 20):
        if time_unit not in TIME_UNITS:
            raise ValueError(f"time_unit {time_unit!r} is none of {', '.join(TIME_UNITS)}")
        self.format = "csv"
        self.source = source
        self.name = source.name
        self.tick = as_unit(tick_size, "--tick-size")
        self.lot = as_unit(lot_size, "--lot-size")
        self.tick_size = tick_size
        self.lot_size = lot_size
        self.time_unit = TIME_UNITS[time_unit]
        self.lines = LineBlocks(source, block_size)
        self.resolve(self.lines.next_line())
        if symbol is not None:
            self.pick_symbol(symbol)
        if after is not None:
            self.follow(after)

    def __dealloc__(self):
        free(self.symbol)

    cdef int resolve(self, bytes header) except -1:
        """Find the delimiter and the columns."""
        cdef int role
        if header is None:
            raise FlowError(f"{self.name}: the file is empty: a CSV file begins with a header")
        if b"\r" in header:
            raise FlowError(f"{self.name}: its lines end in a carriage return alone; convert them to newlines")
        self.header, delimiter = split_header(header)
        self.delimiter = <char>ord(delimiter)
        self.column_count = len(self.header)
        if self.column_count > COLUMNS_MAX:
            raise FlowError(f"{self.name}: the header has {self.column_count} columns, more than {COLUMNS_MAX}")
        try:
            found = spellings.resolve_columns(self.header)
        except ValueError as error:
            raise FlowError(f"{self.name}: {error}") from None
        for role in range(ROLE_COUNT):
            self.columns[role] = -1
        for meaning, column in found.items():
            role = ROLES[meaning]
            self.roles[<int>column] = role
            self.columns[role] = column
        return 0

    cdef int pick_symbol(self, str symbol) except -1:
        """Pass over the rows of all other symbols."""
        cdef bytes wanted = os.fsencode(symbol)  # what is no text on the command line comes through as it was
        if self.columns[SYMBOL] < 0:
            raise FlowError(f"{self.name}: there is no symbol column to pick {symbol!r} from")
        if not self.keep_symbol(wanted, len(wanted)):
            raise MemoryError
        self.skip_other_symbols = True
        return 0

    cdef int follow(self, CsvReader before) except -1:
        """Go on where the file before in the same stream ended."""
        self.numbered = before.numbered
        if self.symbol == NULL and before.symbol != NULL and not self.keep_symbol(before.symbol, before.symbol_size):
            raise MemoryError
        return 0

    cdef void parse(self, Py_ssize_t max_rows, Failure *failure) noexcept nogil:
        cdef char *line = self.lines.data + self.lines.position
        cdef char *whole = self.lines.data + self.lines.whole
        cdef char *newline
        cdef Row *row
        cdef int reason
        while line < whole and self.count < max_rows:
            row = &self.rows[self.count]
            row.line = self.lines.line
            self.lines.line += 1
            if empty_line(line):
                line += empty_line(line)
                continue
            reason = self.split(line, &newline)
            line = newline + 1
            if reason != OK:
                fail(failure, reason, -1, line, line)
                break
            if self.columns[SYMBOL] >= 0 and self.other_symbol():
                if self.skip_other_symbols:
                    continue
                fail(failure, scan.OTHER_SYMBOL, self.columns[SYMBOL], self.fields[SYMBOL].start,
                     self.fields[SYMBOL].end)
                break
            if not self.good_row(row, failure):
                break
            self.count += 1
        self.lines.position = line - self.lines.data

    cdef int split(self, char *line, char **newline) noexcept nogil:
        """Find the fields of the line that have a role, and its end. Return OK or why it cannot be split."""
        cdef char *p = line
        cdef char *start
        cdef char *end
        cdef char delimiter = self.delimiter
        cdef int column = 0
        cdef int reason = OK
        while True:
            while p[0] == c' ':
                p += 1
            if p[0] == c'"':
                if not split_quoted(&p, &start, &end, delimiter):
                    reason = scan.BAD_QUOTE
            else:
                start = p
                while p[0] != delimiter and p[0] != c'\n':
                    p += 1
                end = p
                if p[0] == c'\n' and end > start and (end - 1)[0] == c'\r':
                    end -= 1
                while end > start and (end - 1)[0] == c' ':
                    end -= 1
            if column < self.column_count:
                self.fields[self.roles[column]].start = start
                self.fields[self.roles[column]].end = end
            column += 1
            if p[0] == c'\n':
                break
            p += 1
        newline[0] = p
        if too_long(line, p):
            return scan.LINE_TOO_LONG
        if reason == OK and column != self.column_count:
            self.found_columns = column
            return scan.COLUMN_COUNT
        return reason

    cdef bint other_symbol(self) noexcept nogil:
        """Return whether the row's symbol is not the one that is read. The first row's is, unless one was given."""
        cdef const char *start = self.fields[SYMBOL].start
        cdef Py_ssize_t size = self.fields[SYMBOL].end - start
        if self.symbol == NULL:
            return not self.keep_symbol(start, size)
        return size != self.symbol_size or memcmp(start, self.symbol, size) != 0

    cdef bint keep_symbol(self, const char *start, Py_ssize_t size) noexcept nogil:
        """Keep a copy of the symbol that is read. Return False when memory is exhausted."""
        self.symbol = <char *>malloc(size + 1)
        if self.symbol == NULL:
            return False
        memcpy(self.symbol, start, size)
        self.symbol_size = size
        return True

    cdef bint good_row(self, Row *row, Failure *failure) noexcept nogil:
        """Read the fields of the row in hand. Return False, with the failure filled, when one of them is wrong."""
        cdef int role = TIME
        cdef int reason = scan_time(self.fields[TIME].start, self.fields[TIME].end, self.time_unit, &row.timestamp)
        row.flags = 0
        if reason == OK:
            role = KIND
            reason = self.parse_kind(row)
        if reason == OK:
            role = ORDER_TYPE
            reason = self.parse_type(row)
        if reason == OK:
            role = ORDER_ID
            reason = self.parse_id(row)
        if reason == OK:
            role = SIDE
            reason = self.parse_side(row)
        if reason == OK:
            role = PRICE
            reason = self.parse_price(row)
        if reason == OK:
            role = QUANTITY
            reason = self.parse_quantity(row)
        if reason != OK:
            fail(failure, reason, self.columns[role], self.fields[role].start, self.fields[role].end)
            return False
        self.parse_account(row)
        if not row.flags & HAS_ORDER_ID:
            self.numbered += 1
        return True

    cdef int parse_kind(self, Row *row) noexcept nogil:
        """Read the action, and the order type where the kind says one."""
        cdef const Word *word
        row.action = ADD
        row.order_type = 0
        if self.columns[KIND] < 0:
            return OK
        if self.fields[KIND].start == self.fields[KIND].end:
            return scan.MISSING
        word = find_word(&kind_words, self.fields[KIND].start, self.fields[KIND].end)
        if word == NULL:
            return scan.BAD_KIND
        row.action = word.value
        row.order_type = word.detail
        return OK

    cdef int parse_type(self, Row *row) noexcept nogil:
        """Read a new order's type: its own column's, else what the kind said, else LIMIT."""
        cdef const Word *word
        if row.action != ADD:
            return OK
        if self.fields[ORDER_TYPE].start == self.fields[ORDER_TYPE].end:
            row.order_type = row.order_type or <uint8_t>LIMIT
            return OK
        word = find_word(&type_words, self.fields[ORDER_TYPE].start, self.fields[ORDER_TYPE].end)
        if word == NULL:
            return scan.BAD_ORDER_TYPE
        if row.order_type and row.order_type != word.value:
            return scan.CONTRADICTION
        row.order_type = word.value
        return OK

    cdef int parse_id(self, Row *row) noexcept nogil:
        """Read the order id; without a column for it new orders are numbered, and nothing else can be meant."""
        if self.columns[ORDER_ID] < 0:
            row.order_id = self.numbered + 1
            return OK if row.action == ADD else scan.NO_ORDER_ID
        row.flags |= HAS_ORDER_ID
        return scan_u64(self.fields[ORDER_ID].start, self.fields[ORDER_ID].end, &row.order_id)

    cdef int parse_side(self, Row *row) noexcept nogil:
        """Read the side; only a new order needs one."""
        cdef const Word *word
        row.side = 0
        if self.fields[SIDE].start == self.fields[SIDE].end:
            return scan.MISSING if row.action == ADD else OK
        word = find_word(&side_words, self.fields[SIDE].start, self.fields[SIDE].end)
        if word == NULL:
            return scan.BAD_SIDE
        row.side = word.value
        row.flags |= HAS_SIDE
        return OK

    cdef int parse_price(self, Row *row) noexcept nogil:
        """Read the price in ticks; new orders need one, unless they are market orders."""
        row.price = 0
        if self.fields[PRICE].start == self.fields[PRICE].end:
            return scan.MISSING if row.action == ADD and row.order_type != MARKET else OK
        row.flags |= HAS_PRICE
        return scan_scaled(self.fields[PRICE].start, self.fields[PRICE].end, &self.tick, &row.price)

    cdef int parse_quantity(self, Row *row) noexcept nogil:
        """Read the quantity in lots. A cancel needs none, and 0 there means none."""
        cdef int reason
        row.quantity = 0
        if self.fields[QUANTITY].start == self.fields[QUANTITY].end:
            return OK if row.action == CANCEL else scan.MISSING
        reason = scan_scaled(self.fields[QUANTITY].start, self.fields[QUANTITY].end, &self.lot, &row.quantity)
        if row.action != CANCEL or row.quantity:
            row.flags |= HAS_QUANTITY
        return reason

    cdef void parse_account(self, Row *row) noexcept nogil:
        """Read the account: an unsigned 64-bit integer as it is, no text as 0, other text as its FNV-1a hash."""
        cdef const char *p = self.fields[ACCOUNT].start
        cdef const char *end = self.fields[ACCOUNT].end
        cdef uint64_t value
        row.account_id = 0
        if p == end or scan_u64(p, end, &row.account_id) == OK:
            return
        value = 0xCBF29CE484222325u
        while p < end:
            value = (value ^ <unsigned char>p[0]) * 0x100000001B3u
            p += 1
        row.account_id = value

    cdef str column_name(self, int column):
        return self.header[column]

    cdef str explain(self, int reason, int column):
        if reason == scan.NOT_MULTIPLE:
            name, size = ("tick", self.tick_size) if column == self.columns[PRICE] else ("lot", self.lot_size)
            if size is None:
                return f"is no whole number: say what one {name} is (--{name}-size)"
            return f"is not a multiple of the {name} size {size}"
        if reason == scan.COLUMN_COUNT:
            return f"the row has {self.found_columns} columns, the header {self.column_count}"
        if reason == scan.OTHER_SYMBOL:
            first = self.symbol[:self.symbol_size].decode("utf-8", "replace")
            return f"is another symbol than the first row's {first!r}: pick one (--symbol)"
        return REASONS.get(reason) or TextReader.explain(self, reason, column)


def split_header(bytes line):
    """Return the header's columns and the delimiter: the one that gives the most columns with a known name."""
    text = line.decode("utf-8", "replace")
    best = max(DELIMITERS, key=lambda delimiter: spellings.known_columns(columns_of(text, delimiter)))
    return columns_of(text, best), best


def columns_of(str text, str delimiter):
    """Return the header's columns, without blanks and quotes."""
    return [name.strip() for name in next(csv.reader([text], delimiter=delimiter, skipinitialspace=True))]


cdef bint split_quoted(char **at, char **start, char **end, char delimiter) noexcept nogil:
    """Take the quotes off the field that begins at `at`, in place, and step to the delimiter or newline behind it.

    Return False when the quote is not closed in its line, or other text follows the closing one.
    """
    cdef char *p = at[0] + 1
    cdef char *to = p
    cdef bint good = True
    start[0] = p
    while p[0] != c'\n' and (p[0] != c'"' or p[1] == c'"'):
        p += p[0] == c'"'  # of a doubled quote, one remains
        to[0] = p[0]
        to += 1
        p += 1
    end[0] = to
    if p[0] == c'\n':
        at[0] = p
        return False
    p += 1
    while p[0] != delimiter and p[0] != c'\n':
        good &= p[0] == c' ' or (p[0] == c'\r' and p[1] == c'\n')
        p += 1
    at[0] = p
    return good
