"""The market maker: quotes both sides of a price, and renews the quotes at every tick."""

from dataclasses import dataclass
from fractions import Fraction

from agents.requests import Best, Life, OwnFill, Placed, ReadBest, Submit, WaitUntil
from agents.strategies.settings import NS_PER_MILLI, U64_MAX, SettingsError, check_ranges, setting
from agents.strategies.strategy import Figure
from agents.strategies.take_back import clear, take_back
from orderbook import OrderBookError, OrderType, Side


@dataclass(frozen=True, slots=True)
class MarketMakerSettings:
    """What a market maker goes by; raise SettingsError for what cannot be."""

    mid_price: int = setting(100_000, "The price to quote around, in ticks.")
    spread: int = setting(100, "How far each quote is from the mid price, in ticks.")
    quantity: int = setting(10, "Lots per quote.", minimum=1)
    tick_millis: int = setting(500, "Milliseconds from one renewal of the quotes to the next.", minimum=1)
    inventory_skew: Fraction = setting(Fraction(0), "Ticks by which both quotes go down per lot of inventory.")
    inventory_max: int | None = setting(None, "Lots of inventory, long or short, that no quote may lead beyond.")

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.inventory_skew < 0:
            raise SettingsError("inventory_skew", f"is {self.inventory_skew}, and must not be negative")


class MarketMaker:
    """Quotes a bid and an ask around a price.

    inventory: lots bought less lots sold; cash: what that left, in ticks × lots. Both may begin with what an earlier
    life came to. mark: the price that inventory is valued at: between the best prices of others, else the mid price.
    """

    name = "market-maker"

    def __init__(self, settings: MarketMakerSettings, *, inventory: int = 0, cash: int = 0) -> None:
        self.settings = settings
        self.inventory = inventory
        self.cash = cash
        self.mark = Fraction(settings.mid_price)
        self._quotes: dict[Side, int] = {}  # ids of the last tick's quotes

    def live(self, now_ns: int) -> Life:
        """Take back the old quotes, read the best prices, post new quotes; at every tick."""
        self._quotes.clear()
        while True:
            next_ns = now_ns + self.settings.tick_millis * NS_PER_MILLI
            yield from self._take_back()
            best = yield ReadBest()
            self.mark = Fraction(self.settings.mid_price) if best.middle is None else best.middle
            yield from self._quote(best)
            now_ns = yield WaitUntil(next_ns)

    def _take_back(self) -> Life:
        """Cancel the old quotes, and hear what they traded."""
        for order_id in self._quotes.values():
            yield from take_back(order_id)
        self._quotes.clear()
        yield from clear()

    def _quote(self, best: Best) -> Life:
        """Post what can be posted. A quote that is refused is tried again at the next tick."""
        for side, price, quantity in self.quotes(best):
            try:
                placed: Placed = yield Submit(side, OrderType.POST_ONLY, price, quantity)
            except OrderBookError:
                continue
            self._quotes[side] = placed.order_id

    def quotes(self, best: Best) -> list[tuple[Side, int, int]]:
        """Return the quotes for a book whose best prices are these: side, price, quantity.

        Prices saturate at 0 and 2^64-1; the bid is below the best ask, the ask above the best bid and the own bid. No
        bid is below a best ask of 0, no ask above a best bid of 2^64-1, and none could lead beyond `inventory_max`.
        """
        mid = self.settings.mid_price - int(self.settings.inventory_skew * self.inventory)
        quotes = []
        highest_bid = best.bid
        if best.ask != 0 and (quantity := self._room(Side.BID)):
            bid = _saturated(mid - self.settings.spread)
            bid = bid if best.ask is None else min(bid, best.ask - 1)
            quotes.append((Side.BID, bid, quantity))
            highest_bid = bid if best.bid is None else max(bid, best.bid)
        if highest_bid != U64_MAX and (quantity := self._room(Side.ASK)):
            ask = _saturated(mid + self.settings.spread)
            ask = ask if highest_bid is None else max(ask, highest_bid + 1)
            quotes.append((Side.ASK, ask, quantity))
        return quotes

    def _room(self, side: Side) -> int:
        """Return how many lots a quote may have."""
        if self.settings.inventory_max is None:
            return self.settings.quantity
        inventory = self.inventory if side == Side.BID else -self.inventory
        return max(0, min(self.settings.quantity, self.settings.inventory_max - inventory))

    def on_fill(self, fill: OwnFill) -> None:
        """Count a fill."""
        lots = fill.quantity if fill.side == Side.BID else -fill.quantity
        self.inventory += lots
        self.cash -= lots * fill.price

    def finish(self) -> None:
        """Nothing is left to do."""

    @property
    def profit(self) -> Fraction:
        """Profit and loss in ticks × lots: cash, and inventory at the last mark."""
        return self.cash + self.inventory * self.mark

    def figures(self) -> dict[str, Figure]:
        """Return inventory (lots), cash and profit (ticks × lots)."""
        return {"inventory_lots": self.inventory, "cash": self.cash, "profit": float(self.profit)}


def _saturated(price: int) -> int:
    """Return the price next to this one that there is."""
    return max(0, min(price, U64_MAX))
