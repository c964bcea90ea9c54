"""StreamAccountEvents: an account's own story."""

import itertools
import time

import grpc
import pytest

from orderbook import Instrument, SelfTradePrevention
from orderbook_wire.v1 import orderbook_pb2 as wire

from .client import serving

BID, ASK = wire.SIDE_BID, wire.SIDE_ASK
NEW, MODIFY, CANCEL, CANCEL_ALL = (
    wire.COMMAND_KIND_NEW,
    wire.COMMAND_KIND_MODIFY,
    wire.COMMAND_KIND_CANCEL,
    wire.COMMAND_KIND_CANCEL_ALL,
)


def story(client, account_id, count):
    """Return the first executions of an account as (order id, kind, message)."""
    events = list(itertools.islice(client.StreamAccountEvents(account_id=account_id, from_sequence=0), count))
    sequences = [event.sequence for event in events]
    assert sequences == sorted(set(sequences))
    kinds = [event.WhichOneof("kind") for event in events]
    return [(event.order_id, kind, getattr(event, kind)) for event, kind in zip(events, kinds, strict=True)]


def accepted(side, price, quantity, order_type=wire.ORDER_TYPE_LIMIT, command=NEW):
    return wire.OrderAccepted(command=command, side=side, order_type=order_type, price=price, quantity=quantity)


def test_maker_and_taker_are_told_of_a_trade(client):
    client.bid(1, 100, 5)
    client.bid(2, 100, 1)
    client.ask(3, 99, 7)
    assert story(client, 1, 4) == [
        (1, "accepted", accepted(BID, 100, 5)),
        (2, "accepted", accepted(BID, 100, 1)),
        (1, "filled", wire.OrderFilled(side=BID, liquidity=1, counter_order_id=3, price=100, quantity=5)),
        (2, "filled", wire.OrderFilled(side=BID, liquidity=1, counter_order_id=3, price=100, quantity=1)),
    ]

    def taken(maker, quantity, rest):
        return wire.OrderFilled(
            side=ASK, liquidity=2, counter_order_id=maker, price=100, quantity=quantity, open_quantity=rest
        )

    assert story(client, 2, 3) == [
        (3, "accepted", accepted(ASK, 99, 7)),
        (3, "filled", taken(1, 5, 2)),
        (3, "filled", taken(2, 1, 1)),
    ]
    assert wire.LIQUIDITY_MAKER == 1
    assert wire.LIQUIDITY_TAKER == 2


def test_a_trade_with_oneself_is_told_twice_the_makers_first(client):
    client.bid(1, 100, 5)
    client.ask(2, 100, 5, account_id=1)
    told = story(client, 1, 4)[2:]
    assert [(order_id, of.liquidity) for order_id, _, of in told] == [
        (1, wire.LIQUIDITY_MAKER),
        (2, wire.LIQUIDITY_TAKER),
    ]


def test_what_does_not_rest_is_told_as_canceled(client):
    client.ask(1, 100, 2)
    order = {"side": BID, "account_id": 1, "quantity": 5}
    client.NewOrder(order_id=2, order_type=wire.ORDER_TYPE_FILL_OR_KILL, price=100, **order)
    client.NewOrder(order_id=3, order_type=wire.ORDER_TYPE_MARKET, **order)
    unfilled = wire.CANCEL_REASON_UNFILLED
    assert story(client, 1, 5) == [
        (2, "accepted", accepted(BID, 100, 5, wire.ORDER_TYPE_FILL_OR_KILL)),
        (2, "canceled", wire.OrderCanceled(side=BID, price=100, quantity=5, reason=unfilled)),
        (3, "accepted", accepted(BID, None, 5, wire.ORDER_TYPE_MARKET)),
        (
            3,
            "filled",
            wire.OrderFilled(side=BID, liquidity=2, counter_order_id=1, price=100, quantity=2, open_quantity=3),
        ),
        (3, "canceled", wire.OrderCanceled(side=BID, quantity=3, reason=unfilled)),
    ]


def test_changes_and_cancels_are_told(client):
    client.bid(1, 100, 5)
    client.bid(2, 100, 5)
    client.ModifyOrder(order_id=1, account_id=1, quantity=3)
    client.ModifyOrder(order_id=1, account_id=1, quantity=4, price=101)
    client.CancelOrder(order_id=1, account_id=1)
    client.CancelAll(account_id=1)
    requested = wire.CANCEL_REASON_REQUESTED
    assert story(client, 1, 6)[2:] == [
        (1, "accepted", accepted(BID, 100, 3, command=MODIFY)),
        (1, "accepted", accepted(BID, 101, 4, command=MODIFY)),
        (1, "canceled", wire.OrderCanceled(side=BID, price=101, quantity=4, reason=requested)),
        (2, "canceled", wire.OrderCanceled(side=BID, price=100, quantity=5, reason=requested)),
    ]


def test_refusals_are_told_with_their_command_and_code(client):
    client.bid(1, 100, 10**9)
    client.ModifyOrder(order_id=2, account_id=1, quantity=3)
    client.CancelOrder(order_id=3, account_id=1)
    client.NewOrder(order_id=4, side=BID, quantity=1, account_id=1)
    client.bid(5, 100, 1)
    assert story(client, 1, 5) == [
        (1, "refused", wire.OrderRefused(command=NEW, error_message="insufficient_quote")),
        (2, "refused", wire.OrderRefused(command=MODIFY, error_message="unknown_order")),
        (3, "refused", wire.OrderRefused(command=CANCEL, error_message="unknown_order")),
        (4, "refused", wire.OrderRefused(command=NEW, error_message="missing_price")),
        (5, "accepted", accepted(BID, 100, 1)),
    ]


def test_a_self_trade_is_told_with_its_reason():
    instrument = Instrument("A-B", "A", "B", self_trade_prevention=SelfTradePrevention.DECREMENT)
    with serving(instruments=(instrument,)) as market:
        market.client.bid(1, 100, 5)
        market.client.ask(2, 100, 2, account_id=1)
        reason = wire.CANCEL_REASON_SELF_TRADE
        told = story(market.client, 1, 4)[2:]
        assert sorted(told, key=lambda each: each[0]) == [
            (1, "canceled", wire.OrderCanceled(side=BID, price=100, quantity=2, open_quantity=3, reason=reason)),
            (2, "canceled", wire.OrderCanceled(side=ASK, price=100, quantity=2, reason=reason)),
        ]


def test_executions_have_symbol_and_time(two_markets):
    before = time.time_ns()
    two_markets.client.bid(1, 100, 5, symbol="ETH-USD")
    event = next(two_markets.client.StreamAccountEvents(account_id=1, from_sequence=0))
    assert event.symbol == "ETH-USD"
    assert before <= event.timestamp_ns <= time.time_ns()


def test_without_a_number_it_begins_with_the_next_one_and_others_are_not_told(client):
    client.bid(1, 100, 5)
    feed = client.StreamAccountEvents(account_id=1)
    client.bid(2, 100, 5, account_id=2)
    client.bid(3, 100, 5)
    assert next(feed).order_id == 3


def test_a_feed_goes_on_behind_the_last_number_that_the_client_has(client):
    client.bid(1, 100, 5)
    client.bid(2, 100, 5, account_id=2)
    client.bid(3, 100, 5)
    first = next(client.StreamAccountEvents(account_id=1, from_sequence=0))
    again = client.StreamAccountEvents(account_id=1, from_sequence=first.sequence)
    client.bid(4, 100, 5)
    assert [event.order_id for event in itertools.islice(again, 2)] == [3, 4]


def test_many_executions_come_in_order(client):
    feed = client.StreamAccountEvents(account_id=1)
    for order_id in range(1, 301):
        client.bid(order_id, 100, 5)
    assert [event.order_id for event in itertools.islice(feed, 300)] == list(range(1, 301))


def test_executions_that_are_gone_or_lie_ahead_are_out_of_range():
    with serving(event_capacity=8) as market:
        client = market.client
        client.bid(1, 100, 5)
        for order_id in range(2, 12):
            client.bid(order_id, 100, 5, account_id=2)
        first, last = (client.ListOpenOrders(account_id=account_id).account_sequence for account_id in (1, 2))
        assert (first, last) == (1, 11)  # each account's own
        for account_id, wrong in ((1, 0), (2, 0), (1, last + 1)):
            with pytest.raises(grpc.RpcError) as error:
                next(client.StreamAccountEvents(account_id=account_id, from_sequence=wrong))
            assert error.value.code() is grpc.StatusCode.OUT_OF_RANGE
        feed = client.StreamAccountEvents(account_id=1, from_sequence=first)  # the account has none behind it
        client.bid(12, 100, 5)
        assert next(feed).order_id == 12
