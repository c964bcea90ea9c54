"""Who may ask for what: every operation of the app with every kind of token, and with none."""

import pytest

from orderbook_server.auth import Access, Tokens
from orderbook_server.gateways.http.gate import PUBLIC
from orderbook_server.new_token import add_token

from .rest_app import refusal, rest_app

TOKENS = {
    "admin": Access("admin", "admin"),
    "own": Access("trader", "own", frozenset({1})),
    "other": Access("trader", "other", frozenset({2})),
    "any": Access("trader", "any"),
    "viewer": Access("viewer", "viewer", frozenset({1})),
    "viewer of another": Access("viewer", "viewer of another", frozenset({2})),
    "viewer of all": Access("viewer", "viewer of all"),
}
PRIVATE = ("other", "viewer of another")
ORDERS = ("other", "viewer", "viewer of another", "viewer of all")
ALL_MAY = None  # also who has no token
DENIED_TO = {  # by operation, of the tokens above
    ("GET", "/healthz"): ALL_MAY,
    ("GET", "/readyz"): ALL_MAY,
    ("GET", "/api/v1/instruments"): ALL_MAY,
    ("GET", "/api/v1/depth"): (),
    ("GET", "/api/v1/trades"): (),
    ("GET", "/api/v1/orders"): PRIVATE,
    ("GET", "/api/v1/balance"): PRIVATE,
    ("POST", "/api/v1/orders"): ORDERS,
    ("PATCH", "/api/v1/orders/{order_id}"): ORDERS,
    ("DELETE", "/api/v1/orders/{order_id}"): ORDERS,
    ("DELETE", "/api/v1/orders"): ORDERS,
}
GUARDED = [operation for operation, denied in DENIED_TO.items() if denied is not ALL_MAY]
COMMANDS = [operation for operation in GUARDED if operation[0] != "GET"]
ORDER = {"order_id": 50, "account_id": 1, "side": "bid", "price": 1, "quantity": 1}


def ask(rest, operation, token=None, account_id=1, headers=None):
    """Send a request for account 1 that would be carried out."""
    method, path = operation
    path = path.format(order_id=1)
    if method == "POST":
        content = {"json": ORDER | {"account_id": account_id}}
    elif method == "PATCH":
        content = {"json": {"account_id": account_id, "quantity": 1}}
    else:
        content = {"params": {"account_id": account_id}} if path.startswith(("/api/v1/orders", "/api/v1/bal")) else {}
    return rest.request(method, path, token=token, headers=headers or {}, **content)


@pytest.fixture(scope="module")
def shared():
    with rest_app(authenticate=TOKENS.get) as app:
        app.sequencer.submit(0, 1, 1, 1, 2, 100, 5)
        yield app


@pytest.fixture
def guarded(shared):
    """An exchange whose tokens are those above, and which is afterwards as it was."""
    before = shared.exchange.state_hash()
    yield shared
    assert shared.exchange.state_hash() == before


def test_the_table_above_is_of_all_operations(guarded):
    document = guarded.get("/api/v1/openapi.json").json()
    operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert operations == DENIED_TO.keys()


@pytest.mark.parametrize("operation", GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "admin"},
        {"Authorization": "Basic admin"},
        {"Token": "Bearer admin"},
        {"Cookie": "token=admin"},
        [("Authorization", "Bearer admin"), ("Authorization", "Bearer admin")],
    ],
)
def test_without_a_known_token_nothing_is_done(guarded, operation, headers):
    response = ask(guarded, operation, headers=headers)
    assert refusal(response) == (401, "unauthenticated", None)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/depth?levels=0"),
        ("GET", "/api/v1/depth?symbol=XXX"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/"),
        ("PUT", "/api/v1/orders"),
        ("OPTIONS", "/api/v1/orders"),
        ("POST", "/api/v1/orders"),
        ("GET", "/api/v1/instruments/"),
        ("GET", "/api/v1//instruments"),
        ("GET", "/api/v1/feed"),
        ("GET", "/api/v1/depth%2F..%2Finstruments"),
    ],
)
def test_who_has_no_token_learns_nothing(guarded, method, path):
    assert refusal(guarded.request(method, path)) == (401, "unauthenticated", None)


def test_a_body_is_not_read_from_who_has_no_token(guarded):
    taken = []

    async def body():
        taken.append(1)
        yield b"{}"

    response = guarded.post("/api/v1/orders", content=body(), headers={"Content-Type": "application/json"})
    assert refusal(response)[0] == 401
    assert taken == []


@pytest.mark.parametrize(("operation", "token"), [(each, token) for each in GUARDED for token in DENIED_TO[each]])
def test_what_is_not_the_tokens_is_denied(guarded, operation, token):
    assert refusal(ask(guarded, operation, token)) == (403, "permission_denied", None)


@pytest.mark.parametrize("operation", DENIED_TO)
def test_what_is_the_tokens_is_done(operation):
    denied = DENIED_TO[operation]
    with rest_app(authenticate=TOKENS.get) as rest:
        for token in (None, *TOKENS) if denied is ALL_MAY else TOKENS.keys() - set(denied):
            rest.sequencer.cancel_all(0, 1)
            rest.sequencer.submit(0, 1, 1, 1, 2, 100, 5)
            before = rest.exchange.state_hash()
            assert ask(rest, operation, token).status_code == 200
            assert (rest.exchange.state_hash() != before) == (operation in COMMANDS)


@pytest.mark.parametrize("operation", COMMANDS)
def test_fields_are_looked_at_before_the_account_and_the_account_before_the_engine(guarded, operation):
    assert refusal(ask(guarded, operation, "other", account_id="x")) == (400, "invalid_field", "account_id")
    assert refusal(ask(guarded, operation, "other", account_id=77)) == (403, "permission_denied", None)


def test_a_strangers_account_is_denied_whether_it_is_there_or_not(guarded):
    for account_id in (1, 77):
        assert refusal(ask(guarded, ("GET", "/api/v1/balance"), "other", account_id)) == (
            *(403, "permission_denied"),
            None,
        )
    unknown = guarded.get("/api/v1/orders?account_id=1&symbol=XXX", token="other")
    assert refusal(unknown) == (403, "permission_denied", None)


def test_the_scheme_is_in_either_case(guarded):
    assert guarded.get("/api/v1/depth", headers={"Authorization": "bEARER  admin "}).status_code == 200


def test_what_is_public_is_so_with_a_token_that_is_wrong_too(guarded):
    for path in (*PUBLIC, "/healthz", "/readyz"):
        assert guarded.get(path, token="wrong").status_code == 200
    assert guarded.get("/api/v1/instruments").json()["authentication"] is True


def test_tokens_from_a_file(tmp_path):
    path = tmp_path / "tokens.toml"
    token = add_token(path, Access("trader", "alice", frozenset({1})))
    with rest_app(authenticate=Tokens.load(path).authenticate) as rest:
        assert rest.post("/api/v1/orders", token=token, json=ORDER).status_code == 200
        assert refusal(rest.post("/api/v1/orders", token=token, json=ORDER | {"account_id": 2}))[0] == 403
        for wrong in (token[:-1], token[:-1] + "é", token + token):
            header = {"Authorization": f"Bearer {wrong}".encode("latin-1")}
            assert refusal(rest.post("/api/v1/orders", headers=header, json=ORDER))[0] == 401
