"""The passive buyer: keeps one post-only bid in the book, and never pays more than it wants to."""

from dataclasses import dataclass

from agents.requests import Best, Life, OwnFill, Placed, ReadBest, ReadOrders, Submit, WaitUntil
from agents.strategies.settings import NS_PER_MILLI, check_ranges, setting
from agents.strategies.strategy import Figure
from agents.strategies.take_back import take_back
from orderbook import OrderBookError, OrderType, OrderView, Side


@dataclass(frozen=True, slots=True)
class PassiveBuyerSettings:
    """What a passive buyer goes by; raise SettingsError for what cannot be."""

    target_price: int = setting(99_000, "The price to buy at, in ticks.")
    quantity: int = setting(25, "Lots per bid.", minimum=1)
    tick_millis: int = setting(1_500, "Milliseconds from one look at the market to the next.", minimum=1)
    price_cap: int | None = setting(None, "The highest price to bid, in ticks, whatever the target.")
    budget: int | None = setting(None, "What may be spent in all, in ticks × lots; then no more bids are posted.")

    def __post_init__(self) -> None:
        check_ranges(self)


class PassiveBuyer:
    """Keeps one bid at the target price, or below the best ask where that is lower.

    bought: lots; spent: ticks × lots.
    """

    name = "passive-buyer"

    def __init__(self, settings: PassiveBuyerSettings) -> None:
        self.settings = settings
        self.bought = 0
        self.spent = 0
        self._bid_id: int | None = None

    def live(self, now_ns: int) -> Life:
        """Look at the market at every tick, and have the bid where it is wanted."""
        while True:
            next_ns = now_ns + self.settings.tick_millis * NS_PER_MILLI
            open_orders = yield ReadOrders()
            best = yield ReadBest()
            bid = self._bid_in(open_orders)
            for order in open_orders:
                if order is not bid:  # an order whose answer was lost may have come late
                    yield from take_back(order.id)
            yield from self._keep_bid(bid, self.wanted_price(best))
            now_ns = yield WaitUntil(next_ns)

    def _bid_in(self, orders: tuple[OrderView, ...]) -> OrderView | None:
        """Return the bid as it rests."""
        return next((order for order in orders if order.id == self._bid_id), None)

    def _keep_bid(self, bid: OrderView | None, price: int | None) -> Life:
        """Cancel a bid that is at the wrong price, and post one where there is none."""
        if bid is not None and bid.price == price:
            return
        if bid is not None:
            yield from take_back(bid.id)
            yield ReadOrders()  # what it traded after all, before the budget is asked
        self._bid_id = None
        if price is None or not (quantity := self._affordable(price)):
            return
        try:
            placed: Placed = yield Submit(Side.BID, OrderType.POST_ONLY, price, quantity)
        except OrderBookError:  # tried again at the next tick
            return
        self._bid_id = placed.order_id

    def wanted_price(self, best: Best) -> int | None:
        """Return where the bid should be, None while the best ask is 0."""
        if best.ask == 0:
            return None
        limits = (self.settings.target_price, self.settings.price_cap, None if best.ask is None else best.ask - 1)
        return min(limit for limit in limits if limit is not None)

    def _affordable(self, price: int) -> int:
        """Return how many lots the budget allows at a price, a bid's at most."""
        if self.settings.budget is None:
            return self.settings.quantity
        left = self.settings.budget - self.spent
        if left <= 0:
            return 0
        return min(self.settings.quantity, left // price) if price else self.settings.quantity

    def on_fill(self, fill: OwnFill) -> None:
        """Count a fill."""
        if fill.side == Side.BID:
            self.bought += fill.quantity
            self.spent += fill.quantity * fill.price

    def finish(self) -> None:
        """Nothing is left to do."""

    def figures(self) -> dict[str, Figure]:
        """Return what was bought (lots) and spent (ticks × lots), and the average price (ticks)."""
        average = self.spent / self.bought if self.bought else None
        return {"bought_lots": self.bought, "spent": self.spent, "average_price_ticks": average}
