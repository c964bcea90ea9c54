"""An L3 book kept by nothing but a snapshot and the events after it, as a subscriber of the feed would."""

from orderbook import (
    BookAdded,
    BookRemoved,
    BookSnapshot,
    BookUpdated,
    LevelSnapshot,
    OrderView,
    Rejection,
    Side,
    Trade,
)


class Replica:
    """Per side and price the orders as a dict of id to quantity, whose order is the queue's."""

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.sequence = snapshot.sequence
        self.levels: dict[Side, dict[int, dict[int, int]]] = {
            Side.BID: {level.price: {order.id: order.quantity for order in level.orders} for level in snapshot.bids},
            Side.ASK: {level.price: {order.id: order.quantity for order in level.orders} for level in snapshot.asks},
        }

    def apply(self, event: BookAdded | BookUpdated | BookRemoved | Trade | Rejection) -> None:
        """Take in the next event; a gap in the numbers is an error."""
        assert event.sequence == self.sequence + 1
        self.sequence = event.sequence
        if isinstance(event, BookAdded):
            level = self.levels[event.side].setdefault(event.price, {})
            assert event.order_id not in level
            level[event.order_id] = event.quantity
        elif isinstance(event, BookUpdated):
            level = self.levels[event.side][event.price]
            if event.quantity > level[event.order_id]:
                del level[event.order_id]
            level[event.order_id] = event.quantity
        elif isinstance(event, BookRemoved):
            level = self.levels[event.side][event.price]
            assert level.pop(event.order_id) == event.quantity
            if not level:
                del self.levels[event.side][event.price]

    def snapshot(self) -> BookSnapshot:
        """Return the book as the engine's own snapshot should have it."""
        return BookSnapshot(self._side(Side.BID), self._side(Side.ASK), self.sequence)

    def _side(self, side: Side) -> list[LevelSnapshot]:
        prices = sorted(self.levels[side], reverse=side is Side.BID)
        return [self._level(side, price) for price in prices]

    def _level(self, side: Side, price: int) -> LevelSnapshot:
        level = self.levels[side][price]
        orders = [OrderView(order_id, side, price, quantity) for order_id, quantity in level.items()]
        return LevelSnapshot(price, sum(level.values()), orders)
