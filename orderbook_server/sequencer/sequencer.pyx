"""The sequencer: the one place where commands of all transports are stamped, put in order and carried out.

All transports run in one thread, so order is the order of calls. A call of Python stamps its command, or its batch, and
tells the listeners afterwards that there is news. Compiled protocols do the same by `stamp`, `run` and `tell`, with as
many commands between them as came in one packet.
"""

cimport cython
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from orderbook import errors
from orderbook.accounts cimport account_find, account_id as id_of
from orderbook.ahead cimport Ahead, look_ahead
from orderbook.batch cimport BatchResult, new_batch_result
from orderbook.book cimport order_at
from orderbook.events cimport event_log_last
from orderbook.fills cimport FillBuffer
from orderbook.guard cimport guard_enter
from orderbook.money cimport seat_of
from orderbook.numbers cimport as_u64
from orderbook.pipeline cimport run_one_funded
from orderbook.records cimport (
    ACCEPTED, CANCEL, CANCEL_ALL, CAPACITY_EXCEEDED, CREDIT, HAS_PRICE, INVALID_COMMAND, MODIFY, NEW, Order,
    unlikely,
)
from orderbook.results cimport new_result, result_take
from orderbook.risk cimport risk_debit
from orderbook.seats cimport Seat
from orderbook.views cimport MatchResult
from orderbook_server.clock cimport deadline, is_late, real_ns
from orderbook_server.sequencer.execution_log cimport (
    FAR, ExecutionLog, execution_log_at, execution_log_destroy, execution_log_init, execution_log_oldest,
    execution_log_reserve,
)
from orderbook_server.sequencer.executions cimport new_execution
from orderbook_server.sequencer.recorder cimport (
    CODES, Tally as TallyRecord, begin_command, finish_command, take_event,
)


cdef class Session:
    """Where commands come from: a connection or a stream. Made by Sequencer.open_session.

    Orders carry its number while they rest, whatever becomes of their ids. Which accounts they belong to is known by a
    bit per account, so that they are found among the accounts' orders when the session ends.
    """

    def __cinit__(self, Sequencer sequencer not None):
        sequencer.sessions += 1
        self.sequencer = sequencer
        self.number = sequencer.sessions

    def __init__(self, *_):
        raise TypeError("a Session is made by Sequencer.open_session")

    def __dealloc__(self):
        free(self.accounts)

    cdef void note(self, uint32_t account) noexcept nogil:
        """Note an account whose order came to rest. Where memory for that is out, it may be any of them."""
        cdef uint32_t word = account >> 6
        cdef uint64_t *accounts
        if unlikely(word >= self.words):
            accounts = <uint64_t *>realloc(self.accounts, 2 * (word + 1) * sizeof(uint64_t))
            if accounts == NULL:
                self.of_any = True
                return
            memset(accounts + self.words, 0, (2 * (word + 1) - self.words) * sizeof(uint64_t))
            self.accounts = accounts
            self.words = 2 * (word + 1)
        self.accounts[word] |= <uint64_t>1 << (account & 63)

    cdef bint noted(self, uint32_t account) noexcept nogil:
        """Tell whether orders of an account may have come through this session."""
        cdef uint32_t word = account >> 6
        return self.of_any or word < self.words and self.accounts[word] >> (account & 63) & 1

    cdef bint noted_any(self, uint32_t account) noexcept nogil:
        """Tell the same of an account whose slot is a multiple of 64, and the 63 behind it."""
        cdef uint32_t word = account >> 6
        return self.of_any or word < self.words and self.accounts[word] != 0

    def cancel_orders(self):
        """Cancel the orders that came through this session and still rest, by account and entry; return how many.

        O(accounts / 64 + orders of those that it traded for).
        """
        cdef Command command
        cdef list found = open_orders(self)
        memset(&command, 0, sizeof(Command))
        command.kind = CANCEL
        if found:
            self.sequencer.stamp()
            for command.instrument, command.account_id, command.order_id in found:
                self.sequencer.run(&command, None)
            self.sequencer.tell()
        return len(found)


cdef list open_orders(Session session):
    """Return (instrument, account id, order id) of the orders that came through a session and rest."""
    cdef Sequencer sequencer = session.sequencer
    cdef uint32_t account = 1
    cdef uint32_t market, place
    cdef Matcher *matcher
    cdef const Seat *seat
    cdef const Order *order
    cdef list found = []
    while account < sequencer.markets.money.accounts.used:
        if account & 63 == 0 and not session.noted_any(account):
            account += 64
            continue
        for market in range(sequencer.count if session.noted(account) else 0):
            matcher = &sequencer.markets[market]
            seat = seat_of(&matcher.money, account)
            for place in range(seat.size):
                order = order_at(matcher.book, seat.entries[place])
                if seat.entries[place] and order.session == session.number:
                    found.append((market, id_of(matcher.money.accounts, account), order.id))
        account += 1
    return found


cdef class Tally:
    """What one instrument has seen since the sequencer was made, as numbers that do not change."""

    cdef readonly uint64_t accepted, trades, volume, added, updated, removed
    cdef readonly dict refused


cdef Tally new_tally(const TallyRecord *record):
    cdef Tally tally = Tally.__new__(Tally)
    cdef int code
    tally.accepted = record.outcomes[<int>ACCEPTED] - record.killed
    tally.trades = record.trades
    tally.volume = record.volume
    tally.added = record.added
    tally.updated = record.updated
    tally.removed = record.removed
    tally.refused = {}
    for code in range(1, CODES):
        if record.outcomes[code]:
            tally.refused[errors.BY_NUMBER[code].code] = record.outcomes[code]
    if record.killed:
        tally.refused["insufficient_liquidity"] = record.killed
    return tally


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


cdef uint64_t first_after(const ExecutionLog *log, uint32_t account, uint64_t after) except? 0:
    """Return the number of an account's first execution behind `after`, 0 where there is none; raise SequenceGone."""
    cdef uint64_t oldest = execution_log_oldest(log)
    cdef uint64_t number = log.newest[account]
    cdef uint64_t back
    if number <= after:
        return 0
    if after >= oldest and execution_log_at(log, after).account == account:
        return after + execution_log_at(log, after).on
    while number >= oldest:
        back = execution_log_at(log, number).back
        if back == 0 or back >= number - after:
            return number
        number -= back
    raise errors.SequenceGone(f"executions of the account after {after} are no longer held")


cdef int run_record(Sequencer sequencer, const char *records, uint64_t begin, uint64_t i, Session session,
                    BatchResult result) noexcept nogil:
    """Run a record of a batch, which may lie anywhere in memory: number i of the result, begin + i of all."""
    cdef Command command
    cdef Matcher *matcher
    memcpy(&command, records + (begin + i) * sizeof(Command), sizeof(Command))
    matcher = &sequencer.markets[command.instrument if command.instrument < sequencer.count else 0]
    matcher.command = begin + i
    cdef int code = sequencer.run(&command, session)
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
        self.listeners = []
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

    def open_session(self):
        """Return a new Session."""
        return Session.__new__(Session, self)

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

    cdef int run(self, const Command *command, Session session) noexcept nogil:
        """Put one command in order and carry it out; return a Code.

        Its results are in the matcher of its instrument; fills are appended to those of the venue.
        """
        cdef Ahead ahead
        cdef Matcher *matcher
        cdef int code
        look_ahead(&ahead, self.markets, 0, self.count, command, True)
        if unlikely(ahead.invalid):
            return INVALID_COMMAND
        matcher = ahead.matcher
        matcher.timestamp = self.now
        matcher.money.session = 0 if session is None else session.number
        if unlikely(command.kind == CREDIT) and execution_log_reserve(
            &self.recorder.log, matcher.money.accounts.used,
        ):
            return CAPACITY_EXCEEDED
        begin_command(&self.recorder, command)
        code = run_one_funded(matcher, command, &ahead)
        finish_command(&self.recorder, matcher, code)
        self.recorder.command = NULL
        if session is not None and code == ACCEPTED and command.kind == NEW and matcher.resting:
            session.note(matcher.money.account)
        return code

    cdef int debit(self, uint32_t instrument, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil:
        """Put a debit in order and carry it out; return a Code."""
        return risk_debit(&self.markets[instrument], account_id, base, quote)

    cdef int tell(self) except -1:
        """Tell the listeners, if there is news."""
        cdef uint64_t events = event_log_last(&self.venue.ring.log)
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
