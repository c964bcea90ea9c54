"""SimulatedGateway: what `InProcessGateway` is, for simulations.

Its commands carry the simulated time, and its fills come from the tape as they happen, so nothing need be read from the
events of the engine, which may hold few of them or none. It goes through the engine's C-level door (docs/c-api.md).
"""

from libc.stdlib cimport free

from agents.gateways.order_ids import first_order_id
from agents.named_tuples cimport as_named
from agents.requests import Best, OwnFill, OwnOrders, Placed
from agents.requests import Tape as TapeAnswer
from agents.simulation.tape cimport FillRecord
from orderbook import DuplicateOrder
from orderbook.book cimport Book, side_of
from orderbook.levels cimport BookSide
from orderbook.matching cimport Matcher
from orderbook.money cimport Holding, given
from orderbook.numbers cimport SIDES, as_order_type, as_side, as_u64
from orderbook.records cimport ASK, BID
from orderbook.results cimport new_result, result_take
from orderbook.risk cimport refuse_order, risk_cancel, risk_modify, risk_submit
from orderbook.views cimport MatchResult


cdef inline object price_of(const BookSide *side):
    """Return a side's best price, None where it is empty."""
    return side.best_key ^ side.mask if side.best else None


cdef inline uint64_t held(SimulatedGateway gateway, int side) noexcept:
    """Return what an account has of what orders of a side give, reserved or not."""
    cdef const Holding *holding = given(&gateway.market_tape.engine.core.money, gateway.tally.slot, side)
    return holding.available + holding.reserved


cdef class SimulatedGateway:
    """One account's door to the market that a tape listens to.

    account_id, base_deposit (lots), quote_deposit (ticks × lots): the account, which is made, and credited that. Raise
    ValueError where it is there already, and what `credit_account` raises.
    """

    def __dealloc__(self):
        free(self.tally.untold)

    def __init__(self, Tape tape not None, account_id, *, base_deposit=0, quote_deposit=0):
        if self.market_tape is not None:
            raise TypeError("a SimulatedGateway is made once")
        self.tally.account_id = as_u64(account_id, "account_id")
        self.base_deposit = as_u64(base_deposit, "base_deposit")
        self.quote_deposit = as_u64(quote_deposit, "quote_deposit")
        tape.follow(self, &self.tally)
        tape.engine.credit_account(account_id, base_deposit, quote_deposit)
        self.market_tape = tape
        self.account_id = account_id
        self.next_id = first_order_id(account_id, seconds=0)

    cdef int begin(self) except -1:
        """Begin a command."""
        self.market_tape.engine.enter()
        self.market_tape.engine.core.timestamp = self.market_tape.state.now_ns
        self.market_tape.state.taker = &self.tally
        return 0

    cdef int end(self, int code, uint64_t order_id) except -1:
        """End a command; raise where it was refused."""
        self.market_tape.state.taker = NULL
        self.market_tape.engine.core.timestamp = 0
        self.market_tape.check()
        if code:
            refuse_order(self.market_tape.engine, code, self.tally.account_id, order_id)
        return 0

    cpdef object submit(self, object side, object order_type, object price, object quantity):
        """Send an order under the next id that does not rest."""
        cdef int side_code = as_side(side)
        cdef int type_code = as_order_type(order_type)
        cdef bint has_price = price is not None
        cdef uint64_t ticks = as_u64(price, "price") if has_price else 0
        cdef uint64_t lots = as_u64(quantity, "quantity")
        cdef MatchResult result = new_result()
        cdef uint64_t id
        cdef Matcher *core = self.market_tape.engine.core
        cdef int code
        while True:
            id = self.next_id
            self.next_id += 1
            self.begin()
            code = risk_submit(core, self.tally.account_id, id, side_code, type_code, ticks, has_price, lots, 0)
            try:
                self.end(code, id)
            except DuplicateOrder:
                continue
            result_take(result, core)
            return as_named(Placed, (id, result))

    cpdef object modify(self, object order_id, object quantity, object price=None):
        """Change an order."""
        cdef uint64_t id = as_u64(order_id, "order_id")
        cdef uint64_t lots = as_u64(quantity, "quantity")
        cdef bint has_price = price is not None
        cdef uint64_t ticks = as_u64(price, "price") if has_price else 0
        cdef MatchResult result = new_result()
        self.begin()
        self.end(risk_modify(self.market_tape.engine.core, self.tally.account_id, id, lots, ticks, has_price), id)
        result_take(result, self.market_tape.engine.core)
        return result

    cpdef object cancel(self, object order_id):
        """Take an order back."""
        cdef uint64_t id = as_u64(order_id, "order_id")
        self.begin()
        self.end(risk_cancel(self.market_tape.engine.core, self.tally.account_id, id), id)
        return self.market_tape.engine.core.unfilled

    cpdef object best(self):
        """Return the best prices."""
        cdef Book *book = self.market_tape.engine.core.book
        return as_named(Best, (price_of(side_of(book, BID)), price_of(side_of(book, ASK))))

    cpdef object orders(self):
        """Return the open orders, and the fills since the last call."""
        return as_named(OwnOrders, (self.market_tape.engine.open_orders(self.account_id), self.take_fills()))

    cdef tuple take_fills(self):
        """Return the fills since the last call, oldest first."""
        cdef FillRecord *fill
        cdef size_t place
        if not self.tally.untold_count:
            return ()
        fills = []
        for place in range(self.tally.untold_count):
            fill = &self.tally.untold[place]
            fills.append(as_named(
                OwnFill, (fill.order_id, SIDES[fill.side], fill.price, fill.quantity, fill.is_maker),
            ))
        self.tally.untold_count = 0
        return tuple(fills)

    def balance(self):
        """Return what the account has."""
        return self.market_tape.engine.account_snapshot(self.account_id)

    @property
    def fills(self):
        """The number of its fills."""
        return self.tally.fills

    @property
    def bought(self):
        """Lots bought."""
        return self.tally.bought

    @property
    def sold(self):
        """Lots sold."""
        return self.tally.sold

    @property
    def inventory(self):
        """Lots bought less lots sold: what the ledger says, reserved or not, less the deposit."""
        return <object>held(self, ASK) - <object>self.base_deposit

    @property
    def cash(self):
        """What that left, in ticks × lots, by the ledger likewise."""
        return <object>held(self, BID) - <object>self.quote_deposit

    def tape(self):
        """Return what the market traded since the first call."""
        volume, value = self.market_tape.volume, self.market_tape.value
        if self.tape_before is None:
            self.tape_before = volume, value
        volume_before, value_before = self.tape_before
        return TapeAnswer(volume - volume_before, value - value_before)
