"""Orders over REST."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from orderbook_server.gateways.http.rest.access import Caller, may_read, may_trade
from orderbook_server.gateways.http.rest.openapi import ACCOUNT_READ, BALANCE, CANCEL, CANCEL_ALL, ORDER, refusals
from orderbook_server.protocol.rest import answers
from orderbook_server.protocol.rest.books import Books
from orderbook_server.protocol.rest.fields import OrderId
from orderbook_server.protocol.rest.orders import Orders
from orderbook_server.protocol.rest.requests import AccountQuery, NewOrder, NewTerms

OrderIdInPath = Annotated[OrderId, Path()]


def add_orders(router: APIRouter, orders: Orders, books: Books) -> None:
    """Add what concerns the orders, and the balance, of one account."""

    @router.get("/api/v1/orders", summary="List an account's open orders", responses=refusals(ACCOUNT_READ))
    async def list_orders(query: Annotated[AccountQuery, Query()], caller: Caller) -> answers.Orders:
        may_read(caller, query.account_id)
        return books.orders(query)

    @router.get(
        "/api/v1/balance",
        summary="Tell what an account has",
        responses=refusals(BALANCE),
    )
    async def balance(query: Annotated[AccountQuery, Query()], caller: Caller) -> answers.Balance:
        may_read(caller, query.account_id)
        return books.balance(query)

    @router.post("/api/v1/orders", summary="Submit an order", responses=refusals(ORDER))
    async def submit_order(order: NewOrder, caller: Caller) -> answers.Report:
        may_trade(caller, order.account_id)
        return orders.submit(order)

    @router.patch("/api/v1/orders/{order_id}", summary="Modify an order", responses=refusals(ORDER))
    async def modify_order(order_id: OrderIdInPath, terms: NewTerms, caller: Caller) -> answers.Report:
        may_trade(caller, terms.account_id)
        return orders.modify(order_id, terms)

    @router.delete(
        "/api/v1/orders/{order_id}",
        summary="Cancel an order",
        responses=refusals(CANCEL),
    )
    async def cancel_order(
        order_id: OrderIdInPath, query: Annotated[AccountQuery, Query()], caller: Caller
    ) -> answers.Canceled:
        may_trade(caller, query.account_id)
        return orders.cancel(order_id, query)

    @router.delete(
        "/api/v1/orders",
        summary="Cancel all orders of an account",
        responses=refusals(CANCEL_ALL),
    )
    async def cancel_all(query: Annotated[AccountQuery, Query()], caller: Caller) -> answers.CanceledOrders:
        may_trade(caller, query.account_id)
        return orders.cancel_all(query)
