"""What the readers of text formats share: see text_reader.pxd."""

from obctl.flow cimport scan
from obctl.flow.lines cimport LINE_MAX

from obctl.flow.errors import RowError

REASONS = {
    scan.MISSING: "is missing",
    scan.NOT_INTEGER: "is not an unsigned integer",
    scan.NOT_DECIMAL: "is not a decimal number",
    scan.NOT_TIME: "is neither a number nor an ISO 8601 time",
    scan.NEGATIVE: "is negative",
    scan.TOO_LARGE: "does not fit 64 bits",
    scan.TOO_FINE: "is finer than a nanosecond",
    scan.BEFORE_1970: "is before 1970",
    scan.BAD_QUOTE: "has a quote that is not closed, or text behind the closing quote",
    scan.LINE_TOO_LONG: f"the line has more than {LINE_MAX} bytes",
}


cdef class TextReader(RowReader):
    """The base of CsvReader and LobsterReader."""

    cdef int fill(self, Py_ssize_t max_rows) except -1:
        """Parse the lines of one block, or of more until there is a row: a live pipe is not kept waiting."""
        cdef Failure failure
        failure.reason = scan.OK
        while self.count == 0:
            if self.lines.position >= self.lines.whole and not self.lines.refill():
                return 0
            with nogil:
                self.parse(max_rows, &failure)
            if failure.reason != scan.OK:
                raise self.row_error(&failure)
        return 0

    cdef void parse(self, Py_ssize_t max_rows, Failure *failure) noexcept nogil:
        """Parse the block's lines into rows until `max_rows`, the block's end or a bad row, and step behind them."""

    cdef str column_name(self, int column):
        """Return how the file, or its format, calls the column."""
        raise NotImplementedError

    cdef str explain(self, int reason, int column):
        """Return the reason in words that follow the value."""
        return REASONS[reason]

    cdef object row_error(self, const Failure *failure):
        """Return the RowError for the row that was just stepped over."""
        if failure.column < 0:
            return RowError(self.name, self.lines.line - 1, None, None, self.explain(failure.reason, failure.column))
        value = failure.start[:failure.end - failure.start].decode("utf-8", "replace")
        return RowError(self.name, self.lines.line - 1, self.column_name(failure.column), value,
                        self.explain(failure.reason, failure.column))
