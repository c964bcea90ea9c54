"""What goes out. Plain dataclasses: an answer may have ten thousand levels, and is made while all others wait."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from orderbook_server.protocol.rest.fields import (
    AccountId,
    Amount,
    Count,
    Lots,
    Nanoseconds,
    OrderId,
    Sequence,
    SideName,
    Symbol,
    Ticks,
)


@dataclass(slots=True)
class Level:
    """A price, and what rests there."""

    price: Ticks
    quantity: Lots
    orders: Count


@dataclass(slots=True)
class Depth:
    """The best levels of a book, best first."""

    symbol: Symbol
    sequence: Sequence
    bids: list[Level]
    asks: list[Level]


@dataclass(slots=True)
class Trade:
    """A trade; side: the taker's."""

    sequence: Sequence
    time_ns: Nanoseconds
    price: Ticks
    quantity: Lots
    side: SideName


@dataclass(slots=True)
class Trades:
    """Trades of an instrument, newest first."""

    symbol: Symbol
    sequence: Sequence
    trades: list[Trade]


@dataclass(slots=True)
class Instrument:
    """A market, and what a tick and a lot are worth to people."""

    symbol: Symbol
    base: Annotated[str, Field(description="What is traded.", examples=["BTC"])]
    quote: Annotated[str, Field(description="What it is paid in.", examples=["USD"])]
    tick_size: Annotated[str, Field(description="Quote per base.", examples=["0.5"])]
    lot_size: Annotated[str, Field(description="Base.", examples=["0.001"])]
    halted: bool


@dataclass(slots=True)
class Instruments:
    """The markets, in the order of their configuration."""

    instruments: list[Instrument]
    authentication: Annotated[bool, Field(description="Whether all else needs a token.")]


@dataclass(slots=True)
class Order:
    """An order that rests, and its open quantity."""

    order_id: OrderId
    side: SideName
    price: Ticks
    quantity: Lots


@dataclass(slots=True)
class Orders:
    """An account's orders that rest in one book."""

    symbol: Symbol
    sequence: Sequence
    orders: list[Order]


@dataclass(slots=True)
class Balance:
    """What an account has of an instrument's two assets; reserved: for its orders that rest."""

    symbol: Symbol
    account_id: AccountId
    available_base: Amount
    reserved_base: Amount
    available_quote: Amount
    reserved_quote: Amount


@dataclass(slots=True)
class Fill:
    """A trade with an order that rested."""

    maker_id: OrderId
    price: Ticks
    quantity: Lots


@dataclass(slots=True)
class Report:
    """What became of an order: what it traded at once, what rests of it, and what does neither."""

    order_id: OrderId
    unfilled: Annotated[Lots, Field(description="What neither traded nor rests, in lots.", examples=["0"])]
    resting: Order | None
    fills: list[Fill]


@dataclass(slots=True)
class Canceled:
    """An order that was taken back; canceled: its open quantity."""

    order_id: OrderId
    canceled: Lots


@dataclass(slots=True)
class CanceledOrders:
    """All orders of an account in one book were taken back."""

    canceled_orders: Count


@dataclass(slots=True)
class Health:
    """The process answers."""

    status: Literal["ok"] = "ok"


@dataclass(slots=True)
class Ready:
    """The exchange takes commands."""

    sequence: Sequence
    status: Literal["ready"] = "ready"


@dataclass(slots=True)
class NotReady:
    """The exchange takes no commands."""

    reason: Annotated[str, Field(examples=["the journal is full"])]
    status: Literal["unavailable"] = "unavailable"


@dataclass(slots=True)
class Error:
    """Why a request was refused. Nothing was changed."""

    code: Annotated[str, Field(description="For programs.", examples=["insufficient_quote"])]
    message: Annotated[str, Field(description="For people; the words may change.")]
    field: Annotated[str, Field(description="Of the request; only where one is wrong.", examples=["quantity"])] = ""


@dataclass(slots=True)
class Refused:
    """A request was refused."""

    error: Error
