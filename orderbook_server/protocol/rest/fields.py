"""The fields of requests and answers, each with its unit: one type for each, whichever way it goes."""

from typing import Annotated, Literal

from pydantic import Field

from orderbook import OrderType, Side
from orderbook_server.protocol.rest.numbers import U64, whole_number

LEVELS_DEFAULT, LEVELS_MAX = 10, 5000
TRADES_DEFAULT, TRADES_MAX = 50, 500  # as many as the tape keeps

Symbol = Annotated[str, Field(description="Of an instrument.", examples=["BTC-USD"])]
SymbolOrFirst = Annotated[str, Field(description="Of an instrument; empty: the first one.", examples=["BTC-USD"])]
AccountId = Annotated[U64, Field(description="Number of the account.", examples=["7"])]
OrderId = Annotated[U64, Field(description="Number of the order, of the client's choice.", examples=["1"])]
Ticks = Annotated[U64, Field(description="Price, in ticks.", examples=["99"])]
Lots = Annotated[U64, Field(description="Quantity, in lots.", examples=["5"])]
Amount = Annotated[U64, Field(description="Lots of the base, or ticks × lots of the quote.", examples=["495"])]
Sequence = Annotated[U64, Field(description="Number of the exchange's last event that this contains.", examples=["42"])]
Nanoseconds = Annotated[U64, Field(description="Since 1970.", examples=["1767225600000000000"])]
Count = Annotated[int, Field(description="How many.", ge=0, examples=[1])]
Levels = Annotated[
    int,
    whole_number(1, LEVELS_MAX),
    Field(description="Of each side, the best.", examples=[3], json_schema_extra={"minimum": 1, "maximum": LEVELS_MAX}),
]
Limit = Annotated[
    int,
    whole_number(1, TRADES_MAX),
    Field(description="Of trades, the newest.", examples=[20], json_schema_extra={"minimum": 1, "maximum": TRADES_MAX}),
]

SideName = Literal["bid", "ask"]
OrderTypeName = Literal["limit", "market", "immediate_or_cancel", "fill_or_kill", "post_only"]

SIDES: dict[str, Side] = {side.name.lower(): side for side in Side}
SIDE_NAMES: dict[int, SideName] = {Side.BID: "bid", Side.ASK: "ask"}
ORDER_TYPES: dict[str, OrderType] = {order_type.name.lower(): order_type for order_type in OrderType}
