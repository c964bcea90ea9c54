"""One story by three ways: REST, the messages of gRPC, and the reference engine give the same answers and books."""

from random import Random

import pytest

from orderbook import OrderBookError, OrderType, Side
from orderbook.reference import Exchange as ReferenceExchange
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc.orders import Orders
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_wire.v1 import orderbook_pb2 as wire

from .rest_app import TWO_MARKETS, rest_app

SYMBOLS = tuple(instrument.symbol for instrument in TWO_MARKETS)
SIDES = {"bid": Side.BID, "ask": Side.ASK}
EDGES = (0, 1, 2**63, 2**64 - 1)


def commands(seed, count):
    """Yield (kind, fields), most of which are accepted."""
    chance = Random(seed)
    for number in range(count):
        fields = {"symbol": chance.choice((*SYMBOLS, "")), "account_id": chance.choice((1, 1, 2, 2, 3))}
        kind = chance.choices(("submit", "modify", "cancel", "cancel_all"), (12, 4, 3, 1))[0]
        if kind != "cancel_all":
            fields["order_id"] = number if kind == "submit" and chance.random() < 0.9 else chance.randrange(number + 1)
        if kind in ("submit", "modify"):
            fields["quantity"] = chance.randrange(10) if chance.random() < 0.95 else chance.choice(EDGES)
            fields["price"] = chance.choice((None, chance.choice(EDGES), *[chance.randrange(95, 106)] * 12))
        if kind == "submit":
            fields["side"] = chance.choice(tuple(SIDES))
            order_type = chance.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT, *OrderType))
            fields["order_type"] = order_type.name.lower()
        yield kind, fields


def spelled(chance, fields):
    """Return fields as a client may write them: numbers as strings or not, what is empty there or not."""
    written = {}
    for name, value in fields.items():
        if value in (None, "") and chance.random() < 0.5:
            continue
        written[name] = str(value) if isinstance(value, int) and chance.random() < 0.5 else value
    return written


def over_rest(rest, chance, kind, fields):
    """Carry a command out over REST; return the answer in the form that all ways are compared in."""
    order_id, written = fields.get("order_id"), spelled(chance, fields)
    if kind == "submit":
        response = rest.post("/api/v1/orders", json=written)
    elif kind == "modify":
        del written["order_id"]
        response = rest.request("PATCH", f"/api/v1/orders/{order_id}", json=written)
    else:
        path = "/api/v1/orders" if kind == "cancel_all" else f"/api/v1/orders/{written.pop('order_id')}"
        response = rest.request("DELETE", path, params=written)
    answer = response.json()
    if response.status_code != 200:
        return answer["error"]["code"]
    if kind == "cancel_all":
        return answer["canceled_orders"]
    assert answer["order_id"] == str(order_id)
    if kind == "cancel":
        return int(answer["canceled"])
    resting = answer["resting"]
    return (
        [(int(fill["maker_id"]), int(fill["price"]), int(fill["quantity"])) for fill in answer["fills"]],
        resting and (*(int(resting[name]) for name in ("order_id", "price", "quantity")), resting["side"]),
        int(answer["unfilled"]),
    )


def over_rpc(orders, kind, fields):
    """Carry a command out as gRPC does."""
    fields = {name: value for name, value in fields.items() if value is not None}
    if kind == "cancel":
        orders.cancel_order(wire.CancelOrderRequest(**fields), answer := wire.CancelOrderResponse())
        return answer.canceled_quantity if answer.status.ok else answer.status.error_message
    if kind == "cancel_all":
        orders.cancel_all(wire.CancelAllRequest(**fields), answer := wire.CancelAllResponse())
        return answer.canceled_count if answer.status.ok else answer.status.error_message
    if kind == "modify":
        orders.modify_order(wire.ModifyOrderRequest(**fields), answer := wire.ModifyOrderResponse())
    else:
        words = {"side": SIDES[fields["side"]], "order_type": OrderType[fields["order_type"].upper()]}
        orders.new_order(wire.NewOrderRequest(**fields | words), answer := wire.NewOrderResponse())
    if not answer.status.ok:
        return answer.status.error_message
    resting = answer.resting if answer.HasField("resting") else None
    return (
        [(fill.maker_id, fill.price, fill.quantity) for fill in answer.fills],
        resting and (resting.order_id, resting.price, resting.quantity, Side(resting.side).name.lower()),
        answer.unfilled_quantity,
    )


def in_reference(exchange, kind, fields):
    """Carry a command out in the reference engine."""
    ids = [
        fields["symbol"] or SYMBOLS[0],
        fields["account_id"],
        *([fields["order_id"]] if "order_id" in fields else []),
    ]
    try:
        if kind == "cancel":
            return exchange.cancel_order(*ids)
        if kind == "cancel_all":
            return exchange.cancel_all(*ids)
        if kind == "modify":
            result = exchange.modify_order(*ids, fields["quantity"], fields["price"])
        else:
            words = (SIDES[fields["side"]], OrderType[fields["order_type"].upper()])
            result = exchange.submit(*ids, *words, fields["price"], fields["quantity"])
    except OrderBookError as error:
        return error.code
    resting = result.resting and (
        *list(result.resting)[:1],
        *list(result.resting)[2:],
        result.resting.side.name.lower(),
    )
    return [tuple(fill) for fill in result.fills], resting, result.unfilled


@pytest.mark.parametrize("seed", range(3))
def test_all_ways_lead_to_the_same(seed):
    with rest_app(instruments=TWO_MARKETS) as rest:
        reference = ReferenceExchange(TWO_MARKETS)
        twin = Sequencer(type(rest.exchange)(TWO_MARKETS))
        for position, symbol in enumerate(SYMBOLS):
            for account_id in (1, 2):
                reference.market(symbol).credit_account(account_id, 1_000_000, 1_000_000_000)
                twin.credit_account(position, account_id, 1_000_000, 1_000_000_000)
        orders, chance, accepted = Orders(Desk(twin)), Random(seed), 0
        for kind, fields in commands(seed, 500):
            answer = over_rest(rest, chance, kind, fields)
            assert answer == over_rpc(orders, kind, fields), (kind, fields)
            assert answer == in_reference(reference, kind, fields), (kind, fields)
            accepted += not isinstance(answer, str)
        assert 200 < accepted < 500
        assert rest.exchange.state_hash() == twin.exchange.state_hash() == reference.state_hash()
        for symbol in SYMBOLS:
            compare_books(rest, reference, symbol)


def compare_books(rest, reference, symbol):
    """Hold what REST tells of a book and its accounts against the reference."""
    market = reference.market(symbol)
    told = rest.get(f"/api/v1/depth?levels=5000&symbol={symbol}").json()
    for name, levels in zip(("bids", "asks"), market.order_book.depth(), strict=True):
        shown = [(int(level["price"]), int(level["quantity"]), level["orders"]) for level in told[name]]
        assert shown == [tuple(level) for level in levels]
    for account_id in (1, 2):
        query = f"symbol={symbol}&account_id={account_id}"
        balance = rest.get(f"/api/v1/balance?{query}").json()
        has = market.account_snapshot(account_id)
        assert [int(balance[name]) for name in has.__match_args__] == list(has)
        shown = [
            (int(order["order_id"]), SIDES[order["side"]], int(order["price"]), int(order["quantity"]))
            for order in rest.get(f"/api/v1/orders?{query}").json()["orders"]
        ]
        assert shown == [tuple(order) for order in market.open_orders(account_id)]
