"""REST (docs/web.md, "REST"): `new_app` makes the app that guards all of HTTP, `make_router` what it answers."""

from collections.abc import Callable
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Security
from starlette.types import ASGIApp, Receive, Scope, Send

from orderbook_server.gateways.http.doors import Doors
from orderbook_server.gateways.http.gate import API, Gate
from orderbook_server.gateways.http.rest.errors import install_errors
from orderbook_server.gateways.http.rest.health import make_health_router
from orderbook_server.gateways.http.rest.market import add_instruments, add_market
from orderbook_server.gateways.http.rest.openapi import BEARER, DESCRIPTION
from orderbook_server.gateways.http.rest.orders import add_orders
from orderbook_server.gateways.http.rest.route import durable_route
from orderbook_server.market.tape import Tape
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rest.books import Books
from orderbook_server.protocol.rest.orders import Orders
from orderbook_server.sequencer.release import Release

__all__ = ["make_router", "new_app"]


def new_app(doors: Doors, stats: TransportStats, pages: ASGIApp | None = None) -> FastAPI:
    """Return an app without routes whose every request passes the gate, and whose every refusal has one form.

    pages: what answers where no route does, but below /api/. Of the app's document there are none: they would come
    from other hosts.
    """
    app = FastAPI(
        title="obctl",
        description=DESCRIPTION,
        version=version("obctl"),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    if pages is not None:
        app.router.default = beside_api(pages, app.router.not_found)
    install_errors(app)
    app.add_middleware(Gate, doors=doors, stats=stats)
    return app


def beside_api(pages: ASGIApp, not_found: ASGIApp) -> ASGIApp:
    """Return what answers where no route does: there is no page below /api/, and none is a WebSocket."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith(API)
        await (pages if is_page else not_found)(scope, receive, send)

    return answer


def make_router(
    desk: Desk,
    tape: Tape,
    release: Release,
    stats: TransportStats,
    *,
    authentication: bool,
    stopping: Callable[[], bool] = lambda: False,
) -> APIRouter:
    """Return the routes of REST. authentication: whether tokens are asked for. stopping: whether the server ends."""
    route_class = durable_route(release, stats)
    books, orders = Books(desk, tape), Orders(desk)
    public = APIRouter(route_class=route_class, tags=["market"])
    add_instruments(public, books, authentication=authentication)
    market = APIRouter(route_class=route_class, tags=["market"], dependencies=[Security(BEARER)])
    add_market(market, books)
    account = APIRouter(route_class=route_class, tags=["orders"], dependencies=[Security(BEARER)])
    add_orders(account, orders, books)
    router = APIRouter()
    router.include_router(make_health_router(desk.sequencer.journal, desk.exchange, release, stopping))
    for part in (public, market, account):
        router.include_router(part)
    return router
