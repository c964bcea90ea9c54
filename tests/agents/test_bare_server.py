"""LiveGateway on a server that knows the first seven calls alone: no depth, no lists, no executions, no numbers."""

import asyncio
from contextlib import contextmanager

import grpc
import pytest

from agents.errors import ServerUnavailable
from agents.gateways.grpc import GrpcOrderBookClient
from agents.gateways.grpc.gateway import LiveGateway
from agents.gateways.order_ids import OrderIds, first_order_id
from agents.requests import Best, OwnFill, Tape
from agents.runner.clock import LiveClock
from agents.runner.drive import Driver
from agents.runner.observer import Observer
from agents.strategies import PassiveBuyer, PassiveBuyerSettings
from orderbook import OrderType, OrderView, Side, UnknownOrder

from ..server.grpc.client import serving
from .fake_server import faking

BID, ASK, LIMIT = Side.BID, Side.ASK, OrderType.LIMIT
CALLS = ("NewOrder", "ModifyOrder", "CancelOrder", "Snapshot", "CreditAccount", "GetBalance")
MINE = first_order_id(1, seconds=5)


class Bare:
    """A server of the first seven calls before a real one. lost: calls whose answers get lost on the way back."""

    def __init__(self, market):
        self.market = market
        self.lost = set()

    def forward(self, name):
        def call(request, context):
            response = self.market.client.rpc(name)(request, timeout=5)
            if name in self.lost:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the answer got lost")
            if name == "Snapshot":
                response.ClearField("sequence")
            return response

        return call


@contextmanager
def bare_server():
    with serving() as market:
        bare = Bare(market)
        with faking(**{name: bare.forward(name) for name in CALLS}) as server:
            bare.address = server.address
            yield bare


def on_bare_server(test, first_id=MINE + 1):
    """Run a coroutine function with a gateway of account 1, a client for others, and the calls that get lost."""

    async def talk(bare):
        async with await GrpcOrderBookClient.connect(bare.address) as client:
            await test(LiveGateway(client, 1, OrderIds(first_id)), bare.market.client, bare.lost)

    with bare_server() as bare:
        asyncio.run(talk(bare))


def test_best_prices_balance_and_tape():
    async def test(gateway, others, _lost):
        assert await gateway.best() == Best(None, None)
        others.bid(1, 99, 5)
        others.ask(2, 101, 5)
        assert await gateway.best() == Best(99, 101)
        assert (await gateway.balance()).reserved_quote == 99 * 5
        assert (await gateway.credit(1, 0)).available_base == 1_000_001
        assert await gateway.tape() == Tape(0, 0, gaps=1)
        assert await gateway.tape() == Tape(0, 0, gaps=2)

    on_bare_server(test)


def test_orders_of_the_last_life_are_found_by_their_ids():
    async def test(gateway, others, _lost):
        others.bid(MINE, 99, 5)
        others.bid(7, 98, 5)
        assert await gateway.orders() == ((OrderView(MINE, BID, 99, 5),), ())
        assert await gateway.cancel(MINE) == 5
        assert await gateway.orders() == ((), ())
        assert gateway.missed_fills == 0

    on_bare_server(test)


def test_another_accounts_order_in_the_own_range_is_left_alone():
    async def test(gateway, others, _lost):
        others.bid(MINE, 99, 5)
        others.NewOrder(account_id=2, order_id=MINE + 7, side=BID, price=98, quantity=5, order_type=LIMIT)
        strategy = PassiveBuyer(PassiveBuyerSettings())
        driver = Driver(strategy, gateway, LiveClock(asyncio.Event()), Observer())
        async with asyncio.timeout(5):
            await driver.take_back_all()
        assert await gateway.orders() == ((), ())
        others.CancelOrder(account_id=2, order_id=MINE + 7)
        assert await gateway.orders() == ((), ())
        order_ids = [(await gateway.submit(BID, LIMIT, 90, 5)).order_id for _ in range(7)]
        assert MINE + 7 in order_ids
        assert [order.id for order in (await gateway.orders()).open_orders] == order_ids
        assert gateway.missed_fills == 0

    on_bare_server(test)


def test_orders_that_were_sent_here_may_have_any_id():
    async def test(gateway, others, lost):
        await gateway.orders()
        others.bid(60, 100, 1)
        await gateway.submit(BID, LIMIT, 100, 5)
        lost.add("NewOrder")
        with pytest.raises(ServerUnavailable):
            await gateway.submit(BID, LIMIT, 90, 5)
        assert [order.id for order in (await gateway.orders()).open_orders] == [5, 6]

    on_bare_server(test, first_id=5)


def test_fills_are_told_once_as_maker_and_taker():
    async def test(gateway, others, _lost):
        await gateway.orders()
        others.ask(1, 100, 2)
        order_id = (await gateway.submit(BID, LIMIT, 101, 10)).order_id
        others.ask(2, 101, 1)
        rests = OrderView(order_id, BID, 101, 7)
        taken, made = OwnFill(order_id, BID, 100, 2, is_maker=False), OwnFill(order_id, BID, 101, 1, is_maker=True)
        assert await gateway.orders() == ((rests,), (taken, made))
        assert await gateway.orders() == ((rests,), ())
        others.ask(3, 101, 3)
        assert await gateway.cancel(order_id) == 4
        assert await gateway.orders() == ((), (made._replace(quantity=3),))
        order_id = (await gateway.submit(ASK, LIMIT, 200, 4)).order_id
        others.bid(4, 200, 9, account_id=2)
        with pytest.raises(UnknownOrder):
            await gateway.cancel(order_id)
        assert await gateway.orders() == ((), (OwnFill(order_id, ASK, 200, 4, is_maker=True),))
        assert gateway.missed_fills == 0

    on_bare_server(test)


@pytest.mark.parametrize("name", ["NewOrder", "CancelOrder", "ModifyOrder"])
def test_what_got_lost_may_be_missed_and_it_says_so(name):
    async def test(gateway, _others, lost):
        await gateway.orders()
        order_id = (await gateway.submit(BID, LIMIT, 100, 5)).order_id
        calls = {
            "NewOrder": lambda: gateway.submit(BID, LIMIT, 90, 5),
            "CancelOrder": lambda: gateway.cancel(order_id),
            "ModifyOrder": lambda: gateway.modify(order_id, 3),
        }
        lost.add(name)
        with pytest.raises(ServerUnavailable):
            await calls[name]()
        lost.clear()
        orders, fills = await gateway.orders()
        quantities = {"NewOrder": [5, 5], "CancelOrder": [], "ModifyOrder": [3]}
        assert [order.quantity for order in orders] == quantities[name]
        assert fills == ()  # what was taken back is not taken for traded
        assert gateway.missed_fills == 1
        await gateway.orders()
        assert gateway.missed_fills == 1

    on_bare_server(test)


def test_a_change_and_a_server_that_began_anew():
    async def test(gateway, others, _lost):
        await gateway.orders()
        order_id = (await gateway.submit(BID, LIMIT, 100, 5)).order_id
        await gateway.modify(order_id, 3)
        assert (await gateway.orders()).fills == ()
        assert gateway.missed_fills == 1
        others.CancelAll(account_id=1)
        gateway.forget()
        assert await gateway.orders() == ((), ())
        assert gateway.missed_fills == 1

    on_bare_server(test)
