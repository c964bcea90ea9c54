"""A client as there were before this server: `python first_client.py STUBS ADDRESS PID CHAPTER`; its report is JSON.

It knows the contract's table alone (first_version.proto), generated into the folder STUBS, and nothing of this project;
of the server it knows the address, and its process, to make it slow.
What it saw is printed; what it should have seen, the test knows.
"""

import json
import os
import queue
import random
import signal
import sys
import threading

sys.path.insert(0, sys.argv[1])

import first_version_pb2 as pb
import first_version_pb2_grpc as service
import grpc
from google.protobuf.unknown_fields import UnknownFieldSet

SERVER_PID = int(sys.argv[3])
SECONDS = 20  # that anything may take that should come at once
TOP = 2**64 - 1
BID, ASK = pb.SIDE_BID, pb.SIDE_ASK
MARKET, LIMIT, POST_ONLY = pb.ORDER_TYPE_MARKET, pb.ORDER_TYPE_LIMIT, pb.ORDER_TYPE_POST_ONLY
IOC, FOK = pb.ORDER_TYPE_IMMEDIATE_OR_CANCEL, pb.ORDER_TYPE_FILL_OR_KILL


class Exchange:
    """The seven calls."""

    def __init__(self, address):
        self.stub = service.OrderBookServiceStub(grpc.insecure_channel(address))

    def new(self, account_id, order_id, side, order_type, price, quantity, timeout=SECONDS):
        request = pb.NewOrderRequest(
            account_id=account_id, order_id=order_id, side=side, order_type=order_type, price=price, quantity=quantity
        )
        return self.stub.NewOrder(request, timeout=timeout)

    def modify(self, account_id, order_id, quantity):
        request = pb.ModifyOrderRequest(account_id=account_id, order_id=order_id, quantity=quantity)
        return self.stub.ModifyOrder(request, timeout=SECONDS)

    def cancel(self, account_id, order_id):
        return self.stub.CancelOrder(pb.CancelOrderRequest(account_id=account_id, order_id=order_id), timeout=SECONDS)

    def credit(self, account_id, base, quote):
        request = pb.CreditAccountRequest(account_id=account_id, base=base, quote=quote)
        return self.stub.CreditAccount(request, timeout=SECONDS)

    def balance(self, account_id):
        return self.stub.GetBalance(pb.GetBalanceRequest(account_id=account_id), timeout=SECONDS)

    def snapshot(self):
        return self.stub.Snapshot(pb.SnapshotRequest(), timeout=SECONDS)

    def stream(self, timeout=None):
        return self.stub.StreamEvents(pb.StreamEventsRequest(), timeout=timeout)


class Feed:
    """Events, read by a thread of its own. There when events come: nothing tells of the beginning but the first one."""

    def __init__(self, exchange):
        self._exchange = exchange
        self._events = queue.Queue()
        self._call = exchange.stream()
        threading.Thread(target=self._read, daemon=True).start()
        knocks = 0
        while self._events.empty():
            knocks += 1
            assert knocks < 1_000, "no event ever came"
            self._knock()
            threading.Event().wait(0.02)
        self.drain()

    def _read(self):
        try:
            for event in self._call:
                self._events.put(event)
        except grpc.RpcError as error:
            self._events.put(error)

    def _knock(self):
        """Do what makes an event and nothing else."""
        self._exchange.new(1, TOP, BID, LIMIT, 1, 0)

    def drain(self):
        """Return the events until now: those before one more knock, which is the last."""
        self._exchange.new(1, TOP - 1, BID, LIMIT, 1, 0)
        events = []
        while not events or events[-1].rejection.order_id != TOP - 1:
            event = self._events.get(timeout=SECONDS)
            if isinstance(event, grpc.RpcError):
                raise event
            events.append(event)
        return events

    def close(self):
        self._call.cancel()


def levels(snapshot):
    """Return a book as plain lists: per level the price, and the orders as they queue; totals must be their sums."""

    def side(its_side, book):
        for level in book:
            assert level.side == its_side
            assert all((order.side, order.price) == (its_side, level.price) for order in level.orders)
            assert level.total_quantity == sum(order.quantity for order in level.orders)
        return [[level.price, [[order.order_id, order.quantity] for order in level.orders]] for level in book]

    assert snapshot.status.ok
    return [side(BID, snapshot.bids), side(ASK, snapshot.asks)]


class Book:
    """A book that begins with a snapshot and lives on events."""

    def __init__(self, snapshot):
        self.sides = {}
        for side, book in zip((BID, ASK), levels(snapshot), strict=True):
            self.sides[side] = {price: dict(orders) for price, orders in book}

    def apply(self, event):
        if event.WhichOneof("payload") != "book":
            return
        kind = event.book.WhichOneof("kind")
        change = getattr(event.book, kind)
        queue_ = self.sides[change.side].setdefault(change.price, {})
        if kind == "added" or (kind == "updated" and change.quantity > queue_[change.order_id]):
            queue_.pop(change.order_id, None)  # at the end
        if kind == "removed":
            del queue_[change.order_id]
        else:
            queue_[change.order_id] = change.quantity
        if not queue_:
            del self.sides[change.side][change.price]

    def levels(self):
        def side(book, is_reverse):
            return [
                [price, [list(order) for order in book[price].items()]] for price in sorted(book, reverse=is_reverse)
            ]

        return [side(self.sides[BID], True), side(self.sides[ASK], False)]


def plain(response):
    """Return what became of a command."""
    if not response.status.ok:
        assert response.status.error_message
        assert len(response.ListFields()) == 1  # a refusal holds its status and nothing else
        return response.status.error_message
    assert response.status.error_message == ""
    told = {}
    if isinstance(response, pb.NewOrderResponse):
        told["fills"] = [[fill.maker_id, fill.price, fill.quantity] for fill in response.fills]
        told["unfilled"] = response.unfilled_quantity
        if response.HasField("resting"):
            resting = response.resting
            told["resting"] = [resting.order_id, resting.side, resting.price, resting.quantity]
    elif isinstance(response, pb.CancelOrderResponse):
        told["canceled"] = response.canceled_quantity
    elif not isinstance(response, pb.ModifyOrderResponse):
        balance = response.balance
        told["available"] = [balance.available_base, balance.available_quote]
        told["reserved"] = [balance.reserved_base, balance.reserved_quote]
        told["account"] = balance.account_id
    return told


def status_of(call):
    """Return the name of the gRPC status that a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def accounts(exchange):
    """Credits and balances."""
    return {
        "stranger": plain(exchange.balance(77)),
        "stranger has a balance": exchange.balance(77).HasField("balance"),
        "credit": plain(exchange.credit(1, 100, 2_000)),
        "again": plain(exchange.credit(1, 1, 2)),
        "nothing": plain(exchange.credit(5, 0, 0)),
        "known by it": plain(exchange.balance(5)),
        "too much": plain(exchange.credit(2, TOP, TOP)),
        "unchanged": plain(exchange.balance(2)),
        "balance": plain(exchange.balance(1)),
    }


def order_types(exchange):
    """Every type, met and unmet."""
    exchange.credit(1, 1_000, 1_000_000)
    exchange.credit(2, 1_000, 1_000_000)
    return {
        "limit rests": plain(exchange.new(1, 1, ASK, LIMIT, 100, 5)),
        "behind it": plain(exchange.new(1, 2, ASK, LIMIT, 100, 5)),
        "post only rests": plain(exchange.new(1, 3, ASK, POST_ONLY, 101, 4)),
        "reserved": plain(exchange.balance(1)),
        "limit trades and rests": plain(exchange.new(2, 10, BID, LIMIT, 100, 12)),
        "ioc trades": plain(exchange.new(2, 11, BID, IOC, 105, 6)),
        "ioc finds nothing": plain(exchange.new(2, 12, BID, IOC, 105, 6)),
        "fok is killed": plain(exchange.new(1, 13, ASK, FOK, 100, 3)),
        "fok is filled": plain(exchange.new(1, 14, ASK, FOK, 100, 2)),
        "market finds nothing": plain(exchange.new(1, 15, ASK, MARKET, None, 2)),
        "limit again": plain(exchange.new(2, 16, BID, LIMIT, 98, 2)),
        "market trades": plain(exchange.new(1, 17, ASK, MARKET, None, 3)),
        "market with a price ignores it": plain(exchange.new(1, 18, ASK, MARKET, 10**6, 3)),
        "no type is limit": plain(exchange.new(2, 20, BID, 0, 97, 1)),
        "an unknown type is limit": plain(exchange.new(2, 21, BID, 99, 97, 1)),
        "price 0": plain(exchange.new(2, 22, BID, LIMIT, 0, 1)),
        "price 2^64-1": plain(exchange.new(1, TOP, ASK, LIMIT, TOP, 1)),
        "book": levels(exchange.snapshot()),
        "modified": plain(exchange.modify(2, 20, 3)),
        "lost its place": levels(exchange.snapshot())[0][0],
        "smaller": plain(exchange.modify(2, 21, 1)),
        "kept its place": levels(exchange.snapshot())[0][0],
        "canceled": plain(exchange.cancel(1, TOP)),
        "canceled what was modified": plain(exchange.cancel(2, 20)),
        "balances": [plain(exchange.balance(account_id)) for account_id in (1, 2)],
    }


def refusals(exchange):
    """Every refusal that an exchange without limits has."""
    exchange.credit(1, 10, 1_000)
    exchange.credit(2, 10, TOP - 2_000)
    exchange.new(1, 1, ASK, LIMIT, 100, 5)
    before = levels(exchange.snapshot()), [plain(exchange.balance(account_id)) for account_id in (1, 2)]
    codes = {
        "duplicate": plain(exchange.new(2, 1, BID, LIMIT, 10, 1)),
        "quantity 0": plain(exchange.new(2, 2, BID, LIMIT, 10, 0)),
        "no price": plain(exchange.new(2, 2, BID, LIMIT, None, 1)),
        "no price, ioc": plain(exchange.new(2, 2, BID, IOC, None, 1)),
        "no price, fok": plain(exchange.new(2, 2, BID, FOK, None, 1)),
        "no price, post only": plain(exchange.new(2, 2, BID, POST_ONLY, None, 1)),
        "crossed": plain(exchange.new(2, 2, BID, POST_ONLY, 100, 1)),
        "a stranger": plain(exchange.new(77, 2, BID, LIMIT, 10, 1)),
        "no base": plain(exchange.new(1, 2, ASK, LIMIT, 100, 6)),
        "no quote": plain(exchange.new(1, 2, BID, LIMIT, 99, 11)),
        "overflow": plain(exchange.new(2, 2, BID, LIMIT, TOP, 2)),
        "modify unknown": plain(exchange.modify(1, 9, 1)),
        "modify another's": plain(exchange.modify(2, 1, 1)),
        "modify to 0": plain(exchange.modify(1, 1, 0)),
        "modify without base": plain(exchange.modify(1, 1, 11)),
        "cancel unknown": plain(exchange.cancel(1, 9)),
        "cancel another's": plain(exchange.cancel(2, 1)),
        "credit too much": plain(exchange.credit(1, 0, TOP)),
        "no side": status_of(lambda: exchange.new(1, 2, 0, LIMIT, 10, 1)),
        "an unknown side": status_of(lambda: exchange.new(1, 2, 7, LIMIT, 10, 1)),
    }
    after = levels(exchange.snapshot()), [plain(exchange.balance(account_id)) for account_id in (1, 2)]
    return codes | {"changed nothing": before == after}


def limits(exchange):
    """The refusals of an instrument with limits and self-trade prevention, of which it knows nothing."""
    exchange.credit(1, 1_000, 10**6)
    feed = Feed(exchange)
    report = {
        "out of band": plain(exchange.new(1, 1, BID, LIMIT, 151, 1)),
        "too large": plain(exchange.new(1, 1, BID, LIMIT, 60, 21)),
        "worth too much": plain(exchange.new(1, 1, BID, LIMIT, 140, 20)),
        "first": plain(exchange.new(1, 1, ASK, LIMIT, 120, 5)),
        "second": plain(exchange.new(1, 2, BID, LIMIT, 100, 5)),
        "one too many": plain(exchange.new(1, 3, BID, LIMIT, 99, 5)),
        "with oneself": plain(exchange.new(1, 4, BID, IOC, 120, 5)),
    }
    removed = [event.book.removed for event in feed.drain() if event.book.HasField("removed")]
    return report | {"self-trade": [[order.order_id, order.quantity, order.reason] for order in removed]}


def feed(exchange):
    """Every kind of event, and a book that lives on them."""
    exchange.credit(1, 10**6, 10**9)
    exchange.credit(2, 10**6, 10**9)
    exchange.new(1, 1, BID, LIMIT, 90, 7)  # before the feed begins
    feed = Feed(exchange)
    book = Book(exchange.snapshot())
    exchange.new(1, 2, ASK, LIMIT, 100, 5)
    exchange.new(1, 2, ASK, LIMIT, 100, 5)
    exchange.new(2, 3, BID, POST_ONLY, 100, 5)
    exchange.new(2, 4, BID, FOK, 100, 6)
    exchange.new(2, 5, BID, LIMIT, None, 6)
    exchange.new(2, 6, BID, IOC, 101, 2)
    exchange.new(2, 7, BID, 0, 101, 3)
    exchange.modify(1, 1, 3)
    exchange.cancel(1, 1)
    events = feed.drain()
    for event in events:
        book.apply(event)
    kinds = [describe(event) for event in events]
    sequences = [event.sequence for event in events]

    dice = random.Random(5)
    open_ids, next_id = [], 100
    for _ in range(600):
        account_id, act = dice.choice((1, 2)), dice.random()
        if act < 0.7 or not open_ids:
            order_type = dice.choice((MARKET, LIMIT, LIMIT, LIMIT, IOC, FOK, POST_ONLY))
            price = None if order_type == MARKET else dice.randint(95, 105)
            exchange.new(account_id, next_id, dice.choice((BID, ASK)), order_type, price, dice.randint(1, 9))
            open_ids.append((account_id, next_id))
            next_id += 1
        elif act < 0.85:
            exchange.modify(*dice.choice(open_ids), dice.randint(1, 12))
        else:
            exchange.cancel(*open_ids.pop(dice.randrange(len(open_ids))))
    rest = feed.drain()
    for event in rest:
        book.apply(event)
    sequences += [event.sequence for event in rest]
    fresh = levels(exchange.snapshot())
    feed.close()
    first = sequences[0]
    return {
        "kinds": kinds,
        "gaps": sequences != list(range(first, first + len(sequences))),
        "events": len(rest),
        "levels": len(fresh[0]) + len(fresh[1]),
        "queues": max(len(orders) for side in fresh for _, orders in side),
        "the same book": book.levels() == fresh,
        "fields it does not know": sorted({field.field_number for event in rest for field in UnknownFieldSet(event)}),
    }


def describe(event):
    """Return an event as a list that begins with its kind."""
    payload = event.WhichOneof("payload")
    if payload == "trade":
        trade = event.trade
        ids = [trade.taker_order_id, trade.maker_order_id]
        return ["trade", *ids, trade.taker_side, trade.order_type, trade.price, trade.quantity]
    if payload == "rejection":
        order = event.rejection
        price = order.price if order.HasField("price") else None
        return ["rejection", order.order_id, order.side, order.order_type, price, order.quantity, order.reason]
    kind = event.book.WhichOneof("kind")
    change = getattr(event.book, kind)
    return [kind, *(value for _, value in change.ListFields())]


def deadlines(exchange):
    """Calls that come too late or end too early, and that nothing breaks of it."""
    exchange.credit(1, 100, 10_000)
    stream = exchange.stream(timeout=0.3)
    ends = status_of(lambda: list(stream))
    os.kill(SERVER_PID, signal.SIGSTOP)
    late = status_of(lambda: exchange.new(1, 1, BID, LIMIT, 10, 1, timeout=0.3))
    os.kill(SERVER_PID, signal.SIGCONT)
    exchange.balance(1)
    is_there = bool(exchange.snapshot().bids)  # it was put in order or not, and a deadline takes nothing back
    then = plain(exchange.cancel(1, 1))
    kept = plain(exchange.new(1, 2, BID, LIMIT, 10, 1))
    abandoned = exchange.stub.NewOrder.future(
        pb.NewOrderRequest(account_id=1, order_id=3, side=BID, order_type=LIMIT, price=9, quantity=1)
    )
    abandoned.cancel()
    return {
        "stream": ends,
        "order": late,
        "tells the same": is_there == (then == {"canceled": 1}),
        "goes on": kept,
        "still there": [10, [[2, 1]]] in levels(exchange.snapshot())[0],
    }


CHAPTERS = {chapter.__name__: chapter for chapter in (accounts, order_types, refusals, limits, feed, deadlines)}

if __name__ == "__main__":
    print(json.dumps(CHAPTERS[sys.argv[4]](Exchange(sys.argv[2]))))
