"""Replay: the records of a journal carried out again, at the speed of a batch.

Records are decoded into an array of commands, across frames, and run when it is full, so that the memory that the next
ones need is on its way (orderbook/ahead.pxd) however few a frame has. What changes more than a command can ends a batch.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from orderbook.ahead cimport AHEAD_ENTRY, Ahead, fetch_ahead, look_ahead, prefetch_makers
from orderbook.events cimport event_log_last
from orderbook.guard cimport guard_hold
from orderbook.records cimport ACCEPTED, CANCEL_ALL, CAPACITY_EXCEEDED, CREDIT, Command, unlikely
from orderbook_server.journal.errors import JournalDamaged
from orderbook_server.journal.format cimport (
    DEBIT, HASH_BYTES, INSTRUMENTS, OTHER, PADDING, RAW, RAW_BYTES, RECORD_BYTES_MAX, SESSION, SOURCE, take_command,
    take_number, take_source,
)
from orderbook_server.journal.instruments import of_json
from orderbook_server.journal.reconfiguration import reconfigured
from orderbook_server.sequencer.sequencer cimport Sequencer


cdef enum:
    BATCH = 1024               # commands: as many as stay in the caches
    SESSION_NOTE = OTHER       # a kind that no command has: a SESSION record, its code in `quantity`


cdef inline const char *take_session(const char *p, Command *command) noexcept nogil:
    """Read a SESSION record; return where the next one begins."""
    memset(command, 0, sizeof(Command))
    command.kind = SESSION_NOTE
    command.quantity = <uint8_t>p[1]
    return take_number(p + 2, &command.account_id, 3)


cdef inline const char *take_raw(const char *p, Command *command) noexcept nogil:
    """Read a RAW record; return where the next one begins. Of other kinds than commands there is none."""
    memcpy(command, p + 1, RAW_BYTES)
    if unlikely(command.kind > CANCEL_ALL):
        command.kind = PADDING
    return p + 1 + RAW_BYTES


cdef inline bint once_succeeded(const Command *command) noexcept nogil:
    """Tell whether a command is of a kind whose refusals are not kept."""
    return command.kind == CREDIT or command.kind == DEBIT


cdef size_t run(Sequencer sequencer, const Command *commands, const uint64_t *sessions, size_t first, size_t size,
                uint64_t until_event, int *code) noexcept nogil:
    """Carry out commands from number `first` on; return the number of the one that stopped it, or `size`.

    That is a SESSION_NOTE, the one that made the event `until_event`, or one that came to a `code` that it cannot have
    come to before. Of the ring, entries are written before they are read.
    """
    cdef Ahead ring[AHEAD_ENTRY]
    cdef bint several = sequencer.count > 1
    cdef size_t i
    code[0] = ACCEPTED
    for i in range(first, min(size, first + AHEAD_ENTRY)):
        look_ahead(&ring[i % AHEAD_ENTRY], sequencer.markets, 0, sequencer.count, &commands[i], True)
    for i in range(first, size):
        if unlikely(commands[i].kind == SESSION_NOTE):
            return i
        if i + AHEAD_ENTRY < size:
            fetch_ahead(ring, i, sequencer.markets, commands, several, True)
        if not several:
            prefetch_makers(sequencer.markets, &sequencer.markets.book.sides[i & 1], True)
        sequencer.venue.fills.size = 0
        sequencer.now = commands[i].timestamp
        code[0] = sequencer.apply(&commands[i], sessions[i])
        if unlikely(code[0] == CAPACITY_EXCEEDED or code[0] != ACCEPTED and once_succeeded(&commands[i])):
            return i
        if unlikely(event_log_last(&sequencer.venue.ring.log) >= until_event):
            return i
        if i + AHEAD_ENTRY < size:
            look_ahead(
                &ring[i % AHEAD_ENTRY], sequencer.markets, 0, sequencer.count, &commands[i + AHEAD_ENTRY], True,
            )
    return size


cdef class Replay:
    """A sequencer on its way through a journal; nobody else may use it meanwhile.

    sequence: of the last record that it contains; until, until_event: where to stop, behind the record with a sequence
    or behind the one that made an event; None: nowhere. `sequencer` is another one once instruments have changed.
    """

    def __cinit__(self, Sequencer sequencer not None, uint64_t sequence=0, *, until=None, until_event=None):
        self.sequencer = sequencer
        self.sequence = sequence
        self.until = <uint64_t>-1 if until is None else until
        self.until_event = <uint64_t>-1 if until_event is None else until_event
        self.reached = self.until <= sequence or self.until_event <= <uint64_t>sequencer.exchange.last_sequence
        self.commands = <Command *>calloc(BATCH, sizeof(Command))
        self.sessions = <uint64_t *>calloc(BATCH, sizeof(uint64_t))
        if self.commands == NULL or self.sessions == NULL:
            raise MemoryError("no memory for a batch of commands")

    def __dealloc__(self):
        free(self.commands)
        free(self.sessions)
        free(self.records)

    def feed(self, frame):
        """Take the records of the next frame, which was verified; `flush` carries out the last of them.

        Raise JournalDamaged where they come to another state than they once did, MemoryError.
        """
        cdef bytes payload = frame.payload
        cdef const char *p
        cdef const char *end
        self.segment, self.offset = frame.segment, frame.offset
        if not self.reached and frame.sequence != self.sequence + self.size + 1:
            raise self.damage(frame.sequence, f"follows record {self.sequence + self.size}")
        self.hold(payload)
        p = self.records
        end = p + len(payload)
        while p < end and not self.reached:
            with nogil:
                p = self.take(p, end)
            if self.size == BATCH:
                self.flush()
            elif p < end and not self.reached:
                self.flush()
                p = end if self.reached else self.take_data(p)

    cdef int hold(self, bytes payload) except -1:
        """Copy the records of a frame to where some bytes behind them may be looked at."""
        cdef size_t size = len(payload)
        cdef size_t wanted = size + RECORD_BYTES_MAX
        cdef char *records
        if wanted > self.room:
            records = <char *>realloc(self.records, 2 * wanted)
            if records == NULL:
                raise MemoryError(f"no memory for a frame of {size} bytes")
            self.records = records
            self.room = 2 * wanted
        memcpy(self.records, <const char *>payload, size)
        memset(self.records + size, 0, RECORD_BYTES_MAX)
        return 0

    cdef const char *take(self, const char *p, const char *end) noexcept nogil:
        """Decode records until the batch is full, or all are taken, or one has data; return where it came to."""
        cdef Command *command
        while p < end and self.size < BATCH and not self.reached:
            command = &self.commands[self.size]
            if p[0] & 7 == PADDING:
                return end
            if unlikely(p[0] & 7 == OTHER):
                if <uint8_t>p[0] >> 3 == SOURCE:
                    p = take_source(p, &self.time, &self.session)
                    continue
                if <uint8_t>p[0] >> 3 > SESSION:
                    return p
                p = take_raw(p, command) if <uint8_t>p[0] >> 3 == RAW else take_session(p, command)
            else:
                p = take_command(p, command)
            command.timestamp = self.time
            self.sessions[self.size] = self.session
            self.size += 1
            self.reached = self.sequence + self.size == self.until
        return p

    cdef const char *take_data(self, const char *p) except NULL:
        """Do what a record of INSTRUMENTS or STATE says, with all before it carried out; return where it ends."""
        cdef uint32_t length
        cdef bytes data
        if <uint8_t>p[0] >> 3 == INSTRUMENTS:
            memcpy(&length, p + 1, sizeof(length))
            data = PyBytes_FromStringAndSize(p + 1 + sizeof(length), length)
            p += 1 + sizeof(length) + length
            self.sequencer = reconfigured(self.sequencer, of_json(data))
        else:
            self.require_state(PyBytes_FromStringAndSize(p + 1, HASH_BYTES).hex())
            p += 1 + HASH_BYTES
        self.sequence += 1
        self.reached = self.sequence == self.until
        return p

    def flush(self):
        """Carry out all that was taken; raise as `feed` does."""
        cdef size_t done = 0
        cdef int code
        while done < self.size:
            guard_hold(self.sequencer.exchange.guard)
            with nogil:
                done = run(
                    self.sequencer, self.commands, self.sessions, done, self.size, self.until_event, &code,
                )
            self.sequencer.exchange.guard.busy = False
            if done == self.size:
                break
            if code == CAPACITY_EXCEEDED:
                raise MemoryError(f"no memory to carry out record {self.sequence + done + 1} again")
            ...
            done += 1
        self.sequence += done
        self.size = 0
