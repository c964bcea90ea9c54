"""What is too much, and how it is refused."""

import socket
import time

import grpc
import pytest
from structlog.testing import capture_logs

from orderbook_server.gateways.limits import RateLimit
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..running import eventually
from . import records
from .client import SMALL_WINDOW, Client, serving

EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def code_of(call):
    """Return the status that a call ends with."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code()


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_a_bucket_holds_a_seconds_worth_and_fills_up_as_time_goes_by():
    clock = Clock()
    limit = RateLimit(10, clock)
    assert [limit.take("a", 1) for _ in range(11)] == [True] * 10 + [False]
    assert limit.take("b", 10)
    clock.now += 0.5
    assert not limit.take("a", 6)
    assert limit.take("a", 5)
    clock.now += 100
    assert not limit.take("a", 11)
    assert limit.take("a", 10)


def test_a_bucket_in_use_is_not_forgotten_as_generations_pass():
    clock = Clock()
    limit = RateLimit(10, clock)
    sent = 0
    for _ in range(400):
        sent += limit.take("a", 1)
        clock.now += 0.025
    assert 100 <= sent <= 111


def test_buckets_of_connections_that_are_gone_are_forgotten():
    clock = Clock()
    limit = RateLimit(10, clock)
    for number in range(10_000):
        limit.take(f"connection {number}", 1)
        clock.now += 0.001
    assert len(limit) <= 2001


def test_more_messages_per_second_are_refused_and_nothing_is_done():
    with serving(messages_per_second=5) as market:
        before = market.state_hash()
        with capture_logs() as logs:
            codes = [code_of_call(market.client, order_id) for order_id in range(1, 20)]
        assert codes[:5] == [grpc.StatusCode.OK] * 5
        assert EXHAUSTED in codes
        assert len(market.sequencer.exchange.events()) == codes.count(grpc.StatusCode.OK)
        assert market.state_hash() != before
        refusal = {"event": "service refused", "status": "RESOURCE_EXHAUSTED", "log_level": "warning"}
        assert refusal.items() <= logs[0].items()
        other = Client(market.server.address)
        assert other.ListInstruments().status.ok  # another connection has its own


def code_of_call(client, order_id):
    try:
        client.bid(order_id, 1, 1)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_of_a_trade_stream_commands_are_counted():
    with serving(messages_per_second=6) as market:
        conversation = market.client.trade()
        conversation.ask(records=records.new(1, 1, 1, 1) * 5)
        before = market.state_hash()
        conversation.send(records=records.new(2, 1, 1, 1) * 6)
        assert code_of(lambda: next(conversation.call)) is EXHAUSTED
        assert market.state_hash() == before


def test_the_rate_is_looked_at_before_the_token():
    with serving(messages_per_second=1, authenticate={}.get) as market:
        assert code_of(market.client.Snapshot) is grpc.StatusCode.UNAUTHENTICATED
        assert code_of(market.client.Snapshot) is EXHAUSTED


def test_a_trade_stream_is_counted_when_it_is_opened():
    """Else tokens could be tried on it without a limit."""
    with serving(messages_per_second=1, authenticate={}.get) as market:
        assert code_of(lambda: next(market.client.trade().call)) is grpc.StatusCode.UNAUTHENTICATED
        assert code_of(lambda: next(market.client.trade().call)) is EXHAUSTED


def test_a_message_that_is_too_long_is_refused():
    with serving(grpc_message_bytes_max=1000) as market:
        assert market.client.Snapshot(symbol="x" * 900).status.error_message == "unknown_symbol"
        assert code_of(lambda: market.client.Snapshot(symbol="x" * 1001)) is EXHAUSTED
        before = market.state_hash()
        conversation = market.client.trade()
        conversation.send(records=records.new(1, 1, 1, 1) * 30)
        assert code_of(lambda: next(conversation.call)) is EXHAUSTED
        assert market.state_hash() == before


def test_calls_under_way_are_limited_streams_included():
    with serving(grpc_calls_max=3) as market:
        feeds = [market.client.StreamEvents() for _ in range(3)]
        assert code_of(market.client.Snapshot) is EXHAUSTED
        feeds.pop().cancel()
        eventually(lambda: market.server.call(lambda: market.stats.connections) == 2)
        for _ in range(10):
            eventually(lambda: answers(market.client))


def answers(client):
    try:
        return client.Snapshot().status.ok
    except grpc.RpcError:
        return False


def test_connections_are_limited_also_those_that_never_call():
    with serving(grpc_connections_max=2) as market:
        assert market.client.ListInstruments().status.ok
        address = (market.server.host, market.server.port)
        with socket.create_connection(address, 10) as second, socket.create_connection(address, 10) as third:
            assert third.recv(1) == b""
            assert second.recv(1) != b""  # the server's settings
        assert market.client.ListInstruments().status.ok
        eventually(lambda: answers(Client(market.server.address)))


def test_a_connection_without_a_call_is_closed():
    with serving(idle_seconds=0.2) as market, socket.create_connection(market.server.address.split(":")) as plain:
        plain.settimeout(10)
        plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        began = time.monotonic()
        while plain.recv(4096):
            assert time.monotonic() - began < 10


def test_a_subscriber_that_does_not_read_is_ended():
    with serving(slow_consumer_seconds=0.4, event_capacity=1 << 18) as market:
        feed = Client(market.server.address, options=SMALL_WINDOW).StreamEvents()
        reading = Client(market.server.address).StreamEvents()
        conversation = market.client.trade()
        with capture_logs() as logs:
            for _ in range(20):  # far more than lies between the two
                conversation.ask(records=(records.new(1, 1, 1, 1) + records.cancel(1)) * 500)
            read = [next(reading).sequence for _ in range(20_000)]
            eventually(lambda: market.server.call(lambda: market.stats.slow_consumers) == 1)
        assert read == list(range(1, 20_001))  # whoever reads is not held up
        assert [log["rpc"] for log in logs if log["event"] == "slow consumer"] == ["StreamEvents"]
        assert code_after_reading(feed) is EXHAUSTED
        reading.cancel()


def code_after_reading(feed):
    """Return the status behind the events that were sent, which have no gaps."""
    expected = 1
    try:
        for event in feed:
            assert event.sequence == expected
            expected += 1
    except grpc.RpcError as error:
        assert expected > 1
        return error.code()


def test_a_subscriber_whose_events_are_gone_is_ended_and_may_come_back():
    with serving(event_capacity=1000) as market:
        feed = market.client.StreamEvents()
        account = market.client.StreamAccountEvents(account_id=1)
        records_of_many = (records.new(1, wire.SIDE_BID, 1, 1) + records.cancel(1)) * 2000
        market.client.trade().ask(records=records_of_many)
        assert code_of(lambda: list(feed)) is EXHAUSTED
        assert code_of(lambda: list(account)) is EXHAUSTED
        assert market.server.call(lambda: market.stats.slow_consumers) == 2
        last = market.client.Snapshot().sequence
        back = market.client.StreamEvents(from_sequence=last - 10)
        assert next(back).sequence == last - 9


def test_clients_that_vanish_while_they_are_written_to_are_no_errors(caplog):
    with serving(slow_consumer_seconds=0.2, event_capacity=1 << 18) as market:
        slow, trader = (Client(market.server.address, options=SMALL_WINDOW) for _ in range(2))
        feed, conversation = slow.StreamEvents(), trader.trade()
        for _ in range(20):
            conversation.send(records=(records.new(1, 1, 1, 1) + records.cancel(1)) * 2000)
        eventually(lambda: market.server.call(lambda: market.stats.slow_consumers) == 1)
        slow.channel.close()
        trader.channel.close()
        assert code_of(lambda: list(feed)) is grpc.StatusCode.CANCELLED
        eventually(lambda: market.server.call(lambda: market.stats.connections) == 0)
    assert caplog.records == []
