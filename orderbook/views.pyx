"""The immutable records that the engine hands to Python, and the events.

All are comparable (equal when type and fields are equal), hashable, printable, picklable and unpackable in the order of
their fields. Prices are in ticks, quantities in lots, timestamps in nanoseconds since 1970 (0 when none was given).
"""

cimport cython
from libc.stdint cimport uint32_t, uint64_t

from orderbook.fills cimport fill_buffer_destroy
from orderbook.numbers cimport (
    ORDER_TYPES, REJECT_REASONS, REMOVE_REASONS, SIDES, as_order_type, as_side, as_u64, slow_member,
)


cdef class Record:
    """The common base: value semantics over the fields named in `__match_args__`."""

    __match_args__ = ()

    cdef tuple values(self):
        cdef list values = []
        for name in self.__match_args__:
            values.append(getattr(self, name))
        return tuple(values)

    cdef tuple arguments(self):
        """Return what `__init__` takes: all that makes two records differ."""
        return self.values()

    cdef int make(self) except -1:
        """Begin to set the fields, once: raise TypeError where a second `__init__` would change them."""
        if self.made:
            raise TypeError(f"{type(self).__name__} is immutable")
        self.made = True
        return 0

    def __iter__(self):
        return iter(self.values())

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        return self.arguments() == (<Record>other).arguments()

    def __hash__(self):
        return hash((type(self), self.arguments()))

    def __repr__(self):
        cdef list fields = []
        for name in self.__match_args__:
            fields.append(f"{name}={getattr(self, name)!r}")
        return f"{type(self).__name__}({', '.join(fields)})"

    def __reduce__(self):
        return type(self), self.arguments()


cdef tuple tuple_of(object items, type kind, str name):
    """Return `items` as a tuple whose members are all of `kind`, or raise TypeError."""
    result = tuple(items)
    for item in result:
        if not isinstance(item, kind):
            raise TypeError(f"{name} must hold {kind.__name__}, not {type(item).__name__}")
    return result


@cython.final
cdef class OrderView(Record):
    """One resting order: its id, side, price and open quantity."""

    __match_args__ = ("id", "side", "price", "quantity")

    def __init__(self, id, side, price, quantity):
        self.make()
        self.id = as_u64(id, "id")
        self._side = as_side(side)
        self.price = as_u64(price, "price")
        self.quantity = as_u64(quantity, "quantity")

    @property
    def side(self):
        """The side it rests on."""
        return SIDES[self._side]


@cython.final
cdef class LevelDepth(Record):
    """One price level as L2 shows it: price, total open quantity, number of orders."""

    __match_args__ = ("price", "total_quantity", "order_count")

    def __init__(self, price, total_quantity, order_count):
        self.make()
        self.price = as_u64(price, "price")
        self.total_quantity = as_u64(total_quantity, "total_quantity")
        self.order_count = as_u64(order_count, "order_count")


@cython.final
cdef class LevelSnapshot(Record):
    """One price level as L3 shows it: its orders oldest first."""

    __match_args__ = ("price", "total_quantity", "orders")

    def __init__(self, price, total_quantity, orders):
        self.make()
        self.price = as_u64(price, "price")
        self.total_quantity = as_u64(total_quantity, "total_quantity")
        self.orders = tuple_of(orders, OrderView, "orders")


@cython.final
cdef class BookSnapshot(Record):
    """A whole book: both sides best first, and the number of the last event it contains."""

    __match_args__ = ("bids", "asks", "sequence")

    def __init__(self, bids, asks, sequence):
        self.make()
        self.bids = tuple_of(bids, LevelSnapshot, "bids")
        self.asks = tuple_of(asks, LevelSnapshot, "asks")
        self.sequence = as_u64(sequence, "sequence")


@cython.final
cdef class Fill(Record):
    """One trade against a resting order, at that order's price."""

    __match_args__ = ("maker_id", "price", "quantity")

    def __init__(self, maker_id, price, quantity):
        self.make()
        self.maker_id = as_u64(maker_id, "maker_id")
        self.price = as_u64(price, "price")
        self.quantity = as_u64(quantity, "quantity")


@cython.final
@cython.no_gc  # its fields are records of numbers: no cycle can form
cdef class MatchResult(Record):
    """What became of an order: its fills in order, what rests (or None), and what did neither."""

    __match_args__ = ("fills", "resting", "unfilled")

    def __init__(self, fills, OrderView resting, unfilled):
        self.make()
        self._fills = tuple_of(fills, Fill, "fills")
        self._resting = resting
        self.unfilled = as_u64(unfilled, "unfilled")

    def __dealloc__(self):
        fill_buffer_destroy(&self.many)

    @property
    def fills(self):
        """The fills of the order as it came in, in the order they happened."""
        cdef const FillRecord *fill = &self.few[0] if self.count <= FEW_FILLS else self.many.items
        cdef list made
        cdef uint64_t i
        if self._fills is None:
            made = [None] * <Py_ssize_t>self.count
            for i in range(self.count):
                made[i] = new_fill(fill[i].maker_order_id, fill[i].price, fill[i].quantity)
            self._fills = tuple(made)
        return self._fills

    @property
    def resting(self):
        """What of the order rests now, or None."""
        if self._resting is None and self.rests:
            self._resting = new_order_view(self.order_id, self.side, self.price, self.quantity)
        return self._resting


@cython.final
cdef class AccountSnapshot(Record):
    """What an account has of a market's two assets: available, and reserved for its resting orders."""

    __match_args__ = ("available_base", "reserved_base", "available_quote", "reserved_quote")

    def __init__(self, available_base, reserved_base, available_quote, reserved_quote):
        self.make()
        self.available_base = as_u64(available_base, "available_base")
        self.reserved_base = as_u64(reserved_base, "reserved_base")
        self.available_quote = as_u64(available_quote, "available_quote")
        self.reserved_quote = as_u64(reserved_quote, "reserved_quote")


@cython.final
cdef class Balance(Record):
    """What an account has of one asset: available, and reserved for its resting orders."""

    __match_args__ = ("available", "reserved")

    def __init__(self, available, reserved):
        self.make()
        self.available = as_u64(available, "available")
        self.reserved = as_u64(reserved, "reserved")


cdef class EngineEvent(Record):
    """The base of all events: the sequence number and the timestamp of the command that caused it.

    `instrument` is the position of the event's market in the exchange's configuration, 0 where there is one only. Two
    events of different markets differ; unpacking leaves it out.
    """

    cdef tuple arguments(self):
        return (*self.values(), self.instrument)

    cdef int begin(self, sequence, timestamp, instrument) except -1:
        """Set what all events have."""
        self.make()
        self.sequence = as_u64(sequence, "sequence")
        self.timestamp = as_u64(timestamp, "timestamp")
        number = as_u64(instrument, "instrument")
        if number >> 32:
            raise OverflowError(f"instrument {number} is outside 0 … 2^32-1")
        self.instrument = <uint32_t>number
        return 0

    def __repr__(self):
        text = Record.__repr__(self)
        return text.removesuffix(")") + f", instrument={self.instrument})" if self.instrument else text


cdef class BookEvent(EngineEvent):
    """The base of the events that change the book."""

    __match_args__ = ("sequence", "timestamp", "order_id", "side", "price", "quantity")

    def __init__(self, sequence, timestamp, order_id, side, price, quantity, instrument=0):
        self.begin(sequence, timestamp, instrument)
        self.order_id = as_u64(order_id, "order_id")
        self._side = as_side(side)
        self.price = as_u64(price, "price")
        self.quantity = as_u64(quantity, "quantity")

    @property
    def side(self):
        """The side of the order."""
        return SIDES[self._side]


@cython.final
cdef class BookAdded(BookEvent):
    """An order came to rest, last in its level."""


@cython.final
cdef class BookUpdated(BookEvent):
    """A resting order's open quantity is now `quantity`. More than before: now last in its level; else same place."""


@cython.final
cdef class BookRemoved(BookEvent):
    """An order left the book. `quantity` is the last trade's for FILLED, what was still open otherwise."""

    __match_args__ = (*BookEvent.__match_args__, "reason")

    def __init__(self, sequence, timestamp, order_id, side, price, quantity, reason, instrument=0):
        BookEvent.__init__(self, sequence, timestamp, order_id, side, price, quantity, instrument)
        self._reason = slow_member(reason, "reason", REMOVE_REASONS)

    @property
    def reason(self):
        """Why it left."""
        return REMOVE_REASONS[self._reason]


@cython.final
cdef class Trade(EngineEvent):
    """A trade, at the maker's price. `order_type` is the taker's."""

    __match_args__ = (
        "sequence", "timestamp", "taker_order_id", "maker_order_id", "taker_side", "order_type", "price", "quantity",
    )

    def __init__(
        self, sequence, timestamp, taker_order_id, maker_order_id, taker_side, order_type, price, quantity,
        instrument=0,
    ):
        self.begin(sequence, timestamp, instrument)
        self.taker_order_id = as_u64(taker_order_id, "taker_order_id")
        self.maker_order_id = as_u64(maker_order_id, "maker_order_id")
        self._taker_side = as_side(taker_side)
        self._order_type = as_order_type(order_type)
        self.price = as_u64(price, "price")
        self.quantity = as_u64(quantity, "quantity")

    @property
    def taker_side(self):
        """The side of the incoming order."""
        return SIDES[self._taker_side]

    @property
    def order_type(self):
        """The type of the incoming order."""
        return ORDER_TYPES[self._order_type]


@cython.final
cdef class Rejection(EngineEvent):
    """The matcher refused a command. `price` is the one asked for; None for a MARKET order and where none was given."""

    __match_args__ = ("sequence", "timestamp", "order_id", "side", "order_type", "price", "quantity", "reason")

    def __init__(self, sequence, timestamp, order_id, side, order_type, price, quantity, reason, instrument=0):
        self.begin(sequence, timestamp, instrument)
        self.order_id = as_u64(order_id, "order_id")
        self._side = as_side(side)
        self._order_type = as_order_type(order_type)
        self._has_price = price is not None
        self._price = as_u64(price, "price") if self._has_price else 0
        self.quantity = as_u64(quantity, "quantity")
        self._reason = slow_member(reason, "reason", REJECT_REASONS)

    @property
    def side(self):
        """The side of the order."""
        return SIDES[self._side]

    @property
    def order_type(self):
        """The type of the order; of a modify: POST_ONLY for a post-only order, else LIMIT."""
        return ORDER_TYPES[self._order_type]

    @property
    def price(self):
        """The price asked for, or None."""
        return self._price if self._has_price else None

    @property
    def reason(self):
        """Why it was refused."""
        return REJECT_REASONS[self._reason]
