"""LOBSTER's semantics over one book: what both of its modes share.

A LOBSTER file begins with a book already there. What is known of it are the totals of its visible levels; they rest
here as *anonymous* orders, one per level and always at the head of its queue, since all of it is older than the file.
Their ids count down from 2^64-1, those of the orders that match mode sends count up from ANONYMOUS_FROM; a file's own
ids must lie below both.

A message about an id that the file never added belongs to the anonymous order at its price. To tell such an id from one
that is gone, every id added is remembered: about 16 bytes per order of the file.

The order book file has one row per message, and is read alongside: the book that stands there before message 1 is the
seed, and a level that comes into sight at the last column is adopted. `verify` compares whole rows.
"""

from libc.stdint cimport uint32_t, uint64_t

from obctl.flow.lobster_book cimport BookLevel, LobsterBookReader
from obctl.flow.rows cimport Row
from obctl.replay.idset cimport IdSet
from obctl.replay.replay cimport Replay
from obctl.replay.verification cimport Verification
from orderbook.book cimport Book, order_at, side_of
from orderbook.levels cimport BookSide, level_at, level_find

cdef extern from *:
    """
    #define OBCTL_ANONYMOUS_FROM 0xFFFFFFFF00000000ull
    """
    const uint64_t ANONYMOUS_FROM "OBCTL_ANONYMOUS_FROM"

cdef enum:
    NO_COMMAND = -1    # what a message comes to that changes no book, or not yet


cdef class LobsterReplay(Replay):
    cdef Book *state
    cdef IdSet added                       # every id that the file added
    cdef IdSet older                       # every other id that it spoke of
    cdef uint64_t next_anonymous
    cdef BookLevel last[2]                 # BID, ASK: what it states at its last column; quantity 0: nothing
    cdef bint begun                        # the first message was seen: it is too late to seed
    cdef uint64_t line                     # of the last message
    cdef LobsterBookReader statements      # the order book file that seeds and adopts, or None
    cdef Verification verification         # of the file in hand, or None
    cdef readonly Verification verified    # of all files, or None
    cdef readonly uint64_t seeded_levels, adopted_levels, skipped_messages
    cdef readonly uint64_t hidden_executions, crosses, halts

    cdef int follow(self, const Row *row) except -1
    cdef void apply_one(self, const Row *row) noexcept nogil
    cdef int apply_message(self, const Row *row) noexcept nogil
    cdef void row_done(self, const Row *row) noexcept nogil
    cdef int add(self, const Row *row) noexcept nogil
    cdef int take(self, const Row *row) noexcept nogil
    cdef void reduce(self, uint32_t slot, uint64_t quantity) noexcept nogil
    cdef int rest_anonymous(self, int side, uint64_t price, uint64_t quantity) noexcept nogil
    cdef int seed(self, const Row *first) except -1
    cdef int seed_level(self, int side, uint64_t price, uint64_t quantity) except -1
    cdef bint read_last(self, BookLevel *last) except -1
    cdef bint read_stated(self, BookLevel *last) except -1
    cdef void adopt(self, int side_code, const BookLevel *last) noexcept


cdef class LobsterBookReplay(LobsterReplay):
    pass


cdef inline uint32_t anonymous_at(Book *book, int side_code, uint64_t price) noexcept nogil:
    """Return the slot of the anonymous order at a price, or 0."""
    cdef const BookSide *side = side_of(book, side_code)
    cdef uint32_t level = level_find(&book.store, side, price ^ side.mask)
    cdef uint32_t oldest
    if level == 0:
        return 0
    oldest = level_at(&book.store, level).oldest
    return oldest if order_at(book, oldest).id >= ANONYMOUS_FROM else 0
