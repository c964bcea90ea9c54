"""Credit, quote, trade, hear of your fills over gRPC: start `obctl serve`, then `python examples/grpc_client.py`."""

import argparse

import grpc
from google.protobuf.text_format import MessageToString

from orderbook_wire.v1.orderbook_pb2 import (
    ORDER_TYPE_IMMEDIATE_OR_CANCEL,
    ORDER_TYPE_POST_ONLY,
    SIDE_ASK,
    SIDE_BID,
    CancelAllRequest,
    CreditAccountRequest,
    GetBalanceRequest,
    NewOrderRequest,
    StreamAccountEventsRequest,
)
from orderbook_wire.v1.orderbook_pb2_grpc import OrderBookServiceStub

MAKER, TAKER = 1, 2  # accounts

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--address", default="127.0.0.1:50051", metavar="HOST:PORT", help="default: %(default)s")

with grpc.insecure_channel(parser.parse_args().address) as channel:
    exchange = OrderBookServiceStub(channel)
    exchange.CreditAccount(CreditAccountRequest(account_id=MAKER, base=10, quote=1000))
    exchange.CreditAccount(CreditAccountRequest(account_id=TAKER, quote=1000))

    # What happens to the maker's orders from here on. The headers say that the subscription stands.
    executions = exchange.StreamAccountEvents(StreamAccountEventsRequest(account_id=MAKER))
    executions.initial_metadata()

    quote = {"account_id": MAKER, "quantity": 5, "order_type": ORDER_TYPE_POST_ONLY}
    exchange.NewOrder(NewOrderRequest(order_id=1, side=SIDE_BID, price=99, **quote))
    exchange.NewOrder(NewOrderRequest(order_id=2, side=SIDE_ASK, price=101, **quote))

    order = {"account_id": TAKER, "side": SIDE_BID, "price": 101, "order_type": ORDER_TYPE_IMMEDIATE_OR_CANCEL}
    answer = exchange.NewOrder(NewOrderRequest(order_id=3, quantity=2, **order))
    for fill in answer.fills:
        print(f"taker: bought {fill.quantity} at {fill.price} from order {fill.maker_id}")

    # What the exchange refuses is a normal response; only what cannot be a command raises grpc.RpcError.
    answer = exchange.NewOrder(NewOrderRequest(order_id=4, quantity=1000, **order))
    print(f"taker: 1000 more? {answer.status.error_message}")

    balance = exchange.GetBalance(GetBalanceRequest(account_id=MAKER)).balance
    print("maker:", MessageToString(balance, as_one_line=True))
    exchange.CancelAll(CancelAllRequest(account_id=MAKER))

    quotes = {1, 2}
    for event in executions:
        kind = event.WhichOneof("kind")
        print(f"maker: order {event.order_id} {kind}:", MessageToString(getattr(event, kind), as_one_line=True))
        if kind == "canceled":
            quotes.remove(event.order_id)
        if not quotes:
            break
