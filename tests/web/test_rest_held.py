"""REST while the disk is slow: nothing leaves before it is durable; who goes away takes the answer, not the command."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect

from orderbook_server.gateways.http.rest.health import make_health_router

from ..server.held_journal import waiting
from .rest_app import rest_app

ORDER = {"account_id": 1, "order_id": 1, "side": "bid", "price": 100, "quantity": 5}
REQUESTS = [
    ("POST", "/api/v1/orders", ORDER | {"order_id": 2}),
    ("POST", "/api/v1/orders", ORDER),  # a refusal of the engine
    ("PATCH", "/api/v1/orders/1", {"account_id": 1, "quantity": 1}),
    ("PATCH", "/api/v1/orders/7", {"account_id": 1, "quantity": 1}),
    ("DELETE", "/api/v1/orders/1?account_id=1", None),
    ("DELETE", "/api/v1/orders?account_id=2", None),
    ("GET", "/api/v1/depth", None),
    ("GET", "/api/v1/depth?symbol=XXX", None),
    ("GET", "/api/v1/trades", None),
    ("GET", "/api/v1/orders?account_id=1", None),
    ("GET", "/api/v1/balance?account_id=1", None),
    ("GET", "/api/v1/balance?account_id=77", None),
    ("GET", "/api/v1/instruments", None),
    ("GET", "/readyz", None),
]


@pytest.fixture
def held(journal):
    with rest_app(journal=journal) as rest:
        yield rest


async def until(condition):
    """Let the loop turn until a condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


def begin(rest, method, path, body=None):
    """Send a request, and do not wait for the answer."""
    return asyncio.ensure_future(rest.send(method, path, json=body))


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_every_answer_waits_for_what_it_may_show(held, journal, method, path, body):
    async def story():
        order = begin(held, "POST", "/api/v1/orders", ORDER)
        await until(lambda: waiting(held.release) == 1)
        other = begin(held, method, path, body)
        await until(lambda: waiting(held.release) == 2)
        assert not order.done()
        assert not other.done()
        journal.keep()
        assert (await order).status_code == 200
        journal.keep()  # what the other has appended
        return await other

    assert held.run(story()).status_code in (200, 404, 409)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/healthz", None, 200),
        ("GET", "/api/v1/depth?levels=0", None, 400),
        ("POST", "/api/v1/orders", {}, 400),
        ("GET", "/api/v1/nothing", None, 404),
        ("PUT", "/api/v1/orders", None, 405),
        ("GET", "/api/v1/openapi.json", None, 200),
    ],
)
def test_what_shows_nothing_is_told_at_once(held, method, path, body, status):
    async def story():
        order = begin(held, "POST", "/api/v1/orders", ORDER)
        await until(lambda: waiting(held.release) == 1)
        response = await held.send(method, path, json=body)
        assert not order.done()
        order.cancel()
        return response

    assert held.run(story()).status_code == status


def test_answers_come_in_the_order_of_what_is_kept(held, journal):
    async def story():
        first = begin(held, "POST", "/api/v1/orders", ORDER)
        await until(lambda: waiting(held.release) == 1)
        second = begin(held, "POST", "/api/v1/orders", ORDER | {"order_id": 2})
        await until(lambda: waiting(held.release) == 2)
        journal.keep(1)
        assert (await first).json()["order_id"] == "1"
        assert not second.done()
        journal.keep(2)
        assert (await second).json()["order_id"] == "2"

    held.run(story())


def test_a_client_that_goes_away_takes_the_answer_with_it_and_not_the_command(held, journal):
    async def story():
        requests = [begin(held, "POST", "/api/v1/orders", ORDER | {"order_id": number}) for number in range(1, 11)]
        await until(lambda: waiting(held.release) == 10)
        for request in requests[1:]:
            request.cancel()
        await until(lambda: waiting(held.release) == 1)
        journal.keep()
        assert (await requests[0]).status_code == 200

    held.run(story())
    assert len(held.exchange.market(held.exchange.instruments[0].symbol).open_orders(1)) == 10


def test_a_client_that_goes_away_before_its_request_is_whole_changes_nothing(held):
    messages = iter([{"type": "http.request", "body": b'{"account_id": 1', "more_body": True}])
    sent = []

    async def receive():
        return next(messages, {"type": "http.disconnect"})

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/orders",
        "raw_path": b"/api/v1/orders",
        "scheme": "http",
        "http_version": "1.1",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }
    before = held.exchange.state_hash()
    with pytest.raises(ClientDisconnect):  # which the listener takes for what it is
        held.run(held.app(scope, receive, send))
    assert held.exchange.state_hash() == before


def test_a_journal_that_has_no_room_or_has_failed(held, journal):
    router = make_health_router(journal, held.exchange, held.release, lambda: False)
    held.app.router.routes[:0] = router.routes
    journal.full = True
    response = held.get("/readyz")
    assert (response.status_code, response.json()["reason"]) == (503, "the journal is full")
    journal.append()  # it will never be durable
    journal.fail(OSError(5, "it is gone"))
    response = held.get("/readyz")
    assert (response.status_code, response.json()["reason"]) == (503, "the journal has failed")
    assert held.get("/healthz").status_code == 200
