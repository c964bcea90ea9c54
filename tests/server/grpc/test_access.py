"""Who may call what: every RPC of the descriptor with every kind of token that must be denied, or must not."""

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from orderbook_server.auth import Access, Tokens
from orderbook_server.new_token import add_token
from orderbook_wire.v1 import orderbook_pb2 as wire

from . import records
from .client import METHODS, SERVICE, Client, serving

UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
TOKENS = {
    "admin": Access("admin", "admin"),
    "own": Access("trader", "own", frozenset({1})),
    "other": Access("trader", "other", frozenset({2})),
    "any": Access("trader", "any"),
    "viewer": Access("viewer", "viewer", frozenset({1})),
    "viewer of another": Access("viewer", "viewer of another", frozenset({2})),
    "viewer of all": Access("viewer", "viewer of all"),
}
VIEWERS = ("viewer", "viewer of another", "viewer of all")
PUBLIC, PRIVATE = (), ("other", "viewer of another")
ORDERS, MONEY = ("other", *VIEWERS), ("own", "other", "any", *VIEWERS)
DENIED_TO = {  # by RPC, of the tokens above
    "NewOrder": ORDERS,
    "ModifyOrder": ORDERS,
    "CancelOrder": ORDERS,
    "CancelAll": ORDERS,
    "Trade": ORDERS,
    "CreditAccount": MONEY,
    "DebitAccount": MONEY,
    "GetBalance": PRIVATE,
    "ListOpenOrders": PRIVATE,
    "StreamAccountEvents": PRIVATE,
    "Snapshot": PUBLIC,
    "GetDepth": PUBLIC,
    "ListInstruments": PUBLIC,
    "StreamEvents": PUBLIC,
}
NEW_ORDER = {"order_id": 50, "side": 1, "price": 1, "quantity": 1, "account_id": 1}
FIELDS = {  # of a request for account 1 that would be carried out; others just name the account where they have one
    "NewOrder": NEW_ORDER,
    "ModifyOrder": {"order_id": 1, "quantity": 1, "account_id": 1},
    "CancelOrder": {"order_id": 1, "account_id": 1},
    "CreditAccount": {"account_id": 1, "base": 1, "quote": 1},
    "DebitAccount": {"account_id": 1, "base": 1, "quote": 1},
    "Trade": {"commands": [{"new_order": NEW_ORDER}]},
    "StreamEvents": {"from_sequence": 0},
    "StreamAccountEvents": {"account_id": 1, "from_sequence": 0},
}


@pytest.fixture(scope="module")
def guarded():
    with serving(authenticate=TOKENS.get) as market:
        Client(market.server.address, "admin").bid(1, 100, 5)
        yield market


def request_of(rpc):
    request_class = GetMessageClass(METHODS[rpc].input_type)
    has_account = "account_id" in request_class.DESCRIPTOR.fields_by_name
    return request_class(**FIELDS.get(rpc, {"account_id": 1} if has_account else {}))


def status_of(client, rpc, request=None):
    """Return the status of a call, OK where it answers."""
    method = METHODS[rpc]
    request = request_of(rpc) if request is None else request
    try:
        result = client.rpc(rpc)(
            iter([request]) if method.client_streaming else request, metadata=client.metadata, timeout=10
        )
        if method.server_streaming:
            next(result)
            result.cancel()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("rpc", METHODS)
@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", "Bearer wrong"),),
        (("authorization", "Bearer "),),
        (("authorization", "admin"),),
        (("authorization", "Basic admin"),),
        (("token", "Bearer admin"),),
    ],
)
def test_without_a_known_token_nothing_is_done(guarded, rpc, metadata):
    client = Client(guarded.server.address)
    client.metadata = metadata
    before = guarded.state_hash()
    assert status_of(client, rpc) is UNAUTHENTICATED
    assert guarded.state_hash() == before


@pytest.mark.parametrize(("rpc", "token"), [(rpc, token) for rpc in METHODS for token in DENIED_TO[rpc]])
def test_what_is_not_the_tokens_is_denied(guarded, rpc, token):
    before = guarded.state_hash()
    assert status_of(Client(guarded.server.address, token), rpc) is DENIED
    assert guarded.state_hash() == before


@pytest.mark.parametrize("rpc", METHODS)
def test_what_is_the_tokens_is_done(rpc):
    for token in TOKENS.keys() - set(DENIED_TO[rpc]):
        with serving(authenticate=TOKENS.get, token="admin") as market:
            market.client.bid(1, 100, 5)
            before = market.state_hash()
            assert status_of(Client(market.server.address, token), rpc) is grpc.StatusCode.OK
            changes = set(DENIED_TO[rpc]) > set(PRIVATE)
            assert (market.state_hash() != before) == changes


def test_the_table_above_is_of_all_rpcs():
    assert set(DENIED_TO) == set(METHODS)


def test_a_token_is_looked_at_before_what_the_request_says(guarded):
    client = Client(guarded.server.address, "other")
    assert status_of(client, "NewOrder", wire.NewOrderRequest(account_id=1)) is DENIED
    assert status_of(client, "NewOrder", wire.NewOrderRequest(account_id=2)) is grpc.StatusCode.INVALID_ARGUMENT
    assert status_of(client, "GetBalance", wire.GetBalanceRequest(account_id=1, symbol="X")) is DENIED


def test_the_scheme_is_in_either_case(guarded):
    client = Client(guarded.server.address)
    client.metadata = (("authorization", "bearer admin"),)
    assert client.ListInstruments().status.ok


MIXED = [
    {"commands": [{"new_order": NEW_ORDER | {"order_id": 60}}, {"new_order": NEW_ORDER | {"account_id": 2}}]},
    {"commands": [{"new_order": NEW_ORDER | {"order_id": 60}}, {"modify_order": {"account_id": 2}}]},
    {"commands": [{"new_order": NEW_ORDER | {"order_id": 60}}, {"cancel_order": {"account_id": 2}}]},
    {"commands": [{"new_order": NEW_ORDER | {"order_id": 60}}, {"cancel_all": {"account_id": 2}}]},
    {"records": records.new(60, 1, 1, 1) + records.new(61, 1, 1, 1, account_id=2)},
    {"records": records.new(60, 1, 1, 1) + records.cancel(61, account_id=2)},
    {"records": records.new(60, 1, 1, 1) + records.credit(1, 5, 5)},
    {"records": records.new(60, 1, 1, 1) + records.new(61, 1, 1, 1, account_id=2)[:40]},
]


@pytest.mark.parametrize("batch", MIXED[:-1])
def test_a_batch_with_one_command_that_is_not_the_callers_is_not_begun(guarded, batch):
    before = guarded.state_hash()
    assert status_of(Client(guarded.server.address, "own"), "Trade", wire.TradeRequest(**batch)) is DENIED
    assert guarded.state_hash() == before


def test_a_malformed_batch_is_denied_first(guarded):
    own, other = Client(guarded.server.address, "own"), Client(guarded.server.address, "other")
    assert status_of(own, "Trade", wire.TradeRequest(**MIXED[-1])) is grpc.StatusCode.INVALID_ARGUMENT
    assert status_of(other, "Trade", wire.TradeRequest(**MIXED[-1])) is DENIED


def test_a_viewer_is_denied_a_trade_stream_before_its_first_batch(guarded):
    with pytest.raises(grpc.RpcError) as error:
        next(Client(guarded.server.address, "viewer of all").trade().call)
    assert error.value.code() is DENIED


def test_health_and_reflection_need_no_token(guarded):
    channel = Client(guarded.server.address).channel
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    assert check(b"", timeout=5) == b"\x08\x01"


def test_tokens_from_a_file_open_the_gate(tmp_path):
    path = tmp_path / "tokens.toml"
    token = add_token(path, Access("trader", "alice", frozenset({1})))
    with serving(authenticate=Tokens.load(path).authenticate, token=token) as market:
        assert market.client.bid(1, 100, 5).status.ok
        assert status_of(Client(market.server.address, token[:-1] + "?"), "Snapshot") is UNAUTHENTICATED


def test_the_service_has_all_rpcs_of_the_proto():
    assert len(SERVICE.methods) == 14
