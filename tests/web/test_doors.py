"""Doors: hosts, origins, rates; and the gate, which no request gets around."""

import asyncio
import json

import httpx
import pytest
import structlog
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.http.doors import Doors, Refusal
from orderbook_server.gateways.http.rest import new_app
from orderbook_server.metrics.transport import TransportStats

from .rest_app import TWO_MARKETS, refusal, rest_app

OPEN = Doors(Settings(), None)
GUARDED = Doors(Settings(), {"good": Access("viewer", "v")}.get)
OWN = [
    *("localhost", "LocalHost:8080", "127.0.0.1:8080", "127.0.0.1", "10.1.2.3", "[::1]:8080", "[::1]", "[FE80::1]"),
    *("orderbook", "orderbook:80", "web-1_a", "localhost:", "0.0.0.0:1", "[fe80::1%25eth0]:80", "[::ffff:7f00:1]"),
]
STRANGE = [
    *("evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "localhost.", "a."),
    *("127.1", "1.2.3", "256.1.1.1", "127.0.0.1.", "::1", "[127.0.0.1]", "[localhost]", "[::1", "::1]", "[]", "", " "),
    *("user@localhost", "localhost@evil.example", "local host", "localhost:80:80", "localhost:x", "localhost/", "a,b"),
    *("localhost:123456", "\u0660", "l\u00f6calhost", "localhost\n", "[::1]x", ".", "%6c"),
]


def code_of(check, *arguments):
    """Return the status and code of a refusal, None where there is none."""
    try:
        check(*arguments)
    except Refusal as error:
        return error.status, error.code
    return None


@pytest.mark.parametrize("host", OWN)
def test_hosts_that_no_stranger_can_name(host):
    assert code_of(OPEN.check_host, Headers({"host": host})) is None


@pytest.mark.parametrize("host", STRANGE)
def test_hosts_that_a_stranger_may_have_named(host):
    assert code_of(OPEN.check_host, Headers(raw=[(b"host", host.encode())])) == (403, "wrong_host")


@pytest.mark.parametrize("raw", [[], [(b"host", b"localhost")] * 2, [(b"host", b"localhost"), (b"host", b"a.b")]])
def test_a_host_is_named_once(raw):
    assert code_of(OPEN.check_host, Headers(raw=raw)) == (403, "wrong_host")


@pytest.mark.parametrize("host", ["evil.example", "localhost."])
def test_with_tokens_any_host_will_do(host):
    assert code_of(GUARDED.check_host, Headers({"host": host})) is None


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "localhost:8080", "http://localhost:8080"),
        ("ws", "localhost:8080", "http://localhost:8080"),
        ("http", "localhost", "http://localhost:80"),
        ("http", "localhost:80", "http://localhost"),
        ("https", "book.example", "https://book.example"),
        ("wss", "book.example:443", "https://book.example"),
        ("https", "book.example", "https://book.example:443"),
        ("http", "LOCALHOST:1", "HTTP://localhost:1"),
        ("http", "[::1]:8080", "http://[::1]:8080"),
        ("http", "[FE80::1]", "http://[fe80::1]"),
    ],
)
def test_origins_that_are_the_servers_own(scheme, host, origin):
    for doors in (OPEN, GUARDED):
        assert code_of(doors.check_origin, Headers({"host": host, "origin": origin}), scheme) is None


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "localhost:8080", "null"),
        ("http", "localhost:8080", ""),
        ("http", "localhost:8080", "http://localhost"),
        ("http", "localhost:8080", "http://localhost:8081"),
        ("http", "localhost:8080", "https://localhost:8080"),
        ("https", "localhost:8080", "http://localhost:8080"),
        ("wss", "localhost:8080", "http://localhost:8080"),
        ("ws", "localhost:8080", "ws://localhost:8080"),
        ("http", "localhost:443", "https://localhost"),
        ("http", "localhost", "http://localhost:0"),
        ("http", "localhost:8080", "http://127.0.0.1:8080"),
        ("http", "localhost:8080", "http://evil.example:8080"),
        ("http", "localhost:8080", "http://localhost:8080.evil.example"),
        ("http", "localhost:8080", "http://evil.example#http://localhost:8080"),
        ("http", "localhost:8080", "http://evil.example/@localhost:8080"),
        ("http", "localhost:8080", "http://evil@localhost:8080"),
        ("http", "localhost:8080", "http://localhost:8080 http://localhost:8080"),
        ("http", "localhost:8080", "http://localhost:8080/"),
        ("http", "localhost:8080", "file://"),
        ("http", "localhost:8080", "chrome-extension://localhost:8080"),
        ("http", "::1", "http://[::1]"),
        ("http", "", "http://"),
    ],
)
def test_origins_of_strangers(scheme, host, origin):
    for doors in (OPEN, GUARDED):
        assert code_of(doors.check_origin, Headers({"host": host, "origin": origin}), scheme) == (403, "wrong_origin")


def test_an_origin_without_one_host_and_two_origins():
    own = (b"origin", b"http://localhost")
    for raw in ([own], [own, (b"host", b"localhost"), (b"host", b"localhost")], [own, own, (b"host", b"localhost")]):
        assert code_of(OPEN.check_origin, Headers(raw=raw), "http") == (403, "wrong_origin")
    assert code_of(OPEN.check_origin, Headers(raw=[(b"host", b"localhost")]), "http") is None


def test_rates_are_of_a_connection():
    doors = Doors(Settings(messages_per_second=3), None)
    assert [code_of(doors.count, "a:1") for _ in range(4)] == [None, None, None, (429, "rate_limited")]
    assert code_of(doors.count, "a:2", 3) is None
    assert code_of(doors.count, "a:2", 1) == (429, "rate_limited")
    assert all(code_of(OPEN.count, "a:1", 10**9) is None for _ in range(10))


class App:
    """An app with a route and a WebSocket that know nothing of doors, and a page beside them."""

    def __init__(self, doors):
        self.app = new_app(doors, TransportStats("http"), PlainTextResponse("the page"))

        @self.app.api_route("/api/v1/new", methods=["GET", "POST"], include_in_schema=False)
        @self.app.api_route("/other", methods=["GET", "POST"], include_in_schema=False)
        async def new():
            return "done"

        @self.app.websocket("/api/v1/feed")
        async def feed(websocket: WebSocket):
            await websocket.accept()
            await websocket.close()

    def request(self, method, path, headers=None):
        """Send a request."""

        async def send():
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(send())

    def get(self, path, headers=None):
        return self.request("GET", path, headers)

    def open(self, path, headers, extensions=("websocket.http.response",)):
        """Open a WebSocket; return what the app sent."""
        headers = {"Host": "localhost", **headers}
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "ws",
            "client": ("127.0.0.1", 50000),
            "subprotocols": [],
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "extensions": {name: {} for name in extensions},
        }
        sent = []

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return sent


STRANGER = {"Origin": "http://evil.example"}


@pytest.mark.parametrize("path", ["/api/v1/new", "/other", "/healthz", "/anything"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "NEW"])
def test_no_path_and_no_method_gets_around_the_origin(method, path):
    client = App(OPEN)
    assert refusal(client.request(method, path, headers=STRANGER)) == (403, "wrong_origin", None)
    own = client.request(method, path, headers={"Origin": "http://localhost"})
    assert own.status_code != 403


@pytest.mark.parametrize("path", ["/api/v1/new", "/other", "/anything", "/api/v1/openapi.json"])
def test_no_path_gets_around_the_host(path):
    client = App(OPEN)
    assert refusal(client.get(path, headers={"Host": "evil.example"})) == (403, "wrong_host", None)
    assert client.get(path).status_code == 200


def test_a_strangers_page_may_ask_what_it_cannot_read():
    response = App(OPEN).get("/api/v1/new", headers=STRANGER)
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_new_route_below_api_asks_for_a_token_by_itself():
    client = App(GUARDED)
    assert refusal(client.get("/api/v1/new")) == (401, "unauthenticated", None)
    assert client.get("/api/v1/new", headers={"Authorization": "Bearer good"}).status_code == 200
    assert client.get("/anything").text == "the page"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v1/feed"])
def test_below_api_there_is_no_page(path):
    assert refusal(App(OPEN).get(path)) == (404, "not_found", None)


@pytest.mark.parametrize(
    ("headers", "code"),
    [(STRANGER, "wrong_origin"), ({"Origin": "null"}, "wrong_origin"), ({"Host": "evil.example"}, "wrong_host")],
)
def test_a_websocket_of_a_stranger(headers, code):
    app = App(OPEN)
    start, body = app.open("/api/v1/feed", headers)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert json.loads(body["body"])["error"]["code"] == code
    assert [message["type"] for message in app.open("/api/v1/feed", headers, extensions=())] == ["websocket.close"]


def test_a_websocket_of_the_page_itself():
    for doors in (OPEN, GUARDED):  # its token comes in a message
        sent = App(doors).open("/api/v1/feed", {"Origin": "http://localhost"})
        assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


@pytest.mark.parametrize("path", ["/api/v1/new", "/anything", "/api/v1/feed/"])
def test_a_websocket_where_there_is_none(path):
    assert [message["type"] for message in App(OPEN).open(path, {})] == ["websocket.close"]


def test_a_websocket_below_api_that_is_not_the_feed_asks_for_a_token():
    assert App(GUARDED).open("/api/v1/new", {})[0]["status"] == 401


def test_the_order_of_the_checks():
    client = App(Doors(Settings(messages_per_second=1), {}.get))
    assert refusal(client.request("POST", "/api/v1/new", headers=STRANGER))[1] == "wrong_origin"
    assert refusal(client.request("POST", "/api/v1/new"))[1] == "unauthenticated"
    assert refusal(client.request("POST", "/api/v1/new"))[1] == "rate_limited"


def test_rates_are_of_what_is_below_api():
    with rest_app(instruments=TWO_MARKETS, messages_per_second=2) as rest:
        assert [rest.get("/api/v1/depth").status_code for _ in range(2)] == [200, 200]
        response = rest.get("/api/v1/instruments")
        assert refusal(response) == (429, "rate_limited", None)
        assert response.headers["Retry-After"] == "1"
        assert rest.get("/healthz").status_code == 200
        other = rest.run(rest.send("GET", "/api/v1/depth", client=("127.0.0.1", 50001)))
        assert other.status_code == 200


def test_refusals_of_service_are_logged_as_warnings_and_mistakes_are_not():
    with rest_app(authenticate={}.get) as rest, structlog.testing.capture_logs() as logs:
        rest.get("/api/v1/depth")
        rest.post("/api/v1/instruments", headers=STRANGER)
        rest.get("/healthz?x=1")
    assert [(entry["log_level"], entry["code"], entry["peer"]) for entry in logs] == [
        ("warning", "unauthenticated", "127.0.0.1:50000"),
        ("warning", "wrong_origin", "127.0.0.1:50000"),
    ]
