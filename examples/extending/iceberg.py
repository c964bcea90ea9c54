"""A strategy: an iceberg order, which shows but a part of what it sells, and the next part when that is gone."""

from agents.requests import Life, OwnFill, ReadOrders, Submit, WaitUntil
from agents.simulation import Simulation, parse_config
from agents.strategies import Figure
from orderbook import OrderBookError, OrderType, Side

NS_PER_MILLI = 1_000_000


class Iceberg:
    """Sells `quantity` lots at a price or better, `shown` of them at a time."""

    name = "iceberg"

    def __init__(self, price: int, quantity: int, shown: int, tick_millis: int = 100) -> None:
        self.price = price
        self.left = quantity
        self.shown = shown
        self.tick_ns = tick_millis * NS_PER_MILLI
        self.parts = 0

    def live(self, now_ns: int) -> Life:
        """Put the next part into the book whenever nothing of the last one rests."""
        while self.left:
            if not (yield ReadOrders()) and self.left:  # what was traded is told to on_fill before the answer
                try:
                    yield Submit(Side.ASK, OrderType.LIMIT, self.price, min(self.shown, self.left))
                    self.parts += 1
                except OrderBookError:
                    pass  # refused: the money is short, or the market halted; tried again at the next tick
            now_ns = yield WaitUntil(now_ns + self.tick_ns)

    def on_fill(self, fill: OwnFill) -> None:
        """Count what was sold."""
        self.left -= fill.quantity

    def finish(self) -> None:
        """Nothing is left to do."""

    def figures(self) -> dict[str, Figure]:
        """Return what is left to sell, in lots."""
        return {"left_lots": self.left}


NOISE = """
seconds = 60
[[agents]]
strategy = "noise-trader"
count = 20
settings = { reference_price = 1000 }
"""

if __name__ == "__main__":
    iceberg = Iceberg(price=1003, quantity=200, shown=10)
    simulation = Simulation(parse_config(NOISE, "noise"))
    simulation.add("iceberg", iceberg, base_deposit=200, latency_ns=500_000)
    seller = simulation.run().agents[-1]
    print(f"sold {seller.sold_lots} of 200 lots in {iceberg.parts} parts, for {seller.cash} in all")
