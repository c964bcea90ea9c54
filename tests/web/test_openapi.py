"""The OpenAPI document: complete, and true of real requests and answers; docs/web.md says the same."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orderbook_server.gateways.http.gate import PUBLIC

from .rest_app import TWO_MARKETS, rest_app

ORDER = {"account_id": 1, "order_id": "9", "side": "bid", "price": 99, "quantity": 5}
TERMS = {"account_id": 1, "quantity": 5}
CASES = [  # method, path, the document's path, body; what they are answered with is looked up
    ("GET", "/healthz", "/healthz", None),
    ("GET", "/readyz", "/readyz", None),
    ("GET", "/api/v1/instruments", "/api/v1/instruments", None),
    ("GET", "/api/v1/instruments?x=1", "/api/v1/instruments", None),
    ("GET", "/api/v1/depth?levels=3", "/api/v1/depth", None),
    ("GET", "/api/v1/depth?levels=0", "/api/v1/depth", None),
    ("GET", "/api/v1/depth?symbol=XXX", "/api/v1/depth", None),
    ("GET", "/api/v1/trades", "/api/v1/trades", None),
    ("GET", "/api/v1/trades?limit=501", "/api/v1/trades", None),
    ("GET", "/api/v1/orders?account_id=1", "/api/v1/orders", None),
    ("GET", "/api/v1/orders", "/api/v1/orders", None),
    ("GET", "/api/v1/balance?account_id=1", "/api/v1/balance", None),
    ("GET", "/api/v1/balance?account_id=77", "/api/v1/balance", None),
    ("POST", "/api/v1/orders", "/api/v1/orders", ORDER),
    ("POST", "/api/v1/orders", "/api/v1/orders", ORDER | {"order_id": 10, "price": 100, "account_id": 2}),
    ("POST", "/api/v1/orders", "/api/v1/orders", ORDER | {"order_id": 1}),
    ("POST", "/api/v1/orders", "/api/v1/orders", ORDER | {"quantity": "x"}),
    ("POST", "/api/v1/orders", "/api/v1/orders", ORDER | {"account_id": 77}),
    ("POST", "/api/v1/orders", "/api/v1/orders", {"x": "y" * 70_000}),
    ("PATCH", "/api/v1/orders/1", "/api/v1/orders/{order_id}", TERMS),
    ("PATCH", "/api/v1/orders/7", "/api/v1/orders/{order_id}", TERMS),
    ("PATCH", "/api/v1/orders/1", "/api/v1/orders/{order_id}", {}),
    ("DELETE", "/api/v1/orders/1?account_id=1", "/api/v1/orders/{order_id}", None),
    ("DELETE", "/api/v1/orders/1?account_id=2", "/api/v1/orders/{order_id}", None),
    ("DELETE", "/api/v1/orders/1", "/api/v1/orders/{order_id}", None),
    ("DELETE", "/api/v1/orders?account_id=1", "/api/v1/orders", None),
    ("DELETE", "/api/v1/orders?account_id=77", "/api/v1/orders", None),
]


@pytest.fixture(scope="module")
def document():
    with rest_app() as rest:
        return rest.get("/api/v1/openapi.json").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def rest_table(beginning):
    """Return the rows of the table in docs/web.md whose rows begin so."""
    text = (Path(__file__).parents[2] / "docs" / "web.md").read_text()
    section = text[text.index("## REST") : text.index("## Security")]
    return re.findall(rf"^\| {beginning} \|(.*)$", section, re.MULTILINE)


def test_the_page_of_documentation_has_the_same_requests(document):
    rows = rest_table(r"`([A-Z]+) (/[^?`]*)[^`]*`")
    assert [(method, path) for method, path, _ in rows] != []
    assert {(method, path) for method, path, _ in rows} == {(method, path) for method, path, _ in operations(document)}


def test_the_page_of_documentation_has_the_same_codes(document):
    told = {status: set(re.findall(r"`(\w+)`", codes)) for status, codes in rest_table(r"(\d{3})")}
    others = {"404": {"not_found"}, "405": {"method_not_allowed"}, "500": {"internal_error"}}
    found = {status: set(codes) for status, codes in others.items()}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            examples = response["content"]["application/json"].get("examples", {})
            found.setdefault(status, set()).update(examples)
    del found["200"], found["default"]
    assert told.pop("409") < found.pop("409")  # of the engine's refusals it names some
    assert told == found


def strict(schema):
    """Return a schema that allows no member which it does not name."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(part) for name, part in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in schema else closed


def validator(document, schema):
    """Return what checks values of a schema of the document."""
    return Draft202012Validator(strict({**schema, "components": document["components"]}))


def test_title_and_version(document):
    assert document["openapi"].startswith("3.1")
    assert (document["info"]["title"], document["info"]["version"]) == ("obctl", version("obctl"))


def test_every_operation_says_what_it_does_and_what_may_be_wrong(document):
    found = list(operations(document))
    assert len(found) == 11
    assert len({operation["operationId"] for _, _, operation in found}) == len(found)
    for method, path, operation in found:
        assert operation["summary"]
        responses = operation["responses"]
        assert "422" not in responses
        assert {"200", "403", "default"} <= responses.keys()
        if path.startswith("/api/"):
            assert {"400", "429"} <= responses.keys()
        if method in ("POST", "PATCH"):
            assert {"401", "404", "409", "413", "503"} <= responses.keys()


def test_a_token_is_asked_for_where_the_gate_asks(document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for _, path, operation in operations(document):
        is_guarded = path.startswith("/api/") and path not in PUBLIC
        assert operation.get("security", []) == ([{"bearer": []}] if is_guarded else [])
        assert ("401" in operation["responses"]) == is_guarded


def test_every_field_has_an_example_and_they_are_of_its_kind(document):
    parameters = [part for _, _, operation in operations(document) for part in operation.get("parameters", [])]
    schemas = [(part["name"], part["schema"]) for part in parameters]
    for schema in document["components"]["schemas"].values():
        schemas += schema.get("properties", {}).items()
    assert len(schemas) > 40
    for name, schema in schemas:
        assert schema.get("examples") or schema.keys() & {"$ref", "items", "enum", "const", "anyOf", "type"}, name
        for example in schema.get("examples", []):
            validator(document, schema).validate(example)


def test_the_examples_of_bodies_are_carried_out(document):
    with rest_app() as rest:
        rest.exchange.market(rest.exchange.instruments[0].symbol).credit_account(7, 1000, 1000)
        schemas = document["components"]["schemas"]
        (order,), (terms,) = schemas["NewOrder"]["examples"], schemas["NewTerms"]["examples"]
        assert rest.post("/api/v1/orders", json=order).status_code == 200
        assert rest.request("PATCH", f"/api/v1/orders/{order['order_id']}", json=terms).status_code == 200


def test_the_examples_of_refusals_are_refusals(document):
    check = validator(document, {"$ref": "#/components/schemas/Refused"})
    count = 0
    for _, _, operation in operations(document):
        for response in operation["responses"].values():
            for code, example in response["content"]["application/json"].get("examples", {}).items():
                check.validate(example["value"])
                assert example["value"]["error"]["code"] == code
                count += 1
    assert count > 50


@pytest.mark.parametrize(("method", "path", "name", "body"), CASES)
def test_answers_are_as_the_document_says(document, method, path, name, body):
    with rest_app(instruments=TWO_MARKETS) as rest:
        rest.submit(1, "ask", 100, 5)
        rest.submit(2, "bid", 100, 2, 2)
        response = rest.request(method, path, json=body)
    operation = document["paths"][name][method.lower()]
    content = operation["responses"][str(response.status_code)]["content"]["application/json"]
    validator(document, content["schema"]).validate(response.json())
    if response.status_code != 200:
        assert response.json()["error"]["code"] in content["examples"]


@pytest.mark.parametrize("body", [ORDER, ORDER | {"order_id": 2**64 - 1}])
def test_bodies_are_as_the_document_says(document, body):
    check = validator(document, {"$ref": "#/components/schemas/NewOrder"})
    check.validate(body)
    for wrong in ({"price": 1.5}, {"quantity": -1}, {"order_id": "1" * 21}, {"side": "buy"}, {"strange": 1}):
        assert not check.is_valid(body | wrong)


def test_there_are_no_pages_of_it_that_load_from_elsewhere():
    with rest_app() as rest:
        for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"):
            assert rest.get(path).status_code == 404
