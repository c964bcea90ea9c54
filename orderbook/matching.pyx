"""MatchingEngine: the matcher as Python sees it. It checks arguments, calls matching.pxd, and raises."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.batch cimport BatchResult, CommandBuffer, ResultPool, new_batch_result
from orderbook.book cimport book_crosses
from orderbook.events cimport EventSource, new_event_ring
from orderbook.fills cimport fill_buffer_destroy, fill_buffer_reserve
from orderbook.guard cimport guard_enter
from orderbook.levels cimport level_next
from orderbook.limits cimport Limits, out_of_band
from orderbook.numbers cimport as_order_type, as_side, as_u64
from orderbook.pipeline cimport run_batch
from orderbook.reach cimport market_cost, reach_of
from orderbook.records cimport (
    BID, CANCEL_NEWEST, CANCEL_OLDEST, DECREMENT, FILL_OR_KILL, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, NO_PRICE,
    NOTIONAL_TOO_LARGE, POST_ONLY, PRICE_OUT_OF_BAND, QUANTITY_TOO_LARGE, REJECTION, SELF_TRADE, TOO_MANY_ORDERS,
    Command,
)
from orderbook.refusals cimport refuse
from orderbook.results cimport new_result, result_take
from orderbook.views cimport MatchResult
from orderbook.wide cimport Wide, fits, value_of


cdef enum:
    FEW_MAKERS = 64  # for so many fills, room is made without counting


cdef int reject(Matcher *matcher, int code, int reason, uint64_t order_id, int side, int order_type, uint64_t price,
                bint has_price, uint64_t quantity) noexcept nogil:
    """Record a rejection event and return `code`."""
    if order_type == MARKET or not has_price:
        price = 0
        reason |= NO_PRICE
    emit(matcher, REJECTION, order_id, 0, side, order_type, price, quantity, reason, NULL)
    return code


cdef uint64_t makers_of(Book *book, int side, uint64_t limit_key, uint64_t quantity) noexcept nogil:
    """Return how many resting orders a taker of `side` would trade with."""
    cdef const BookSide *opposite = opposite_of(book, side)
    cdef uint32_t slot = opposite.best
    cdef uint64_t makers = 0
    cdef const Level *level
    cdef const Order *order
    while slot and level_at(&book.store, slot).key <= limit_key:
        level = level_at(&book.store, slot)
        if level.total > quantity:
            order = order_at(book, level.oldest)
            while quantity:
                makers += 1
                quantity -= min(order.quantity, quantity)
                order = order_at(book, order.younger)
            return makers
        makers += level.count
        quantity -= level.total
        slot = level_next(&book.store, slot)
    return makers


cdef int reserve_many_fills(Matcher *matcher, int side, uint64_t limit_key, uint64_t quantity) noexcept nogil:
    """Do what `reserve_fills` promises where the lots alone do not settle it.

    There are no more fills than makers; only where those are many, too, are the ones in reach counted: that costs less
    than memory that is not needed.
    """
    cdef uint64_t most = min(<uint64_t>opposite_of(matcher.book, side).order_count, quantity)
    if most > FEW_MAKERS and matcher.money.own:
        most = reach_of(matcher.book, &matcher.money, side, limit_key, quantity, False).makers
    elif most > FEW_MAKERS:
        most = makers_of(matcher.book, side, limit_key, quantity)
    return fill_buffer_reserve(matcher.fills, most)


cdef int reprice(Matcher *matcher, uint32_t slot, uint64_t price, uint64_t quantity, bint funded) noexcept nogil:
    """Cancel a resting order and submit it anew under its id; `modify_at` has checked the rest."""
    cdef Book *book = matcher.book
    cdef const Order *order = order_at(book, slot)
    cdef uint64_t id = order.id
    cdef uint32_t hash = order.hash
    cdef int side = order.side
    cdef bint post_only = order.post_only
    cdef uint64_t limit_key = price ^ opposite_of(book, side).mask
    cdef bint crosses = book_crosses(book, side, price)
    if unlikely(crosses and post_only):
        return reject(matcher, CROSSED_ORDER, REJECT_CROSSED, id, side, POST_ONLY, price, True, quantity)
    if unlikely(book_reserve(book, side, price, slot, crosses)):
        return CAPACITY_EXCEEDED
    if funded and unlikely(seat_reserve(seat_of(&matcher.money, order_at(book, slot).account), book)):
        return CAPACITY_EXCEEDED
    if crosses and unlikely(reserve_fills(matcher, side, limit_key, quantity)):
        return CAPACITY_EXCEEDED
    withdraw(matcher, slot, CANCELED, funded)
    return execute(matcher, id, hash, side, LIMIT, price, limit_key, quantity, crosses, True, post_only, funded)


cdef uint64_t prevent_self_trade(Matcher *matcher, BookSide *makers, uint64_t quantity) noexcept nogil:
    """Do what the taker's prevention says where its own order is the next maker; return what is left of the taker."""
    cdef Money *money = &matcher.money
    cdef Book *book = matcher.book
    cdef uint32_t slot = level_at(&book.store, makers.best).oldest
    cdef Order *maker = order_at(book, slot)
    cdef uint64_t lost = quantity  # by the taker
    money.met_own = False
    if money.prevention == CANCEL_OLDEST:
        lost = 0
    elif money.prevention == DECREMENT:
        lost = min(maker.quantity, quantity)
    matcher.unfilled += lost
    money.prevented += lost
    if money.prevention == DECREMENT and lost < maker.quantity:
        release(money, maker.account, maker.side, needed(maker.side, maker.price, lost))
        book_resize(book, slot, maker.quantity - lost)
        emit(matcher, BOOK_UPDATED, maker.id, 0, maker.side, 0, maker.price, maker.quantity, 0, maker)
    elif money.prevention != CANCEL_NEWEST:
        withdraw(matcher, slot, SELF_TRADE, True)
    return quantity - lost


cdef int limits_forbid(Matcher *matcher, int side, int order_type, uint64_t price, uint64_t quantity) noexcept nogil:
    """Return the Code of the first limit that an order of the taker at hand breaks, or ACCEPTED.

    order_type: its TypeCode, 0 for a modify.
    """
    cdef const Limits *limits = &matcher.money.limits
    cdef Wide value
    if order_type != MARKET and out_of_band(limits, price):
        return PRICE_OUT_OF_BAND
    if quantity > limits.quantity_max:
        return QUANTITY_TOO_LARGE
    if order_type == MARKET:
        value = market_cost(matcher.book, &matcher.money, side, quantity)
    else:
        value = value_of(price, quantity)
    if not fits(value) or <uint64_t>value > limits.notional_max:
        return NOTIONAL_TOO_LARGE
    if order_type == LIMIT or order_type == POST_ONLY:
        if seat_of(&matcher.money, matcher.money.account).open >= limits.open_orders_max:
            return TOO_MANY_ORDERS
    return ACCEPTED


cdef class MatchingEngine(EventSource):
    """One instrument's matcher, in price-time priority, over a book that it owns.

    book: an OrderBook to take over, with its orders; by default a new one. RuntimeError if another engine owns it,
    ValueError if it is crossed.
    event_capacity: how many of the newest events are held; 0 records none.

    Prices are in ticks, quantities in lots. One thread at a time: a second one that enters while a batch runs gets
    RuntimeError.
    """

    def __cinit__(self, book=None, *, event_capacity=65536):
        cdef uint64_t capacity = as_u64(event_capacity, "event_capacity")
        cdef OrderBook owned = OrderBook() if book is None else own(book)
        self.ring = new_event_ring(capacity)
        self.order_book = owned
        self.result_pool = ResultPool()
        self.guard = owned.guard
        owned.events = self.ring
        owned.state.allow_crossed = False  # the matcher never crosses a book, and `check` is to see that it did not
        self.core.book = &owned.state
        self.core.log = &self.ring.log
        self.core.fills = &self.single_fills

    def __dealloc__(self):
        fill_buffer_destroy(&self.single_fills)

    def __reduce__(self):
        raise TypeError("a MatchingEngine is neither picklable nor copyable; its order_book.snapshot() is")

    cdef int enter(self) except -1:
        """Begin a single command, unless a batch is running."""
        guard_enter(self.guard)
        self.single_fills.size = 0
        return 0

    cdef object submit_one(self, uint64_t id, int side, int order_type, object price, uint64_t quantity):
        cdef bint has_price = price is not None
        cdef uint64_t ticks = as_u64(price, "price") if has_price else 0
        cdef MatchResult result = new_result()
        self.enter()
        cdef int code = matcher_submit(&self.core, id, side, order_type, ticks, has_price, quantity)
        if code:
            refuse(code, id)
        result_take(result, &self.core)
        return result

    def submit(self, order_id, side, order_type, price, quantity):
        """Run a new order of any type; `price` may be None for MARKET, which ignores it.

        Return a MatchResult. Raise MissingPrice, InvalidQuantity, DuplicateOrder, NumericOverflow, CapacityExceeded, or
        CrossedOrder (POST_ONLY). A FILL_OR_KILL that cannot be filled is no error: all of it is `unfilled`.
        """
        return self.submit_one(
            as_u64(order_id, "order_id"), as_side(side), as_order_type(order_type), price, as_u64(quantity, "quantity"),
        )

    def submit_limit(self, order_id, side, price, quantity):
        """Run a LIMIT order: it trades at its price or better, the rest rests."""
        return self.submit_one(
            as_u64(order_id, "order_id"), as_side(side), LIMIT, price, as_u64(quantity, "quantity"),
        )

    def submit_market(self, order_id, side, quantity):
        """Run a MARKET order: it trades at any price, the rest is dropped."""
        return self.submit_one(
            as_u64(order_id, "order_id"), as_side(side), MARKET, None, as_u64(quantity, "quantity"),
        )

    def submit_immediate_or_cancel(self, order_id, side, price, quantity):
        """Run an IOC order: it trades at its price or better, the rest is dropped."""
        return self.submit_one(
            as_u64(order_id, "order_id"), as_side(side), IMMEDIATE_OR_CANCEL, price, as_u64(quantity, "quantity"),
        )

    def submit_fill_or_kill(self, order_id, side, price, quantity):
        """Run a FOK order: all of it trades at its price or better, or nothing does."""
        return self.submit_one(
            as_u64(order_id, "order_id"), as_side(side), FILL_OR_KILL, price, as_u64(quantity, "quantity"),
        )

    def submit_post_only(self, order_id, side, price, quantity):
        """Run a POST_ONLY order: it rests, or raises CrossedOrder where it would trade."""
        return self.submit_one(
            as_u64(order_id, "order_id"), as_side(side), POST_ONLY, price, as_u64(quantity, "quantity"),
        )

    def modify_order(self, order_id, quantity, price=None):
        """Set a resting order's open quantity and, where given, its price; return a MatchResult.

        At the same price, the same or a smaller quantity keeps its place, a larger one goes to the back. A new price is
        a cancel and a replacement under the same id, which may trade. Raise UnknownOrder, InvalidQuantity,
        NumericOverflow, CapacityExceeded, or CrossedOrder (a post-only order).
        """
        cdef uint64_t id = as_u64(order_id, "order_id")
        cdef uint64_t lots = as_u64(quantity, "quantity")
        cdef bint has_price = price is not None
        cdef uint64_t ticks = as_u64(price, "price") if has_price else 0
        cdef MatchResult result = new_result()
        self.enter()
        cdef int code = matcher_modify(&self.core, id, lots, ticks, has_price)
        if code:
            refuse(code, id)
        result_take(result, &self.core)
        return result

    def cancel_order(self, order_id):
        """Take a resting order out of the book and return the quantity that was open; raise UnknownOrder."""
        cdef uint64_t id = as_u64(order_id, "order_id")
        self.enter()
        cdef int code = matcher_cancel(&self.core, id)
        if code:
            refuse(code, id)
        return self.core.unfilled

    def process(self, commands):
        """Run a batch: a contiguous buffer of COMMAND records (`COMMAND_DTYPE`), without the GIL.

        Return a BatchResult. A refused command is a status, never an exception, and the rest goes on. Raise TypeError
        where `commands` is no buffer and ValueError for a wrong item size or layout, before anything is applied;
        RuntimeError where another batch is running.
        """
        cdef CommandBuffer buffer = CommandBuffer(commands)
        cdef Py_ssize_t count = buffer.view.len // <Py_ssize_t>sizeof(Command)
        self.enter()
        cdef BatchResult result = new_batch_result(self.result_pool, count)
        self.enter()  # making the result may have run the collector, and a finalizer the engine
        self.guard.busy = True
        self.core.fills = &result.buffers.fills
        with nogil:
            run_batch(
                &self.core, <const Command *>buffer.view.buf, count, result.buffers.status, result.buffers.unfilled,
            )
        self.core.fills = &self.single_fills
        self.core.timestamp = self.core.command = 0
        self.guard.busy = False
        return result

    def check(self):
        """Walk every invariant; raise AssertionError naming the first that is broken. O(orders)."""
        self.order_book.check()

    def state_hash(self):
        """Return 32 hexadecimal digits that are equal exactly for equal states: see OrderBook.state_hash."""
        return self.order_book.state_hash()


cdef OrderBook own(object book):
    """Return a book that an engine may take over, or raise TypeError, RuntimeError or ValueError."""
    if not isinstance(book, OrderBook):
        raise TypeError(f"book must be an OrderBook, not {type(book).__name__}")
    cdef OrderBook free = book
    free.enter_to_change()
    cdef BookSide *bids = side_of(&free.state, BID)
    if bids.best and book_crosses(&free.state, BID, bids.best_key ^ bids.mask):
        raise ValueError("the book is crossed: a matching engine cannot take it over")
    return free
