"""The loop over a batch of commands, with the memory that the next ones need on its way (ahead.pxd).

One loop for engines with and without accounts, as in matching.pxd: `funded` is a constant of the caller. Each of the
two stands in a module that calls the matcher nowhere else, so that the compiler puts all of it into the loop.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from orderbook.accounts cimport account_find_hashed
from orderbook.ahead cimport AHEAD_ENTRY, Ahead, fetch_ahead, look_ahead, market_of, prefetch_makers
from orderbook.matching cimport Matcher, cancel_hashed, modify_hashed, submit_hashed
from orderbook.records cimport (
    ASK, BID, CANCEL, CANCEL_ALL, CREDIT, DECREMENT, HAS_PRICE, INVALID_COMMAND, MARKET, MODIFY, NEW, POST_ONLY,
    PREVENTION_SHIFT, Command, unlikely,
)
from orderbook.risk cimport (
    risk_cancel_all, risk_cancel_hashed, risk_credit, risk_modify_hashed, risk_submit_hashed,
)


cdef inline int run_one(Matcher *matcher, const Command *command, uint64_t id, uint32_t hash) noexcept nogil:
    """Run one record on a matcher without accounts; return a Code.

    What the record itself says is checked here, the rest by the matcher. `id` is the order id as it was when it was
    hashed, and every field is read once: another thread could write to the caller's buffer meanwhile.
    """
    cdef bint has_price = command.flags & HAS_PRICE
    cdef int kind = command.kind
    cdef int side = command.side
    cdef int order_type = command.order_type
    if unlikely(command.flags & ~HAS_PRICE):
        return INVALID_COMMAND
    if kind == NEW:
        if unlikely(not BID <= side <= ASK or not MARKET <= order_type <= POST_ONLY):
            return INVALID_COMMAND
        return submit_hashed(matcher, id, hash, side, order_type, command.price, has_price, command.quantity, False)
    if kind == CANCEL:
        return cancel_hashed(matcher, id, hash)
    if kind == MODIFY:
        return modify_hashed(matcher, id, hash, command.quantity, command.price, has_price)
    return INVALID_COMMAND


cdef inline int run_one_funded(Matcher *matcher, const Command *command, const Ahead *ahead) noexcept nogil:
    """Run one record on a matcher with accounts; return a Code. Checks are shared out as in `run_one`."""
    cdef uint8_t flags = command.flags
    cdef bint has_price = flags & HAS_PRICE
    cdef uint8_t prevention = flags >> PREVENTION_SHIFT
    cdef int kind = command.kind
    cdef int side = command.side
    cdef int order_type = command.order_type
    if kind == NEW:
        if unlikely(not BID <= side <= ASK or not MARKET <= order_type <= POST_ONLY or prevention > DECREMENT):
            return INVALID_COMMAND
        return risk_submit_hashed(
            matcher, account_find_hashed(matcher.money.accounts, ahead.account, ahead.account_hash), ahead.id,
            ahead.hash, side, order_type, command.price, has_price, command.quantity, prevention,
        )
    if unlikely(flags & ~HAS_PRICE):
        return INVALID_COMMAND
    if kind == CANCEL:
        return risk_cancel_hashed(matcher, ahead.account, ahead.id, ahead.hash)
    if kind == MODIFY:
        return risk_modify_hashed(
            matcher, ahead.account, ahead.id, ahead.hash, command.quantity, command.price, has_price,
        )
    if kind == CREDIT:
        matcher.unfilled = 0
        return risk_credit(matcher, ahead.account, command.price, command.quantity)
    if kind == CANCEL_ALL:
        return risk_cancel_all(matcher, ahead.account)
    return INVALID_COMMAND


cdef inline void run_records(Matcher *markets, uint32_t first, uint32_t count, const Command *commands, size_t size,
                             uint8_t *status, uint64_t *unfilled, bint funded) noexcept nogil:
    """Run records for the instruments from position `first` on, `count` of them."""
    cdef Ahead ring[AHEAD_ENTRY]
    cdef Ahead *ahead
    cdef bint several = funded and count > 1
    cdef Matcher *matcher
    cdef size_t i
    cdef int code
    memset(ring, 0, sizeof(ring))
    for i in range(min(size, <size_t>AHEAD_ENTRY)):
        look_ahead(&ring[i], markets, first, count, &commands[i], funded)
    for i in range(size):
        if i + AHEAD_ENTRY < size:
            fetch_ahead(ring, i, markets, commands, several, funded)
        ahead = &ring[i % AHEAD_ENTRY]
        matcher = market_of(ahead, markets, funded)
        if not several:
            prefetch_makers(matcher, &matcher.book.sides[i & 1], funded)
        matcher.timestamp = commands[i].timestamp
        matcher.command = i
        if unlikely(ahead.invalid):
            code = INVALID_COMMAND
        elif funded:
            code = run_one_funded(matcher, &commands[i], ahead)
        else:
            code = run_one(matcher, &commands[i], ahead.id, ahead.hash)
        status[i] = <uint8_t>code
        unfilled[i] = 0 if code else matcher.unfilled
        if i + AHEAD_ENTRY < size:
            look_ahead(ahead, markets, first, count, &commands[i + AHEAD_ENTRY], funded)


cdef void run_batch(Matcher *matcher, const Command *commands, size_t size, uint8_t *status,
                    uint64_t *unfilled) noexcept nogil
