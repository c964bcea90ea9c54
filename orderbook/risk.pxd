"""Commands of accounts: is there an account, is it its order, has it the money? Then the matcher settles as it trades.

The C functions of RiskEngine, in the manner of matching.pxd: they return codes, and one that is not ACCEPTED means that
nothing changed, save a rejection event. `account` is the slot of an account, 0 for an unknown one; `account_id` what
people call it. Those that end in `_hashed` serve batches, which hash ids ahead.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.accounts cimport account_find, account_id as id_of
from orderbook.book cimport OrderBook, order_at
from orderbook.events cimport EventSource
from orderbook.index cimport index_hash
from orderbook.matching cimport Matcher, cancel_at, find_hashed, modify_at, reject, submit_hashed
from orderbook.money cimport Money, given, money_begin, needed, taker_gives
from orderbook.reach cimport market_cost
from orderbook.records cimport (
    ACCEPTED, ACCOUNT_MISMATCH, BID, HALTED, INSUFFICIENT_BASE, INSUFFICIENT_QUOTE,
    MARKET, MISSING_PRICE, NUMERIC_OVERFLOW, REJECT_MISSING_PRICE, UNKNOWN_ACCOUNT, UNKNOWN_ORDER, Order, unlikely,
)
from orderbook.venue cimport Venue
from orderbook.wide cimport Wide, fits, value_of


cdef inline int insufficient(int side) noexcept nogil:
    """Return the code for too little of what orders of `side` give."""
    return INSUFFICIENT_QUOTE if side == BID else INSUFFICIENT_BASE


cdef inline int risk_submit_hashed(Matcher *matcher, uint32_t account, uint64_t order_id, uint32_t hash, int side,
                                   int order_type, uint64_t price, bint has_price, uint64_t quantity,
                                   uint8_t prevention) noexcept nogil:
    """Run a new order: see `risk_submit`."""
    cdef Money *money = &matcher.money
    cdef Wide value
    cdef uint64_t need
    if unlikely((order_type != MARKET) & (not has_price)):
        return reject(matcher, MISSING_PRICE, REJECT_MISSING_PRICE, order_id, side, order_type, 0, False, quantity)
    if unlikely(account == 0):
        return UNKNOWN_ACCOUNT
    if unlikely(money.halted):
        return HALTED
    money_begin(money, account, prevention)
    if order_type != MARKET:
        value = value_of(price, quantity)
        need = needed(side, price, quantity)
    else:
        value = market_cost(matcher.book, money, side, quantity) if side == BID else quantity
        need = <uint64_t>value
    if unlikely(not fits(value)):
        return NUMERIC_OVERFLOW
    if unlikely(taker_gives(money, side).available < need):
        return insufficient(side)
    return submit_hashed(matcher, order_id, hash, side, order_type, price, has_price, quantity, True)


cdef inline int order_of(const Matcher *matcher, uint64_t account_id, uint32_t slot) noexcept nogil:
    """Return ACCEPTED where the order in a slot is one of the account with this id."""
    if unlikely(slot == 0):
        return UNKNOWN_ORDER
    if unlikely(id_of(matcher.money.accounts, order_at(matcher.book, slot).account) != account_id):
        return ACCOUNT_MISMATCH
    return ACCEPTED


cdef inline int risk_modify_hashed(Matcher *matcher, uint64_t account_id, uint64_t order_id, uint32_t hash,
                                   uint64_t quantity, uint64_t price, bint has_price) noexcept nogil:
    """Change an order: see `risk_modify`."""
    cdef Money *money = &matcher.money
    cdef uint32_t slot = find_hashed(matcher, order_id, hash)
    cdef const Order *order = order_at(matcher.book, slot)
    cdef uint64_t new_price
    cdef int code = order_of(matcher, account_id, slot)
    if unlikely(code):
        return code
    new_price = price if has_price else order.price
    if unlikely(money.halted and (new_price != order.price or quantity > order.quantity)):
        return HALTED
    if unlikely(not fits(value_of(new_price, quantity))):
        return NUMERIC_OVERFLOW
    if unlikely(
        given(money, order.account, order.side).available + needed(order.side, order.price, order.quantity)
        < needed(order.side, new_price, quantity)
    ):
        return insufficient(order.side)
    money_begin(money, order.account, order.prevention)
    money.session = order.session
    return modify_at(matcher, slot, quantity, price, has_price, True)


cdef inline int risk_cancel_hashed(Matcher *matcher, uint64_t account_id, uint64_t order_id,
                                   uint32_t hash) noexcept nogil:
    """Cancel an order: see `risk_cancel`."""
    cdef uint32_t slot = find_hashed(matcher, order_id, hash)
    cdef int code = order_of(matcher, account_id, slot)
    return code if unlikely(code) else cancel_at(matcher, slot, True)


cdef inline int risk_submit(Matcher *matcher, uint64_t account_id, uint64_t order_id, int side, int order_type,
                            uint64_t price, bint has_price, uint64_t quantity, uint8_t prevention) noexcept nogil:
    """Run a new order of an account; return a Code. `side` and `order_type` are valid, `price` counts with `has_price`.

    prevention: the PreventionCode that it was sent with, 0 for what the instrument says.
    """
    return risk_submit_hashed(
        matcher, account_find(matcher.money.accounts, account_id), order_id,
        index_hash(&matcher.book.index, order_id), side, order_type, price, has_price, quantity, prevention,
    )


cdef inline int risk_modify(Matcher *matcher, uint64_t account_id, uint64_t order_id, uint64_t quantity, uint64_t price,
                            bint has_price) noexcept nogil:
    """Set the open quantity of an account's order and, with `has_price`, its price; return a Code."""
    return risk_modify_hashed(
        matcher, account_id, order_id, index_hash(&matcher.book.index, order_id), quantity, price, has_price,
    )


cdef inline int risk_cancel(Matcher *matcher, uint64_t account_id, uint64_t order_id) noexcept nogil:
    """Take an account's order out of the book; return a Code. `unfilled` becomes the quantity taken back."""
    return risk_cancel_hashed(matcher, account_id, order_id, index_hash(&matcher.book.index, order_id))


cdef int risk_cancel_all(Matcher *matcher, uint64_t account_id) noexcept nogil

cdef int risk_credit(Matcher *matcher, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil

cdef int risk_debit(Matcher *matcher, uint64_t account_id, uint64_t base, uint64_t quote) noexcept nogil


cdef class RiskEngine(EventSource):
    cdef Venue venue
    cdef Matcher *core             # the C-level door: this market's, in the venue
    cdef readonly OrderBook order_book
    cdef readonly object instrument
    cdef int enter(self) except -1


cdef int refuse_order(RiskEngine engine, int code, uint64_t account_id, uint64_t order_id) except -1


cdef RiskEngine new_market(Venue venue, uint32_t position)
