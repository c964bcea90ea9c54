"""A replica that is kept true to real servers, through everything that comes between."""

import asyncio
import random
from contextlib import asynccontextmanager, suppress

import grpc
import pytest

from agents.errors import NotAuthenticated, ServerUnavailable
from agents.gateways.grpc import GrpcOrderBookClient
from agents.gateways.grpc.channel import OPTIONS, Endpoint, open_channel
from agents.gateways.grpc.follow import follow_book
from agents.replica import BookReplica
from agents.runner.backoff import Backoff
from orderbook import OrderBookError, OrderType, Side, UnknownSymbol
from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.grpc import GrpcGateway

from ..server.grpc.client import SMALL_WINDOW, TWO_MARKETS, serving
from ..server.running import SECONDS, eventually, running

BID, ASK, LIMIT = Side.BID, Side.ASK, OrderType.LIMIT


def trade(market, commands, seed, instrument=0):
    """Have orders submitted and cancelled, all at once where the server is: nothing is sent in between."""
    pick = random.Random(seed)

    def run():
        for order_id in range(1, commands + 1):
            with suppress(OrderBookError):
                if pick.random() < 0.3:
                    market.sequencer.cancel_order(instrument, pick.choice([1, 2]), pick.randrange(1, order_id + 1))
                else:
                    order = seed << 32 | order_id, pick.choice([BID, ASK]), LIMIT, pick.randrange(90, 110), 5
                    market.sequencer.submit(instrument, pick.choice([1, 2]), *order)

    market.server.call(run)


def book_of(market, symbol="BASE-QUOTE"):
    return market.server.call(market.sequencer.exchange.market(symbol).order_book.snapshot)


async def reached(replica, book):
    """Wait until the replica is a book."""
    async with asyncio.timeout(SECONDS):
        while not (replica.is_ready and replica.sequence >= book.sequence):
            await asyncio.sleep(0.005)
    assert replica.snapshot() == book


@asynccontextmanager
async def following(address, replica=None, on_event=None, channel_options=(), timeout_s=1.0, **options):
    """Follow a server's book while the block lasts."""
    replica = replica or BookReplica()
    channel = grpc.aio.insecure_channel(address, (*OPTIONS, *channel_options))
    async with GrpcOrderBookClient(channel, timeout_s=timeout_s, **options) as client:
        backoff = Backoff(0.01, 0.1)
        task = asyncio.create_task(follow_book(client, replica, on_event=on_event, backoff=backoff))
        try:
            yield client, replica
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class Snapshots:
    """Counts the snapshots that a client takes."""

    def __init__(self, client):
        self.count = 0
        self._snapshot = client.snapshot
        client.snapshot = self

    async def __call__(self, **options):
        self.count += 1
        return await self._snapshot(**options)


def test_a_book_is_followed_from_the_middle_of_trading():
    async def talk(market):
        trade(market, 300, seed=1)
        async with following(market.server.address) as (_, replica):
            await reached(replica, book_of(market))
            trade(market, 300, seed=2)
            await reached(replica, book_of(market))

    with serving() as market:
        asyncio.run(talk(market))


def test_one_instrument_of_two_is_followed():
    async def talk(market):
        heard = []
        async with (
            following(market.server.address) as (_, first),
            following(market.server.address, BookReplica("ETH-USD"), heard.append) as (_, second),
            following(market.server.address, symbol="ETH-USD") as (_, third),
        ):
            for seed in range(1, 5):
                trade(market, 50, seed, instrument=seed % 2)
                await reached(first, book_of(market, "BTC-USD"))
                for replica in (second, third):
                    await reached(replica, book_of(market, "ETH-USD"))
        assert {each.symbol for each in heard} == {"ETH-USD"}
        assert 0 < len(heard) < second.sequence
        assert first.depth().bids != second.depth().bids

    with serving(instruments=TWO_MARKETS) as market:
        asyncio.run(talk(market))


def test_a_slow_consumer_takes_a_new_snapshot_where_what_it_missed_is_gone():
    async def talk(market):
        async with following(market.server.address) as (client, replica):
            snapshots = Snapshots(client)
            await reached(replica, book_of(market))
            before = snapshots.count
            for seed in range(1, 4):
                trade(market, 500, seed)  # far more than is held
                await reached(replica, book_of(market))
            assert snapshots.count > before

    with serving(event_capacity=16) as market:
        asyncio.run(talk(market))


def test_a_slow_consumer_goes_on_where_it_was_if_that_can_be_had():
    """It is held up in the middle until the server has ended it; it hears every event once, and takes no snapshot."""

    async def talk(market):
        heard = []

        def hear(market_event):
            if len(heard) == 500:
                eventually(lambda: market.stats.slow_consumers)
            heard.append(market_event.event.sequence)

        options = {"on_event": hear, "channel_options": SMALL_WINDOW, "timeout_s": SECONDS}
        async with following(market.server.address, **options) as (client, replica):
            await reached(replica, book_of(market))
            snapshots = Snapshots(client)
            trade(market, 10_000, seed=1)
            await reached(replica, book_of(market))
            assert snapshots.count == 0
        assert market.stats.slow_consumers
        assert heard == list(range(1, replica.sequence + 1))

    with serving(slow_consumer_seconds=0.2) as market:
        asyncio.run(talk(market))


def test_a_connection_that_is_lost_is_taken_up_where_it_was():
    """The exchange lives on while nobody can reach it, and trades."""

    async def talk(market):
        heard = []
        async with following(market.server.address, on_event=heard.append) as (client, replica):
            await reached(replica, book_of(market))
            trade(market, 50, seed=1)
            await reached(replica, book_of(market))
            snapshots = Snapshots(client)
            market.server.stop()
            trade(market, 50, seed=2)
            with running(lambda: GrpcGateway(market.sequencer, Settings(), market.stats), port=market.server.port):
                await reached(replica, book_of(market))
                trade(market, 50, seed=3)
                await reached(replica, book_of(market))
            assert snapshots.count == 0
        assert [each.event.sequence for each in heard] == list(range(1, replica.sequence + 1))

    with serving() as market:
        asyncio.run(talk(market))


@pytest.mark.parametrize("count", [0, 20, 59, 60, 61, 500])
def test_a_server_that_began_anew_has_another_book(count):
    """Whatever number its events have come to when it is back: also the same one, and the one before."""

    async def talk(market, anew):
        async with following(market.server.address) as (_, replica):
            await reached(replica, book_of(market))
            market.server.call(rest_orders, market.sequencer, 60, 100)
            await reached(replica, book_of(market))
            market.server.stop()
            rest_orders(anew, count, price=50)
            with running(lambda: GrpcGateway(anew, Settings(), market.stats), port=market.server.port) as server:
                for more in (0, 50):
                    server.call(rest_orders, anew, more, 40)
                    book = server.call(anew.exchange.market("BASE-QUOTE").order_book.snapshot)
                    async with asyncio.timeout(SECONDS):
                        while not (replica.is_ready and replica.snapshot() == book):
                            await asyncio.sleep(0.005)

    with serving() as market, serving() as other:
        other.server.stop()
        asyncio.run(talk(market, other.sequencer))


def rest_orders(sequencer, count, price):
    """Make one event per order."""
    for order_id in range(1, count + 1):
        sequencer.submit(0, 1, price << 32 | order_id, BID, LIMIT, price, 1)


def test_who_follows_is_told_when_the_book_stands_and_why_it_does_not():
    async def talk(market):
        told = []
        channel = open_channel(Endpoint.parse(market.server.address), None)
        async with GrpcOrderBookClient(channel, timeout_s=1.0) as client:
            replica = BookReplica()

            def on_stands():
                told.append(("stands", replica.is_ready))

            def on_lost(error, delay_s):
                told.append((type(error), delay_s > 0))

            follow = follow_book(client, replica, on_stands=on_stands, on_lost=on_lost, backoff=Backoff(0.01, 0.1))
            task = asyncio.create_task(follow)
            await asyncio.to_thread(eventually, lambda: told)
            assert told == [("stands", True)]
            market.server.stop()
            await asyncio.to_thread(eventually, lambda: len(told) > 1)
            assert set(told[1:]) == {(ServerUnavailable, True)}
            with running(lambda: GrpcGateway(market.sequencer, Settings(), market.stats), port=market.server.port):
                await asyncio.to_thread(eventually, lambda: told[-1] == ("stands", True))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    with serving() as market:
        asyncio.run(talk(market))


def test_a_server_that_is_not_there_yet_is_waited_for():
    async def talk(address, market):
        replica = BookReplica()
        channel = open_channel(Endpoint.parse(address), None)
        async with GrpcOrderBookClient(channel, timeout_s=1) as client:
            task = asyncio.create_task(follow_book(client, replica, backoff=Backoff(0.01, 0.1)))
            await asyncio.sleep(0.1)
            assert not task.done()
            with serving(port=int(address.rsplit(":", 1)[1])) as market:
                trade(market, 20, seed=1)
                await reached(replica, book_of(market))
            task.cancel()

    with serving() as market:
        address = market.server.address
    asyncio.run(talk(address, market))


def test_what_trying_again_does_not_mend_is_raised():
    async def talk(market):
        for options, error in (
            ({"token": "wrong"}, NotAuthenticated),
            ({"token": "admin", "symbol": "X"}, UnknownSymbol),
        ):
            client = await GrpcOrderBookClient.connect(market.server.address, **options)
            async with client, asyncio.timeout(SECONDS):
                with pytest.raises(error):
                    await follow_book(client, BookReplica(), backoff=Backoff())

    with serving(authenticate={"admin": Access("admin", "admin")}.get) as market:
        asyncio.run(talk(market))


def test_waits_grow_while_nothing_works_and_begin_again_when_something_did():
    class Delays(Backoff):
        def __init__(self):
            super().__init__()
            self.told = []

        def next_delay_s(self):
            self.told.append(super().next_delay_s())
            return 0.0

        def reset(self):
            self.told.append("reset")
            super().reset()

    async def talk(market):
        delays, replica = Delays(), BookReplica()
        async with await GrpcOrderBookClient.connect(market.server.address, timeout_s=1) as client:
            task = asyncio.create_task(follow_book(client, replica, backoff=delays))
            await reached(replica, book_of(market))
            market.server.stop()
            async with asyncio.timeout(SECONDS):
                while len(delays.told) < 6:
                    await asyncio.sleep(0.005)
            task.cancel()
        assert delays.told[0] == "reset"
        assert delays.told[1] < delays.told[3] < delays.told[5]

    with serving() as market:
        asyncio.run(talk(market))
