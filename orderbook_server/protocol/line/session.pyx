"""The TCP protocol, without a socket: bytes in, bytes out.

A packet of any number of lines is parsed, carried out and answered in one call. Output is bounded: beyond
`output_bytes_max` the lines that are left wait until the caller comes back, so a client that does not read its answers
fills its own buffers and nobody else's. So is time: a line may walk a whole book and say little, and a packet holds
thousands, so beyond `call_ns_max` the rest waits as well, and others have their turn.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memchr, memset

from orderbook import errors
from orderbook.accounts cimport account_find
from orderbook.book cimport book_find, order_at
from orderbook.events cimport event_log_last, event_log_oldest
from orderbook.matching cimport Matcher
from orderbook.records cimport (
    CANCEL, CANCEL_ALL, CREDIT, HAS_PRICE, MODIFY, NEW, UNKNOWN_ACCOUNT, UNKNOWN_ORDER, Command, unlikely,
)
from orderbook_server.clock cimport deadline, is_late, monotonic_ns
from orderbook_server.metrics.histogram cimport Histogram, observe
from orderbook_server.protocol.line.allowance cimport Allowance, allowance_of, refill, take_line
from orderbook_server.protocol.line.answers cimport (
    ITEM_BYTES_MAX, put_balance, put_level, put_order, put_result, put_sides,
)
from orderbook_server.protocol.line.event_lines cimport EventLines
from orderbook_server.protocol.line.lines cimport (
    FIELD_ACCOUNT, FIELD_BASE, FIELD_LEVELS, FIELD_ORDER, FIELD_PRICE, FIELD_QUANTITY, FIELD_QUOTE, FIELD_SEQUENCE,
    FIELD_WORDS, INVALID_FIELD, MISSING_FIELD, MODE_FROM, MODE_ON, TOO_MANY_FIELDS, VERB_AUTH, VERB_BALANCE,
    VERB_CANCEL, VERB_CANCEL_ALL, VERB_CANCEL_ON_DISCONNECT, VERB_CREDIT, VERB_DEBIT, VERB_DEPTH, VERB_FEED,
    VERB_INSTRUMENTS, VERB_MODIFY, VERB_NEW, VERB_ORDER, VERB_PING, VERB_SNAPSHOT, VERB_USE, VERB_VERSION,
    Line, read_line,
)
from orderbook_server.protocol.line.output cimport Output, output_destroy, put_byte, put_field, put_text, reserve
from orderbook_server.sequencer.sequencer cimport Sequencer
from orderbook_server.sequencer.sessions cimport Session

cdef enum:
    LEVELS_DEFAULT = 10        # of DEPTH
    OUTPUT_KEPT_BYTES = 65536  # that a session keeps to write to again: most are idle most of the time

cdef uint64_t ALL = <uint64_t>-1


cdef class LineSession:
    """One TCP connection's side of the protocol; docs/tcp.md says what it speaks.

    sequencer: what commands go to.
    version: what VERSION answers.
    authenticate: None, everybody may do everything; else a function from a token to what it may (`Access`), or None.
    line_bytes_max: of a line, its end not counted.
    output_bytes_max: of output that may come together before lines wait; one answer may be longer.
    call_ns_max: nanoseconds, give or take some milliseconds, that a call may go on before lines wait, 0 any number; one
        line may take longer.
    messages_per_second: lines that are carried out, 0 any number; what a second allows may be used at once.
    handling: counts the nanoseconds of each call that takes lines or goes on with them; batches: those that it did.
    feed: the EventLines of the sequencer, which sessions may share.
    """

    cdef readonly bint waiting         # lines, or events, are there that `output_bytes_max` or `call_ns_max` held back
    cdef readonly bint subscribed
    cdef readonly uint64_t lines       # whole lines carried out
    cdef readonly str closed           # why to close after sending; "" while open
    cdef readonly bint unsettled       # by the last `receive`: lines wait, it is closed, or the subscription changed
    cdef Sequencer sequencer
    cdef Session session
    cdef EventLines feed
    cdef Matcher *market               # of the current instrument
    cdef bytes version
    cdef object authenticate
    cdef object access                 # what AUTH gave, None before
    cdef bint unlimited                # it may do everything
    cdef bint ended
    cdef bint allowed                  # `allowed_account` is one that it may trade for
    cdef uint64_t allowed_account
    cdef size_t line_bytes_max
    cdef size_t output_bytes_max
    cdef uint64_t call_ns_max
    cdef Allowance allowance           # of lines per second
    cdef uint64_t cursor               # the last event handed out, while subscribed
    cdef bytes pending                 # what came in and waits: the begin of a line, or lines held back
    cdef Output output
    cdef Histogram handling
    cdef Histogram batches

    def __cinit__(
        self, Sequencer sequencer not None, *, str version not None, authenticate=None, size_t line_bytes_max=1024,
        size_t output_bytes_max=262144, uint64_t call_ns_max=0, uint64_t messages_per_second=0,
        Histogram handling=None, Histogram batches=None, EventLines feed=None,
    ):
        if feed is not None and feed.sequencer is not sequencer:
            raise ValueError("the feed is one of another sequencer")
        self.sequencer = sequencer
        self.session = sequencer.open_session()
        self.feed = feed or EventLines(sequencer)
        self.market = sequencer.markets
        self.version = version.encode()
        self.authenticate = authenticate
        self.unlimited = authenticate is None
        self.line_bytes_max = line_bytes_max
        self.output_bytes_max = output_bytes_max
        self.call_ns_max = call_ns_max
        self.allowance = allowance_of(messages_per_second)
        self.handling = handling
        self.batches = batches
        self.pending = b""
        self.closed = ""

    def __dealloc__(self):
        output_destroy(&self.output)

    @property
    def authenticated(self):
        """Whether AUTH succeeded, or is not needed."""
        return self.authenticate is None or self.access is not None

    @property
    def lag(self):
        """Events of the feed not yet handed out; 0 without a subscription."""
        return event_log_last(self.feed.log) - self.cursor if self.subscribed else 0

    def receive(self, bytes data not None):
        """Take what came in, carry out the lines that are whole, and return answers and events in their order."""
        cdef bint subscribed = self.subscribed
        cdef bytes output
        if self.closed:
            return b""
        self.pending = self.pending + data if self.pending else data
        output = self.handled()
        self.unsettled = self.waiting or self.subscribed != subscribed or self.closed != ""
        return output

    def advance(self):
        """Go on with what waits, and with new events of a subscription; return b"" where there is nothing."""
        if self.closed:
            return b""
        if self.waiting and self.pending:
            return self.handled()
        return self.news() if self.subscribed else b""

    def end(self):
        """End the session: cancel its orders where it said so; return how many were cancelled."""
        if self.ended:
            return 0
        self.ended = True
        self.closed = self.closed or "ended"
        self.subscribed = False
        return self.session.end()

    cdef bytes handled(self):
        """Do the work that is there, count it, and return the output."""
        cdef uint64_t begun = monotonic_ns()
        cdef uint64_t lines = self.lines
        self.work()
        if self.batches is not None:
            observe(self.batches, self.lines - lines)
        if self.handling is not None:
            observe(self.handling, monotonic_ns() - begun)
        return self.taken()

    cdef bytes taken(self):
        """Return the output, and empty the buffer."""
        cdef bytes output = self.output.bytes[:self.output.size] if self.output.size else b""
        self.output.size = 0
        if self.output.capacity > OUTPUT_KEPT_BYTES:
            output_destroy(&self.output)
            self.output.bytes = NULL
            self.output.capacity = 0
        return output

    cdef bytes news(self):
        """Return new events, in the block that all who are at the same place share."""
        cdef bytes block
        if not self.may_catch_up():
            return self.taken()
        if self.cursor == event_log_last(self.feed.log):
            self.waiting = False
            return b""
        block = self.feed.take(self.cursor, self.output_bytes_max)
        self.cursor = self.feed.block_until
        self.waiting = self.cursor != event_log_last(self.feed.log)
        return block

    cdef int work(self) except -1:
        """Carry out the lines that are pending, as far as output allows."""
        cdef bytes data = self.pending
        cdef const char *p = data
        cdef const char *end = p + len(data)
        cdef const char *line
        cdef const char *line_end
        cdef const char *newline
        cdef uint64_t lines = self.lines
        cdef uint64_t late_at = deadline(self.call_ns_max)
        self.sequencer.stamp()
        refill(&self.allowance)
        self.waiting = False
        try:
            while p < end:
                if not self.catch_up():
                    break
                newline = <const char *>memchr(p, c'\n', end - p)
                line_end = end if newline == NULL else newline
                if line_end > p and (line_end - 1)[0] == c'\r':
                    line_end -= 1
                if unlikely(<size_t>(line_end - p) > self.line_bytes_max):
                    self.close("line_too_long")
                    break
                if newline == NULL:
                    break
                if unlikely(self.held_back()):
                    break
                if self.lines != lines and unlikely(is_late(late_at)):
                    self.waiting = True
                    break
                line = p
                p = newline + 1  # first: a line that cannot be answered is not carried out again
                self.do_line(line, line_end - line)
                if self.closed:
                    break
            if not self.closed:
                self.catch_up()
        finally:
            self.pending = b"" if self.closed else data[p - <const char *>data:]
            self.sequencer.tell()
        return 0

    cdef bint held_back(self) noexcept:
        """Tell whether so much output has come together that the rest must wait."""
        if self.output.size > self.output_bytes_max:
            self.waiting = True
        return self.waiting

    cdef bint may_catch_up(self) except -1:
        """Tell whether the events that the subscription has yet to hand out are held; close where they are not."""
        if self.cursor + 1 >= event_log_oldest(self.feed.log):
            return True
        self.close("slow_consumer")
        return False

    cdef bint catch_up(self) except -1:
        """Write the events that the subscription has yet to hand out; tell whether all are."""
        cdef uint64_t last
        if not self.subscribed:
            return True
        last = event_log_last(self.feed.log)
        if self.cursor == last:
            return True
        if not self.may_catch_up():
            return False
        while self.cursor != last:
            if self.held_back():
                return False
            self.feed.put(&self.output, self.cursor + 1)
            self.cursor += 1
        return True

    cdef int close(self, str reason) except -1:
        """Refuse to go on: say so, and have the connection closed."""
        self.closed = reason
        self.subscribed = self.waiting = False
        return self.refuse(reason.encode())

    cdef int refuse(self, bytes code, bytes field=None) except -1:
        """Answer `ERR code`, or `ERR code field`."""
        reserve(&self.output, 8 + len(code) + (len(field) if field is not None else 0))
        put_text(&self.output, b"ERR ", 4)
        put_text(&self.output, <const char *>code, len(code))
        if field is not None:
            put_byte(&self.output, c' ')
            put_text(&self.output, <const char *>field, len(field))
        put_byte(&self.output, c'\n')
        return 0

    cdef int refuse_fault(self, const Line *line) except -1:
        """Answer what is wrong with a line itself."""
        if line.fault == MISSING_FIELD:
            return self.refuse(b"missing_field", FIELD_WORDS[line.faulty])
        if line.fault == INVALID_FIELD:
            return self.refuse(b"invalid_field", FIELD_WORDS[line.faulty])
        return self.refuse(b"too_many_fields" if line.fault == TOO_MANY_FIELDS else b"unknown_command")

    cdef int refuse_code(self, int code) except -1:
        """Answer what the engine refused with."""
        return self.refuse(errors.BY_NUMBER[code].code.encode())

    cdef int say(self, const char *text, size_t size) except -1:
        """Answer a word."""
        reserve(&self.output, size + 1)
        put_text(&self.output, text, size)
        put_byte(&self.output, c'\n')
        return 0

    cdef int say_number(self, const char *text, size_t size, uint64_t number) except -1:
        """Answer a word and a number."""
        reserve(&self.output, size + ITEM_BYTES_MAX)
        put_text(&self.output, text, size)
        put_field(&self.output, number)
        put_byte(&self.output, c'\n')
        return 0

    cdef int do_line(self, const char *bytes, size_t size) except -1:
        """Carry out one line, and answer it."""
        cdef Line line
        cdef bint limited = not take_line(&self.allowance)
        self.lines += 1
        read_line(bytes, size, &line)
        if unlikely(line.fault):
            return self.refuse_fault(&line)
        if unlikely(limited):
            return self.refuse(b"rate_limited")
        if not self.unlimited and line.verb != VERB_AUTH:
            if self.access is None:
                return self.refuse(b"unauthenticated")
            if not self.may(&line):
                return self.refuse(b"permission_denied")
        if line.verb == VERB_NEW or line.verb == VERB_CANCEL or line.verb == VERB_MODIFY:
            return self.do_order(&line)
        if line.verb == VERB_CREDIT or line.verb == VERB_DEBIT or line.verb == VERB_BALANCE:
            return self.do_money(&line)
        if line.verb == VERB_SNAPSHOT or line.verb == VERB_DEPTH or line.verb == VERB_ORDER:
            return self.do_look(&line)
        if line.verb == VERB_CANCEL_ALL:
            return self.do_cancel_all(&line)
        if line.verb == VERB_FEED:
            return self.do_feed(&line)
        return self.do_connection(&line)

    cdef bint may(self, const Line *line) except -1:
        """Tell whether the token allows a command, for the account that it names."""
        cdef uint64_t account = line.numbers[<int>FIELD_ACCOUNT]
        if line.verb == VERB_CREDIT or line.verb == VERB_DEBIT:
            return self.access.may_credit()
        if line.verb == VERB_BALANCE:
            return self.access.may_read(account)
        if (
            line.verb == VERB_NEW or line.verb == VERB_CANCEL or line.verb == VERB_MODIFY
            or line.verb == VERB_CANCEL_ALL
        ):
            if not (self.allowed and self.allowed_account == account):
                self.allowed = self.access.may_trade(account)
                self.allowed_account = account
            return self.allowed
        return True

    cdef int run(self, Command *command) except? -1:
        """Have one command carried out in the current instrument; return its Code."""
        command.instrument = self.market.instrument
        self.sequencer.venue.fills.size = 0
        return self.sequencer.run(command, self.session)

    cdef int do_order(self, const Line *line) except -1:
        cdef Command command
        cdef int code
        cdef bint new = line.verb == VERB_NEW
        cdef bint has_price = new or line.given > 3
        command.kind = NEW if new else CANCEL if line.verb == VERB_CANCEL else MODIFY
        command.side = line.side if new else 0
        command.order_type = line.order_type if new else 0
        command.flags = HAS_PRICE if has_price else 0
        command.account_id = line.numbers[<int>FIELD_ACCOUNT]
        command.order_id = line.numbers[<int>FIELD_ORDER]
        command.price = line.numbers[<int>FIELD_PRICE] if has_price else 0
        command.quantity = line.numbers[<int>FIELD_QUANTITY] if line.verb != VERB_CANCEL else 0
        command.timestamp = 0
        if line.verb == VERB_CANCEL:
            command.flags = 0
        code = self.run(&command)
        if unlikely(code):
            return self.refuse_code(code)
        if line.verb == VERB_CANCEL:
            return self.say_number(b"CANCELED", 8, self.market.unfilled)
        if not has_price:
            return self.say(b"OK", 2)
        put_result(&self.output, self.market, &self.sequencer.venue.fills)
        put_byte(&self.output, c'\n')
        return 0

    cdef int do_cancel_all(self, const Line *line) except -1:
        cdef Command command
        cdef int code
        memset(&command, 0, sizeof(Command))
        command.kind = CANCEL_ALL
        command.account_id = line.numbers[<int>FIELD_ACCOUNT]
        code = self.run(&command)
        if code:
            return self.refuse_code(code)
        return self.say_number(b"CANCELED_ALL", 12, self.market.unfilled)

    cdef int do_money(self, const Line *line) except -1:
        """Credit or debit an account, if that is asked for, and answer its balance."""
        cdef uint64_t account_id = line.numbers[<int>FIELD_ACCOUNT]
        cdef uint64_t base = line.numbers[<int>FIELD_BASE]
        cdef uint64_t quote = line.numbers[<int>FIELD_QUOTE]
        cdef Command command
        cdef int code = 0
        if line.verb == VERB_CREDIT:
            memset(&command, 0, sizeof(Command))
            command.kind = CREDIT
            command.account_id = account_id
            command.price = base
            command.quantity = quote
            code = self.run(&command)
        elif line.verb == VERB_DEBIT:
            code = self.sequencer.debit(self.market.instrument, account_id, base, quote)
        return self.refuse_code(code) if code else self.show_balance(account_id)

    cdef int show_balance(self, uint64_t account_id) except -1:
        if account_find(self.market.money.accounts, account_id) == 0:
            return self.refuse_code(UNKNOWN_ACCOUNT)
        put_balance(&self.output, self.market, account_id)
        put_byte(&self.output, c'\n')
        return 0

    cdef int do_look(self, const Line *line) except -1:
        """Show something of the current instrument's book."""
        cdef uint64_t levels = line.numbers[<int>FIELD_LEVELS] if line.given else <uint64_t>LEVELS_DEFAULT
        cdef uint32_t slot
        reserve(&self.output, ITEM_BYTES_MAX)
        if line.verb == VERB_ORDER:
            slot = book_find(self.market.book, line.numbers[<int>FIELD_ORDER])
            if slot == 0:
                return self.refuse_code(UNKNOWN_ORDER)
            put_text(&self.output, b"ORDER", 5)
            put_order(&self.output, order_at(self.market.book, slot))
        elif line.verb == VERB_DEPTH:
            put_sides(&self.output, b"DEPTH", 5, self.market.book, levels, False)
        elif line.given:
            put_level(&self.output, self.market.book, line.side, line.numbers[<int>FIELD_PRICE])
        else:
            put_sides(&self.output, b"BOOKSNAP", 8, self.market.book, ALL, True)
        reserve(&self.output, 1)
        put_byte(&self.output, c'\n')
        return 0

    cdef int do_feed(self, const Line *line) except -1:
        """Begin or end the subscription, or go to another place in it."""
        cdef uint64_t last = event_log_last(self.feed.log)
        cdef uint64_t after = line.numbers[<int>FIELD_SEQUENCE]
        if line.mode == MODE_FROM:
            if after > last or after + 1 < event_log_oldest(self.feed.log):
                return self.refuse(b"sequence_gone")
            self.cursor = after
        elif line.mode == MODE_ON:
            self.cursor = self.cursor if self.subscribed else last
        else:
            self.subscribed = False
            return self.say(b"UNSUBSCRIBED", 12)
        self.subscribed = True
        return self.say(b"SUBSCRIBED", 10)

    cdef int do_connection(self, const Line *line) except -1:
        """Carry out what concerns the connection alone."""
        if line.verb == VERB_PING:
            return self.say_number(b"PONG", 4, event_log_last(self.feed.log))
        if line.verb == VERB_AUTH:
            return self.do_auth(line.text.bytes[:line.text.size])
        if line.verb == VERB_USE:
            return self.do_use(line.text.bytes[:line.text.size])
        if line.verb == VERB_INSTRUMENTS:
            return self.list_instruments()
        if line.verb == VERB_CANCEL_ON_DISCONNECT:
            return self.do_cancel_on_disconnect(line.mode == MODE_ON)
        if line.verb == VERB_VERSION:
            return self.say(b"VERSION " + self.version, 8 + len(self.version))
        self.closed = "quit"
        self.subscribed = False
        return self.say(b"BYE", 3)

    cdef int do_cancel_on_disconnect(self, bint cancels) except -1:
        try:
            self.session.cancel_on_disconnect = cancels
        except errors.JournalFull as error:
            return self.refuse(error.code.encode())
        return self.say(b"OK", 2)

    cdef int do_auth(self, bytes token) except -1:
        """Take a token. One that is wrong leaves what an earlier one gave."""
        if self.authenticate is not None:
            access = self.authenticate(token.decode("ascii", "replace"))
            if access is None:
                return self.refuse(b"unauthenticated")
            self.access = access
            self.allowed = False
        return self.say(b"OK", 2)

    cdef int do_use(self, bytes symbol) except -1:
        position = self.feed.positions.get(symbol)
        if position is None:
            return self.refuse(b"unknown_symbol")
        self.market = &self.sequencer.markets[<uint32_t>position]
        return self.say(b"OK", 2)

    cdef int list_instruments(self) except -1:
        cdef list words = [b"INSTRUMENTS"]
        for instrument in self.sequencer.exchange.instruments:
            words.append(f"{instrument.symbol}:{instrument.base}:{instrument.quote}".encode())
        cdef bytes line = b" ".join(words)
        return self.say(line, len(line))
