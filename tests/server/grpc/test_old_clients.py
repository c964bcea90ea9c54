"""Clients that were built for the first version of the interface: they know its fields and calls, and no others."""

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from orderbook import Instrument, SelfTradePrevention
from orderbook_wire.v1 import orderbook_pb2 as wire

from .client import TWO_MARKETS, serving

CALLS = ("NewOrder", "ModifyOrder", "CancelOrder", "Snapshot", "CreditAccount", "GetBalance", "StreamEvents")
MESSAGES = {
    *(f"{call}{end}" for call in CALLS for end in ("Request", "Response") if call != "StreamEvents"),
    *("StreamEventsRequest", "EngineEvent", "CommandStatus", "BookLevel", "BookOrder", "RestingOrder", "BookAdded"),
    *("BookUpdated", "BookRemoved", "Fill", "BookEvent", "TradeEvent", "RejectionEvent", "AccountBalance"),
}
ENUMS = {"Side", "OrderType", "BookRemoveReason", "RejectionReason"}


def first_version():
    """Return the service as it was: without what came later, whose fields have numbers from 16 up."""
    file = FileDescriptorProto()
    wire.DESCRIPTOR.CopyToProto(file)
    for kept, things in ((MESSAGES, file.message_type), (ENUMS, file.enum_type), (set(CALLS), file.service[0].method)):
        for thing in list(things):
            if thing.name not in kept:
                things.remove(thing)
    for message in file.message_type:
        for field in [field for field in message.field if field.number >= 16]:
            message.field.remove(field)
        used = {field.oneof_index for field in message.field if field.HasField("oneof_index")}
        for index in reversed(range(len(message.oneof_decl))):
            if index not in used:
                del message.oneof_decl[index]
    pool = DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName("orderbook.v1.OrderBookService")


SERVICE = first_version()


class OldClient:
    """Calls an RPC by name, and returns a message of the first version."""

    def __init__(self, market):
        self.channel = market.client.channel

    def __getattr__(self, name):
        method = SERVICE.methods_by_name[name]
        request_class = GetMessageClass(method.input_type)
        make = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        call = make(
            f"/{SERVICE.full_name}/{name}",
            request_class.SerializeToString,
            GetMessageClass(method.output_type).FromString,
        )
        return lambda **fields: call(request_class(**fields), timeout=10)


@pytest.fixture
def old(two_markets):
    return OldClient(two_markets)


def test_the_first_version_knows_nothing_of_what_came_later():
    fields = GetMessageClass(SERVICE.methods_by_name["NewOrder"].input_type).DESCRIPTOR.fields_by_name
    assert list(fields) == ["order_id", "side", "price", "quantity", "order_type", "account_id"]
    assert len(SERVICE.methods) == 7


def test_orders_concern_the_first_instrument(two_markets, old):
    rests = old.NewOrder(order_id=1, side=1, price=100, quantity=5, order_type=2, account_id=1)
    assert (rests.status.ok, rests.resting.order_id, rests.resting.quantity) == (True, 1, 5)
    trades = old.NewOrder(order_id=2, side=2, quantity=3, order_type=1, account_id=2)
    assert [(fill.maker_id, fill.price, fill.quantity) for fill in trades.fills] == [(1, 100, 3)]
    assert not trades.HasField("resting")
    assert old.ModifyOrder(order_id=1, quantity=1, account_id=1).status.ok
    assert two_markets.client.Snapshot(symbol=TWO_MARKETS[0].symbol).bids[0].total_quantity == 1
    assert old.CancelOrder(order_id=1, account_id=1).canceled_quantity == 1
    assert old.CancelOrder(order_id=1, account_id=1).status.error_message == "unknown_order"


def test_an_order_type_that_is_left_out_is_limit(old):
    assert old.NewOrder(order_id=1, side=1, price=100, quantity=5, account_id=1).resting.price == 100


def test_a_side_that_is_left_out_is_invalid(old):
    with pytest.raises(grpc.RpcError) as error:
        old.NewOrder(order_id=1, price=100, quantity=5, account_id=1)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_the_book_and_the_balances_are_the_first_instruments(old):
    old.NewOrder(order_id=1, side=1, price=100, quantity=5, account_id=1)
    book = old.Snapshot()
    assert [(level.price, level.total_quantity, level.orders[0].order_id) for level in book.bids] == [(100, 5, 1)]
    credited = old.CreditAccount(account_id=9, base=1, quote=2)
    assert (credited.balance.available_base, credited.balance.available_quote) == (1, 2)
    assert old.GetBalance(account_id=9).balance == credited.balance
    unknown = old.GetBalance(account_id=10)
    assert (unknown.status.ok, unknown.status.error_message) == (False, "unknown_account")
    assert not unknown.HasField("balance")


def test_the_feed_begins_with_the_next_event_and_tells_a_self_trade_as_canceled():
    prevention = Instrument("A-B", "A", "B", self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    with serving(instruments=(prevention,)) as market:
        old = OldClient(market)
        old.NewOrder(order_id=1, side=1, price=100, quantity=5, account_id=1)
        feed = old.StreamEvents()
        feed.initial_metadata()
        old.NewOrder(order_id=2, side=2, price=100, quantity=5, account_id=1)
        first, second = next(feed), next(feed)
        assert (first.sequence, first.book.removed.order_id, first.book.removed.reason) == (2, 1, 2)
        assert (second.sequence, second.book.added.order_id) == (3, 2)
