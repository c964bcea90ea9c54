"""The market over REST: what is public to all who may come in."""

from typing import Annotated

from fastapi import APIRouter, Query

from orderbook_server.gateways.http.rest.openapi import refusals
from orderbook_server.protocol.rest import answers
from orderbook_server.protocol.rest.books import Books
from orderbook_server.protocol.rest.requests import DepthQuery, TradesQuery

REFUSALS = refusals(400, 401, 403, 404, 429)


def add_instruments(router: APIRouter, books: Books, *, authentication: bool) -> None:
    """Add what is told without a token."""

    @router.get("/api/v1/instruments", summary="List the instruments", responses=refusals(400, 403, 429))
    async def list_instruments() -> answers.Instruments:
        return books.instruments(authentication=authentication)


def add_market(router: APIRouter, books: Books) -> None:
    """Add what needs any token."""

    @router.get("/api/v1/depth", summary="Show the best levels of a book", responses=REFUSALS)
    async def depth(query: Annotated[DepthQuery, Query()]) -> answers.Depth:
        return books.depth(query)

    @router.get("/api/v1/trades", summary="Show the last trades", responses=REFUSALS)
    async def trades(query: Annotated[TradesQuery, Query()]) -> answers.Trades:
        return books.trades(query)
