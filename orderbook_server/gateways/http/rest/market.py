"""The market over REST: what is public to all who may come in."""

from typing import Annotated

from fastapi import APIRouter, Query

from orderbook_server.gateways.http.rest.openapi import INSTRUMENTS, READ, refusals
from orderbook_server.protocol.rest import answers
from orderbook_server.protocol.rest.books import Books
from orderbook_server.protocol.rest.requests import DepthQuery, TradesQuery


def add_instruments(router: APIRouter, books: Books, *, authentication: bool) -> None:
    """Add what is told without a token."""

    @router.get("/api/v1/instruments", summary="List the instruments", responses=refusals(INSTRUMENTS))
    async def list_instruments() -> answers.Instruments:
        return books.instruments(authentication=authentication)


def add_market(router: APIRouter, books: Books) -> None:
    """Add what needs any token."""

    @router.get("/api/v1/depth", summary="Show the best levels of a book", responses=refusals(READ))
    async def depth(query: Annotated[DepthQuery, Query()]) -> answers.Depth:
        return books.depth(query)

    @router.get("/api/v1/trades", summary="Show the last trades", responses=refusals(READ))
    async def trades(query: Annotated[TradesQuery, Query()]) -> answers.Trades:
        return books.trades(query)
