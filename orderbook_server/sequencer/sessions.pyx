"""Sessions: which orders came through which connection, and are cancelled with it where that was asked for."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from orderbook.accounts cimport account_id as id_of
from orderbook.book cimport order_at
from orderbook.matching cimport Matcher
from orderbook.money cimport seat_of
from orderbook.records cimport ACCEPTED, CANCEL, Command, Order, unlikely
from orderbook.seats cimport Seat
from orderbook_server.journal.format cimport SESSION_ENDED, SESSION_OFF, SESSION_ON
from orderbook_server.journal.journal cimport journal_has_room


cdef class Session:
    """Where commands come from: a connection or a stream. Made by Sequencer.open_session.

    Orders carry its number while they rest, whatever becomes of their ids. Which accounts they belong to is known by a
    bit per account, so that they are found among the accounts' orders when the session ends.

    A session that cancels on disconnect is in the journal as such: where a crash ends it, the next start cancels.
    """

    def __cinit__(self, Sequencer sequencer not None, uint64_t number):
        self.sequencer = sequencer
        self.number = number

    def __init__(self, *_):
        raise TypeError("a Session is made by Sequencer.open_session")

    def __dealloc__(self):
        free(self.accounts)

    @property
    def cancel_on_disconnect(self):
        """Whether `end` cancels the session's orders; JournalFull where a change of that cannot be kept."""
        return self.cancels

    @cancel_on_disconnect.setter
    def cancel_on_disconnect(self, bint cancels):
        if cancels != self.cancels and not self.ended:
            self.sequencer.stamp()
            self.sequencer.keep_session(SESSION_ON if cancels else SESSION_OFF, self.number, self)
            self.cancels = cancels

    def end(self):
        """End the session, and cancel its orders where it said so; return how many were cancelled.

        What the journal has no room for is left to Sequencer.end_sessions.
        """
        cdef int canceled = 0
        self.ended = True
        if self.cancels:
            canceled = self.cancel_orders()
            if not open_orders(self) and journal_has_room(self.sequencer.journal):
                self.sequencer.keep_session(SESSION_ENDED, self.number, None)
                self.cancels = False
            self.sequencer.unended |= self.cancels
        return canceled

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

        Fewer than all, where the journal has no room. O(accounts / 64 + orders of those that it traded for).
        """
        cdef Command command
        cdef list found = open_orders(self)
        cdef int canceled = 0
        memset(&command, 0, sizeof(Command))
        command.kind = CANCEL
        if found:
            self.sequencer.stamp()
            for command.instrument, command.account_id, command.order_id in found:
                canceled += self.sequencer.run(&command, None) == ACCEPTED
            self.sequencer.tell()
        return canceled


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
