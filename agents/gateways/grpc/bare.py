"""The account's orders and fills on a server that knows the first seven calls alone: it lists no orders or executions.

What it tells is whole books and the answers to commands. Between two looks at the book, lots that an order lost and
that nobody took back were traded, at its price. What an order without an answer traded cannot be told: that is counted.
"""

from agents.gateways.order_ids import LIFE_BITS, first_order_id
from agents.requests import OwnFill, OwnOrders
from orderbook import BookSnapshot, MatchResult, OrderView, Side


class BareOrders:
    """The orders of an account: those that were sent here, and those whose ids are of the account's own range.

    missed: how often fills may have been missed.
    """

    def __init__(self, account_id: int) -> None:
        self.missed = 0
        first = first_order_id(account_id, seconds=0)
        self._own_ids = range(first, first + (1 << LIFE_BITS))
        self._orders: dict[int, OrderView] = {}  # by id, as they were known last
        self._doubtful: set[int] = set()  # ids of orders that an unanswered command was about
        self._foreign: set[int] = set()  # ids under which another account's order rests
        self._fills: list[OwnFill] = []

    def submitted(self, order_id: int, side: Side, result: MatchResult) -> None:
        """Take in the answer to an order."""
        self._fills += [OwnFill(order_id, side, fill.price, fill.quantity, is_maker=False) for fill in result.fills]
        if result.resting is not None:
            self._foreign.discard(order_id)
            self._orders[order_id] = result.resting

    def canceled(self, order_id: int, quantity: int) -> None:
        """Take in the answer to a cancel: the lots that were open until then."""
        self._see(order_id, quantity)
        self._orders.pop(order_id, None)

    def not_ours(self, order_id: int) -> None:
        """Take in that an order that rests under an id is another account's."""
        self._foreign.add(order_id)
        self._orders.pop(order_id, None)

    def doubt(self, order_id: int) -> None:
        """Take in that there was no answer, or none that says what the order had traded before."""
        self._doubtful.add(order_id)

    def read(self, book: BookSnapshot) -> OwnOrders:
        """Return the orders as a book has them, and the fills since the last call."""
        known = self._orders.keys() | self._doubtful
        in_book = {order.id: order for level in (*book.bids, *book.asks) for order in level.orders}
        self._foreign &= in_book.keys()
        resting = {
            order_id: order
            for order_id, order in in_book.items()
            if (order_id in self._own_ids or order_id in known) and order_id not in self._foreign
        }
        self.missed += len(self._doubtful)
        for order_id in self._orders.keys() - self._doubtful:
            self._see(order_id, resting[order_id].quantity if order_id in resting else 0)
        self._doubtful.clear()
        self._orders = resting
        fills = tuple(self._fills)
        self._fills.clear()
        return OwnOrders(tuple(resting.values()), fills)

    def forget(self) -> None:
        """Begin again: the server has begun anew, and has none of these orders."""
        self._orders.clear()
        self._doubtful.clear()

    def _see(self, order_id: int, quantity: int) -> None:
        """Take in what is open of an order now: what it has less than before, it traded."""
        order = self._orders.get(order_id)
        if order is not None and order.quantity > quantity:
            self._fills.append(OwnFill(order_id, order.side, order.price, order.quantity - quantity, is_maker=True))
