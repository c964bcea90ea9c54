"""The common base of all replays."""

from orderbook import errors

from orderbook.book cimport side_of
from orderbook.records cimport ASK, BID


cdef class Replay:
    """Rows of order flow into a book; subclasses say how.

    ``book`` is the book they lead to, ``recorder`` what is written down on the way.
    """

    def __cinit__(self, Recorder recorder not None, *args, **options):
        self.recorder = recorder

    cpdef Py_ssize_t feed(self, RowReader reader, Py_ssize_t max_rows) except -1:
        """Read and apply at most `max_rows` rows; return how many, 0 at the end.

        Raise RowError where a row is wrong: all rows before it are applied, and the next call goes on behind it.
        """
        cdef Py_ssize_t count = reader.read(max_rows)
        with nogil:
            self.apply(reader.rows, count)
        return count

    cdef void apply(self, const Row *rows, size_t count) noexcept nogil:
        pass

    def begin_file(self, name, statements=None, expected=None):
        """Go on with another file. The order book files beside it mean something to LOBSTER replays only."""

    def skip_row(self):
        """Step over a wrong row, which the reader has left behind."""

    def end_file(self):
        """Apply what was held back, at the end of a file."""

    @property
    def commands(self):
        """The commands so far: rows that were meant to change the book, accepted or not."""
        return sum(self.outcomes[code] for code in range(CODES))

    @property
    def accepted(self):
        """The commands accepted so far."""
        return self.outcomes[0]

    def refused(self):
        """Return the commands refused so far, by the code of the reason."""
        return {errors.BY_NUMBER[code].code: self.outcomes[code] for code in range(1, CODES) if self.outcomes[code]}

    @property
    def bid_levels(self):
        """The price levels of the bids now."""
        return side_of(&self.book.state, BID).level_count

    @property
    def ask_levels(self):
        """The price levels of the asks now."""
        return side_of(&self.book.state, ASK).level_count

    def report(self):
        """Return what the summary says of this kind of replay beyond the common figures."""
        return {}
