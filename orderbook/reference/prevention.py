"""What a taker would do to the makers it meets, worked out before anything changes: trades and prevented self-trades.

The plan answers what it would cost and whether it would fill, and carrying it out is all that matching is.
"""

from collections.abc import Iterable
from typing import NamedTuple

from orderbook.enums import SelfTradePrevention
from orderbook.reference.state import Order


class Step(NamedTuple):
    """The taker meets a maker, which loses `quantity` lots: in a trade, or because a self-trade was prevented."""

    maker: Order
    quantity: int
    is_trade: bool


class Plan(NamedTuple):
    """The steps in their order, and what the taker has left to rest or drop: 0 if it was dropped on its way."""

    steps: list[Step]
    left: int

    def traded(self) -> int:
        """Return the lots that trade."""
        return sum(step.quantity for step in self.steps if step.is_trade)

    def value(self) -> int:
        """Return the sum of price times quantity of what trades."""
        return sum(step.maker.price * step.quantity for step in self.steps if step.is_trade)


def plan(makers: Iterable[Order], account_id: int, prevention: SelfTradePrevention | None, quantity: int) -> Plan:
    """Walk the makers in the order they are met, by a taker of this account with this mode (None: off)."""
    steps: list[Step] = []
    for maker in makers:
        if quantity == 0:
            break
        both_lose = min(quantity, maker.quantity)
        if prevention is None or maker.account_id != account_id:
            steps.append(Step(maker, both_lose, True))
            quantity -= both_lose
        elif prevention is SelfTradePrevention.CANCEL_NEWEST:
            quantity = 0
        elif prevention is SelfTradePrevention.CANCEL_OLDEST:
            steps.append(Step(maker, maker.quantity, False))
        elif prevention is SelfTradePrevention.CANCEL_BOTH:
            steps.append(Step(maker, maker.quantity, False))
            quantity = 0
        else:
            steps.append(Step(maker, both_lose, False))
            quantity -= both_lose
    return Plan(steps, quantity)
