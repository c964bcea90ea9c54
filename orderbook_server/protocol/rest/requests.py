"""What comes in: bodies and queries, checked field by field. No field may be there that is not known."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from orderbook_server.protocol.rest.fields import (
    LEVELS_DEFAULT,
    TRADES_DEFAULT,
    AccountId,
    Levels,
    Limit,
    Lots,
    OrderId,
    OrderTypeName,
    SideName,
    SymbolOrFirst,
    Ticks,
)


class Request(BaseModel):
    """What all have: the instrument that they are about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    symbol: SymbolOrFirst = ""


class DepthQuery(Request):
    """Which levels."""

    levels: Levels = LEVELS_DEFAULT


class TradesQuery(Request):
    """Which trades."""

    limit: Limit = TRADES_DEFAULT


class AccountQuery(Request):
    """Whose orders, or balance."""

    account_id: AccountId


class NewOrder(Request):
    """An order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"account_id": 7, "order_id": 1, "side": "bid", "price": 99, "quantity": 5}]}
    )

    account_id: AccountId
    order_id: OrderId
    side: SideName
    order_type: OrderTypeName = "limit"
    price: Annotated[Ticks | None, Field(description="In ticks; a market order needs none.")] = None
    quantity: Lots


class NewTerms(Request):
    """What is to change about an order that rests. Without a price it keeps its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account_id": 7, "quantity": 3}]})

    account_id: AccountId
    quantity: Annotated[Lots, Field(description="That is to be open, in lots.")]
    price: Annotated[Ticks | None, Field(description="In ticks; left out: as it was.")] = None
