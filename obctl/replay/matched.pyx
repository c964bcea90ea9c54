"""Match mode: every row becomes one command of the engine's batch format and runs in its batch loop."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from obctl.flow.binary_reader cimport BinaryReader
from obctl.flow.rows cimport ADD, CANCEL, HAS_PRICE as ROW_HAS_PRICE, HAS_QUANTITY, MODIFY, Row, RowReader
from obctl.replay.recorder cimport Recorder, Tape, tape_event, tape_follows_rows, tape_row
from orderbook.book cimport book_find, order_at
from orderbook.matching cimport Matcher
from orderbook.pipeline cimport run_batch
from orderbook.records cimport (
    ACCEPTED, CANCEL as CANCEL_COMMAND, HAS_PRICE, LIMIT, MODIFY as MODIFY_COMMAND, NEW,
)


cdef bint command_of(const Row *row, const Matcher *matcher, Command *command) noexcept nogil:
    """Translate a row into a command; return False for rows that are no order (executions, halts).

    A partial cancel sets the quantity that it leaves open. A change without a quantity keeps the one that is open.
    """
    cdef uint32_t slot = 0
    cdef uint64_t left = 0
    memset(command, 0, sizeof(Command))
    command.order_id = row.order_id
    command.account_id = row.account_id
    command.timestamp = row.timestamp
    command.quantity = row.quantity
    if row.flags & ROW_HAS_PRICE:
        command.price = row.price
        command.flags = HAS_PRICE
    if row.action == ADD:
        command.kind = NEW
        command.side = row.side
        command.order_type = row.order_type if row.order_type else LIMIT
        return True
    if row.action != CANCEL and row.action != MODIFY:
        return False
    slot = book_find(matcher.book, row.order_id)
    if slot:
        left = order_at(matcher.book, slot).quantity
    if row.action == MODIFY:
        command.kind = MODIFY_COMMAND
        if not row.flags & HAS_QUANTITY:
            command.quantity = left
    elif row.flags & HAS_QUANTITY and 0 < row.quantity < left:
        command.kind = MODIFY_COMMAND
        command.flags = 0
        command.quantity = left - row.quantity
    else:
        command.kind = CANCEL_COMMAND
    return True


cdef class MatchReplay(Replay):
    """Rows as orders to one matching engine, whose events the recorder takes as they happen."""

    def __cinit__(self, Recorder recorder not None):
        self.engine = MatchingEngine(event_capacity=0)  # the recorder has seen every event: none need be held
        self.engine.core.fills = NULL
        self.engine.core.sink = tape_event
        self.engine.core.sink_context = &recorder.tape
        self.book = self.engine.order_book

    cpdef Py_ssize_t feed(self, RowReader reader, Py_ssize_t max_rows) except -1:
        cdef const unsigned char[::1] records
        cdef size_t count
        if not isinstance(reader, BinaryReader):
            return Replay.feed(self, reader, max_rows)
        records = reader.read_commands(max_rows)  # as they are in the file: they need no translation
        count = records.shape[0] // sizeof(Command)
        if count:
            with nogil:
                self.run(<const Command *>&records[0], count)
        return count

    cdef void apply(self, const Row *rows, size_t count) noexcept nogil:
        cdef size_t i
        cdef Command command
        for i in range(count):
            if command_of(&rows[i], &self.engine.core, &command):
                self.run(&command, 1)
                if command.kind == CANCEL_COMMAND and rows[i].flags & HAS_QUANTITY and self.statuses[0] == ACCEPTED:
                    self.clamped += rows[i].quantity > self.unfilled[0]  # what the cancel has taken back
            else:
                self.ignored += 1
                tape_row(&self.recorder.tape, self.engine.core.book, rows[i].timestamp)

    cdef void run(self, const Command *commands, size_t count) noexcept nogil:
        """Run commands: in whole batches, or one by one where the recorder wants to know which one did what."""
        cdef Tape *tape = &self.recorder.tape
        cdef size_t step = 1 if tape_follows_rows(tape) else BATCH
        cdef size_t i, size
        while count:
            size = min(step, count)
            run_batch(&self.engine.core, commands, size, self.statuses, self.unfilled)
            for i in range(size):
                self.outcomes[self.statuses[i]] += 1
            if step == 1:
                tape_row(tape, self.engine.core.book, commands.timestamp)
            else:
                tape.row += size
            commands += size
            count -= size
