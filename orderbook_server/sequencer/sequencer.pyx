"""The sequencer: the one place where commands of all transports are stamped, put in order and carried out.

All transports run in one thread, so order is the order of calls. A call of Python stamps its command, or its batch, and
tells the listeners afterwards that there is news. Compiled protocols do the same by `stamp`, `run` and `tell`, with as
many commands between them as came in one packet.
"""

cimport cython
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from orderbook import errors
from orderbook.accounts cimport account_find
from orderbook.ahead cimport Ahead, look_ahead
from orderbook.batch cimport BatchResult, new_batch_result
from orderbook.events cimport event_log_last
from orderbook.fills cimport FillBuffer
from orderbook.guard cimport guard_enter
from orderbook.numbers cimport as_u64
from orderbook.pipeline cimport run_one_funded
from orderbook.records cimport (
    ACCEPTED, CANCEL, CANCEL_ALL, CAPACITY_EXCEEDED, CREDIT, HAS_PRICE, INVALID_COMMAND, MODIFY, NEW, unlikely,
)
from orderbook.results cimport new_result, result_take
from orderbook.risk cimport risk_debit
from orderbook.views cimport MatchResult
from orderbook_server.clock cimport deadline, is_late, real_ns
from orderbook_server.journal.format cimport DEBIT, SESSION_ON
from orderbook_server.journal.journal cimport Journal, journal_has_room
from orderbook_server.sequencer.execution_log cimport (
    FAR, ExecutionLog, execution_log_at, execution_log_destroy, execution_log_init, execution_log_reserve,
)
from orderbook_server.sequencer.executions cimport first_after, new_execution
from orderbook_server.sequencer.recorder cimport (
    JOURNAL_FULL, Tally as TallyRecord, begin_command, finish_command, take_event,
)
from orderbook_server.sequencer.state cimport dump, load
from orderbook_server.sequencer.tallies cimport new_tally


cdef Command made_command(int kind, uint32_t instrument, uint64_t account_id, uint64_t order_id, object price,
                          uint64_t quantity) except *:
    """Return a command; `price` may be None."""
    cdef Command command
    memset(&command, 0, sizeof(Command))
    command.kind = kind
    command.instrument = instrument
    command.account_id = account_id
    command.order_id = order_id
    command.quantity = quantity
    if price is not None:
        command.flags = HAS_PRICE
        command.price = price
    return command


cdef object refusal(int code):
    """Return the exception that a code stands for."""
    error = errors.BY_NUMBER[code]
    return error(error.code.replace("_", " "))


cdef int run_record(Sequencer sequencer, const char *records, uint64_t begin, uint64_t i, Session session,
                    BatchResult result) noexcept nogil:
    """Run a record of a batch, which may lie anywhere in memory: number i of the result, begin + i of all."""
    cdef Command command
    cdef Matcher *matcher
    memcpy(&command, records + (begin + i) * sizeof(Command), sizeof(Command))
    matcher = &sequencer.markets[command.instrument if command.instrument < sequencer.count else 0]
    matcher.command = begin + i
    cdef int code = INVALID_COMMAND if unlikely(command.kind == DEBIT) else sequencer.run(&command, session)
    result.buffers.status[i] = code
    result.buffers.unfilled[i] = 0 if code else matcher.unfilled
    return code


@cython.no_gc_clear  # __dealloc__ writes to the exchange; what can form a cycle, the list of listeners, clears itself
cdef class Sequencer:
    """The single writer of an exchange.

    exchange: an Exchange that nobody else sends commands to. Credits given to it before are fine.
    execution_capacity: how many of the newest executions are held, over all accounts.

    `listeners` are called, without arguments, after commands that made events or executions.
    """

    def __cinit__(self, Exchange exchange not None, *, execution_capacity=1 << 20):
        cdef uint64_t capacity = as_u64(execution_capacity, "execution_capacity")
        cdef uint32_t position
        guard_enter(exchange.guard)
        if exchange.venue.markets.sink != NULL:
            raise ValueError("the exchange has a sequencer")
        if not 0 < capacity < FAR:
            raise ValueError(f"execution_capacity must be 1 to {FAR - 1}, not {capacity}")
        self.exchange = exchange
        self.journal = Journal()
        self.listeners = []
        self.canceling = {}
        self.venue = exchange.venue
        self.markets = self.venue.markets
        self.count = self.venue.count
        self.recorder.markets = self.markets
        self.recorder.tallies = <TallyRecord *>calloc(self.count, sizeof(TallyRecord))
        if (
            self.recorder.tallies == NULL or execution_log_init(&self.recorder.log, capacity)
            or execution_log_reserve(&self.recorder.log, self.markets.money.accounts.used)
        ):
            raise MemoryError(f"no memory for {capacity} executions")
        self.told_events = event_log_last(&self.venue.ring.log)
        for position in range(self.count):
            self.markets[position].sink = take_event
            self.markets[position].sink_context = &self.recorder

    def __dealloc__(self):
        cdef uint32_t position
        for position in range(self.count):
            self.markets[position].sink = NULL
        execution_log_destroy(&self.recorder.log)
        free(self.recorder.tallies)

    def attach(self, Journal journal not None):
        """Have commands kept from now on, behind those that the journal has; what is counted begins here, too."""
        self.journal = journal
        memset(self.recorder.tallies, 0, self.count * sizeof(TallyRecord))

    def open_session(self):
        """Return a new Session."""
        self.sessions += 1
        return Session.__new__(Session, self, self.sessions)

    cdef int keep_session(self, int code, uint64_t number, Session session) except -1:
        """Keep what concerns the end of a session; raise JournalFull."""
        if not journal_has_room(self.journal):
            raise refusal(JOURNAL_FULL)
        self.journal.append_session(code, self.now, number)
        self.note_session(code, number, session)
        self.journal.publish()
        return 0

    cdef int note_session(self, int code, uint64_t number, Session session) except -1:
        """Note which sessions cancel at their end; `session`: None for one of which only the number is left."""
        self.sessions = max(self.sessions, number)
        if code == SESSION_ON:
            self.canceling[number] = session
            self.unended |= session is None
        else:
            self.canceling.pop(number, None)
        return 0

    def end_sessions(self):
        """Cancel the orders of sessions that ended with the process, or when the journal had no room; return how many.

        What there is no room for still is left for the next call. O(1) where nothing was left.
        """
        cdef Session session
        cdef int canceled = 0
        if not self.unended:
            return 0
        self.unended = False
        for number, known in sorted(self.canceling.items()):
            session = known
            if session is None:
                session = Session.__new__(Session, self, number)
                session.of_any = session.cancels = True
            elif not session.ended:
                continue
            canceled += session.end()
        return canceled

    cdef int stamp(self) except -1:
        """Read the clock for the commands to come: it never goes back. RuntimeError while a batch runs elsewhere."""
        cdef uint64_t now
        self.venue.enter()
        now = real_ns()
        if now > self.now:
            self.now = now
        if execution_log_reserve(&self.recorder.log, self.markets.money.accounts.used):
            raise MemoryError("no memory for executions of more accounts")
        return 0

    cdef int apply(self, const Command *command, uint64_t session) noexcept nogil:
        """Carry out a command, or a debit, of a session, stamped `now`; return a Code. Nothing of it is kept."""
        cdef Ahead ahead
        look_ahead(&ahead, self.markets, 0, self.count, command, True)
        return self.apply_seen(command, session, &ahead)

    cdef int apply_seen(self, const Command *command, uint64_t session, const Ahead *ahead) noexcept nogil:
        """Carry out a command as `apply` does; `ahead`: what `look_ahead` saw of it."""
        cdef Matcher *matcher = ahead.matcher
        cdef int code
        if unlikely(ahead.invalid):
            return INVALID_COMMAND
        if unlikely(command.kind == DEBIT):
            return risk_debit(matcher, command.account_id, command.price, command.quantity)
        matcher.timestamp = self.now
        matcher.money.session = session
        if unlikely(command.kind == CREDIT) and execution_log_reserve(
            &self.recorder.log, matcher.money.accounts.used,
        ):
            return CAPACITY_EXCEEDED
        begin_command(&self.recorder, command)
        code = run_one_funded(matcher, command, ahead)
        finish_command(&self.recorder, matcher, code)
        self.recorder.command = NULL
        return code

    cdef int run(self, const Command *command, Session session) noexcept nogil:
        """Put one command in order, carry it out and keep it; return a Code.

        Its results are in the matcher of its instrument; fills are appended to those of the venue. Kept is what changes
        something or makes an event, be it the account's own.
        """
        cdef uint64_t number = 0 if session is None else session.number
        cdef uint64_t events = event_log_last(&self.venue.ring.log)
        cdef uint64_t executions = self.recorder.log.last
        cdef Matcher *matcher
        cdef int code
        if unlikely(not journal_has_room(self.journal)):
            return self.refuse_full(command)
        code = self.apply(command, number)
        if self.journal.keeps and (
            code == ACCEPTED or executions != self.recorder.log.last or events != event_log_last(&self.venue.ring.log)
        ):
            self.journal.append(command, self.now, number)
        if session is not None and code == ACCEPTED and command.kind == NEW:
            matcher = &self.markets[command.instrument]
            if matcher.resting:
                session.note(matcher.money.account)
        return code

    cdef int refuse_full(self, const Command *command) noexcept nogil:
        """Count a command that there is no room to keep; return the Code."""
        if command.kind == NEW and command.instrument < self.count:
            self.recorder.tallies[command.instrument].outcomes[<int>JOURNAL_FULL] += 1
        return JOURNAL_FULL

    cdef int debit(self, uint32_t instrument, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil:
        """Put a debit in order, carry it out and keep it; return a Code."""
        cdef Command command
        memset(&command, 0, sizeof(Command))
        command.kind = DEBIT
        command.instrument = instrument
        command.account_id = account_id
        command.price = base
        command.quantity = quote
        return self.run(&command, None)

    cdef int tell(self) except -1:
        """Have what was appended kept, and tell the listeners, if there is news."""
        cdef uint64_t events = event_log_last(&self.venue.ring.log)
        if self.journal.keeps:
            self.journal.publish()
        if events != self.told_events or self.recorder.log.last != self.told_executions:
            self.told_events = events
            self.told_executions = self.recorder.log.last
            for listener in self.listeners:
                listener()
        return 0

    cdef Matcher *market(self, uint32_t instrument) except NULL:
        """Return the matcher of an instrument, or raise IndexError."""
        if instrument >= self.count:
            raise IndexError(f"there is no instrument {instrument}: the last is {self.count - 1}")
        return &self.markets[instrument]

    cdef int require_own(self, Session session) except -1:
        """Raise ValueError for a session of another sequencer: its number means another one here."""
        if session is not None and session.sequencer is not self:
            raise ValueError("the session is one of another sequencer")
        return 0

    cdef int run_one(self, Command *command, Session session) except -1:
        """Run a single command of Python; raise where it is refused."""
        cdef int code
        self.market(command.instrument)
        self.require_own(session)
        self.stamp()
        code = self.run(command, session)
        if code == ACCEPTED:
            return 0
        self.tell()
        raise refusal(code)

    def submit(
        self, uint32_t instrument, uint64_t account_id, uint64_t order_id, uint8_t side, uint8_t order_type, price,
        uint64_t quantity, Session session=None,
    ):
        """Run a new order, as RiskEngine.submit; `instrument` is a position."""
        cdef MatchResult result = new_result()
        cdef Command command = made_command(NEW, instrument, account_id, order_id, price, quantity)
        command.side = side
        command.order_type = order_type
        self.run_one(&command, session)
        result_take(result, &self.markets[instrument])
        self.tell()
        return result

    def modify_order(
        self, uint32_t instrument, uint64_t account_id, uint64_t order_id, uint64_t quantity, price=None,
        Session session=None,
    ):
        """Change an order, as RiskEngine.modify_order."""
        cdef MatchResult result = new_result()
        cdef Command command = made_command(MODIFY, instrument, account_id, order_id, price, quantity)
        self.run_one(&command, session)
        result_take(result, &self.markets[instrument])
        self.tell()
        return result

    def cancel_order(self, uint32_t instrument, uint64_t account_id, uint64_t order_id):
        """Cancel an order and return the quantity that was open, as RiskEngine.cancel_order."""
        return self.run_plain(CANCEL, instrument, account_id, order_id, None, 0)

    def cancel_all(self, uint32_t instrument, uint64_t account_id):
        """Cancel an account's orders in an instrument and return how many, as RiskEngine.cancel_all."""
        return self.run_plain(CANCEL_ALL, instrument, account_id, 0, None, 0)

    def credit_account(self, uint32_t instrument, uint64_t account_id, uint64_t base, uint64_t quote):
        """Give an account base and quote of an instrument, as RiskEngine.credit_account."""
        self.run_plain(CREDIT, instrument, account_id, 0, base, quote)

    def debit_account(self, uint32_t instrument, uint64_t account_id, uint64_t base, uint64_t quote):
        """Take base and quote of an instrument from an account, as RiskEngine.debit_account."""
        self.market(instrument)
        self.stamp()
        cdef int code = self.debit(instrument, account_id, base, quote)
        self.tell()
        if code:
            raise refusal(code)

    cdef uint64_t run_plain(self, int kind, uint32_t instrument, uint64_t account_id, uint64_t order_id,
                            object price, uint64_t quantity) except? 0:
        """Run a command that trades nothing; return what the matcher counts as unfilled."""
        cdef Command command = made_command(kind, instrument, account_id, order_id, price, quantity)
        cdef uint64_t unfilled
        self.run_one(&command, None)
        unfilled = self.markets[instrument].unfilled  # before a listener sends the next command
        self.tell()
        return unfilled

    def process(self, bytes records not None, Session session=None, *, Py_ssize_t begin=0, uint64_t call_ns_max=0):
        """Run COMMAND records of 48 bytes, one behind the other and all with the same stamp; return a BatchResult.

        begin: the first one to run, 0 to as many as there are. call_ns_max: nanoseconds, give or take some
        milliseconds, that the call may go on, 0 any number: the result is of those that were run, one at least if there
        is one, and its fills count commands from the first of all. The time in a record is ignored. ValueError where
        the length is no multiple of 48 or `begin` is out of range, before anything is done.
        """
        cdef Py_ssize_t size = len(records) // <Py_ssize_t>sizeof(Command)
        cdef const char *source = records
        cdef uint64_t late_at = deadline(call_ns_max)
        cdef BatchResult result
        cdef FillBuffer single_fills
        cdef Py_ssize_t done = 0
        if len(records) % sizeof(Command):
            raise ValueError(f"{len(records)} bytes are no whole number of records of {sizeof(Command)} bytes")
        if not 0 <= begin <= size:
            raise ValueError(f"begin must be 0 to {size}, not {begin}")
        self.require_own(session)
        result = new_batch_result(self.venue.result_pool, size - begin)
        self.stamp()  # making the result may have run the collector, and a finalizer the exchange
        single_fills = self.venue.fills
        self.venue.fills = result.buffers.fills
        while done < size - begin and not (done and is_late(late_at)):
            run_record(self, source, begin, done, session, result)
            done += 1
        result.commands = done
        result.buffers.fills = self.venue.fills
        self.venue.fills = single_fills
        self.tell()
        return result

    def executions(self, uint64_t account_id, uint64_t after=0, limit=None):
        """Return the account's executions with a number above `after`, at most `limit`, as a list.

        Raise SequenceGone where `after` is above `last_execution`, or executions of this account behind `after` are no
        longer held. O(those returned), where `after` is the number of one of the account's that is held or its newest;
        else O(those of the account behind `after`).
        """
        cdef uint64_t most = <uint64_t>-1 if limit is None else as_u64(limit, "limit")
        cdef const ExecutionLog *log = &self.recorder.log
        cdef uint32_t account = account_find(self.markets.money.accounts, account_id)
        cdef uint64_t first
        cdef list found = []
        if after > log.last:
            raise errors.SequenceGone(f"executions after {after} are not there yet: the last is {log.last}")
        if account == 0 or account >= log.accounts:  # the latter: credited behind the sequencer's back
            return found
        first = first_after(log, account, after)
        while first and <uint64_t>len(found) < most:
            found.append(new_execution(execution_log_at(log, first), first))
            first = first + execution_log_at(log, first).on if execution_log_at(log, first).on else 0
        return found

    def newest_execution(self, uint64_t account_id):
        """Return the number of an account's newest execution, 0 before its first. O(1)."""
        cdef uint32_t account = account_find(self.markets.money.accounts, account_id)
        return self.recorder.log.newest[account] if account and account < self.recorder.log.accounts else 0

    @property
    def last_execution(self):
        """The number of the newest execution of all accounts, 0 before the first."""
        return self.recorder.log.last

    def tallies(self):
        """Return a Tally per instrument, in their order."""
        cdef list found = []
        cdef uint32_t position
        for position in range(self.count):
            found.append(new_tally(&self.recorder.tallies[position]))
        return found

    def dump_state(self):
        """Return what goes on behind a restart beside the exchange's own state: numbers, the clock, sessions."""
        return dump(self)

    def load_state(self, bytes data not None):
        """Take over what `dump_state` returned, for an exchange in the same state; ValueError where it cannot be."""
        load(self, data)
