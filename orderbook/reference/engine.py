"""MatchingEngine: the oracle of the engine without accounts."""

from orderbook.enums import OrderType
from orderbook.errors import InvalidCommand
from orderbook.reference.batch import BatchResult, Command, Kind, check_command, process
from orderbook.reference.book import OrderBook
from orderbook.reference.checks import Number, optional_u64, state_hash, u64
from orderbook.reference.events import Engine, EventLog
from orderbook.reference.matching import Matcher, new_request
from orderbook.views import Fill, MatchResult

KINDS = (Kind.NEW, Kind.CANCEL, Kind.MODIFY)  # the others need accounts


class MatchingEngine(Engine):
    """Price-time priority over one book, which it owns from now on. The newest `event_capacity` events are held."""

    def __init__(self, book: OrderBook | None = None, *, event_capacity: Number = 65536) -> None:
        self._log = EventLog(event_capacity)
        book = OrderBook() if book is None else book
        if not isinstance(book, OrderBook):
            raise TypeError(f"book must be an OrderBook, not {type(book).__name__}")
        self._matcher = Matcher(book, self._log)

    @property
    def order_book(self) -> OrderBook:
        """The book, to be asked and not changed."""
        return self._matcher.book

    def submit(
        self, order_id: Number, side: Number, order_type: Number, price: Number | None, quantity: Number
    ) -> MatchResult:
        """Match a new order and rest what its type lets rest. A MARKET order's price is ignored."""
        return self._matcher.submit(new_request(order_id, side, order_type, price, quantity))

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

    def modify_order(self, order_id: Number, quantity: Number, price: Number | None = None) -> MatchResult:
        """Set an order's open quantity, and its price: a new price is a cancel-and-replace under the same id."""
        order_id, quantity, price = u64(order_id, "order_id"), u64(quantity, "quantity"), optional_u64(price, "price")
        return self._matcher.modify(self._matcher.state.existing(order_id), quantity, price)

    def cancel_order(self, order_id: Number) -> int:
        """Remove an order and return what was still open."""
        order = self._matcher.state.existing(u64(order_id, "order_id"))
        self._matcher.cancel(order)
        return order.quantity

    def process(self, commands: object) -> BatchResult:
        """Apply a buffer of COMMAND records one by one; a refused one is a status, and the rest goes on."""
        return process(self._log, commands, self._apply)

    def _apply(self, command: Command) -> tuple[tuple[Fill, ...], int]:
        check_command(command, KINDS, 0)
        if command.prevention is not None:
            raise InvalidCommand("without accounts there is no self-trade to prevent")
        if command.kind == Kind.CANCEL:
            return (), self.cancel_order(command.order_id)
        if command.kind == Kind.MODIFY:
            result = self.modify_order(command.order_id, command.quantity, command.limit)
        else:
            result = self.submit(command.order_id, command.side, command.order_type, command.limit, command.quantity)
        return result.fills, result.unfilled

    def state_hash(self) -> str:
        """Return 32 hexadecimal digits that cover every order in queue order: no sequence, no events."""
        return state_hash(self._matcher.state.packed())

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        self._matcher.check()
        self._log.check()
