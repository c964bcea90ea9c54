"""The loop over a batch of commands."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.matching cimport Matcher, matcher_cancel, matcher_modify, matcher_submit
from orderbook.records cimport (
    CANCEL, HAS_PRICE, INVALID_COMMAND, MARKET, MODIFY, NEW, POST_ONLY, ASK, BID, Command, unlikely,
)


cdef inline int run_one(Matcher *matcher, const Command *command) noexcept nogil:
    """Run one record; return a Code. What the record itself says is checked here, the rest by the matcher."""
    cdef bint has_price = command.flags & HAS_PRICE
    if unlikely(command.instrument != 0 or command.flags & ~HAS_PRICE):
        return INVALID_COMMAND
    if command.kind == NEW:
        if unlikely(not BID <= command.side <= ASK or not MARKET <= command.order_type <= POST_ONLY):
            return INVALID_COMMAND
        return matcher_submit(
            matcher, command.order_id, command.side, command.order_type, command.price, has_price, command.quantity,
        )
    if command.kind == CANCEL:
        return matcher_cancel(matcher, command.order_id)
    if command.kind == MODIFY:
        return matcher_modify(matcher, command.order_id, command.quantity, command.price, has_price)
    return INVALID_COMMAND


cdef void run_batch(Matcher *matcher, const Command *commands, size_t count, uint8_t *status,
                    uint64_t *unfilled) noexcept nogil:
    cdef size_t i
    cdef int code
    for i in range(count):
        matcher.timestamp = commands[i].timestamp
        matcher.command = i
        code = run_one(matcher, &commands[i])
        status[i] = <uint8_t>code
        unfilled[i] = 0 if code else matcher.unfilled
