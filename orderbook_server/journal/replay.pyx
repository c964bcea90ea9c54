"""Replay: the records of a journal carried out again, at the speed of a batch.

Records are decoded into an array of commands, across frames, and run when it is full, so that the memory that the
next ones need is on its way (orderbook/ahead.pxd) however few a frame has. Other records than commands end a batch.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from orderbook.ahead cimport AHEAD_ENTRY, Ahead, fetch_ahead, look_ahead, prefetch_makers
from orderbook.events cimport event_log_last
from orderbook.guard cimport guard_hold
from orderbook.records cimport ACCEPTED, CANCEL_ALL, CAPACITY_EXCEEDED, CREDIT, Command, unlikely
from orderbook_server.journal.format cimport (
    DEBIT, HASH_BYTES, INSTRUMENTS, OTHER, PADDING, RAW, RAW_BYTES, SESSION, SOURCE, FrameHeader, take_command,
    take_number, take_source,
)
from orderbook_server.journal.reader cimport Frame
from orderbook_server.sequencer.sequencer cimport Sequencer

from orderbook_server.journal.errors import JournalDamaged
from orderbook_server.journal.instruments import of_json
from orderbook_server.journal.reconfiguration import reconfigured


cdef enum:
    BATCH = 1024               # commands: as many as stay in the caches
    SESSION_NOTE = OTHER       # a kind that no command has: a SESSION record, its code in `quantity`


cdef enum Stop:                # of a run, at a command that
    NO_STOP = 0
    AT_NOTE = 1                # is none, and is still to be seen to
    AT_EVENT = 2               # made the event to stop with
    NO_MEMORY = 3              # could not be carried out
    REFUSED = 4                # was refused, and cannot have been


cdef inline const char *take_session(const char *p, Command *command) noexcept nogil:
    """Read a SESSION record; return where the next one begins."""
    memset(command, 0, sizeof(Command))
    command.kind = SESSION_NOTE
    command.quantity = <uint8_t>p[1]
    return take_number(p + 2, &command.account_id, 3)


cdef inline const char *take_raw(const char *p, Command *command) noexcept nogil:
    """Read a RAW record; return where the next one begins. What is no command was refused, and stays it."""
    memcpy(command, p + 1, RAW_BYTES)
    if unlikely(command.kind > CANCEL_ALL):
        command.kind = PADDING
    return p + 1 + RAW_BYTES


cdef inline Stop stop_at(Sequencer sequencer, const Command *command, int code, uint64_t until_event) noexcept nogil:
    """Return why not to go on behind a command that came to a code. Refused credits and debits are not kept."""
    if unlikely(code != ACCEPTED):
        if code == CAPACITY_EXCEEDED:
            return NO_MEMORY
        if command.kind == CREDIT or command.kind == DEBIT:
            return REFUSED
    return AT_EVENT if unlikely(event_log_last(&sequencer.venue.ring.log) >= until_event) else NO_STOP


cdef size_t run(Sequencer sequencer, const Command *commands, const uint64_t *sessions, size_t first, size_t size,
                uint64_t until_event, Stop *stop) noexcept nogil:
    """Carry out commands from number `first` on; return the number of the one that stopped it, or `size`."""
    cdef Ahead ring[AHEAD_ENTRY]
    cdef bint several = sequencer.count > 1
    cdef size_t i
    cdef int code
    stop[0] = NO_STOP
    memset(ring, 0, sizeof(ring))
    for i in range(first, min(size, first + AHEAD_ENTRY)):
        look_ahead(&ring[i % AHEAD_ENTRY], sequencer.markets, 0, sequencer.count, &commands[i], True)
    for i in range(first, size):
        if unlikely(commands[i].kind == SESSION_NOTE):
            stop[0] = AT_NOTE
            return i
        if i + AHEAD_ENTRY < size:
            fetch_ahead(ring, i, sequencer.markets, commands, several, True)
        if not several:
            prefetch_makers(sequencer.markets, &sequencer.markets.book.sides[i & 1], True)
        sequencer.venue.fills.size = 0
        sequencer.now = commands[i].timestamp
        sequencer.sessions = max(sequencer.sessions, sessions[i])
        code = sequencer.apply_seen(&commands[i], sessions[i], &ring[i % AHEAD_ENTRY])
        stop[0] = stop_at(sequencer, &commands[i], code, until_event)
        if unlikely(stop[0] != NO_STOP):
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

    def feed(self, Frame frame not None):
        """Take the records of the next frame; the last of them are carried out by `flush`, or with later ones.

        Raise JournalDamaged where they come to another state than they once did, and MemoryError.
        """
        cdef const char *p = frame.payload
        cdef const char *end = p + frame.size - sizeof(FrameHeader)
        if self.reached:
            return
        self.frame = frame
        if frame.sequence != self.sequence + self.size + 1:
            raise self.damage(f"record {frame.sequence} follows {self.sequence + self.size}")
        while p < end and not self.reached:
            with nogil:
                p = self.take(p, end)
            if self.size == BATCH:
                self.flush()
            elif p < end and not self.reached:
                self.flush()
                if not self.reached:
                    p = self.take_data(p)

    cdef const char *take(self, const char *p, const char *end) noexcept nogil:
        """Decode records until the batch is full, all are taken, or one has data; return where it came to."""
        cdef Command *command
        cdef uint8_t other
        while p < end and self.size < BATCH and not self.reached:
            command = &self.commands[self.size]
            if p[0] & 7 == PADDING:
                return end
            if unlikely(p[0] & 7 == OTHER):
                other = <uint8_t>p[0] >> 3
                if other == SOURCE:
                    p = take_source(p, &self.time, &self.session)
                    continue
                if other > SESSION:
                    return p
                p = take_raw(p, command) if other == RAW else take_session(p, command)
            else:
                p = take_command(p, command)
            command.timestamp = self.time
            self.sessions[self.size] = self.session
            self.size += 1
            self.reached = self.sequence + self.size == self.until
        return p

    cdef const char *take_data(self, const char *p) except NULL:
        """Do what a record of INSTRUMENTS or STATE says, all before it being carried out; return where it ends."""
        cdef uint32_t length
        cdef bytes data
        if <uint8_t>p[0] >> 3 == INSTRUMENTS:
            memcpy(&length, p + 1, sizeof(length))
            p += 1 + sizeof(length)
            data = PyBytes_FromStringAndSize(p, length)
            p += length
            self.reconfigure(data)
        else:
            self.compare(PyBytes_FromStringAndSize(p + 1, HASH_BYTES).hex())
            p += 1 + HASH_BYTES
        self.sequence += 1
        self.reached = self.sequence == self.until
        return p

    cdef int reconfigure(self, bytes data) except -1:
        """Go on with the instruments of an INSTRUMENTS record."""
        try:
            self.sequencer = reconfigured(self.sequencer, of_json(data))
        except ValueError as error:
            raise self.damage(f"the instruments of record {self.sequence + 1} cannot be: {error}") from error
        return 0

    def compare(self, str state_hash not None):
        """Carry out all that was taken, and raise JournalDamaged unless the state then has this hash."""
        self.flush()
        own = self.sequencer.exchange.state_hash()
        if own != state_hash:
            raise self.damage(
                f"replaying up to record {self.sequence} comes to the state {own}, and it was {state_hash}"
            )

    def flush(self):
        """Carry out all that was taken; raise as `feed` does."""
        cdef size_t done = 0
        cdef Stop stop
        while done < self.size:
            guard_hold(self.sequencer.exchange.guard)
            with nogil:
                done = run(self.sequencer, self.commands, self.sessions, done, self.size, self.until_event, &stop)
            self.sequencer.exchange.guard.busy = False
            if done < self.size:
                self.pass_stop(stop, &self.commands[done], self.sequence + done + 1)
                done += 1
            if stop == AT_EVENT:
                break
        self.sequence += done
        self.size = 0

    cdef int pass_stop(self, int stop, const Command *command, uint64_t sequence) except -1:
        """Do what the command that stopped a run asks for; raise where it should not have."""
        if stop == AT_NOTE:
            self.sequencer.note_session(<int>command.quantity, command.account_id, None)
        elif stop == AT_EVENT:
            self.reached = True
        elif stop == NO_MEMORY:
            raise MemoryError(f"no memory to carry out record {sequence} again")
        else:
            raise self.damage(f"record {sequence} is refused, which it was not")
        return 0

    cdef object damage(self, str reason):
        """Return a JournalDamaged that names the frame at hand."""
        return JournalDamaged(self.frame.segment, self.frame.offset, reason)
