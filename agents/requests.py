"""What a strategy may ask of the market, and what it is answered: the whole vocabulary between strategies and gateways.

A strategy yields a request and is sent the answer, or has the engine's refusal (an `OrderBookError`) raised at the
`yield`. Prices are in ticks, quantities in lots, times in nanoseconds of the clock that the run goes by: the machine's
monotonic one, or that of a simulation.
"""

from collections.abc import Generator
from fractions import Fraction
from typing import Any, NamedTuple

from orderbook import MatchResult, OrderType, OrderView, Side


class Submit(NamedTuple):
    """Send an order, under the next free id. Answer: `Placed`."""

    side: Side
    order_type: OrderType
    price: int | None
    quantity: int


class Modify(NamedTuple):
    """Change the open quantity of an order, and its price if one is given. Answer: `MatchResult`."""

    order_id: int
    quantity: int
    price: int | None = None


class Cancel(NamedTuple):
    """Take an order back. Answer: the lots that were open; `UnknownOrder` is raised where there is no such order."""

    order_id: int


class ReadBest(NamedTuple):
    """Ask for the best prices. Answer: `Best`."""


class ReadOrders(NamedTuple):
    """Ask for the account's open orders. Answer: a tuple of `OrderView`.

    What the account's orders traded up to then is told to `Strategy.on_fill` before the answer comes.
    """


class ReadBalance(NamedTuple):
    """Ask for what the account has. Answer: `AccountSnapshot`."""


class ReadTape(NamedTuple):
    """Ask for all that was traded in the market since the first such request. Answer: `Tape`."""


class WaitUntil(NamedTuple):
    """Wait until a time. Answer: the time at which the wait ended, not before `time_ns`."""

    time_ns: int


class Placed(NamedTuple):
    """An order that was accepted: the id that it got, and what became of it."""

    order_id: int
    result: MatchResult


class Best(NamedTuple):
    """The best price of each side, in ticks; None where a side is empty."""

    bid: int | None
    ask: int | None

    @property
    def middle(self) -> Fraction | None:
        """The price between the two, the only one where one side is empty, None where both are."""
        prices = [price for price in self if price is not None]
        return Fraction(sum(prices), len(prices)) if prices else None


class OwnFill(NamedTuple):
    """A trade of one of the account's orders. price: the maker's, in ticks; quantity: lots."""

    order_id: int
    side: Side
    price: int
    quantity: int
    is_maker: bool


class OwnOrders(NamedTuple):
    """What a gateway knows of the account: its open orders, and its fills since it was asked last, oldest first."""

    open_orders: tuple[OrderView, ...]
    fills: tuple[OwnFill, ...]


class Tape(NamedTuple):
    """What the market traded: lots, ticks × lots, and how many times some of it was missed."""

    volume: int = 0
    value: int = 0
    gaps: int = 0


Request = Submit | Modify | Cancel | ReadBest | ReadOrders | ReadBalance | ReadTape | WaitUntil
Life = Generator[Request, Any, None]


METHODS: dict[type[Request], str] = {  # the gateway's method that answers; its arguments are the request's fields
    Submit: "submit",
    Modify: "modify",
    Cancel: "cancel",
    ReadBest: "best",
    ReadOrders: "orders",
    ReadBalance: "balance",
    ReadTape: "tape",
}
