"""Trade: batches of commands in both forms, and cancel-on-disconnect."""

import time

import grpc
import pytest

from orderbook import BookAdded, Rejection, errors
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..running import eventually
from . import records
from .client import Client
from .test_orders import OK, refusal

BID, ASK = wire.SIDE_BID, wire.SIDE_ASK


def bid(order_id, price, quantity, account_id=1, **fields):
    order = wire.NewOrderRequest(
        order_id=order_id, side=BID, price=price, quantity=quantity, account_id=account_id, **fields
    )
    return wire.TradeCommand(new_order=order)


def ended(conversation):
    """Return the status with which a stream ends."""
    with pytest.raises(grpc.RpcError) as error:
        next(conversation.call)
    return error.value.code()


def test_a_batch_of_very_many_messages_is_refused_whole(market):
    """It would keep all others waiting; what a message may hold of empty commands, for seconds."""
    assert len(market.client.trade().ask(commands=[wire.TradeCommand()] * 10_000).answers) == 10_000
    before = market.state_hash()
    conversation = market.client.trade()
    conversation.send(commands=[bid(1, 100, 5)] * 10_001)
    assert ended(conversation) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert market.state_hash() == before


@pytest.mark.parametrize("form", ["records", "commands"])
def test_a_batch_that_takes_long_lets_others_have_their_turn(market, form):
    """Each of these orders looks at every level, says nothing and changes nothing."""
    levels, orders = 20_000, 4_000
    book = b"".join(records.new(number, ASK, number, 1, account_id=2) for number in range(1, levels + 1))
    conversation = market.client.trade()
    assert not any(conversation.ask(records=book).result.status)
    killed = wire.ORDER_TYPE_FILL_OR_KILL
    if form == "records":
        conversation.send(records=records.new(1 << 40, BID, levels, levels + 1, order_type=killed) * orders)
    else:
        conversation.send(commands=[bid(1 << 40, levels, levels + 1, order_type=killed)] * orders)
    other = Client(market.server.address)
    number = levels
    while market.server.call(lambda: sum(market.sequencer.tallies()[0].refused.values())) < orders:
        number += 1
        assert other.bid(number, 0, 1, account_id=1).status.ok
    response = next(conversation.call)
    story = [type(event) for event in market.sequencer.exchange.events(levels)]
    last = len(story) - story[::-1].index(Rejection)
    assert BookAdded in story[story.index(Rejection) : last], "somebody had a turn in the middle of it"
    answers = response.result.status if form == "records" else response.answers
    assert len(answers) == orders


def test_messages_are_answered_each_in_its_own_kind(client):
    client.ask(9, 100, 2)
    response = client.trade().ask(
        commands=[
            bid(1, 100, 5),
            wire.TradeCommand(modify_order={"order_id": 1, "quantity": 2, "account_id": 1}),
            wire.TradeCommand(cancel_order={"order_id": 1, "account_id": 1}),
            wire.TradeCommand(cancel_all={"account_id": 1}),
            wire.TradeCommand(),
            wire.TradeCommand(new_order={"order_id": 2, "price": 1, "quantity": 1, "account_id": 1}),
            wire.TradeCommand(cancel_order={"order_id": 1, "account_id": 1, "symbol": "X"}),
        ]
    )
    resting = wire.RestingOrder(order_id=1, side=BID, price=100, quantity=3)
    fill = wire.Fill(maker_id=9, price=100, quantity=2)
    changed = wire.RestingOrder(order_id=1, side=BID, price=100, quantity=2)
    assert list(response.answers) == [
        wire.TradeAnswer(new_order=wire.NewOrderResponse(status=OK, fills=[fill], resting=resting)),
        wire.TradeAnswer(modify_order=wire.ModifyOrderResponse(status=OK, resting=changed)),
        wire.TradeAnswer(cancel_order=wire.CancelOrderResponse(status=OK, canceled_quantity=2)),
        wire.TradeAnswer(cancel_all=wire.CancelAllResponse(status=OK)),
        wire.TradeAnswer(refused=refusal("invalid_command")),
        wire.TradeAnswer(new_order=wire.NewOrderResponse(status=refusal("invalid_command"))),
        wire.TradeAnswer(cancel_order=wire.CancelOrderResponse(status=refusal("unknown_symbol"))),
    ]
    assert not response.HasField("result")


def test_records_are_answered_by_arrays(client):
    response = client.trade().ask(
        records=records.new(1, ASK, 100, 5)
        + records.new(2, BID, 101, 7)
        + records.cancel(2)
        + records.cancel(2)
        + records.new(3, BID, 1, 1, instrument=7)
        + records.credit(50, 3, 4)
    )
    assert response.result.status == bytes([0, 0, 0, errors.UnknownOrder.number, errors.InvalidCommand.number, 0])
    assert records.unfilled(response.result) == [0, 0, 2, 0, 0, 0]
    assert records.fills(response.result) == [(1, 2, 1, 100, 5)]
    assert not response.answers
    assert client.GetBalance(account_id=50).balance.available_quote == 4


def test_the_time_in_a_record_is_ignored(client):
    before = time.time_ns()
    client.trade().ask(records=records.new(1, BID, 100, 5))
    assert before <= next(client.StreamEvents(from_sequence=0)).timestamp_ns <= time.time_ns()


def test_both_forms_lead_to_the_same(market):
    market.client.trade().ask(commands=[bid(1, 100, 5), bid(2, 101, 5)])
    by_messages = market.client.Snapshot()
    market.client.CancelAll(account_id=1)
    market.client.trade().ask(records=records.new(1, BID, 100, 5) + records.new(2, BID, 101, 5))
    by_records = market.client.Snapshot()
    assert (by_messages.bids, by_messages.asks) == (by_records.bids, by_records.asks)


def test_nothing_is_a_batch_too_and_is_answered(client):
    assert client.trade().ask() == wire.TradeResponse()


def test_requests_need_not_wait_for_answers_which_come_in_order(client):
    conversation = client.trade()
    for order_id in range(1, 201):
        if order_id % 2:
            conversation.send(commands=[bid(order_id, order_id, 1)])
        else:
            conversation.send(records=records.new(order_id, BID, order_id, 1))
    answers = [next(conversation.call) for _ in range(200)]
    assert [len(answer.answers) for answer in answers] == [1, 0] * 100
    assert [answer.answers[0].new_order.resting.order_id for answer in answers[::2]] == list(range(1, 200, 2))
    conversation.finish()


def test_an_unknown_order_type_means_limit_in_messages(client):
    answer = client.trade().ask(commands=[bid(1, 100, 5, order_type=77)]).answers[0]
    assert answer.new_order.resting.quantity == 5


@pytest.mark.parametrize(
    "malformed",
    [
        {"commands": [bid(2, 100, 5)], "records": records.new(3, BID, 100, 5)},
        {"records": records.new(2, BID, 100, 5)[:-1]},
        {"records": records.new(2, BID, 100, 5) + b"\0"},
        {"commands": [bid(2, 100, 5)], "options": wire.TradeOptions()},
    ],
)
def test_a_malformed_batch_ends_the_stream_and_nothing_of_it_is_done(market, malformed):
    conversation = market.client.trade()
    conversation.ask(commands=[bid(1, 100, 5)])
    before = market.state_hash()
    conversation.send(**malformed)
    assert ended(conversation) is grpc.StatusCode.INVALID_ARGUMENT
    assert market.state_hash() == before


def test_bytes_that_are_no_request_end_the_stream(client):
    call = client.channel.stream_stream("/orderbook.v1.OrderBookService/Trade")
    with pytest.raises(grpc.RpcError) as error:
        next(call(iter([b"\xff\xff"]), timeout=5))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


CANCELING = wire.TradeOptions(cancel_on_disconnect=True)


def open_ids(client, account_id=1):
    return [order.order_id for order in client.ListOpenOrders(account_id=account_id).orders]


def trade_some(client, options):
    """Rest orders 1 to 4 through a stream, of two accounts and in both forms, and 5 not through it; cancel 3."""
    conversation = client.trade()
    conversation.ask(options=options, commands=[bid(1, 100, 5), bid(2, 100, 5, account_id=2)])
    conversation.ask(records=records.new(3, BID, 100, 5) + records.new(4, BID, 100, 5))
    client.bid(5, 100, 5)
    client.CancelOrder(order_id=3, account_id=1)
    assert open_ids(client) == [1, 4, 5]
    return conversation


def finish(conversation):
    conversation.finish()


def cancel(conversation):
    conversation.call.cancel()


def send_nonsense(conversation):
    conversation.send(records=b"nonsense")


@pytest.mark.parametrize("end", [finish, cancel, send_nonsense])
def test_orders_of_the_stream_are_cancelled_when_it_ends(client, end):
    end(trade_some(client, CANCELING))
    eventually(lambda: open_ids(client) == [5])
    assert open_ids(client, 2) == []


def test_they_are_cancelled_when_the_client_vanishes(market):
    other = Client(market.server.address)
    trade_some(other, CANCELING)
    other.channel.close()
    eventually(lambda: open_ids(market.client) == [5])


def test_they_are_cancelled_before_the_stream_has_ended(client):
    trade_some(client, CANCELING).finish()
    assert open_ids(client) == [5]


def test_they_are_cancelled_when_the_deadline_passes(client):
    conversation = client.trade(seconds=0.3)
    conversation.ask(options=CANCELING, commands=[bid(1, 100, 5)])
    assert ended(conversation) is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: open_ids(client) == [])


def test_they_are_cancelled_when_the_server_shuts_down(market):
    conversation = trade_some(market.client, CANCELING)
    market.server.stop()
    assert ended(conversation) is grpc.StatusCode.UNAVAILABLE
    orders = market.server.call(market.sequencer.exchange.open_orders, "BASE-QUOTE", 1)
    assert [order.id for order in orders] == [5]


def test_otherwise_they_stay(client):
    trade_some(client, wire.TradeOptions()).finish()
    assert open_ids(client) == [1, 4, 5]


def test_whoever_sends_without_reading_is_slowed_down_and_loses_nothing(market):
    conversation = market.client.trade(seconds=60)
    batch = (records.new(1, BID, 100, 1) + records.cancel(1)) * 2000
    count = 400
    for _ in range(count):
        conversation.send(records=batch)

    def carried_out():
        return sum(market.server.call(market.stats.batches.counts))

    def stands_still():
        before = carried_out()
        time.sleep(0.2)
        return before and carried_out() == before

    eventually(stands_still)
    assert carried_out() < count / 2
    for _ in range(count):
        assert next(conversation.call).result.status == bytes(4000)
    conversation.finish()
