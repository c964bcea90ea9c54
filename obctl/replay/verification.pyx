"""Verification: counts equal rows, and keeps the first difference in full."""

from libc.stdint cimport uint32_t

from obctl.flow.errors import FlowError, RowError
from orderbook.book cimport side_of
from orderbook.levels cimport BookSide, level_at, level_next
from orderbook.records cimport BID, Level


cdef bint next_stated(LobsterBookReader reader) except -1:
    """Go on to the order book file's next row; return False at its end.

    Unlike a wrong message, which can be skipped, a wrong row here always ends the replay: nothing could replace it.
    """
    try:
        return reader.read()
    except RowError as error:
        raise FlowError(str(error)) from error


cdef class Verification:
    """The comparison of one replay, over all its files."""

    cdef int note(self, uint64_t line, reason, side=None, level=None, stated=None, found=None) except -1:
        """Keep a difference if it is the first. `stated` and `found` are (price, quantity), or None for no level."""
        if self.first_difference is None:
            self.first_difference = {
                "file": self.name, "line": line, "reason": reason, "side": side, "level": level,
                "expected": level_of(stated), "found": level_of(found),
            }
        return 0

    cdef int check_row(self, Book *book, uint64_t line, bint stated) except -1:
        """Compare the book after the message on `line`; not `stated`: the order book file has ended."""
        self.rows += 1
        if not stated:
            self.note(line, f"{self.expected.name} has no row for this message")
            return 0
        self.levels = self.expected.levels
        if self.check_side(book, line, ASK) and self.check_side(book, line, BID):
            self.equal += 1
        return 0

    cdef bint check_side(self, Book *book, uint64_t line, int side_code) except -1:
        cdef const BookSide *side = side_of(book, side_code)
        cdef const BookLevel *stated = stated_levels(self.expected, side_code)
        cdef Py_ssize_t count = stated_count(self.expected, side_code)
        cdef uint32_t slot = side.best
        cdef const Level *level = NULL
        cdef Py_ssize_t i
        for i in range(self.expected.levels):
            if slot == 0 and i >= count:
                return True
            level = level_at(&book.store, slot)
            if slot == 0 or i >= count or level.key ^ side.mask != stated[i].price or level.total != stated[i].quantity:
                self.note(
                    line, None, "ask" if side_code == ASK else "bid", i + 1,
                    (stated[i].price, stated[i].quantity) if i < count else None,
                    (level.key ^ side.mask, level.total) if slot else None,
                )
                return False
            slot = level_next(&book.store, slot)
        return True

    def end_file(self, line):
        """Note a difference if the order book file goes on behind the last message, which is on `line`."""
        if next_stated(self.expected):
            self.note(line, f"{self.expected.name} goes on behind the last message")

    def report(self):
        """Return what the summary says of the comparison."""
        return {
            "rows": self.rows,
            "equal": self.equal,
            "levels": self.levels,
            "first_difference": self.first_difference,
        }


cdef object level_of(pair):
    return {"price": pair[0], "quantity": pair[1]} if pair else None
