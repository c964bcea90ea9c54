"""LobsterMatchReplay: see runs.pxd.

An incoming order that trades with several resting ones appears in a LOBSTER file as one execution per resting order,
all with one timestamp. Such a run, taken as one immediate-or-cancel order, must give the same fills again if the
engine's priority is the exchange's. Anonymous orders stand for orders of unknown number, so neighbouring fills with
them count as one fill, by order "anonymous", on both sides of the comparison.

Each run is judged for itself: after one that differs the book is put right, so that one wrong guess about priority
does not spoil all that follow. Orders that the exchange filled lose their lots. Orders that only the engine filled get
theirs back: the last maker, which still rests, in its place, those that had left at the back of their levels.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from obctl.flow.rows cimport EXECUTE, EXECUTE_HIDDEN
from obctl.replay.idset cimport id_set_add, id_set_has
from obctl.replay.lobster cimport ANONYMOUS_FROM, NO_COMMAND, anonymous_at
from obctl.replay.recorder cimport Recorder, tape_event, tape_row
from obctl.replay.reported cimport reduce_order
from orderbook.book cimport book_add, book_find, order_at, side_of
from orderbook.fills cimport fill_buffer_destroy, fill_buffer_reserve
from orderbook.levels cimport level_at
from orderbook.matching cimport matcher_cancel, matcher_modify, matcher_submit
from orderbook.records cimport ACCEPTED, CAPACITY_EXCEEDED, IMMEDIATE_OR_CANCEL, INVALID_QUANTITY, LIMIT, Fill, Order


cdef void merge_anonymous(FillBuffer *fills) noexcept nogil:
    """Make one fill of each row of neighbouring anonymous fills at one price."""
    cdef uint64_t kept = 0, i
    cdef Fill *fill
    cdef Fill *last
    for i in range(fills.size):
        fill = fills.items + i
        if fill.maker_order_id >= ANONYMOUS_FROM:
            fill.maker_order_id = ANONYMOUS_FROM
        if kept:
            last = fills.items + kept - 1
            if fill.maker_order_id == ANONYMOUS_FROM == last.maker_order_id and fill.price == last.price:
                last.quantity += fill.quantity
                continue
        fills.items[kept] = fill[0]
        kept += 1
    fills.size = kept


cdef bint same_fills(const FillBuffer *a, const FillBuffer *b) noexcept nogil:
    """Tell whether orders, prices and quantities are the same, in the same order."""
    cdef uint64_t i
    if a.size != b.size:
        return False
    for i in range(a.size):
        if (a.items[i].maker_order_id != b.items[i].maker_order_id or a.items[i].price != b.items[i].price
                or a.items[i].quantity != b.items[i].quantity):
            return False
    return True


cdef list fills_of(const FillBuffer *fills):
    cdef uint64_t i
    result = []
    for i in range(fills.size):
        order = "anonymous" if fills.items[i].maker_order_id == ANONYMOUS_FROM else fills.items[i].maker_order_id
        result.append({"order": order, "price": fills.items[i].price, "quantity": fills.items[i].quantity})
    return result


cdef class LobsterMatchReplay(LobsterReplay):
    """Match mode: new orders are LIMIT orders, runs of executions are immediate-or-cancel orders of the other side."""

    def __cinit__(self, Recorder recorder not None):
        self.engine = MatchingEngine(event_capacity=0)
        self.engine.core.fills = &self.found
        self.engine.core.sink = tape_event
        self.engine.core.sink_context = &recorder.tape
        self.book = self.engine.order_book
        self.state = &self.book.state

    def __dealloc__(self):
        fill_buffer_destroy(&self.stated)
        fill_buffer_destroy(&self.found)

    def begin_file(self, name, statements=None, expected=None):
        LobsterReplay.begin_file(self, name, statements, expected)
        self.name = name

    def end_file(self):
        with nogil:
            self.execute()
        LobsterReplay.end_file(self)

    cdef int apply_message(self, const Row *row) noexcept nogil:
        if self.run.quantity and not self.belongs(row):
            self.execute()
        self.engine.core.timestamp = row.timestamp
        self.found.size = 0
        if row.action == EXECUTE:
            return self.join(row)
        return LobsterReplay.apply_message(self, row)

    cdef bint belongs(self, const Row *row) noexcept nogil:
        """Tell whether a message goes on with the run: an execution of its side and time, or a hidden one between."""
        if row.timestamp != self.run.timestamp:
            return False
        if row.action == EXECUTE_HIDDEN:
            return True
        return (
            row.action == EXECUTE and row.side == self.run.side
            and self.run.quantity + row.quantity > self.run.quantity  # a sum that wraps round is no order
        )

    cdef int join(self, const Row *row) noexcept nogil:
        """Take an execution into the run; return NO_COMMAND, or the Code of what is wrong with it."""
        cdef Fill *fill
        cdef bint unseen = not id_set_has(&self.added, row.order_id)
        if row.quantity == 0:
            return INVALID_QUANTITY
        if fill_buffer_reserve(&self.stated, 1):
            return CAPACITY_EXCEEDED
        if unseen:
            id_set_add(&self.older, row.order_id)
        if self.run.quantity == 0:
            self.run.line = row.line
            self.run.timestamp = row.timestamp
            self.run.side = row.side
        self.run.price = row.price
        self.run.quantity += row.quantity
        fill = self.stated.items + self.stated.size
        self.stated.size += 1
        fill.maker_order_id = ANONYMOUS_FROM if unseen else row.order_id
        fill.price = row.price
        fill.quantity = row.quantity
        return NO_COMMAND

    cdef void execute(self) noexcept nogil:
        """Send the run as one order, and compare its fills with the file's."""
        cdef int code
        if self.run.quantity == 0:
            return
        self.found.size = 0
        self.engine.core.timestamp = self.run.timestamp
        code = matcher_submit(
            &self.engine.core, ANONYMOUS_FROM + self.runs, 3 - self.run.side, IMMEDIATE_OR_CANCEL, self.run.price, True,
            self.run.quantity,
        )
        self.outcomes[code] += 1
        merge_anonymous(&self.stated)
        merge_anonymous(&self.found)
        self.runs += 1
        if same_fills(&self.stated, &self.found):
            self.identical_runs += 1
        else:
            self.put_right()
            if self.first_difference is None:
                with gil:
                    self.note_difference()
        while self.run.rows:
            tape_row(&self.recorder.tape, self.state, self.run.timestamp)
            self.run.rows -= 1
        memset(&self.run, 0, sizeof(Run))
        self.stated.size = 0

    cdef void put_right(self) noexcept nogil:
        """Undo the engine's fills of the run and carry out the file's."""
        cdef uint64_t i
        cdef int code
        cdef uint32_t slot
        cdef Fill *fill
        for i in range(self.found.size):
            fill = self.found.items + i
            code = self.give_back(fill.maker_order_id, fill.price, fill.quantity)
            if code:
                self.outcomes[code] += 1  # only where memory is out
        for i in range(self.stated.size):
            fill = self.stated.items + i
            if fill.maker_order_id == ANONYMOUS_FROM:
                slot = anonymous_at(self.state, self.run.side, fill.price)
            else:
                slot = book_find(self.state, fill.maker_order_id)
            if slot == 0:
                self.clamped += 1
            else:
                self.clamped += reduce_order(self.state, slot, fill.quantity)

    cdef int give_back(self, uint64_t id, uint64_t price, uint64_t quantity) noexcept nogil:
        """Undo one fill; return a Code."""
        cdef uint32_t slot
        cdef Order *order
        if id == ANONYMOUS_FROM:
            return self.rest_anonymous(self.run.side, price, quantity)
        slot = book_find(self.state, id)
        if slot == 0:
            return book_add(self.state, id, self.run.side, price, quantity, False)
        order = order_at(self.state, slot)  # in its place: raising a quantity would send it to the back
        order.quantity += quantity
        level_at(&self.state.store, order.level).total += quantity
        side_of(self.state, order.side).total += quantity
        return ACCEPTED

    cdef int note_difference(self) except -1:
        self.first_difference = {
            "file": self.name, "line": self.run.line,
            "expected": fills_of(&self.stated), "found": fills_of(&self.found),
        }
        return 0

    cdef void row_done(self, const Row *row) noexcept nogil:
        """Record the book after a message; of a run's messages, once the run is complete."""
        if self.run.quantity:
            self.run.rows += 1
        else:
            LobsterReplay.row_done(self, row)

    cdef int add(self, const Row *row) noexcept nogil:
        return matcher_submit(&self.engine.core, row.order_id, row.side, LIMIT, row.price, True, row.quantity)

    cdef void reduce(self, uint32_t slot, uint64_t quantity) noexcept nogil:
        cdef uint64_t id = order_at(self.state, slot).id
        cdef uint64_t left = order_at(self.state, slot).quantity
        if quantity < left:
            matcher_modify(&self.engine.core, id, left - quantity, 0, False)
        else:
            matcher_cancel(&self.engine.core, id)

    def report(self):
        details = LobsterReplay.report(self)
        details["runs"] = {
            "runs": self.runs, "identical": self.identical_runs, "first_difference": self.first_difference,
        }
        return details
