"""The C records of the engine: what it stores, what it is told, what it says. Plain data, fixed sizes.

`Command` and `Fill` are also the layout of the buffers that Python hands in and gets back (batch.pyx); their sizes
are part of the contract. Orders link to each other by 32-bit slot numbers instead of pointers: links survive the
growth of the array and are half the size. Slot 0 is never used, so 0 means "none".
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef extern from *:
    """
    #include <stdint.h>
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "the command and fill records are little-endian: big-endian machines are not supported"
    #endif
    """


cdef enum Code:
    # What a command came to: 0, or the `number` of the exception class in errors.py.
    ACCEPTED = 0
    DUPLICATE_ORDER = 1
    UNKNOWN_ORDER = 2
    INVALID_QUANTITY = 3
    CROSSED_ORDER = 4
    MISSING_PRICE = 5
    UNKNOWN_ACCOUNT = 6
    INSUFFICIENT_BASE = 7
    INSUFFICIENT_QUOTE = 8
    ACCOUNT_MISMATCH = 9
    NUMERIC_OVERFLOW = 10
    INVALID_COMMAND = 11
    PRICE_OUT_OF_BAND = 12
    QUANTITY_TOO_LARGE = 13
    NOTIONAL_TOO_LARGE = 14
    TOO_MANY_ORDERS = 15
    CAPACITY_EXCEEDED = 16
    HALTED = 17


cdef enum SideCode:
    BID = 1
    ASK = 2


cdef enum TypeCode:
    MARKET = 1
    LIMIT = 2
    IMMEDIATE_OR_CANCEL = 3
    FILL_OR_KILL = 4
    POST_ONLY = 5


cdef enum RemoveCode:
    FILLED = 1
    CANCELED = 2
    SELF_TRADE = 3


cdef enum PreventionCode:
    CANCEL_NEWEST = 1
    CANCEL_OLDEST = 2
    CANCEL_BOTH = 3
    DECREMENT = 4


cdef enum RejectCode:
    REJECT_DUPLICATE = 1
    REJECT_CROSSED = 2
    REJECT_INVALID_QUANTITY = 3
    REJECT_MISSING_PRICE = 4
    REJECT_INSUFFICIENT_LIQUIDITY = 5


cdef enum CommandKind:
    NEW = 1
    CANCEL = 2
    MODIFY = 3
    CREDIT = 4
    CANCEL_ALL = 5


cdef enum CommandFlag:
    HAS_PRICE = 1
    PREVENTION_SHIFT = 1   # bits 1–3 of a NEW: PreventionCode, 0 what the instrument says


cdef enum EventKind:
    BOOK_ADDED = 1
    BOOK_UPDATED = 2
    BOOK_REMOVED = 3
    TRADE = 4
    REJECTION = 5


cdef struct Order:             # a resting order: one cache line
    uint64_t id                # chosen by whoever sent it
    uint64_t price             # ticks
    uint64_t quantity          # lots still open, never 0 while it rests
    uint32_t older             # slot of the order ahead in its level, 0 at the head
    uint32_t younger           # slot of the order behind in its level, 0 at the tail
    uint32_t level             # slot of its level
    uint32_t hash              # of the id, so that removal need not hash again
    uint8_t side               # BID or ASK
    uint8_t post_only          # 1 when it was sent POST_ONLY: a reprice may not trade either
    uint8_t prevention         # PreventionCode that it came under, 0 none: it stays with it when it is repriced
    uint32_t account           # slot of its account, where the engine knows accounts
    uint32_t entry             # its place among the account's orders, likewise
    uint64_t session           # where it came from, likewise: a number of whoever runs commands, 0 none


cdef struct Level:             # all orders of one side at one price: half a cache line
    uint64_t key               # the price as its side orders it: see levels.pxd
    uint64_t total             # lots open in the level, the sum over its orders
    uint32_t oldest            # slot of the first order in the queue
    uint32_t youngest          # slot of the last
    uint32_t count             # number of orders
    uint32_t parent            # reference to the node above it in the price tree, 0: it is alone on its side


cdef struct Command:           # one record of a batch, 48 bytes
    uint8_t kind               # CommandKind
    uint8_t side               # SideCode, of a NEW
    uint8_t order_type         # TypeCode, of a NEW
    uint8_t flags              # CommandFlag
    uint32_t instrument        # position in the configuration, 0 the first
    uint64_t account_id
    uint64_t order_id
    uint64_t price             # ticks, when flags has HAS_PRICE
    uint64_t quantity          # lots
    uint64_t timestamp         # nanoseconds since 1970, 0 unknown


cdef struct Fill:              # one trade of a batch, 40 bytes
    uint64_t command           # index of the taker's command in the batch
    uint64_t taker_order_id
    uint64_t maker_order_id
    uint64_t price             # ticks, the maker's
    uint64_t quantity          # lots


cdef struct Event:             # one entry of the event log, 48 bytes; its sequence number is its place
    uint64_t timestamp         # the command's, nanoseconds since 1970
    uint64_t order_id          # of a trade: the taker
    uint64_t maker_order_id    # of a trade only
    uint64_t price             # ticks; of a rejection without a price: 0
    uint64_t quantity          # lots
    uint32_t instrument
    uint8_t kind               # EventKind
    uint8_t side               # of a trade: the taker's
    uint8_t order_type         # of a trade or rejection: TypeCode
    uint8_t reason             # RemoveCode or RejectCode; of a rejection without a price: plus NO_PRICE


cdef enum:
    NO_PRICE = 128
    EVENT_SMALL_FIELDS = 40    # where `instrument` begins in an Event; its four bytes of small fields follow


cdef extern from *:
    """
    #define ORDERBOOK_SIZE_IS(size, bytes) _Static_assert((size) == (bytes), "a record has the wrong size")
    """
    void assert_size "ORDERBOOK_SIZE_IS"(size_t size, size_t bytes) noexcept nogil  # checked by the C compiler
    # What the compiler provides:
    bint likely(bint condition) noexcept nogil
    bint unlikely(bint condition) noexcept nogil
    int ctz "__builtin_ctzll"(unsigned long long bits) noexcept nogil
    int clz "__builtin_clzll"(unsigned long long bits) noexcept nogil
    void prefetch "__builtin_prefetch"(const void *address) noexcept nogil
