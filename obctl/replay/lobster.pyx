"""LOBSTER's semantics: see lobster.pxd. Here are the seed, anonymous orders, adoption, and book mode."""

import os

from obctl.flow.errors import FlowError
from orderbook import errors

from libc.string cimport memchr

from obctl.flow.lines cimport LineBlocks, too_long
from obctl.flow.lobster_book cimport BookLevel
from obctl.flow.rows cimport ADD, CANCEL, CROSS, EXECUTE, EXECUTE_HIDDEN, HALT, HAS_QUANTITY, RowReader
from obctl.flow.scan cimport OK, scan_u64
from obctl.replay.idset cimport id_set_add, id_set_destroy, id_set_has, id_set_init
from obctl.replay.recorder cimport Recorder, tape_row, tape_trade
from obctl.replay.reported cimport reduce_order
from obctl.replay.verification cimport Verification, next_stated, stated_count, stated_levels
from orderbook.book cimport OrderBook, book_add, book_drop, book_find
from orderbook.records cimport ACCEPTED, ASK, BID, CAPACITY_EXCEEDED, INVALID_COMMAND, INVALID_QUANTITY, UNKNOWN_ORDER


cdef class LobsterReplay(Replay):
    """Messages of LOBSTER files onto a book; subclasses say whether executions are applied or matched."""

    def __cinit__(self, Recorder recorder not None):
        key = int.from_bytes(os.urandom(8), "little")
        if id_set_init(&self.added, key) or id_set_init(&self.older, key):
            raise MemoryError("no memory for the ids of a replay")
        self.next_anonymous = <uint64_t>-1

    def __dealloc__(self):
        id_set_destroy(&self.added)
        id_set_destroy(&self.older)

    def begin_file(self, name, statements=None, expected=None):
        """Go on with another message file.

        statements: LobsterBookReader of the order book file that seeds and adopts, or None. expected: the one to verify
        against, or None; it may be the same reader.
        """
        self.statements = statements
        self.verification = None
        if expected is not None:
            self.verified = self.verification = self.verified or Verification()
            self.verification.name = name
            self.verification.expected = expected

    def end_file(self):
        """Finish the file: the order book file to verify against must be at its end, too."""
        if self.verification is not None:
            self.verification.end_file(self.line)

    def skip_row(self):
        """Step over the order book's rows for a message that is skipped."""
        if self.statements is not None:
            next_stated(self.statements)
        if self.verification is not None and self.verification.expected is not self.statements:
            next_stated(self.verification.expected)

    cpdef Py_ssize_t feed(self, RowReader reader, Py_ssize_t max_rows) except -1:
        cdef Py_ssize_t count, i
        if self.statements is None and self.verification is None:
            count = Replay.feed(self, reader, max_rows)
        else:
            count = reader.read(max_rows)
            for i in range(count):
                self.follow(&reader.rows[i])
        if count:
            self.line = reader.rows[count - 1].line
        return count

    cdef int follow(self, const Row *row) except -1:
        """Apply one message beside its row of the order book file."""
        cdef BookLevel last[2]
        cdef bint stated = False
        if self.statements is not None:
            if self.begun and self.verification is None:
                stated = self.read_last(last)
            else:
                stated = self.read_stated(last)
        if stated and not self.begun:
            self.seed(row)
            self.last = last
        self.apply_one(row)
        if stated:
            self.adopt(BID, &last[0])
            self.adopt(ASK, &last[1])
            self.last = last
        self.row_done(row)
        if self.verification is not None:
            if self.verification.expected is not self.statements:
                stated = next_stated(self.verification.expected)
            self.verification.check_row(self.state, row.line, stated)
        return 0

    cdef bint read_stated(self, BookLevel *last) except -1:
        """Read the order book's next row, and what it states at its last column; return False at its end."""
        cdef int side
        cdef Py_ssize_t levels = self.statements.levels
        if not next_stated(self.statements):
            return False
        for side in (BID, ASK):
            last[side - 1].quantity = 0
            if stated_count(self.statements, side) == levels:
                last[side - 1] = stated_levels(self.statements, side)[levels - 1]
        return True

    cdef bint read_last(self, BookLevel *last) except -1:
        """Do as `read_stated`, but parse no more than the last column: all that adoption needs, and ten times as fast.

        Whatever is unusual about the row is left to the reader.
        """
        cdef LineBlocks lines = self.statements.lines
        cdef const char *start = lines.data + lines.position
        cdef const char *newline
        cdef const char *rest
        if lines.position == lines.whole:
            return self.read_stated(last)
        newline = <const char *>memchr(start, c'\n', lines.whole - lines.position)
        rest = last_level(start, newline, &last[0])
        if rest != NULL:
            rest = last_level(start, rest, &last[1])
        if rest == NULL or (rest == start) != (self.statements.levels == 1) or too_long(start, newline):
            return self.read_stated(last)
        lines.position += newline + 1 - start
        lines.line += 1
        return True

    cdef void apply(self, const Row *rows, size_t count) noexcept nogil:
        cdef size_t i
        for i in range(count):
            self.apply_one(&rows[i])
            self.row_done(&rows[i])

    cdef void apply_one(self, const Row *row) noexcept nogil:
        """Apply one message, and count what it came to."""
        cdef int code = self.apply_message(row)
        self.begun = True
        if code != NO_COMMAND:
            self.outcomes[code] += 1

    cdef int apply_message(self, const Row *row) noexcept nogil:
        """Apply one message to the book; return a Code or NO_COMMAND."""
        if row.action == ADD:
            if row.order_id >= ANONYMOUS_FROM:
                return INVALID_COMMAND
            if id_set_add(&self.added, row.order_id):
                return CAPACITY_EXCEEDED
            return self.add(row)
        if row.action == CANCEL or row.action == EXECUTE:
            if row.quantity == 0 and row.flags & HAS_QUANTITY:
                return INVALID_QUANTITY
            return self.take(row)
        self.ignored += 1
        self.hidden_executions += row.action == EXECUTE_HIDDEN
        self.crosses += row.action == CROSS
        self.halts += row.action == HALT
        return NO_COMMAND

    cdef void row_done(self, const Row *row) noexcept nogil:
        """Record the book after a message."""
        tape_row(&self.recorder.tape, self.state, row.timestamp)

    cdef int take(self, const Row *row) noexcept nogil:
        """Take a message's lots from its order: a partial cancel or an execution; a deletion takes all of it."""
        cdef bint unseen = not id_set_has(&self.added, row.order_id)
        cdef uint32_t slot
        cdef uint64_t left
        if unseen:
            id_set_add(&self.older, row.order_id)  # a count: nothing depends on it
            slot = anonymous_at(self.state, row.side, row.price)
        else:
            slot = book_find(self.state, row.order_id)
        if slot == 0:
            self.skipped_messages += unseen
            self.clamped += not unseen
            return UNKNOWN_ORDER
        left = order_at(self.state, slot).quantity
        self.clamped += row.quantity > left
        if row.action == CANCEL and not row.flags & HAS_QUANTITY and not unseen:
            self.reduce(slot, left)
        else:
            self.reduce(slot, min(row.quantity, left))
        return ACCEPTED

    cdef int add(self, const Row *row) noexcept nogil:
        """Bring a new order in; return a Code."""
        return INVALID_COMMAND

    cdef void reduce(self, uint32_t slot, uint64_t quantity) noexcept nogil:
        """Take lots, at most all that are left, from a resting order."""

    cdef int rest_anonymous(self, int side, uint64_t price, uint64_t quantity) noexcept nogil:
        """Put anonymous lots at the head of a price's queue, as one order with those there already; return a Code."""
        cdef uint32_t slot = anonymous_at(self.state, side, price)
        cdef uint64_t id = self.next_anonymous
        cdef int code
        if slot:
            id = order_at(self.state, slot).id
            quantity += order_at(self.state, slot).quantity
            book_drop(self.state, slot)
        code = book_add(self.state, id, side, price, quantity, True)
        self.next_anonymous -= id == self.next_anonymous and code == ACCEPTED
        return code

    cdef int seed(self, const Row *first) except -1:
        """Rest the book that stood there before the first message: the stated one, with that message undone."""
        cdef int side
        cdef Py_ssize_t i
        cdef const BookLevel *levels
        cdef uint64_t quantity
        cdef bint found = False
        for side in (BID, ASK):
            levels = stated_levels(self.statements, side)
            for i in range(stated_count(self.statements, side)):
                quantity = levels[i].quantity
                if side == first.side and levels[i].price == first.price:
                    found = True
                    quantity = undone(first, quantity)
                self.seed_level(side, levels[i].price, quantity)
        if not found:
            self.seed_level(first.side, first.price, undone(first, 0))
        return 0

    cdef int seed_level(self, int side, uint64_t price, uint64_t quantity) except -1:
        cdef int code
        if quantity == 0:
            return 0
        code = self.rest_anonymous(side, price, quantity)
        if code:
            row = f"{self.statements.name}:{self.statements.line}"
            raise FlowError(f"{row}: no book to begin with: {errors.BY_NUMBER[code].code} at {price}")
        self.seeded_levels += 1
        return 0

    cdef void adopt(self, int side_code, const BookLevel *last) noexcept:
        """Adopt what is not known yet of a level that has just come into sight at the last column.

        It is such a level where it lies deeper than the last one before, and there was a last one: where the file has
        columns left, nothing can be out of sight.
        """
        cdef const BookSide *side = side_of(self.state, side_code)
        cdef const BookLevel *before = &self.last[side_code - 1]
        cdef uint32_t level
        cdef uint64_t known
        if not before.quantity or not last.quantity or last.price ^ side.mask <= before.price ^ side.mask:
            return
        level = level_find(&self.state.store, side, last.price ^ side.mask)
        known = level_at(&self.state.store, level).total if level else 0
        if last.quantity > known:
            self.adopted_levels += self.rest_anonymous(side_code, last.price, last.quantity - known) == ACCEPTED

    def report(self):
        details = {
            "lobster": {
                "seeded_levels": self.seeded_levels,
                "adopted_levels": self.adopted_levels,
                "older_ids": self.older.count + self.older.has_zero,
                "skipped_messages": self.skipped_messages,
                "hidden_executions": self.hidden_executions,
                "crosses": self.crosses,
                "halts": self.halts,
            }
        }
        if self.verified is not None:
            details["verify"] = self.verified.report()
        return details


cdef const char *last_level(const char *start, const char *end, BookLevel *level) noexcept nogil:
    """Read the price and the size that end at `end`; return where they begin, without their comma, or NULL.

    A size of 0 is taken for an empty level, whatever its price.
    """
    cdef const char *size = end
    cdef const char *price
    while size > start and (size - 1)[0] != c',':
        size -= 1
    price = size - 1
    while price > start and (price - 1)[0] != c',':
        price -= 1
    if end > size and (end - 1)[0] == c'\r':
        end -= 1
    if size == start or scan_u64(size, end, &level.quantity) != OK:
        return NULL
    if level.quantity and scan_u64(price, size - 1, &level.price) != OK:
        return NULL
    return price - 1 if price > start else start


cdef uint64_t undone(const Row *message, uint64_t quantity) noexcept nogil:
    """Return what a level held before a message, which left `quantity` there."""
    if message.action == ADD:
        return quantity - min(quantity, message.quantity)
    if message.action == CANCEL or message.action == EXECUTE:
        return quantity + message.quantity
    return quantity


cdef class LobsterBookReplay(LobsterReplay):
    """Book mode: executions reduce the orders that the file names. The book may be locked or crossed."""

    def __cinit__(self, Recorder recorder not None):
        self.book = OrderBook(allow_crossed=True)
        self.state = &self.book.state

    cdef int add(self, const Row *row) noexcept nogil:
        return book_add(self.state, row.order_id, row.side, row.price, row.quantity, False)

    cdef void reduce(self, uint32_t slot, uint64_t quantity) noexcept nogil:
        reduce_order(self.state, slot, quantity)

    cdef int take(self, const Row *row) noexcept nogil:
        if row.action == EXECUTE:
            tape_trade(
                &self.recorder.tape, row.timestamp, NULL, row.order_id, 3 - row.side, row.price, row.quantity,
            )
        return LobsterReplay.take(self, row)
