"""Who trades in the demo: the three agents, set up so that all of them find somebody to trade with, and the crowd."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import structlog

from agents.requests import OwnFill
from agents.runner.observer import Observer
from agents.runner.runner import Deposits
from agents.strategies import (
    MarketMaker,
    MarketMakerSettings,
    NoiseTrader,
    NoiseTraderSettings,
    PassiveBuyer,
    PassiveBuyerSettings,
    Strategy,
    Twap,
    TwapReport,
    TwapSettings,
)
from orderbook import Side

PRICE = 100_000  # ticks, that everything is about
DEPOSITS = Deposits(base=10**9, quote=10**15)  # more than anybody can lose in a year
NOISE_ACCOUNT = 100  # the last account before those of the crowd

log = structlog.get_logger()


@dataclass(eq=False)
class Tally(Observer):
    """What an agent knows of its own trades: lots bought less sold, and what that left in ticks × lots."""

    inventory: int = 0
    cash: int = 0

    def on_lost(self, error: Exception, delay_s: float) -> None:
        """Log it: on loopback, in one process, this should not happen."""
        super().on_lost(error, delay_s)
        log.warning("connection lost", reason=str(error), next_try_seconds=round(delay_s, 3))

    def on_fill(self, fill: OwnFill) -> None:
        """Count a fill."""
        super().on_fill(fill)
        lots = fill.quantity if fill.side == Side.BID else -fill.quantity
        self.inventory += lots
        self.cash -= lots * fill.price


@dataclass(frozen=True, eq=False)
class Trader:
    """A strategy, the account that it trades on, and what it knows of its own trades."""

    name: str
    account_id: int
    strategy: Strategy
    tally: Tally = field(default_factory=Tally)


def make_agents(report: Callable[[TwapReport], None]) -> tuple[Trader, ...]:
    """Return the three agents. report: called with what each cycle of the TWAP came to.

    The TWAP sells, over and over again, and the passive buyer bids above the market maker: it buys what the TWAP and
    the crowd sell. The market maker takes the rest of either side, and moves its prices so as to get rid of it.
    """
    maker = MarketMakerSettings(
        mid_price=PRICE,
        spread=4,
        quantity=20,
        tick_millis=400,
        inventory_skew=Fraction(1, 20),
        inventory_max=500,
    )
    twap = TwapSettings(
        side=Side.ASK,
        price=PRICE - 50,
        total_quantity=60,
        slices=6,
        slice_interval_millis=500,
        cycle_pause_millis=1_500,
    )
    buyer = PassiveBuyerSettings(target_price=PRICE - 2, quantity=10, tick_millis=500)
    return (
        Trader("market-maker", 1, MarketMaker(maker)),
        Trader("twap", 2, Twap(twap, report)),
        Trader("passive-buyer", 3, PassiveBuyer(buyer)),
    )


def make_noise(count: int, seed: int) -> tuple[Trader, ...]:
    """Return the crowd: `count` traders that do something at random, each drawn from a seed of its own."""
    return tuple(
        Trader(f"noise-{number}", NOISE_ACCOUNT + number, NoiseTrader(noise_settings(seed * count + number)))
        for number in range(1, count + 1)
    )


def noise_settings(seed: int) -> NoiseTraderSettings:
    """Return what one of the crowd goes by."""
    return NoiseTraderSettings(
        actions_per_second=Fraction(8),
        reference_price=PRICE,
        depth_ticks=12,
        taker_percent=20,
        seed=seed,
    )
