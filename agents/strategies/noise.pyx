"""The noise trader: small orders at random around the market, and cancels of those that rest.

Compiled, because a simulation has many of it. Chances come from a generator of integers of its own (splitmix64), so
that they are the same on every machine.

Where it puts its orders: it has a reference price, a random walk that begins at the setting. With a two-sided book the
centre is an eighth of the way from the middle of the best prices to the reference; so the market follows the orders,
and the noise traders together hold it, slowly, to what they believe. With one side empty, or both, the centre is the
reference itself. Bids lie from the centre down to `depth_ticks` below, asks from there up, most of them near.
"""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from agents.named_tuples cimport as_named
from agents.requests import Cancel, ReadBest, ReadOrders, Submit, WaitUntil
from orderbook import OrderBookError, OrderType, Side, UnknownOrder

cdef extern from *:
    ctypedef unsigned long long u128 "unsigned __int128"

cdef enum:
    LOOK_AFTER = 32     # actions from one reading of its own orders to the next, at most
    PULL = 8            # the part of the way from the middle to the reference price, inverse

cdef int64_t PRICE_MAX = <int64_t>1 << 62

cdef object BID = Side.BID
cdef object ASK = Side.ASK
cdef object LIMIT = OrderType.LIMIT
cdef object MARKET = OrderType.MARKET
cdef object IMMEDIATE_OR_CANCEL = OrderType.IMMEDIATE_OR_CANCEL
cdef object READ_BEST = ReadBest()
cdef object READ_ORDERS = ReadOrders()


@cython.final
cdef class NoiseTrader:
    """Trades at random. It waits between 0 and twice the mean from one action to the next, all waits alike.

    inventory: lots bought less lots sold; cash: what that left, in ticks × lots. An order is a limit that is meant to
    rest, or a taker (a market order, or an ioc at the far end of its prices), of either side alike. It knows what rests
    from the answers to its orders; every 32 actions, and when it seems to have as many orders as it may have, it reads
    them anew. With that many in fact it cancels one instead of posting.
    """

    cdef readonly object settings
    cdef readonly object inventory
    cdef readonly object cash
    cdef uint64_t random        # splitmix64's state
    cdef int64_t reference      # ticks
    cdef uint64_t pause_ns      # on average
    cdef int64_t walk_ticks
    cdef uint64_t depth_ticks
    cdef uint64_t quantity_max
    cdef Py_ssize_t open_orders_max
    cdef uint64_t takers        # of 100 actions
    cdef uint64_t cancels
    cdef list open_orders       # ids of what may rest

    name = "noise-trader"

    def __init__(self, settings):
        self.settings = settings
        self.inventory = self.cash = 0
        self.random = settings.seed
        self.reference = settings.reference_price
        self.pause_ns = settings.pause_ns
        self.walk_ticks = settings.walk_ticks
        self.depth_ticks = settings.depth_ticks
        self.quantity_max = settings.quantity_max
        self.open_orders_max = settings.open_orders_max
        self.takers = settings.taker_percent
        self.cancels = settings.cancel_percent
        self.open_orders = []

    cdef uint64_t below(self, uint64_t bound) noexcept:
        """Draw a number from 0 to bound - 1."""
        self.random += <uint64_t>0x9E3779B97F4A7C15
        cdef uint64_t bits = self.random
        bits = (bits ^ (bits >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
        bits = (bits ^ (bits >> 27)) * <uint64_t>0x94D049BB133111EB
        bits ^= bits >> 31
        return <uint64_t>((<u128>bits * bound) >> 64)

    cdef uint64_t wait(self) noexcept:
        """Draw a wait in nanoseconds."""
        return self.below(2 * self.pause_ns + 1)

    cdef void walk(self) noexcept:
        """Move the reference price."""
        cdef int64_t moved = self.reference + <int64_t>self.below(2 * self.walk_ticks + 1) - self.walk_ticks
        self.reference = min(max(moved, 1), PRICE_MAX)

    def live(self, now_ns):
        """Act, wait, act again; the first wait comes first, so that many of them do not begin together."""
        cdef int actions = 0
        cdef uint64_t draw
        self.open_orders = []
        while True:
            now_ns = yield as_named(WaitUntil, (now_ns + self.wait(),))
            self.walk()
            actions += 1
            if actions >= LOOK_AFTER or len(self.open_orders) >= self.open_orders_max:
                self.take_orders((yield READ_ORDERS))
                actions = 0
            draw = self.below(100)
            if len(self.open_orders) >= self.open_orders_max or self.open_orders and draw < self.cancels:
                order_id = self.pick()
                try:
                    yield as_named(Cancel, (order_id,))
                except UnknownOrder:  # it was filled
                    pass
                continue
            best = yield READ_BEST
            try:
                placed = yield self.order(self.centre(best), draw >= 100 - self.takers)
            except OrderBookError:  # the money is short, or a limit of the market is in the way
                continue
            if placed.result.resting is not None:
                self.open_orders.append(placed.order_id)

    cdef int take_orders(self, orders) except -1:
        """Note what rests in fact."""
        self.open_orders = [order.id for order in orders]
        return 0

    cdef object pick(self):
        """Take one of the orders that may rest, any."""
        cdef Py_ssize_t place = self.below(len(self.open_orders))
        last = self.open_orders.pop()
        if place == len(self.open_orders):
            return last
        order_id = self.open_orders[place]
        self.open_orders[place] = last
        return order_id

    cdef int64_t centre(self, object best) except -1:
        """Return the price to act around, from 1 to 2^62."""
        bid, ask = best
        if bid is None or ask is None:
            return self.reference
        cdef int64_t middle = min((<u128><uint64_t>bid + <u128><uint64_t>ask) >> 1, <u128>PRICE_MAX)
        return max(middle + (self.reference - middle) // PULL, 1)

    cdef object order(self, int64_t centre, bint takes):
        """Return an order around a price."""
        cdef bint buys = self.below(2)
        cdef uint64_t lots = 1 + self.below(self.quantity_max)
        side = BID if buys else ASK
        if not takes:
            return as_named(Submit, (side, LIMIT, self.price(centre, buys, self.distance()), lots))
        if self.below(2):
            return as_named(Submit, (side, MARKET, None, lots))
        return as_named(Submit, (side, IMMEDIATE_OR_CANCEL, self.price(centre, not buys, self.depth_ticks), lots))

    cdef uint64_t distance(self) noexcept:
        """Draw a distance from the centre, the nearer the likelier."""
        return min(self.below(self.depth_ticks + 1), self.below(self.depth_ticks + 1))

    cdef int64_t price(self, int64_t centre, bint below, uint64_t distance) noexcept:
        """Return a price at a distance below a centre, or above."""
        return max(centre - <int64_t>distance, 0) if below else centre + <int64_t>distance

    def on_fill(self, fill):
        """Count a fill."""
        lots = fill.quantity if fill.side == BID else -fill.quantity
        self.inventory += lots
        self.cash -= lots * fill.price

    def finish(self):
        """Nothing is left to do."""

    def figures(self):
        """Return inventory (lots) and cash (ticks × lots)."""
        return {"inventory_lots": self.inventory, "cash": self.cash}
