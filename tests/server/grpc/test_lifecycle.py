"""The server's port, its standard services, deadlines and its end."""

import asyncio
import socket
import time

import grpc
import pytest
import trustme
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from orderbook_server.gateways.grpc import streams
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..running import SECONDS, eventually, needs_ipv6
from . import records
from .client import METHODS, SERVICE, SMALL_WINDOW, Client, serving
from .test_limits import code_of

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def test_a_port_that_a_gateway_has_is_an_error(market):
    with pytest.raises(OSError, match="in use"), serving(port=market.server.port):
        pass


def test_a_port_that_another_program_has_is_an_error():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"), serving(port=other.getsockname()[1]):
            pass


def test_no_other_program_can_share_the_port(market):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", market.server.port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_an_error(host):
    with pytest.raises(OSError, match=r"\w"), serving(host=host):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", pytest.param("::1", marks=needs_ipv6)])
def test_the_address_is_told_as_it_is_bound(host):
    with serving(host=host) as market:
        assert market.server.address in (f"127.0.0.1:{market.server.port}", f"[::1]:{market.server.port}")
        assert (":" in host) <= market.server.address.startswith("[")
        assert market.client.ListInstruments().status.ok


def test_health_is_told_of_the_server_and_the_service(client):
    stub = health_pb2_grpc.HealthStub(client.channel)
    for service in ("", SERVICE.full_name):
        assert stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status == SERVING
    unknown = health_pb2.HealthCheckRequest(service="x")
    assert code_of(lambda: stub.Check(unknown, timeout=5)) is grpc.StatusCode.NOT_FOUND


def test_health_says_not_serving_when_the_server_shuts_down(market):
    stub = health_pb2_grpc.HealthStub(market.client.channel)
    watches = [
        stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=10) for service in ("", SERVICE.full_name)
    ]
    assert [next(watch).status for watch in watches] == [SERVING] * 2
    assert market.server.stop() < 2
    for watch in watches:
        assert next(watch).status == NOT_SERVING
        assert code_of(lambda watch=watch: next(watch)) is UNAVAILABLE


def test_reflection_lists_and_describes_the_service(client):
    reflected = ProtoReflectionDescriptorDatabase(client.channel)
    assert set(reflected.get_services()) == {
        SERVICE.full_name,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    service = DescriptorPool(reflected).FindServiceByName(SERVICE.full_name)
    assert [method.name for method in service.methods] == list(METHODS)


def test_a_call_is_made_with_what_reflection_tells_alone(client):
    service = DescriptorPool(ProtoReflectionDescriptorDatabase(client.channel)).FindServiceByName(SERVICE.full_name)
    method = service.methods_by_name["NewOrder"]
    request_class, response_class = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    assert request_class is not wire.NewOrderRequest
    call = client.channel.unary_unary(
        f"/{service.full_name}/{method.name}", request_class.SerializeToString, response_class.FromString
    )
    response = call(request_class(order_id=1, side=1, price=100, quantity=5, account_id=1), timeout=5)
    assert response.status.ok
    assert response.resting.quantity == 5


def test_a_call_that_comes_too_late_is_not_carried_out(market):
    """The server is kept from looking at the call until its deadline has passed."""
    market.client.ListInstruments()
    before = market.state_hash()
    trade = market.client.trade(seconds=0.4)
    trade.ask()
    market.server.hold(0.8)
    trade.send(records=records.new(2, 1, 100, 5))
    late = code_of(lambda: market.client.bid(1, 100, 5, timeout=0.4))
    assert late is grpc.StatusCode.DEADLINE_EXCEEDED
    assert code_of(lambda: next(trade.call)) is grpc.StatusCode.DEADLINE_EXCEEDED
    market.client.ListInstruments()
    assert market.state_hash() == before


def test_a_client_that_leaves_undoes_nothing(market):
    for order_id in range(1, 51):
        fields = {"order_id": order_id, "side": 1, "price": 100, "quantity": 1, "account_id": 1}
        market.client.rpc("NewOrder").future(wire.NewOrderRequest(**fields), timeout=5).cancel()
    market.client.ListInstruments()
    market.server.call(market.sequencer.exchange.check)
    told = market.client.Snapshot()
    resting = [order.order_id for level in told.bids for order in level.orders]
    assert told.sequence == len(resting)  # each was done whole, with its event, or not at all
    assert market.client.GetBalance(account_id=1).balance.reserved_quote == 100 * len(resting)


def test_streams_end_with_unavailable_and_calls_are_no_longer_taken(market):
    client = market.client
    client.bid(1, 100, 5)
    feed, account = client.StreamEvents(from_sequence=0), client.StreamAccountEvents(account_id=1, from_sequence=0)
    conversation = client.trade()
    conversation.ask()
    reflection = client.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    asking = reflection(iter(conversation._requests), timeout=10)
    assert (next(feed).sequence, next(account).order_id) == (1, 1)
    assert market.server.stop() < 2
    for stream in (feed, account, conversation.call, asking):
        assert code_of(lambda stream=stream: next(stream)) is UNAVAILABLE
    assert code_of(client.ListInstruments) is UNAVAILABLE
    assert market.server.call(lambda: market.stats.connections) == 0
    assert market.sequencer.listeners == []


def test_feeds_tell_what_the_end_of_others_changed(market):
    feed, account = market.client.StreamEvents(), market.client.StreamAccountEvents(account_id=1)
    conversations = [market.client.trade() for _ in range(3)]
    for order_id, conversation in enumerate(conversations, 1):
        batch = records.new(order_id, wire.SIDE_BID, 100, 5)
        conversation.ask(options=wire.TradeOptions(cancel_on_disconnect=True), records=batch)
    assert market.server.stop() < 2
    told, own = [], []
    assert code_of(lambda: told.extend(feed)) is UNAVAILABLE
    assert code_of(lambda: own.extend(account)) is UNAVAILABLE
    assert [event.book.WhichOneof("kind") for event in told] == ["added"] * 3 + ["removed"] * 3
    assert [event.WhichOneof("kind") for event in own] == ["accepted"] * 3 + ["canceled"] * 3


def test_what_was_carried_out_is_answered_when_the_server_shuts_down(market):
    """All batches that reached the book have their answers, and the others are not begun."""
    conversation = market.client.trade()
    for order_id in range(1, 2001):
        conversation.send(records=records.new(order_id, 1, 100, 1))
    answers = len([next(conversation.call) for _ in range(100)])
    market.server.stop()
    rest = []
    assert code_of(lambda: rest.extend(conversation.call)) is UNAVAILABLE
    assert answers + len(rest) == market.sequencer.exchange.last_sequence


LEVELS = 20_000
CANCELING = wire.TradeOptions(cancel_on_disconnect=True)


def make_levels(market):
    book = b"".join(records.new(number, wire.SIDE_ASK, number, 1, account_id=2) for number in range(1, LEVELS + 1))
    assert not any(market.client.trade().ask(records=book).result.status)


def begin_long_batch(market, orders):
    """Send an order of account 2 that rests, and many that look at all levels and are killed; return the stream."""
    resting = records.new(LEVELS + 1, wire.SIDE_ASK, LEVELS + 1, 1, account_id=2)
    killed = records.new(LEVELS + 2, wire.SIDE_BID, LEVELS, LEVELS + 1, order_type=wire.ORDER_TYPE_FILL_OR_KILL)
    conversation = market.client.trade()
    conversation.send(options=CANCELING, records=resting + killed * orders)
    return conversation


def killed_orders(market):
    return market.sequencer.tallies()[0].refused.get("insufficient_liquidity", 0)


def resting_orders(market):
    return len(market.sequencer.exchange.open_orders("BASE-QUOTE", 2))


async def stop_in_the_middle(market, orders):
    """Stop the server when some of the long batch is carried out, and some is not."""
    async with asyncio.timeout(SECONDS):
        while not killed_orders(market):
            await asyncio.sleep(0)
    assert killed_orders(market) < orders
    await market.server.gateway.stop()


def test_a_batch_in_the_middle_is_finished_and_answered_when_the_server_shuts_down(market):
    make_levels(market)
    conversation = begin_long_batch(market, 2000)
    market.server.run(stop_in_the_middle(market, 2000))
    assert len(next(conversation.call).result.status) == 2001
    assert code_of(lambda: next(conversation.call)) is UNAVAILABLE
    assert resting_orders(market) == LEVELS


def test_a_batch_that_would_take_too_long_is_broken_off_when_the_server_shuts_down(market, monkeypatch):
    """Its stream ends as others do: its orders are cancelled, and feeds tell of it."""
    monkeypatch.setattr(streams, "CLOSE_SECONDS", 0.02)
    make_levels(market)
    account = market.client.StreamAccountEvents(account_id=2)
    conversation = begin_long_batch(market, 20_000)
    market.server.run(stop_in_the_middle(market, 20_000))
    assert code_of(lambda: next(conversation.call)) is UNAVAILABLE
    assert 0 < killed_orders(market) < 20_000
    assert resting_orders(market) == LEVELS
    assert [next(account).WhichOneof("kind") for _ in range(2)] == ["accepted", "canceled"]


def test_a_batch_in_the_middle_is_broken_off_when_its_client_goes_away(market):
    make_levels(market)
    conversation = begin_long_batch(market, 20_000)
    eventually(lambda: market.server.call(killed_orders, market))
    conversation.call.cancel()
    eventually(lambda: market.server.call(resting_orders, market) == LEVELS)
    assert 0 < market.server.call(killed_orders, market) < 20_000


def test_a_client_that_reads_nothing_does_not_hold_up_the_end(caplog):
    async def stop(market):
        await market.server.gateway.stop()
        return market.stats.connections, len(market.sequencer.exchange.open_orders("BASE-QUOTE", 1))

    with serving(event_capacity=1 << 18) as market:
        feed = Client(market.server.address, options=SMALL_WINDOW).StreamEvents()
        conversation = Client(market.server.address, options=SMALL_WINDOW).trade()
        conversation.ask(
            options=wire.TradeOptions(cancel_on_disconnect=True), records=records.new(2, wire.SIDE_BID, 1, 1)
        )
        batch = (records.new(1, 1, 1, 1) + records.cancel(1)) * 2000
        for _ in range(50):
            conversation.send(records=batch)
        eventually(lambda: market.server.call(lambda: market.sequencer.exchange.last_sequence) > 8000)
        began = time.monotonic()
        assert market.server.run(stop(market)) == (0, 0)  # its orders are cancelled, too
        assert time.monotonic() - began < 4
        feed.cancel()
    assert caplog.records == []  # gRPC has found nothing to complain of


def certificates():
    """Return (server's credentials, server's that ask for certificates, client's, client's with a certificate)."""
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("alice")
    root = authority.cert_pem.bytes()
    chain = server.private_key_pem.bytes(), b"".join(pem.bytes() for pem in server.cert_chain_pems)
    own = client.private_key_pem.bytes(), b"".join(pem.bytes() for pem in client.cert_chain_pems)
    return (
        grpc.ssl_server_credentials([chain]),
        grpc.ssl_server_credentials([chain], root, require_client_auth=True),
        grpc.ssl_channel_credentials(root),
        grpc.ssl_channel_credentials(root, *own),
    )


def test_tls_on_and_off_and_both_ways():
    server, mutual, anonymous, named = certificates()
    with serving(server_credentials=server, client_credentials=anonymous) as market:
        assert market.client.bid(1, 100, 5).status.ok
        assert code_of(Client(market.server.address).ListInstruments) is UNAVAILABLE
    with serving(server_credentials=mutual, client_credentials=named) as market:
        assert market.client.bid(1, 100, 5).status.ok
        assert code_of(Client(market.server.address, credentials=anonymous).ListInstruments) is UNAVAILABLE
