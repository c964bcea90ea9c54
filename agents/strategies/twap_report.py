"""What a TWAP cycle came to, against the price at its start and against what the market traded meanwhile."""

from dataclasses import dataclass
from fractions import Fraction

from orderbook import Side

BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class TwapReport:
    """One cycle. Quantities in lots, prices in ticks, times in nanoseconds of the run's clock.

    value: ticks × lots traded. arrival_price: between the best prices at the start, or the only one; None where the
    book was empty. market_volume, market_value: all trades of the horizon, the cycle's own included;
    market_is_complete: False where the feed was interrupted, and some may be missing. is_cut_short: the agent was told
    to leave before the end.
    """

    cycle: int
    side: Side
    total_quantity: int
    filled_quantity: int
    value: int
    orders_sent: int
    orders_refused: int
    arrival_price: Fraction | None
    market_volume: int
    market_value: int
    market_is_complete: bool
    begin_ns: int
    end_ns: int
    is_cut_short: bool

    @property
    def unfilled_quantity(self) -> int:
        """Lots that were not traded."""
        return max(0, self.total_quantity - self.filled_quantity)

    @property
    def fill_rate(self) -> Fraction:
        """The traded part of the total, 0 to 1."""
        return Fraction(self.filled_quantity, self.total_quantity)

    @property
    def average_price(self) -> Fraction | None:
        """The price paid or got on average."""
        return Fraction(self.value, self.filled_quantity) if self.filled_quantity else None

    @property
    def market_vwap(self) -> Fraction | None:
        """The volume-weighted average price of the market over the horizon."""
        return Fraction(self.market_value, self.market_volume) if self.market_volume else None

    def slippage(self, reference: Fraction | None) -> Fraction | None:
        """Return by how many ticks the average price is worse than a reference; negative: better. None: unknown."""
        if self.average_price is None or reference is None:
            return None
        difference = self.average_price - reference
        return difference if self.side == Side.BID else -difference

    def slippage_basis_points(self, reference: Fraction | None) -> Fraction | None:
        """Return the slippage in ten-thousandths of the reference."""
        slippage = self.slippage(reference)
        return slippage * BASIS_POINTS / reference if slippage is not None and reference else None

    def as_plain(self) -> dict[str, object]:
        """Return all of it in plain types, for JSON: fractions as floats, slippages worked out."""
        arrival, vwap = self.arrival_price, self.market_vwap
        return {
            "cycle": self.cycle,
            "side": self.side.name.lower(),
            "total_lots": self.total_quantity,
            "filled_lots": self.filled_quantity,
            "unfilled_lots": self.unfilled_quantity,
            "fill_rate": float(self.fill_rate),
            "orders_sent": self.orders_sent,
            "orders_refused": self.orders_refused,
            "average_price_ticks": _plain(self.average_price),
            "arrival_price_ticks": _plain(arrival),
            "arrival_slippage_ticks": _plain(self.slippage(arrival)),
            "arrival_slippage_bps": _plain(self.slippage_basis_points(arrival)),
            "market_vwap_ticks": _plain(vwap),
            "market_volume_lots": self.market_volume,
            "market_is_complete": self.market_is_complete,
            "vwap_slippage_ticks": _plain(self.slippage(vwap)),
            "vwap_slippage_bps": _plain(self.slippage_basis_points(vwap)),
            "duration_seconds": (self.end_ns - self.begin_ns) / 1e9,
            "is_cut_short": self.is_cut_short,
        }


def _plain(number: Fraction | None) -> float | None:
    return None if number is None else float(number)
