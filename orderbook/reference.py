"""The slow, obvious engine: the oracle that the tests hold the compiled one against.

It has the public names of the compiled engine and none of its structure: see `reference_book` for the book and
`reference_batch` for the records of a batch. One difference: it does not notice when a second thread enters it.
"""

from array import array
from collections import deque
from collections.abc import Callable
from itertools import islice

from orderbook.enums import OrderType, RejectReason, RemoveReason, Side
from orderbook.errors import (
    CrossedOrder,
    DuplicateOrder,
    InvalidQuantity,
    MissingPrice,
    OrderBookError,
    SequenceGone,
)
from orderbook.reference_batch import BatchResult, Command, Kind, check_command, read_commands
from orderbook.reference_book import (
    NotCopyable,
    Number,
    Order,
    OrderBook,
    invariant,
    optional_u64,
    order_type_of,
    side_of,
    u64,
)
from orderbook.views import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    EngineEvent,
    Fill,
    MatchResult,
    Rejection,
    Trade,
)

__all__ = ["MatchingEngine", "OrderBook"]

RESTING_TYPES = (OrderType.LIMIT, OrderType.POST_ONLY)
ERROR_OF_REASON: dict[RejectReason, type[OrderBookError]] = {
    RejectReason.DUPLICATE: DuplicateOrder,
    RejectReason.CROSSED: CrossedOrder,
    RejectReason.INVALID_QUANTITY: InvalidQuantity,
    RejectReason.MISSING_PRICE: MissingPrice,
}


class MatchingEngine(NotCopyable):
    """Price-time priority over one book, which it owns from now on. The newest `event_capacity` events are held."""

    def __init__(self, book: OrderBook | None = None, *, event_capacity: Number = 65536) -> None:
        self._event_capacity = u64(event_capacity, "event_capacity")
        self._book = OrderBook() if book is None else book
        if not isinstance(self._book, OrderBook):
            raise TypeError(f"book must be an OrderBook, not {type(book).__name__}")
        self._state = self._book._hand_over()
        self._events: deque[EngineEvent] = deque()
        self._timestamp = 0  # of the command at hand

    @property
    def order_book(self) -> OrderBook:
        """The book, to be asked and not changed."""
        return self._book

    def submit(
        self, order_id: Number, side: Number, order_type: Number, price: Number | None, quantity: Number
    ) -> MatchResult:
        """Match a new order and rest what its type lets rest. A MARKET order's price is ignored."""
        return self._submit(
            u64(order_id, "order_id"),
            side_of(side),
            order_type_of(order_type),
            optional_u64(price, "price"),
            u64(quantity, "quantity"),
        )

    def submit_limit(self, order_id: Number, side: Number, price: Number | None, quantity: Number) -> MatchResult:
        """Trade at `price` or better; the rest rests."""
        return self.submit(order_id, side, OrderType.LIMIT, price, quantity)

    def submit_market(self, order_id: Number, side: Number, quantity: Number) -> MatchResult:
        """Trade at any price; the rest is dropped."""
        return self.submit(order_id, side, OrderType.MARKET, None, quantity)

    def submit_immediate_or_cancel(
        self, order_id: Number, side: Number, price: Number | None, quantity: Number
    ) -> MatchResult:
        """Trade at `price` or better; the rest is dropped."""
        return self.submit(order_id, side, OrderType.IMMEDIATE_OR_CANCEL, price, quantity)

    def submit_fill_or_kill(
        self, order_id: Number, side: Number, price: Number | None, quantity: Number
    ) -> MatchResult:
        """Trade all of it at `price` or better, or nothing."""
        return self.submit(order_id, side, OrderType.FILL_OR_KILL, price, quantity)

    def submit_post_only(self, order_id: Number, side: Number, price: Number | None, quantity: Number) -> MatchResult:
        """Rest without trading; CrossedOrder if it would trade."""
        return self.submit(order_id, side, OrderType.POST_ONLY, price, quantity)

    def _submit(
        self, order_id: int, side: Side, order_type: OrderType, price: int | None, quantity: int
    ) -> MatchResult:
        limit = None if order_type is OrderType.MARKET else price
        request = (order_id, side, order_type, limit, quantity)
        if limit is None and order_type is not OrderType.MARKET:
            raise self._refusal(request, RejectReason.MISSING_PRICE)
        if quantity == 0:
            raise self._refusal(request, RejectReason.INVALID_QUANTITY)
        if order_id in self._state.orders:
            raise self._refusal(request, RejectReason.DUPLICATE)
        crosses = self._state.crosses(side, limit)
        if limit is not None and order_type in RESTING_TYPES:
            self._state.require_total(side, quantity)
            if not crosses:  # one that crosses and still rests has emptied a level of the other side
                self._state.require_room(side, limit)
        if order_type is OrderType.POST_ONLY and crosses:
            raise self._refusal(request, RejectReason.CROSSED)
        if order_type is OrderType.FILL_OR_KILL and self._book.available_quantity(side, limit) < quantity:
            self._emit(Rejection, *request, RejectReason.INSUFFICIENT_LIQUIDITY)
            return MatchResult((), None, quantity)
        return self._execute(*request, post_only=order_type is OrderType.POST_ONLY)

    def _refusal(self, request: tuple[int, Side, OrderType, int | None, int], reason: RejectReason) -> OrderBookError:
        """Record the rejection of the request and return the error to raise."""
        self._emit(Rejection, *request, reason)
        return ERROR_OF_REASON[reason](f"order {request[0]} refused: {reason.name.lower()}")

    def _execute(
        self, order_id: int, side: Side, order_type: OrderType, limit: int | None, quantity: int, *, post_only: bool
    ) -> MatchResult:
        """Trade what can be traded; rest what remains of an order of a resting type, drop it for the others."""
        fills = []
        while quantity and (maker := next(self._state.would_meet(side, limit), None)):
            traded = min(quantity, maker.quantity)
            quantity -= traded
            fills.append(Fill(maker.id, maker.price, traded))
            self._emit(Trade, order_id, maker.id, side, order_type, maker.price, traded)
            if traded == maker.quantity:
                self._state.remove(maker)
                self._emit(BookRemoved, maker.id, maker.side, maker.price, traded, RemoveReason.FILLED)
            else:
                self._state.resize(maker, maker.quantity - traded)
                self._emit(BookUpdated, *maker.view())
        if quantity == 0 or limit is None or order_type not in RESTING_TYPES:
            return MatchResult(tuple(fills), None, quantity)
        order = Order(order_id, side, limit, quantity, post_only)
        self._state.add(order)
        self._emit(BookAdded, *order.view())
        return MatchResult(tuple(fills), order.view(), 0)

    def modify_order(self, order_id: Number, quantity: Number, price: Number | None = None) -> MatchResult:
        """Set an order's open quantity, and its price: a new price is a cancel-and-replace under the same id."""
        return self._modify(u64(order_id, "order_id"), u64(quantity, "quantity"), optional_u64(price, "price"))

    def _modify(self, order_id: int, quantity: int, price: int | None) -> MatchResult:
        order = self._state.existing(order_id)
        order_type = OrderType.POST_ONLY if order.post_only else OrderType.LIMIT
        request = (order_id, order.side, order_type, price, quantity)
        if quantity == 0:
            raise self._refusal(request, RejectReason.INVALID_QUANTITY)
        self._state.require_total(order.side, quantity, replaced=order.quantity)
        if price is None or price == order.price:
            self._state.resize(order, quantity)
            self._emit(BookUpdated, *order.view())
            return MatchResult((), order.view(), 0)
        crosses = self._state.crosses(order.side, price)
        if not crosses:
            self._state.require_room(order.side, price, leaving=order)
        if order.post_only and crosses:
            raise self._refusal(request, RejectReason.CROSSED)
        self._withdraw(order)
        return self._execute(order_id, order.side, OrderType.LIMIT, price, quantity, post_only=order.post_only)

    def cancel_order(self, order_id: Number) -> int:
        """Remove an order and return what was still open."""
        order = self._state.existing(u64(order_id, "order_id"))
        self._withdraw(order)
        return order.quantity

    def _withdraw(self, order: Order) -> None:
        self._state.remove(order)
        self._emit(BookRemoved, *order.view(), RemoveReason.CANCELED)

    def process(self, commands: object) -> BatchResult:
        """Apply a buffer of COMMAND records one by one; a refused one is a status, and the rest goes on."""
        batch = read_commands(commands)
        result = BatchResult(array("B", bytes(len(batch))), array("Q", bytes(8 * len(batch))), [])
        for position, command in enumerate(batch):
            self._timestamp = command.timestamp
            try:
                fills, result.unfilled[position] = self._apply(command)
            except OrderBookError as error:
                result.status[position] = error.number or 0
            else:
                result.fills.extend((position, command.order_id, *fill) for fill in fills)
        self._timestamp = 0
        return result

    def _apply(self, command: Command) -> tuple[tuple[Fill, ...], int]:
        """Apply one record and return its fills and its `unfilled`."""
        check_command(command)
        if command.kind == Kind.CANCEL:
            return (), self.cancel_order(command.order_id)
        if command.kind == Kind.MODIFY:
            result = self.modify_order(command.order_id, command.quantity, command.limit)
        else:
            result = self.submit(command.order_id, command.side, command.order_type, command.limit, command.quantity)
        return result.fills, result.unfilled

    def _emit(self, kind: Callable[..., EngineEvent], *fields: object) -> None:
        """Record the next event, and forget the oldest beyond the capacity."""
        self._state.sequence += 1
        self._events.append(kind(self._state.sequence, self._timestamp, *fields))
        if len(self._events) > self._event_capacity:
            self._events.popleft()

    @property
    def last_sequence(self) -> int:
        """The number of the newest event, 0 before the first."""
        return self._state.sequence

    @property
    def oldest_sequence(self) -> int:
        """The number of the oldest event held; one above the last when none is."""
        return self.last_sequence + 1 - len(self._events)

    def events(self, after: Number = 0, limit: Number | None = None) -> list[EngineEvent]:
        """Return the events above `after`, oldest first, at most `limit`; SequenceGone if they are not all held."""
        first, count = u64(after, "after") + 1, optional_u64(limit, "limit")
        if not self.oldest_sequence <= first <= self.last_sequence + 1:
            raise SequenceGone(f"events after {first - 1}: {self.oldest_sequence} … {self.last_sequence} are held")
        return list(islice(self._events, first - self.oldest_sequence, None))[:count]

    def state_hash(self) -> str:
        """Return 32 hexadecimal digits that cover every order in queue order: no sequence, no events."""
        return self._state.hash()

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        self._state.check()
        invariant(not self._state.is_crossed(), "the best bid is below the best ask")
        held = [event.sequence for event in self._events]
        invariant(held == list(range(self.oldest_sequence, self.last_sequence + 1)), "the events have no gap")
        invariant(len(held) <= self._event_capacity, "no more events than the capacity")
