"""The sequencer: the one place where commands of all transports are stamped, put in order and carried out."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.ahead cimport Ahead
from orderbook.exchange cimport Exchange
from orderbook.matching cimport Matcher
from orderbook.records cimport Command
from orderbook.venue cimport Venue
from orderbook_server.journal.journal cimport Journal
from orderbook_server.sequencer.recorder cimport Recorder


cdef class Sequencer           # which sessions know, too

from orderbook_server.sequencer.sessions cimport Session


cdef class Sequencer:
    cdef readonly Exchange exchange
    cdef readonly Journal journal
    cdef readonly list listeners
    cdef Venue venue
    cdef Matcher *markets
    cdef uint32_t count            # of instruments
    cdef uint64_t now              # nanoseconds since 1970, of the commands to come
    cdef uint64_t sessions         # opened so far
    cdef dict canceling            # those that cancel at their end, by number; None: only its number is left
    cdef bint unended              # some of those may have ended, with orders left
    cdef uint64_t told_events      # last event and execution that the listeners were told of
    cdef uint64_t told_executions
    cdef Recorder recorder
    cdef int stamp(self) except -1
    cdef int apply_seen(self, const Command *command, uint64_t session, const Ahead *ahead) noexcept nogil
    cdef int apply(self, const Command *command, uint64_t session) noexcept nogil
    cdef int run(self, const Command *command, Session session) noexcept nogil
    cdef int refuse_full(self, const Command *command) noexcept nogil
    cdef int keep_session(self, int code, uint64_t number, Session session) except -1
    cdef int note_session(self, int code, uint64_t number, Session session) except -1
    cdef int debit(self, uint32_t instrument, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil
    cdef int tell(self) except -1
    cdef Matcher *market(self, uint32_t instrument) except NULL
    cdef int require_own(self, Session session) except -1
    cdef int run_one(self, Command *command, Session session) except -1
    cdef uint64_t run_plain(self, int kind, uint32_t instrument, uint64_t account_id, uint64_t order_id,
                            object price, uint64_t quantity) except? 0
