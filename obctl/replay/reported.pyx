"""Book mode: adds, partial and full cancels, changes and executions, as an exchange reported them."""

from obctl.flow.rows cimport ADD, CANCEL, EXECUTE, HAS_PRICE, HAS_QUANTITY, MODIFY
from obctl.replay.recorder cimport Recorder, tape_row, tape_trade
from orderbook.book cimport OrderBook, book_add, book_find, book_reserve, book_rest, side_of
from orderbook.records cimport (
    ACCEPTED, ASK, BID, CAPACITY_EXCEEDED, INVALID_COMMAND, INVALID_QUANTITY, LIMIT, MISSING_PRICE, NUMERIC_OVERFLOW,
    POST_ONLY, UNKNOWN_ORDER, Order,
)


cdef int report_add(Book *book, const Row *row) noexcept nogil:
    """Add an order as reported; return a Code."""
    if not BID <= row.side <= ASK or row.order_type not in (0, LIMIT, POST_ONLY):
        return INVALID_COMMAND  # the other types never rest: no exchange reports them as added
    if not row.flags & HAS_PRICE:
        return MISSING_PRICE
    return book_add(book, row.order_id, row.side, row.price, row.quantity, False)


cdef int report_modify(Book *book, const Row *row) noexcept nogil:
    """Change an order as reported; return a Code. A new price or more quantity sends it to the back of its level."""
    cdef uint32_t slot = book_find(book, row.order_id)
    cdef Order order
    cdef uint64_t quantity = row.quantity
    if slot == 0:
        return UNKNOWN_ORDER
    order = order_at(book, slot)[0]
    if not row.flags & HAS_QUANTITY:
        quantity = order.quantity
    if quantity == 0:
        return INVALID_QUANTITY
    if side_of(book, order.side).total - order.quantity + quantity < quantity:
        return NUMERIC_OVERFLOW
    if not row.flags & HAS_PRICE or row.price == order.price:
        book_resize(book, slot, quantity)
        return ACCEPTED
    if book_reserve(book, order.side, row.price, slot, False):
        return CAPACITY_EXCEEDED
    book_drop(book, slot)
    book_rest(book, order.id, order.hash, order.side, row.price, quantity, order.post_only, False)
    return ACCEPTED


cdef class BookReplay(Replay):
    """Rows as an exchange's report of what happened to its book, which may be locked or crossed."""

    def __cinit__(self, Recorder recorder not None):
        self.book = OrderBook(allow_crossed=True)

    cdef void apply(self, const Row *rows, size_t count) noexcept nogil:
        cdef size_t i
        for i in range(count):
            if ADD <= rows[i].action <= EXECUTE:
                self.outcomes[self.apply_row(&rows[i])] += 1
            else:
                self.ignored += 1
            tape_row(&self.recorder.tape, &self.book.state, rows[i].timestamp)

    cdef int apply_row(self, const Row *row) noexcept nogil:
        """Apply one row to the book; return a Code."""
        if row.action == ADD:
            return report_add(&self.book.state, row)
        if row.action == MODIFY:
            return report_modify(&self.book.state, row)
        return self.take(row, row.action == CANCEL and not (row.flags & HAS_QUANTITY and row.quantity))

    cdef int take(self, const Row *row, bint everything) noexcept nogil:
        """Take a row's lots, or everything, from its order: a cancel or an execution."""
        cdef uint32_t slot = book_find(&self.book.state, row.order_id)
        cdef const Order *order
        if slot == 0:
            return UNKNOWN_ORDER
        if everything:
            book_drop(&self.book.state, slot)
            return ACCEPTED
        if row.quantity == 0:
            return INVALID_QUANTITY
        if row.action == EXECUTE:
            order = order_at(&self.book.state, slot)
            tape_trade(
                &self.recorder.tape, row.timestamp, NULL, order.id, 3 - order.side,
                row.price if row.flags & HAS_PRICE else order.price, row.quantity,
            )
        self.clamped += reduce_order(&self.book.state, slot, row.quantity)
        return ACCEPTED
