"""NewOrder, ModifyOrder, CancelOrder, CancelAll: the sentences of the proto."""

import grpc
import pytest

from orderbook import Instrument
from orderbook_wire.v1 import orderbook_pb2 as wire

from .client import serving

OK = wire.CommandStatus(ok=True)


def refusal(code: str) -> wire.CommandStatus:
    return wire.CommandStatus(ok=False, error_message=code)


def test_an_order_that_rests_is_told_whole(client):
    assert client.bid(1, 100, 5) == wire.NewOrderResponse(
        status=OK, resting=wire.RestingOrder(order_id=1, side=wire.SIDE_BID, price=100, quantity=5)
    )


def test_fills_come_in_the_order_of_trading_and_a_filled_order_does_not_rest(client):
    client.ask(1, 101, 2)
    client.ask(2, 100, 3)
    client.ask(3, 101, 9)
    assert client.bid(4, 101, 7) == wire.NewOrderResponse(
        status=OK,
        fills=[
            wire.Fill(maker_id=2, price=100, quantity=3),
            wire.Fill(maker_id=1, price=101, quantity=2),
            wire.Fill(maker_id=3, price=101, quantity=2),
        ],
    )
    assert not client.bid(5, 101, 7).HasField("resting")


@pytest.mark.parametrize(
    ("order_type", "price", "fills", "rests", "unfilled"),
    [
        (wire.ORDER_TYPE_MARKET, None, 2, 0, 3),
        (wire.ORDER_TYPE_MARKET, 1, 2, 0, 3),  # its price is ignored
        (wire.ORDER_TYPE_LIMIT, 100, 2, 3, 0),
        (wire.ORDER_TYPE_UNSPECIFIED, 100, 2, 3, 0),
        (77, 100, 2, 3, 0),
        (wire.ORDER_TYPE_IMMEDIATE_OR_CANCEL, 100, 2, 0, 3),
        (wire.ORDER_TYPE_FILL_OR_KILL, 100, 0, 0, 5),
        (wire.ORDER_TYPE_POST_ONLY, 99, 0, 5, 0),
    ],
)
def test_order_types(client, order_type, price, fills, rests, unfilled):
    client.ask(1, 100, 2)
    fields = {} if price is None else {"price": price}
    response = client.NewOrder(
        order_id=2, side=wire.SIDE_BID, quantity=5, order_type=order_type, account_id=1, **fields
    )
    assert response.status == OK
    assert sum(fill.quantity for fill in response.fills) == fills
    assert (response.resting.quantity, response.unfilled_quantity) == (rests, unfilled)


def test_a_limit_order_without_a_price_is_refused_and_price_0_is_a_price(client):
    without = client.NewOrder(order_id=1, side=wire.SIDE_BID, quantity=5, account_id=1)
    assert without == wire.NewOrderResponse(status=refusal("missing_price"))
    assert client.bid(1, 0, 5).resting == wire.RestingOrder(order_id=1, side=wire.SIDE_BID, price=0, quantity=5)


STRICT = Instrument(
    "A-B", "A", "B", reference_price=100, price_band=50, quantity_max=1000, notional_max=100_000, open_orders_max=3
)


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("duplicate_order", {"order_id": 1}),
        ("invalid_quantity", {"quantity": 0}),
        ("crossed_order", {"order_type": wire.ORDER_TYPE_POST_ONLY, "price": 110}),
        ("unknown_account", {"account_id": 99}),
        ("insufficient_base", {"side": wire.SIDE_ASK, "account_id": 3}),
        ("insufficient_quote", {"account_id": 3}),
        ("numeric_overflow", {"price": 2**63, "quantity": 2}),
        ("price_out_of_band", {"price": 151}),
        ("quantity_too_large", {"quantity": 1001}),
        ("notional_too_large", {"price": 101, "quantity": 1000}),
        ("unknown_symbol", {"symbol": "A-C"}),
    ],
)
def test_refusals_are_normal_responses_and_change_nothing(code, order):
    with serving(instruments=(STRICT,)) as market:
        market.client.bid(1, 90, 1)
        market.client.ask(2, 105, 1)
        market.client.CreditAccount(account_id=3)
        before = market.state_hash()
        default = {"order_id": 9, "side": wire.SIDE_BID, "price": 90, "quantity": 1, "account_id": 1}
        assert market.client.NewOrder(**default | order) == wire.NewOrderResponse(status=refusal(code))
        assert market.state_hash() == before


def test_too_many_orders_and_a_halt_are_refusals():
    with serving(instruments=(STRICT,)) as market:
        for order_id in (1, 2, 3):
            market.client.bid(order_id, 90, 1)
        assert market.client.bid(4, 90, 1).status == refusal("too_many_orders")
        market.server.call(market.sequencer.exchange.halt, "A-B")
        assert market.client.bid(4, 90, 1).status == refusal("halted")
        assert market.client.ListInstruments().instruments[0].halted


@pytest.mark.parametrize("side", [wire.SIDE_UNSPECIFIED, 3, 77])
def test_an_order_without_a_side_is_no_command(market, side):
    before = market.state_hash()
    with pytest.raises(grpc.RpcError) as error:
        market.client.NewOrder(order_id=1, side=side, price=1, quantity=1, account_id=1)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert market.state_hash() == before


def test_bytes_that_are_no_message_are_no_command(client):
    call = client.channel.unary_unary("/orderbook.v1.OrderBookService/NewOrder")
    with pytest.raises(grpc.RpcError) as error:
        call(b"\xff\xff\xff", timeout=5)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_modify_without_a_price_keeps_it(client):
    client.bid(1, 100, 5)
    client.bid(2, 100, 5)
    assert client.ModifyOrder(order_id=1, quantity=3, account_id=1) == wire.ModifyOrderResponse(
        status=OK, resting=wire.RestingOrder(order_id=1, side=wire.SIDE_BID, price=100, quantity=3)
    )
    assert [order.order_id for order in client.Snapshot().bids[0].orders] == [1, 2]
    client.ModifyOrder(order_id=1, quantity=4, account_id=1)
    assert [order.order_id for order in client.Snapshot().bids[0].orders] == [2, 1]


def test_a_modify_at_a_new_price_may_trade(client):
    client.bid(1, 100, 5)
    client.ask(2, 110, 3)
    assert client.ModifyOrder(order_id=1, quantity=4, account_id=1, price=110) == wire.ModifyOrderResponse(
        status=OK,
        fills=[wire.Fill(maker_id=2, price=110, quantity=3)],
        resting=wire.RestingOrder(order_id=1, side=wire.SIDE_BID, price=110, quantity=1),
    )


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("unknown_order", {"order_id": 9}),
        ("account_mismatch", {"account_id": 2}),
        ("invalid_quantity", {"quantity": 0}),
        ("insufficient_quote", {"quantity": 10**12}),
        ("unknown_symbol", {"symbol": "X"}),
    ],
)
def test_a_modify_is_refused(market, code, change):
    market.client.bid(1, 100, 5)
    before = market.state_hash()
    response = market.client.ModifyOrder(**{"order_id": 1, "quantity": 1, "account_id": 1} | change)
    assert response == wire.ModifyOrderResponse(status=refusal(code))
    assert market.state_hash() == before


def test_cancel_returns_what_was_open(client):
    client.bid(1, 100, 5)
    client.ask(2, 100, 2)
    assert client.CancelOrder(order_id=1, account_id=1) == wire.CancelOrderResponse(status=OK, canceled_quantity=3)
    again = client.CancelOrder(order_id=1, account_id=1)
    assert again == wire.CancelOrderResponse(status=refusal("unknown_order"))


def test_a_cancel_is_refused(market):
    market.client.bid(1, 100, 5)
    before = market.state_hash()
    assert market.client.CancelOrder(order_id=1, account_id=2).status == refusal("account_mismatch")
    assert market.client.CancelOrder(order_id=1, account_id=1, symbol="X").status == refusal("unknown_symbol")
    assert market.state_hash() == before


def test_cancel_all_is_of_one_account_in_one_instrument(two_markets):
    client = two_markets.client
    client.bid(1, 100, 5)
    client.bid(2, 101, 5)
    client.bid(3, 100, 5, account_id=2)
    client.bid(1, 100, 5, symbol="ETH-USD")
    assert client.CancelAll(account_id=1) == wire.CancelAllResponse(status=OK, canceled_count=2)
    assert [order.order_id for order in client.ListOpenOrders(account_id=2).orders] == [3]
    assert [order.order_id for order in client.ListOpenOrders(account_id=1, symbol="ETH-USD").orders] == [1]
    assert client.CancelAll(account_id=9) == wire.CancelAllResponse(status=refusal("unknown_account"))
    assert client.CancelAll(account_id=1, symbol="X") == wire.CancelAllResponse(status=refusal("unknown_symbol"))
