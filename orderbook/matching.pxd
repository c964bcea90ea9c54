"""The matcher: price-time priority over one book, as C functions that return codes.

This is the engine's hot path and its C-level door (docs/c-api.md). A `Matcher` ties a book to an event log, a buffer
for fills and a sink; `matcher_submit`, `matcher_modify` and `matcher_cancel` run one command each and leave what
Python calls a MatchResult in `fills`, `resting` and `unfilled`. They need no GIL and make no Python object.

One code for engines with and without accounts: what concerns money stands behind `funded`, a constant of the caller,
so that the compiler makes one of each. With it, `matcher.money` knows the taker (risk.pxd), fills are settled as they
happen, orders carry their accounts, limits and self-trade prevention apply.

Every function validates all, then mutates: a code other than ACCEPTED means that nothing changed, save the rejection
event. Memory is reserved before anything changes, too.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from orderbook.book cimport (
    Book, OrderBook, book_available, book_drop, book_reserve, book_resize, book_rest, opposite_of,
    order_at, side_of,
)
from orderbook.batch cimport ResultPool
from orderbook.events cimport EventLog, EventSource, event_log_append, event_log_last
from orderbook.fills cimport FillBuffer
from orderbook.index cimport index_find, index_hash, index_holds, index_remove
from orderbook.levels cimport BookSide, level_at, level_remove
from orderbook.money cimport Money, needed, release, seat_of, settle_maker, settle_taker, taker_seat
from orderbook.reach cimport reach_of
from orderbook.records cimport (
    ACCEPTED, BOOK_ADDED, BOOK_REMOVED, BOOK_UPDATED, CANCELED, CAPACITY_EXCEEDED, CROSSED_ORDER, DUPLICATE_ORDER,
    EVENT_SMALL_FIELDS, FILL_OR_KILL, FILLED, INVALID_QUANTITY, LIMIT, MARKET, MISSING_PRICE, NUMERIC_OVERFLOW,
    POST_ONLY, REJECT_CROSSED, REJECT_DUPLICATE, REJECT_INSUFFICIENT_LIQUIDITY, REJECT_INVALID_QUANTITY,
    REJECT_MISSING_PRICE, TRADE, UNKNOWN_ORDER, Event, Fill, Level, Order, likely, prefetch, unlikely,
)
from orderbook.seats cimport seat_enter, seat_leave, seat_reserve
from orderbook.slab cimport slab_give_back


ctypedef void (*Sink)(void *context, uint64_t sequence, const Event *event, const Order *order) noexcept nogil


cdef struct Matcher:
    Book *book
    EventLog *log
    FillBuffer *fills      # where fills are appended; NULL: nowhere
    Sink sink              # called for each event as it happens; NULL: not
    void *sink_context
    uint64_t timestamp     # of the commands to come, nanoseconds since 1970
    uint64_t command       # their index, for the fills
    uint64_t unfilled      # the last command's: lots neither traded nor resting
    uint32_t resting       # the last command's: slot of the order that now rests, or 0
    uint32_t instrument
    Money money            # of a funded engine only


cdef inline void emit(Matcher *matcher, uint64_t kind, uint64_t order_id, uint64_t maker_order_id, uint64_t side,
                      uint64_t order_type, uint64_t price, uint64_t quantity, uint64_t reason,
                      const Order *order) noexcept nogil:
    """Append an event to the log and hand it to the sink, with the resting order that it is about."""
    cdef Event *event = event_log_append(matcher.log)
    cdef uint64_t small = matcher.instrument | kind << 32 | side << 40 | order_type << 48 | reason << 56
    event.timestamp = matcher.timestamp
    event.order_id = order_id
    event.maker_order_id = maker_order_id
    event.price = price
    event.quantity = quantity
    memcpy(<char *>event + EVENT_SMALL_FIELDS, &small, sizeof(small))  # the five small fields in one write
    if unlikely(matcher.sink != NULL):
        matcher.sink(matcher.sink_context, event_log_last(matcher.log), event, order)


cdef int reject(Matcher *matcher, int code, int reason, uint64_t order_id, int side, int order_type, uint64_t price,
                bint has_price, uint64_t quantity) noexcept nogil


cdef int reserve_many_fills(Matcher *matcher, int side, uint64_t limit_key, uint64_t quantity) noexcept nogil


cdef inline int reserve_fills(Matcher *matcher, int side, uint64_t limit_key, uint64_t quantity) noexcept nogil:
    """See to it that all fills of an order will fit (no more than lots); return 0, or -1 when memory is out."""
    if matcher.fills == NULL or likely(matcher.fills.capacity - matcher.fills.size >= quantity):
        return 0
    return reserve_many_fills(matcher, side, limit_key, quantity)


cdef inline void record_trade(Matcher *matcher, uint64_t taker_id, int taker_side, int order_type, const Order *maker,
                              uint64_t price, uint64_t quantity) noexcept nogil:
    """Record one trade: its fill, its event."""
    cdef Fill *fill
    if matcher.fills != NULL:
        fill = matcher.fills.items + matcher.fills.size
        matcher.fills.size += 1
        fill.command = matcher.command
        fill.taker_order_id = taker_id
        fill.maker_order_id = maker.id
        fill.price = price
        fill.quantity = quantity
    emit(matcher, TRADE, taker_id, maker.id, taker_side, order_type, price, quantity, 0, maker)


cdef inline uint64_t trade_level(Matcher *matcher, BookSide *makers, uint64_t taker_id, int taker_side, int order_type,
                                 uint64_t quantity, bint funded) noexcept nogil:
    """Trade with the best level, oldest order first; return what is left of the taker. The level goes when empty.

    An order of the taker's own account that it must not trade with ends it, with `money.met_own` set.
    """
    cdef Book *book = matcher.book
    cdef uint32_t level_slot = makers.best
    cdef Level *level = level_at(&book.store, level_slot)
    cdef uint64_t price = makers.best_key ^ makers.mask
    cdef int maker_side = 3 - taker_side
    cdef uint32_t slot = level.oldest
    cdef uint32_t younger
    cdef Order *maker
    cdef uint64_t traded
    while True:
        maker = order_at(book, slot)
        if funded and unlikely(maker.account == matcher.money.own):
            matcher.money.met_own = True
            break
        if maker.quantity > quantity:
            maker.quantity -= quantity
            level.total -= quantity
            makers.total -= quantity
            record_trade(matcher, taker_id, taker_side, order_type, maker, price, quantity)
            emit(matcher, BOOK_UPDATED, maker.id, 0, maker_side, 0, price, maker.quantity, 0, maker)
            if funded:
                settle_maker(&matcher.money, maker.account, taker_side, price, quantity)
            quantity = 0
            break
        traded = maker.quantity
        younger = maker.younger
        prefetch(order_at(book, younger))
        quantity -= traded
        level.total -= traded
        level.count -= 1
        makers.total -= traded
        makers.order_count -= 1
        record_trade(matcher, taker_id, taker_side, order_type, maker, price, traded)
        emit(matcher, BOOK_REMOVED, maker.id, 0, maker_side, 0, price, traded, FILLED, maker)
        if funded:
            settle_maker(&matcher.money, maker.account, taker_side, price, traded)
            seat_leave(seat_of(&matcher.money, maker.account), maker)
        index_remove(&book.index, maker.hash, slot)
        slab_give_back(&book.orders, slot, sizeof(Order))
        slot = younger
        if slot == 0:
            level_remove(&book.store, makers, level_slot)
            return quantity
        if quantity == 0:
            break
    level.oldest = slot
    order_at(book, slot).older = 0
    return quantity


cdef uint64_t prevent_self_trade(Matcher *matcher, BookSide *makers, uint64_t quantity) noexcept nogil


cdef inline uint64_t trade(Matcher *matcher, uint64_t taker_id, int taker_side, int order_type, uint64_t limit_key,
                           uint64_t quantity, bint funded) noexcept nogil:
    """Trade with all levels up to `limit_key`, best first; return what is left of the taker."""
    cdef BookSide *makers = opposite_of(matcher.book, taker_side)
    while quantity and makers.best and makers.best_key <= limit_key:
        quantity = trade_level(matcher, makers, taker_id, taker_side, order_type, quantity, funded)
        if funded and unlikely(matcher.money.met_own):
            quantity = prevent_self_trade(matcher, makers, quantity)
    return quantity


cdef inline void take_seat(Matcher *matcher, uint32_t slot) noexcept nogil:
    """Make the order in a slot, which just came to rest, one of the taker's account."""
    cdef Order *order = order_at(matcher.book, slot)
    order.account = matcher.money.account
    order.prevention = matcher.money.prevention
    order.session = matcher.money.session
    seat_enter(taker_seat(&matcher.money), order, slot)


cdef inline int execute(Matcher *matcher, uint64_t order_id, uint32_t hash, int side, int order_type, uint64_t price,
                        uint64_t limit_key, uint64_t quantity, bint crosses, bint may_rest, bint post_only,
                        bint funded) noexcept nogil:
    """Trade an order that passed all checks, where it `crosses`, and rest or drop what is left; return ACCEPTED."""
    if crosses:
        quantity = trade(matcher, order_id, side, order_type, limit_key, quantity, funded)
    if quantity == 0 or not may_rest:
        matcher.unfilled += quantity
        if funded:
            settle_taker(&matcher.money, side, 0)
        return ACCEPTED
    matcher.resting = book_rest(matcher.book, order_id, hash, side, price, quantity, post_only, False)
    if funded:
        settle_taker(&matcher.money, side, needed(side, price, quantity))
        take_seat(matcher, matcher.resting)
    emit(
        matcher, BOOK_ADDED, order_id, 0, side, 0, price, quantity, 0, order_at(matcher.book, matcher.resting),
    )
    return ACCEPTED


cdef int limits_forbid(Matcher *matcher, int side, int order_type, uint64_t price, uint64_t quantity) noexcept nogil


cdef inline uint64_t fillable(Matcher *matcher, int side, uint64_t limit_key, uint64_t quantity,
                              bint funded) noexcept nogil:
    """Return what a FILL_OR_KILL order could trade, counting no further than its quantity."""
    if funded and matcher.money.own:
        return reach_of(matcher.book, &matcher.money, side, limit_key, quantity, True).quantity
    return book_available(matcher.book, side, limit_key, quantity)


cdef inline int submit_hashed(Matcher *matcher, uint64_t order_id, uint32_t hash, int side, int order_type,
                              uint64_t price, bint has_price, uint64_t quantity, bint funded) noexcept nogil:
    """Run a new order whose id has been hashed: see `matcher_submit`."""
    cdef Book *book = matcher.book
    cdef const BookSide *makers = opposite_of(book, side)
    cdef uint64_t limit_key = <uint64_t>-1 if order_type == MARKET else price ^ makers.mask
    cdef bint may_rest = (order_type == LIMIT) | (order_type == POST_ONLY)
    cdef bint crosses = (makers.best != 0) & (makers.best_key <= limit_key)
    cdef int code
    matcher.unfilled = 0
    matcher.resting = 0
    if unlikely((order_type != MARKET) & (not has_price)):
        return reject(matcher, MISSING_PRICE, REJECT_MISSING_PRICE, order_id, side, order_type, 0, False, quantity)
    if unlikely(quantity == 0):
        return reject(matcher, INVALID_QUANTITY, REJECT_INVALID_QUANTITY, order_id, side, order_type, price, True, 0)
    if unlikely(index_holds(&book.index, book.orders.items, sizeof(Order), order_id, hash)):
        return reject(matcher, DUPLICATE_ORDER, REJECT_DUPLICATE, order_id, side, order_type, price, True, quantity)
    if unlikely(may_rest & (side_of(book, side).total + quantity < quantity)):
        return NUMERIC_OVERFLOW
    if funded and unlikely(matcher.money.limits.any):
        code = limits_forbid(matcher, side, order_type, price, quantity)
        if code:
            return code
    if unlikely(crosses & (order_type == POST_ONLY)):
        return reject(matcher, CROSSED_ORDER, REJECT_CROSSED, order_id, side, order_type, price, True, quantity)
    if unlikely(order_type == FILL_OR_KILL) and fillable(matcher, side, limit_key, quantity, funded) < quantity:
        matcher.unfilled = quantity
        return reject(
            matcher, ACCEPTED, REJECT_INSUFFICIENT_LIQUIDITY, order_id, side, order_type, price, True, quantity,
        )
    if may_rest and unlikely(book_reserve(book, side, price, 0, crosses)):
        return CAPACITY_EXCEEDED
    if funded and may_rest and unlikely(seat_reserve(taker_seat(&matcher.money), book)):
        return CAPACITY_EXCEEDED
    if crosses and unlikely(reserve_fills(matcher, side, limit_key, quantity)):
        return CAPACITY_EXCEEDED
    return execute(
        matcher, order_id, hash, side, order_type, price, limit_key, quantity, crosses, may_rest,
        order_type == POST_ONLY, funded,
    )


cdef inline void withdraw(Matcher *matcher, uint32_t slot, int reason, bint funded) noexcept nogil:
    """Take the order in a slot out of the book, for a RemoveCode."""
    cdef const Order *order = order_at(matcher.book, slot)
    emit(matcher, BOOK_REMOVED, order.id, 0, order.side, 0, order.price, order.quantity, reason, order)
    if funded:
        release(&matcher.money, order.account, order.side, needed(order.side, order.price, order.quantity))
        seat_leave(seat_of(&matcher.money, order.account), order)
    book_drop(matcher.book, slot)


cdef int reprice(Matcher *matcher, uint32_t slot, uint64_t price, uint64_t quantity, bint funded) noexcept nogil


cdef inline int modify_at(Matcher *matcher, uint32_t slot, uint64_t quantity, uint64_t price, bint has_price,
                          bint funded) noexcept nogil:
    """Change the order in a slot: see `matcher_modify`."""
    cdef Book *book = matcher.book
    cdef const Order *order = order_at(book, slot)
    cdef bint reprices = has_price and price != order.price
    cdef int code
    matcher.unfilled = 0
    matcher.resting = 0
    if unlikely(quantity == 0):
        return reject(
            matcher, INVALID_QUANTITY, REJECT_INVALID_QUANTITY, order.id, order.side,
            POST_ONLY if order.post_only else LIMIT, price, has_price, 0,
        )
    if unlikely(side_of(book, order.side).total - order.quantity + quantity < quantity):
        return NUMERIC_OVERFLOW
    if funded and unlikely(matcher.money.limits.any) and (reprices or quantity > order.quantity):
        code = limits_forbid(matcher, order.side, 0, price if has_price else order.price, quantity)
        if code:
            return code
    if reprices:
        return reprice(matcher, slot, price, quantity, funded)
    if funded:
        release(
            &matcher.money, order.account, order.side,
            needed(order.side, order.price, order.quantity) - needed(order.side, order.price, quantity),
        )
    book_resize(book, slot, quantity)
    matcher.resting = slot
    emit(matcher, BOOK_UPDATED, order.id, 0, order.side, 0, order.price, quantity, 0, order)
    return ACCEPTED


cdef inline int cancel_at(Matcher *matcher, uint32_t slot, bint funded) noexcept nogil:
    """Cancel the order in a slot: see `matcher_cancel`."""
    matcher.unfilled = order_at(matcher.book, slot).quantity
    matcher.resting = 0
    withdraw(matcher, slot, CANCELED, funded)
    return ACCEPTED


cdef inline uint32_t find_hashed(const Matcher *matcher, uint64_t order_id, uint32_t hash) noexcept nogil:
    """Return the slot of the order with this id, or 0."""
    return index_find(&matcher.book.index, matcher.book.orders.items, sizeof(Order), order_id, hash)


cdef inline int modify_hashed(Matcher *matcher, uint64_t order_id, uint32_t hash, uint64_t quantity, uint64_t price,
                              bint has_price) noexcept nogil:
    """Change an order whose id has been hashed: see `matcher_modify`."""
    cdef uint32_t slot = find_hashed(matcher, order_id, hash)
    return modify_at(matcher, slot, quantity, price, has_price, False) if slot else <int>UNKNOWN_ORDER


cdef inline int cancel_hashed(Matcher *matcher, uint64_t order_id, uint32_t hash) noexcept nogil:
    """Cancel an order whose id has been hashed: see `matcher_cancel`."""
    cdef uint32_t slot = find_hashed(matcher, order_id, hash)
    return cancel_at(matcher, slot, False) if slot else <int>UNKNOWN_ORDER


cdef inline int matcher_submit(Matcher *matcher, uint64_t order_id, int side, int order_type, uint64_t price,
                               bint has_price, uint64_t quantity) noexcept nogil:
    """Run a new order; return a Code. `side` and `order_type` are valid; `price` counts only with `has_price`."""
    cdef uint32_t hash = index_hash(&matcher.book.index, order_id)
    return submit_hashed(matcher, order_id, hash, side, order_type, price, has_price, quantity, False)


cdef inline int matcher_modify(Matcher *matcher, uint64_t order_id, uint64_t quantity, uint64_t price,
                               bint has_price) noexcept nogil:
    """Set a resting order's open quantity and, with `has_price`, its price; return a Code."""
    return modify_hashed(matcher, order_id, index_hash(&matcher.book.index, order_id), quantity, price, has_price)


cdef inline int matcher_cancel(Matcher *matcher, uint64_t order_id) noexcept nogil:
    """Take a resting order out of the book; return a Code. `unfilled` becomes the quantity taken back."""
    return cancel_hashed(matcher, order_id, index_hash(&matcher.book.index, order_id))


cdef class MatchingEngine(EventSource):
    cdef Matcher core              # the C-level door
    cdef FillBuffer single_fills   # of single commands
    cdef readonly OrderBook order_book
    cdef ResultPool result_pool
    cdef int enter(self) except -1
    cdef object submit_one(self, uint64_t id, int side, int order_type, object price, uint64_t quantity)
