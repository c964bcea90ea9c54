"""The REST interface without sockets: the app in a loop of its own, and a blocking client of it."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from orderbook import Exchange, Instrument
from orderbook_server.config import Settings
from orderbook_server.gateways.http.doors import Doors
from orderbook_server.gateways.http.failures import Guard
from orderbook_server.gateways.http.rest import make_router, new_app
from orderbook_server.market.feed import MarketFeed
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.desk import Desk
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer

from ..server.held_journal import HeldJournal

TWO_MARKETS = (Instrument("BTC-USD", "BTC", "USD", tick_size="0.5"), Instrument("ETH-USD", "ETH", "USD"))
PEER = ("127.0.0.1", 50000)
T = TypeVar("T")


class RestApp:
    """An exchange behind REST. Accounts 1 and 2 have plenty of everything. `get`, `post`, … return the response."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        instruments: tuple[Instrument, ...] | None = None,
        authenticate: Any = None,
        journal: HeldJournal | None = None,
        **limits: Any,
    ) -> None:
        self.loop = loop
        self.exchange = Exchange(instruments, event_capacity=1 << 16)
        for account_id in (1, 2):
            for instrument in self.exchange.instruments:
                self.exchange.market(instrument.symbol).credit_account(account_id, 1_000_000, 1_000_000_000)
        self.sequencer = Sequencer(self.exchange, execution_capacity=1 << 16)
        if journal is not None:
            journal.follow(self.sequencer)
        self.stats = TransportStats("http")
        self.stopping = False
        self.release = Release(journal or self.sequencer.journal, loop)
        desk = Desk(self.sequencer)
        self.feed = MarketFeed(desk, self.release, loop)
        self.app = new_app(Doors(Settings(**limits), authenticate), self.stats)
        self.router = make_router(
            *(desk, self.feed.tape, self.release, self.stats),
            authentication=authenticate is not None,
            stopping=lambda: self.stopping,
        )
        self.app.include_router(self.router)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 20))

    async def send(self, method: str, path: str, *, client: tuple[str, int] = PEER, **content: Any) -> httpx.Response:
        """Send a request, in a loop that runs."""
        transport = httpx.ASGITransport(Guard(self.app), client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.request(method, path, **content)

    def request(self, method: str, path: str, *, token: str | None = None, **content: Any) -> httpx.Response:
        """Send a request, and wait for the answer."""
        if token is not None:
            content["headers"] = {"Authorization": f"Bearer {token}", **content.get("headers", {})}
        return self.run(self.send(method, path, **content))

    def get(self, path: str, **content: Any) -> httpx.Response:
        return self.request("GET", path, **content)

    def post(self, path: str, **content: Any) -> httpx.Response:
        return self.request("POST", path, **content)

    def submit(self, order_id: Any, side: str, price: Any, quantity: Any, account_id: Any = 1, **fields: Any) -> Any:
        """Submit an order that is accepted, and return the answer."""
        order = {"order_id": order_id, "side": side, "quantity": quantity, "account_id": account_id, **fields}
        response = self.post("/api/v1/orders", json=order if price is None else order | {"price": price})
        assert response.status_code == 200, response.text
        return response.json()

    def close(self) -> None:
        self.feed.close()
        self.release.close()


@contextmanager
def rest_app(**options: Any) -> Iterator[RestApp]:
    """Serve an exchange while the block lasts: see RestApp."""
    loop = asyncio.new_event_loop()
    try:
        app = RestApp(loop, **options)
        yield app
        app.close()
    finally:
        loop.close()


def refusal(response: httpx.Response) -> tuple[int, str, str | None]:
    """Return what a refused request was told: status, code, field."""
    error = response.json()["error"]
    assert error.keys() <= {"code", "message", "field"}
    assert error["message"]
    assert response.headers["content-type"] == "application/json"
    return response.status_code, error["code"], error.get("field")
