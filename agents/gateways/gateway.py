"""The protocol between a run and the market: the few calls that every gateway has, with the same names and answers."""

from collections.abc import Awaitable
from typing import Any, Protocol

from agents.requests import METHODS, Best, OwnOrders, Placed, Request, Tape
from orderbook import AccountSnapshot, MatchResult, OrderType, Side


class Gateway(Protocol):
    """One account's door to one instrument. A gateway on a network returns an awaitable of what is said here.

    What the engine refuses is raised as its own exception, `OrderBookError`.
    """

    def submit(self, side: Side, order_type: OrderType, price: int | None, quantity: int) -> Placed | Awaitable[Placed]:
        """Send an order under the account's next id; where that rests already, under the next that does not."""

    def modify(self, order_id: int, quantity: int, price: int | None) -> MatchResult | Awaitable[MatchResult]:
        """Change an order of the account."""

    def cancel(self, order_id: int) -> int | Awaitable[int]:
        """Take an order of the account back, and return the lots that were open."""

    def best(self) -> Best | Awaitable[Best]:
        """Return the best prices."""

    def orders(self) -> OwnOrders | Awaitable[OwnOrders]:
        """Return the account's open orders, and its fills since the last call; before the first call there are none."""

    def balance(self) -> AccountSnapshot | Awaitable[AccountSnapshot]:
        """Return what the account has; raise UnknownAccount."""

    def tape(self) -> Tape | Awaitable[Tape]:
        """Return what the market traded since the first call."""


def perform(gateway: Gateway, request: Request) -> Any:
    """Have a gateway answer a request that is no wait."""
    return getattr(gateway, METHODS[type(request)])(*request)
