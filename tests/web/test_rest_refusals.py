"""REST: what is refused, how it is said, and that it changes nothing."""

import json

import pytest
import structlog

from orderbook import Instrument
from orderbook.errors import BY_NUMBER, OrderBookError, SequenceGone, UnknownSymbol
from orderbook_server.gateways.http.rest.errors import status_of
from orderbook_server.protocol.rest.books import Books

from .rest_app import TWO_MARKETS, refusal, rest_app

ORDER = {"account_id": 1, "order_id": 9, "side": "bid", "price": 99, "quantity": 5}
TERMS = {"account_id": 1, "quantity": 5}
JSON = {"Content-Type": "application/json"}
U64 = "must be a whole number from 0 to 18446744073709551615"


@pytest.fixture(scope="module")
def shared():
    """An exchange that all tests of this file can share, as nothing changes it."""
    with rest_app(instruments=TWO_MARKETS) as app:
        app.submit(1, "bid", 90, 5)
        yield app


@pytest.fixture
def rest(shared):
    """The exchange, which is afterwards as it was."""
    before = shared.exchange.state_hash()
    yield shared
    assert shared.exchange.state_hash() == before


def submit(rest, **fields):
    return raw(rest, json.dumps(ORDER | fields))


def raw(rest, content, headers=JSON):
    return refusal(rest.post("/api/v1/orders", content=content, headers=headers))


@pytest.mark.parametrize("name", ["account_id", "order_id", "side", "quantity"])
def test_a_field_of_an_order_that_is_missing(rest, name):
    order = {key: value for key, value in ORDER.items() if key != name}
    assert refusal(rest.post("/api/v1/orders", json=order)) == (400, "missing_field", name)


@pytest.mark.parametrize("name", TERMS)
def test_a_field_of_new_terms_that_is_missing(rest, name):
    terms = {key: value for key, value in TERMS.items() if key != name}
    assert refusal(rest.request("PATCH", "/api/v1/orders/1", json=terms)) == (400, "missing_field", name)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/orders"), ("GET", "/balance"), ("DELETE", "/orders"), ("DELETE", "/orders/1")],
)
def test_an_account_that_is_missing(rest, method, path):
    assert refusal(rest.request(method, f"/api/v1{path}")) == (400, "missing_field", "account_id")


@pytest.mark.parametrize("name", ["account_id", "order_id", "price", "quantity"])
@pytest.mark.parametrize(
    "text",
    [
        *("-1", "-0", "1.0", "1e3", "1e400", str(2**64), "9" * 5000),
        *('""', '"-1"', '"+1"', '" 1"', '"1 "', '"1_0"', '"0x1"', '"1.0"', '"\u0661"', '"\\u00b2"', f'"{2**64}"'),
        *('"' + "9" * 5000 + '"', "true", "[]", "[1]", "{}"),
    ],
)
def test_what_is_no_number_of_64_bits(rest, name, text):
    content = json.dumps(ORDER | {name: "HERE"}).replace('"HERE"', text)
    response = rest.post("/api/v1/orders", content=content, headers=JSON)
    assert refusal(response) == (400, "invalid_field", name)
    assert response.json()["error"]["message"] == f"{name} {U64}"


@pytest.mark.parametrize("name", ["account_id", "order_id", "quantity", "side", "order_type", "symbol"])
def test_null_is_nothing_but_a_price_that_is_left_out(rest, name):
    assert submit(rest, **{name: None}) == (400, "invalid_field", name)
    assert submit(rest, price=None) == (409, "missing_price", None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("side", "BID", "side must be bid or ask"),
        ("side", 1, "side must be bid or ask"),
        ("side", ["bid"], "side must be bid or ask"),
        (
            "order_type",
            "stop",
            "order_type must be limit, market, immediate_or_cancel, fill_or_kill or post_only",
        ),
        ("symbol", 1, "symbol must be a string"),
        ("symbol", {}, "symbol must be a string"),
    ],
)
def test_words_that_are_none(rest, name, value, message):
    response = rest.post("/api/v1/orders", json=ORDER | {name: value})
    assert refusal(response) == (400, "invalid_field", name)
    assert response.json()["error"]["message"] == message


def test_unknown_fields(rest):
    assert submit(rest, qty=1) == (400, "unknown_field", "qty")
    assert refusal(rest.request("PATCH", "/api/v1/orders/1", json=TERMS | {"order_id": 1})) == (
        *(400, "unknown_field"),
        "order_id",
    )
    assert submit(rest, **{"x" * 100: 1}) == (400, "unknown_field", "x" * 64)
    assert submit(rest, **{"\udcff": 1})[:2] == (400, "invalid_json")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/instruments"),
        ("GET", "/depth"),
        ("GET", "/trades"),
        ("GET", "/orders?account_id=1"),
        ("GET", "/balance?account_id=1"),
        ("POST", "/orders"),
        ("PATCH", "/orders/1"),
        ("DELETE", "/orders/1?account_id=1"),
        ("DELETE", "/orders?account_id=1"),
    ],
)
def test_unknown_and_repeated_parameters(rest, method, path):
    content = {"POST": {"json": ORDER}, "PATCH": {"json": TERMS}}.get(method, {})
    joint = "&" if "?" in path else "?"
    strange = rest.request(method, f"/api/v1{path}{joint}level=3", **content)
    assert refusal(strange) == (400, "unknown_field", "level")
    twice = rest.request(method, f"/api/v1{path}{joint}symbol=BTC-USD&symbol=BTC-USD", **content)
    if content or path == "/instruments":
        assert refusal(twice) == (400, "unknown_field", "symbol")
    else:
        assert refusal(twice) == (400, "invalid_field", "symbol")


@pytest.mark.parametrize(
    ("path", "name", "bounds"),
    [("/depth?levels=", "levels", "from 1 to 5000"), ("/trades?limit=", "limit", "from 1 to 500")],
)
@pytest.mark.parametrize("text", ["0", "5001", "-1", "", "1.0", "%201", "%2B1", "%D9%A1", "true", "9" * 5000])
def test_bounds_of_lists(rest, path, name, bounds, text):
    response = rest.get(f"/api/v1{path}{text}")
    assert refusal(response) == (400, "invalid_field", name)
    assert response.json()["error"]["message"].endswith(bounds)


@pytest.mark.parametrize("text", ["x", "-1", str(2**64), "1.0", "%20", "%D9%A1", "9" * 5000])
def test_the_order_in_the_path(rest, text):
    path = f"/api/v1/orders/{text}"
    assert refusal(rest.request("DELETE", f"{path}?account_id=1")) == (400, "invalid_field", "order_id")
    assert refusal(rest.request("PATCH", path, json=TERMS)) == (400, "invalid_field", "order_id")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"{} {}",
        b"{'a': 1}",
        b'{"quantity": NaN}',
        b'{"quantity": Infinity}',
        b'{"quantity": -Infinity}',
        b'{"quantity": 1, "quantity": 2}',
        b'{"symbol": {"a": 1, "a": 1}}',
        b'{"quantity": 01}',
        b'\xef\xbb\xbf{"quantity": 1}',
        b'{"symbol": "\xff"}',
        '{"quantity": 1}'.encode("utf-16"),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"symbol": "\n"}',
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/orders"), ("PATCH", "/api/v1/orders/1")])
def test_a_body_that_is_no_json_object(rest, method, path, content):
    assert refusal(rest.request(method, path, content=content, headers=JSON))[:2] == (400, "invalid_json")


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_body_of_another_kind(rest, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    response = rest.post("/api/v1/orders", content=json.dumps(ORDER), headers=headers)
    assert refusal(response) == (400, "invalid_json", None)
    assert "application/json" in response.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"])
def test_the_kind_of_a_body_in_other_words(kind):
    with rest_app() as rest:
        content = json.dumps(ORDER)
        assert rest.post("/api/v1/orders", content=content, headers={"Content-Type": kind}).status_code == 200


def test_a_body_of_any_length_that_is_allowed(rest):
    spaces = b" " * (65_536 - 2)
    assert raw(rest, b"{" + spaces + b"}") == (400, "missing_field", "account_id")
    assert raw(rest, b"{" + spaces + b" }") == (413, "body_too_large", None)


def test_a_body_is_read_no_further_than_it_may_go(rest):
    taken = []

    async def endless():
        while True:
            taken.append(len(taken))
            yield b" " * 1000

    response = rest.post("/api/v1/orders", content=endless(), headers=JSON)
    assert refusal(response) == (413, "body_too_large", None)
    assert response.headers["Connection"] == "close"
    assert len(taken) <= 67


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"symbol": "XXX"}, 404, "unknown_symbol"),
        ({"symbol": "\udcff"}, 404, "unknown_symbol"),
        ({"account_id": 77}, 404, "unknown_account"),
        ({"order_id": 1}, 409, "duplicate_order"),
        ({"quantity": 0}, 409, "invalid_quantity"),
        ({"price": None}, 409, "missing_price"),
        ({"price": 2**64 - 1, "quantity": 2}, 409, "numeric_overflow"),
        ({"price": 10**6, "quantity": 10**6}, 409, "insufficient_quote"),
        ({"side": "ask", "quantity": 10**7}, 409, "insufficient_base"),
        ({"side": "ask", "price": 90, "account_id": 2, "order_type": "post_only"}, 409, "crossed_order"),
    ],
)
def test_refusals_of_the_engine(rest, fields, status, code):
    assert submit(rest, **fields) == (status, code, None)


def test_refusals_about_an_order(rest):
    strange = rest.request("DELETE", "/api/v1/orders/7?account_id=1")
    assert refusal(strange) == (404, "unknown_order", None)
    assert refusal(rest.request("DELETE", "/api/v1/orders/1?account_id=2")) == (403, "account_mismatch", None)
    assert refusal(rest.request("PATCH", "/api/v1/orders/7", json=TERMS)) == (404, "unknown_order", None)
    other = TERMS | {"account_id": 2}
    assert refusal(rest.request("PATCH", "/api/v1/orders/1", json=other)) == (403, "account_mismatch", None)
    assert refusal(rest.request("DELETE", "/api/v1/orders?account_id=77")) == (404, "unknown_account", None)
    assert refusal(rest.get("/api/v1/balance?account_id=77")) == (404, "unknown_account", None)


@pytest.mark.parametrize("path", ["/depth", "/trades", "/orders?account_id=1", "/balance?account_id=1"])
def test_symbols_that_are_none(rest, path):
    joint = "&" if "?" in path else "?"
    for symbol in ("XXX", "btc-usd", "%FF", "BTC-USD%00"):
        assert refusal(rest.get(f"/api/v1{path}{joint}symbol={symbol}")) == (404, "unknown_symbol", None)


def test_limits_of_an_instrument():
    limited = Instrument(
        *("A-B", "A", "B"), reference_price=100, price_band=10, quantity_max=50, notional_max=4000, open_orders_max=1
    )
    with rest_app(instruments=(limited,)) as rest:
        assert submit(rest, price=111) == (409, "price_out_of_band", None)
        assert submit(rest, quantity=51) == (409, "quantity_too_large", None)
        assert submit(rest, price=100, quantity=50) == (409, "notional_too_large", None)
        rest.submit(1, "bid", 99, 1)
        assert submit(rest) == (409, "too_many_orders", None)
        rest.exchange.halt("A-B")
        assert submit(rest, account_id=2) == (409, "halted", None)


def test_every_code_of_the_engine_has_its_status():
    others = {"unknown_symbol": 404, "unknown_order": 404, "unknown_account": 404, "account_mismatch": 403}
    for error in {*BY_NUMBER.values(), UnknownSymbol, SequenceGone}:
        expected = (others | {"journal_full": 503}).get(error.code, 409)
        assert status_of(error) == expected, error.code
    assert status_of(OrderBookError) == 409


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/orders/", "/api/v1/depth/", "/api/", "/nothing", "/docs"])
def test_paths_that_are_none(rest, path):
    assert refusal(rest.get(path)) == (404, "not_found", None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/orders", "GET, POST, DELETE"),
        ("GET", "/api/v1/orders/1", "PATCH, DELETE"),
        ("POST", "/api/v1/depth", "GET"),
        ("TRACE", "/healthz", "GET"),
        ("OPTIONS", "/api/v1/orders", "GET, POST, DELETE"),
        ("POST", "/api/v1/openapi.json", "GET, HEAD"),
    ],
)
def test_methods_that_are_none(rest, method, path, allowed):
    response = rest.request(method, path)
    assert refusal(response) == (405, "method_not_allowed", None)
    assert response.headers["Allow"] == allowed


def test_what_fails_is_logged_once_and_tells_nothing(rest, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(Books, "trades", fail)
    with structlog.testing.capture_logs() as logs:
        response = rest.get("/api/v1/trades")
    assert refusal(response) == (500, "internal_error", None)
    assert "secret" not in response.text
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("request failed", "error")]
