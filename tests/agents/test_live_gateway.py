"""LiveGateway on real servers: the same answers as in process, and every fill once, whatever gets lost."""

import asyncio
import inspect
from contextlib import asynccontextmanager, suppress

import grpc
import pytest

from agents.errors import ServerUnavailable
from agents.gateways.gateway import perform
from agents.gateways.grpc import GrpcOrderBookClient
from agents.gateways.grpc.channel import OPTIONS
from agents.gateways.grpc.gateway import LiveGateway
from agents.gateways.in_process import InProcessGateway
from agents.gateways.order_ids import OrderIds
from agents.requests import (
    Best,
    Cancel,
    Modify,
    OwnFill,
    ReadBalance,
    ReadBest,
    ReadOrders,
    ReadTape,
    Submit,
    Tape,
)
from orderbook import (
    Exchange,
    Instrument,
    InsufficientBase,
    OrderBookError,
    OrderType,
    OrderView,
    SelfTradePrevention,
    Side,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)
from orderbook_server.config import Settings
from orderbook_server.gateways.grpc import GrpcGateway
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..server.grpc.client import SMALL_WINDOW, TWO_MARKETS, serving
from ..server.running import SECONDS, eventually, running
from .fake_server import NEVER, faking

BID, ASK = Side.BID, Side.ASK
LIMIT, MARKET, IOC, FOK, POST_ONLY = (
    OrderType.LIMIT,
    OrderType.MARKET,
    OrderType.IOC,
    OrderType.FOK,
    OrderType.POST_ONLY,
)


@asynccontextmanager
async def connected(market, account_id=1, first_id=1, symbol=None, options=()):
    """Give a gateway to a market's server; options: of the channel."""
    channel = grpc.aio.insecure_channel(market.server.address, (*OPTIONS, *options))
    async with GrpcOrderBookClient(channel, timeout_s=2) as client:
        yield LiveGateway(client, account_id, OrderIds(first_id), symbol=symbol)


def on_server(test, **options):
    """Run a coroutine function with a server's market."""
    with serving(**options) as market:
        asyncio.run(test(market))


async def answer_to(gateway, request):
    """Return what a gateway answers, or raises: as a strategy would see it."""
    try:
        answer = perform(gateway, request)
        return await answer if inspect.isawaitable(answer) else answer
    except OrderBookError as error:
        return type(error)


SCRIPT = [  # of two accounts, by turns: (account, request)
    *((account, request) for account in (1, 2) for request in (ReadOrders(), ReadTape(), ReadBest(), ReadBalance())),
    (1, Submit(BID, POST_ONLY, 100, 5)),
    (1, Submit(ASK, LIMIT, 110, 7)),
    (2, Submit(BID, POST_ONLY, 110, 1)),  # crossed
    (2, Submit(ASK, LIMIT, 100, 2)),
    (1, ReadOrders()),
    (2, Submit(BID, IOC, 110, 3)),
    (2, Submit(BID, FOK, 110, 30)),
    (2, ReadOrders()),
    (2, ReadOrders()),
    (1, ReadBest()),
    (1, Modify(1, 1)),
    (1, Modify(1, 2, 110)),  # would trade with its own ask, which goes
    (2, Submit(ASK, MARKET, None, 5)),
    (1, Cancel(77)),
    (1, Modify(77, 1)),
    (2, Submit(BID, LIMIT, 1, 0)),
    (2, Submit(BID, LIMIT, None, 1)),
    (2, Submit(ASK, LIMIT, 1, 10**7)),  # more than there is
    (1, Submit(ASK, LIMIT, 120, 1)),
    (1, Submit(BID, LIMIT, 0, 1)),
    (1, ReadTape()),
    (1, ReadOrders()),
    (1, ReadBalance()),
    (1, Cancel(3)),
    (1, ReadOrders()),
    (1, ReadBest()),
    (2, ReadOrders()),
    (2, ReadTape()),
    (2, ReadBalance()),
]
INSTRUMENT = Instrument("A-B", "A", "B", self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)


def test_it_answers_as_the_gateway_in_process_does():
    exchange = Exchange((INSTRUMENT,))
    for account_id in (1, 2):
        exchange.market("A-B").credit_account(account_id, 1_000_000, 1_000_000_000)
    local = {account: InProcessGateway(exchange, account, order_ids=OrderIds(account)) for account in (1, 2)}

    async def test(market):
        async with connected(market, 1, 1) as first, connected(market, 2, 2) as second:
            for account, request in SCRIPT:
                there = await answer_to({1: first, 2: second}[account], request)
                assert there == await answer_to(local[account], request), (account, request)
        assert market.state_hash() == exchange.state_hash()

    on_server(test, instruments=(INSTRUMENT,))
    answered = asyncio.run(last_answers(local))
    assert answered == [UnknownOrder, UnknownOrder]


async def last_answers(local):
    return [await answer_to(gateway, Cancel(1 << 40)) for gateway in local.values()]


def test_ids_that_rest_are_passed_over():
    async def test(market):
        for order_id in (5, 6, 8):
            market.client.bid(order_id, 100, 1, account_id=2)
        async with connected(market, first_id=5) as gateway:
            assert (await gateway.submit(BID, LIMIT, 99, 1)).order_id == 7
            assert (await gateway.submit(BID, LIMIT, 99, 1)).order_id == 9

    on_server(test)


def test_the_first_call_tells_no_fills_and_later_ones_each_once():
    async def test(market):
        market.client.bid(1, 100, 5)
        market.client.ask(2, 100, 1)
        async with connected(market, first_id=10) as gateway:
            assert await gateway.orders() == ((OrderView(1, BID, 100, 4),), ())
            market.client.ask(3, 100, 1)
            market.client.ask(4, 100, 3)
            fills = (OwnFill(1, BID, 100, 1, is_maker=True), OwnFill(1, BID, 100, 3, is_maker=True))
            assert await gateway.orders() == ((), fills)
            assert await gateway.orders() == ((), ())

    on_server(test)


def test_what_others_do_does_not_keep_it_waiting():
    """The account's numbers have gaps, where other accounts have theirs."""

    async def test(market):
        async with connected(market, first_id=10) as gateway:
            await gateway.orders()
            await gateway.submit(BID, LIMIT, 100, 5)
            market.client.ask(2, 100, 1)
            for order_id in range(3, 30):
                market.client.ask(order_id, 200, 1)
            async with asyncio.timeout(1):
                assert len((await gateway.orders()).fills) == 1
                assert len((await gateway.orders()).fills) == 0

    on_server(test)


def test_fills_and_tape_are_of_one_instrument():
    async def test(market):
        async with connected(market, symbol="ETH-USD", first_id=10) as gateway, connected(market) as other:
            for each in (gateway, other):
                await each.orders()
                assert await each.tape() == Tape(0, 0)
            for symbol, price in (("BTC-USD", 100), ("ETH-USD", 200), ("", 300)):
                market.client.bid(1, price, 5, symbol=symbol)
                market.client.ask(2, price, 5, symbol=symbol)
            assert (await gateway.orders()).fills == (OwnFill(1, BID, 200, 5, is_maker=True),)
            assert await gateway.tape() == Tape(5, 1000)
            assert [fill.price for fill in (await other.orders()).fills] == [100, 300]
            assert await other.tape() == Tape(10, 2000)
            assert await gateway.best() == Best(None, None)
            placed = await gateway.submit(BID, LIMIT, 50, 3)
            assert await gateway.best() == Best(50, None)
            assert (await gateway.modify(placed.order_id, 2)).resting.quantity == 2
            assert (await gateway.balance()).available_base == 1_000_005
            assert (await gateway.credit(1, 0)).available_base == 1_000_006
            assert (await other.orders()).open_orders == ()
            assert await gateway.cancel(placed.order_id) == 2

    on_server(test, instruments=TWO_MARKETS)


class Lossy:
    """A client some of whose answers get lost on the way back, when the command has been carried out."""

    def __init__(self, client, lost):
        self._client = client
        self._lost = iter(lost)

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def submit_order(self, *args, **options):
        result = await self._client.submit_order(*args, **options)
        if next(self._lost):
            raise ServerUnavailable("the answer got lost")
        return result


def test_what_happened_to_orders_whose_answers_were_lost_is_told_once():
    async def test(market):
        for order_id in range(1, 9):
            market.client.ask(order_id, 100, 5)
        async with await GrpcOrderBookClient.connect(market.server.address) as client:
            gateway = LiveGateway(Lossy(client, [True, False] * 4), 1, OrderIds(100))
            await gateway.orders()
            fills = []
            for _ in range(4):
                for _ in range(2):
                    with suppress(ServerUnavailable):
                        await gateway.submit(BID, LIMIT, 100, 4)
                fills += (await gateway.orders()).fills
            assert sum(fill.quantity for fill in fills) == 32
            assert {fill.order_id for fill in fills} == set(range(100, 108))
            assert (await gateway.balance()).available_base == 1_000_000 + 32
            assert gateway.missed_fills == 0

    on_server(test)


def test_fills_while_the_connection_was_lost_are_told_once():
    """The feed that the gateway keeps open breaks, and the exchange trades on before it can be asked again."""

    async def test(market):
        async with connected(market, first_id=10) as gateway:
            await gateway.orders()
            await gateway.tape()
            await gateway.submit(BID, LIMIT, 100, 50)
            market.client.ask(1, 100, 1)
            assert len((await gateway.orders()).fills) == 1
            assert await gateway.tape() == Tape(1, 100)
            market.server.stop()
            market.server.call(market.sequencer.submit, 0, 2, 2, ASK, LIMIT, 100, 2)
            for call in (gateway.orders, gateway.tape, gateway.best):
                with pytest.raises(ServerUnavailable):
                    await call()
            with running(lambda: GrpcGateway(market.sequencer, Settings(), market.stats), port=market.server.port):
                await back(gateway)
                assert [fill.quantity for fill in (await gateway.orders()).fills] == [2]
                assert (await gateway.orders()).fills == ()
                assert await gateway.tape() == Tape(3, 300)
                assert gateway.missed_fills == 0

    on_server(test)


async def back(gateway):
    """Wait until the server can be reached."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await gateway.best()
            except ServerUnavailable:
                await asyncio.sleep(0.01)


def test_a_call_that_is_cancelled_in_the_middle_loses_no_fill():
    async def test(market):
        async with connected(market, first_id=1 << 40) as gateway:
            await gateway.orders()
            await gateway.submit(BID, LIMIT, 100, 300)
            for order_id in range(1, 301):
                market.client.ask(order_id, 100, 1)
            told, cancelled = [], 0
            for turns in range(1, 400):
                task = asyncio.create_task(gateway.orders())
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    told += (await task).fills
                except asyncio.CancelledError:
                    cancelled += 1
                if len(told) >= 300:
                    break
            told += (await gateway.orders()).fills
            assert cancelled
            assert [fill.quantity for fill in told] == [1] * 300

    on_server(test)


def test_a_feed_that_the_server_ended_is_asked_for_again():
    """Nobody read it for so long that it was ended, and there was more to come."""

    async def test(market):
        async with connected(market, first_id=1 << 40, options=SMALL_WINDOW) as gateway:
            await gateway.orders()
            await gateway.submit(BID, LIMIT, 100, 1)
            await gateway.orders()  # the feed is open from now on
            market.server.call(fill_by_fill, market, 3000)
            await asyncio.to_thread(eventually, lambda: market.stats.slow_consumers)
            assert len((await gateway.orders()).fills) == 3000
            assert gateway.missed_fills == 0

    on_server(test, slow_consumer_seconds=0.2)


def fill_by_fill(market, count):
    """Have an order of account 1 filled in parts."""
    market.sequencer.submit(0, 1, 1, BID, LIMIT, 200, count)
    for order_id in range(2, count + 2):
        market.sequencer.submit(0, 2, order_id, ASK, LIMIT, 200, 1)


def test_fills_and_trades_that_are_held_no_longer_are_missed_and_it_says_so():
    async def test(market):
        async with connected(market, first_id=1 << 40) as gateway:
            await gateway.orders()
            await gateway.tape()
            market.server.call(fill_by_fill, market, 50)
            assert await gateway.orders() == ((), ())
            assert await gateway.tape() == Tape(0, 0, gaps=1)
            assert gateway.missed_fills == 1
            market.server.call(market.sequencer.submit, 0, 1, 1000, BID, LIMIT, 7, 1)
            market.server.call(market.sequencer.submit, 0, 2, 1001, ASK, LIMIT, 7, 1)
            assert (await gateway.orders()).fills == (OwnFill(1000, BID, 7, 1, is_maker=True),)
            assert await gateway.tape() == Tape(1, 7, gaps=1)
            assert gateway.missed_fills == 1

    on_server(test, event_capacity=16)


@pytest.mark.parametrize("forgets", [True, False])
def test_a_server_that_began_anew(forgets):
    """Told so, or not, it goes on with the new one's numbers."""

    async def test(market):
        async with connected(market, first_id=1 << 40) as gateway:
            await gateway.orders()
            await gateway.tape()
            market.server.call(fill_by_fill, market, 5)
            assert len((await gateway.orders()).fills) == 5
            await gateway.tape()
            market.server.stop()
            with serving(port=market.server.port) as anew:
                await back(gateway)
                if forgets:
                    gateway.forget()
                assert await gateway.orders() == ((), ())
                assert await gateway.tape() == Tape(5, 1000, gaps=1)
                anew.server.call(fill_by_fill, anew, 3)
                assert len((await gateway.orders()).fills) == 3
                assert await gateway.tape() == Tape(8, 1600, gaps=1)
                assert gateway.missed_fills == 1

    on_server(test)


def test_a_server_that_began_anew_and_is_further_by_now_with_another_instrument():
    """What it had done before is not told as news, and the market is its first one."""

    async def test(market):
        async with connected(market, first_id=1 << 40) as gateway:
            await gateway.orders()
            market.server.call(fill_by_fill, market, 2)
            assert len((await gateway.orders()).fills) == 2
            await gateway.tape()
            market.server.stop()
            with serving(port=market.server.port, instruments=TWO_MARKETS) as anew:
                await back(gateway)
                anew.server.call(fill_by_fill, anew, 50)
                gateway.forget()
                assert await gateway.orders() == ((), ())
                assert await gateway.tape() == Tape(0, 0, gaps=1)
                anew.server.call(fill_by_fill, anew, 3)
                assert len((await gateway.orders()).fills) == 3
                assert await gateway.tape() == Tape(3, 600, gaps=1)

    on_server(test)


def test_the_account_is_credited_and_may_be_unknown():
    async def test(market):
        async with connected(market, account_id=9) as gateway:
            with pytest.raises(UnknownAccount):
                await gateway.balance()
            assert await gateway.orders() == ((), ())
            assert (await gateway.credit(5, 1000)).available_base == 5
            assert (await gateway.balance()).available_quote == 1000
            with pytest.raises(InsufficientBase):
                await gateway.submit(ASK, LIMIT, 100, 6)
        async with connected(market, symbol="X") as gateway:
            with pytest.raises(UnknownSymbol):
                await gateway.orders()

    on_server(test)


def listed(account_sequence):
    return wire.ListOpenOrdersResponse(status=wire.CommandStatus(ok=True), account_sequence=account_sequence)


def short(*_):
    return iter([wire.AccountEvent(sequence=7, symbol="A-B", filled={"side": 1, "price": 1, "quantity": 1})])


@pytest.mark.parametrize(("feed", "problem"), [(NEVER, "did not come to 9"), (short, "ended before 9")])
def test_a_feed_that_does_not_come_to_what_was_promised_is_a_server_that_is_not_there(feed, problem):
    sequences = iter([5, 9, 9])

    async def test(address):
        async with await GrpcOrderBookClient.connect(address, timeout_s=0.3, symbol="A-B") as client:
            gateway = LiveGateway(client, 1, OrderIds(1))
            await gateway.orders()
            for _ in range(2):
                with pytest.raises(ServerUnavailable, match=problem):
                    await gateway.orders()

    with faking(ListOpenOrders=lambda *_: listed(next(sequences)), StreamAccountEvents=feed) as server:
        asyncio.run(test(server.address))
