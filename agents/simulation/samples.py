"""What a simulation looked like at regular moments: the market, and what each agent had."""

from array import array
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from agents.requests import Best
from agents.simulation.gateway import SimulatedGateway
from agents.simulation.tape import Tape


class Sample(NamedTuple):
    """The market at one moment: after all that happened until then, that moment included.

    Prices in ticks, None where there is none; trades, volume (lots): since the beginning.
    """

    time_ns: int
    best_bid: int | None
    best_ask: int | None
    last_price: int | None
    trades: int
    volume: int

    @property
    def mid(self) -> Fraction | None:
        """The price between the best ones, the only one where a side is empty, None where both are."""
        return Best(self.best_bid, self.best_ask).middle


class Samples:
    """All samples of a run, in order.

    market: a Sample each. inventory (lots), cash (ticks × lots): of the agents, one after the other for the first
    sample, then for the second, and so on; 8 bytes each, so that `numpy.frombuffer` takes them as they are.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.market: list[Sample] = []
        self.inventory = array("q")
        self.cash = array("q")

    def take(self, time_ns: int, tape: Tape, gateways: Sequence[SimulatedGateway], best: Best) -> None:
        """Add a sample."""
        self.market.append(Sample(time_ns, best.bid, best.ask, tape.last_price, tape.trades, tape.volume))
        self.inventory.extend([gateway.inventory for gateway in gateways])
        self.cash.extend([gateway.cash for gateway in gateways])

    def mids(self) -> list[Fraction | None]:
        """Return the middle at each sample; where the book was empty, the last one before."""
        mids: list[Fraction | None] = []
        for sample in self.market:
            mids.append(sample.mid if sample.mid is not None or not mids else mids[-1])
        return mids

    def inventories(self, name: str) -> list[int]:
        """Return an agent's inventory at each sample."""
        return list(self.inventory[self.names.index(name) :: len(self.names)])

    def profits(self, name: str) -> list[Fraction | None]:
        """Return an agent's profit at each sample: its cash, and its inventory at the middle."""
        cash = self.cash[self.names.index(name) :: len(self.names)]
        positions = zip(cash, self.inventories(name), self.mids(), strict=True)
        return [profit_of(left, lots, mid) for left, lots, mid in positions]


def profit_of(cash: int, inventory: int, mid: Fraction | None) -> Fraction | None:
    """Return cash and inventory at a price, in ticks × lots; None where there are lots and no price."""
    if inventory == 0:
        return Fraction(cash)
    return None if mid is None else cash + inventory * mid
