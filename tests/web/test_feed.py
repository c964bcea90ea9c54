"""MarketFeed: what subscribers are told adds up to the engine's book and to all trades, whatever they do."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop

from orderbook import Side, Trade, UnknownSymbol
from orderbook_server.journal.journal import Journal
from orderbook_server.market import feed as module
from orderbook_server.market.feed import MarketFeed, Subscriber
from orderbook_server.protocol import feed as messages
from orderbook_server.protocol.desk import Desk
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer
from tests.server.held_journal import HeldJournal
from tests.web.market_flow import SYMBOLS, Client, Flow, best, two_markets

SECONDS = 20


@contextmanager
def feeding(sequencer: Sequencer, journal: Any = None) -> Iterator[MarketFeed]:
    """Feed while the block lasts."""
    loop = asyncio.get_running_loop()
    release = Release(journal or Journal(), loop)
    feed = MarketFeed(Desk(sequencer), release, loop)
    try:
        yield feed
    finally:
        feed.close()
        release.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        await asyncio.wait_for(work(), SECONDS)

    uvloop.run(in_time())


async def read_up_to(subscriber: Subscriber, client: Client, sequence: int) -> None:
    """Read until the client knows what happened up to a number."""
    while client.sequence < sequence:
        client.take(await subscriber.next())


def trades_after(sequencer: Sequencer, instrument: int, sequence: int) -> list[tuple[int, int, int, int, bool]]:
    return [
        (event.sequence, event.timestamp, event.price, event.quantity, event.taker_side is Side.BID)
        for event in sequencer.exchange.events(sequence)
        if isinstance(event, Trade) and event.instrument == instrument
    ]


def test_a_snapshot_then_what_has_changed():
    async def work() -> None:
        sequencer = two_markets()
        sequencer.submit(0, 1, 1, Side.BID, 2, 100, 5)
        with feeding(sequencer) as feed:
            subscriber = Subscriber()
            feed.subscribe(subscriber, "")
            first = json.loads(await subscriber.next())
            time_ns = first.pop("time_ns")
            assert time_ns.isdigit()
            assert first == {
                "type": "snapshot",
                "symbol": "BTC-USD",
                "sequence": "1",
                "halted": False,
                "totals": {
                    "events": "1", "trades": "0", "volume": "0", "bid_levels": 1, "ask_levels": 0, "orders": 1,
                },
                "bids": [["100", "5", 1]],
                "asks": [],
                "trades": [],
                "bars": [],
            }  # fmt: skip
            sequencer.submit(0, 2, 2, Side.ASK, 2, 100, 7)
            update = json.loads(await subscriber.next())
            stamp = sequencer.exchange.events(1)[0].timestamp
            assert int(update.pop("time_ns")) >= stamp
            assert update == {
                "type": "update",
                "symbol": "BTC-USD",
                "after": "1",
                "sequence": "4",
                "halted": False,
                "totals": {
                    "events": "4", "trades": "1", "volume": "5", "bid_levels": 0, "ask_levels": 1, "orders": 1,
                },
                "bids": [["100", "0", 0]],
                "asks": [["100", "2", 1]],
                "trades": [["2", str(stamp), "100", "5", "ask"]],
                "skipped_trades": 0,
                "bars": [[stamp // 10**9, "100", "100", "100", "100", "5", 1]],
            }  # fmt: skip
            again = Subscriber()
            feed.subscribe(again, "BTC-USD")
            snapshot = json.loads(await again.next())
            assert snapshot["bars"] == update["bars"]
            assert snapshot["trades"] == update["trades"]

    run(work)


def test_who_asks_again_and_again_and_does_not_read():
    """One snapshot waits for them, that of the last instrument asked for; nobody else is told of it."""

    async def work() -> None:
        sequencer = two_markets()
        with feeding(sequencer) as feed:
            subscriber, client = Subscriber(), Client()
            for symbol in (*SYMBOLS, SYMBOLS[1], SYMBOLS[0], SYMBOLS[1]):
                feed.subscribe(subscriber, symbol)
            feed.subscribe(subscriber, SYMBOLS[0])
            for _ in range(10):
                await asyncio.sleep(0)
            assert len(subscriber._texts) == 1
            client.take(await subscriber.next())
            assert client.symbol == SYMBOLS[0]
            assert feed.lags() == [0], "they watch one of them"
            feed.subscribe(subscriber, SYMBOLS[1])
            subscriber.watch(None)
            for _ in range(10):
                await asyncio.sleep(0)
            assert not subscriber._texts

    run(work)


def test_no_such_instrument():
    async def work() -> None:
        with feeding(two_markets()) as feed, pytest.raises(UnknownSymbol):
            feed.subscribe(Subscriber(), "DOGE-USD")

    run(work)


@pytest.mark.parametrize("seed", range(4))
def test_many_come_go_and_change_over(seed):
    """Each of them has the engine's book, and the trades since their snapshot, whenever the flow stops."""

    async def work() -> None:
        sequencer = two_markets()
        flow = Flow(sequencer, seed, 30)
        watchers: dict[int, tuple[Subscriber, Client, str]] = {}
        with feeding(sequencer) as feed:
            for turn in range(60):
                for _ in range(flow.random.randint(0, 80)):
                    flow.step()
                who = flow.random.randrange(5)
                match flow.random.randrange(4):
                    case 0 if who in watchers:
                        watchers.pop(who)[0].watch(None)
                    case 1 | 2:
                        subscriber = watchers[who][0] if who in watchers else Subscriber()
                        symbol = flow.random.choice(SYMBOLS)
                        feed.subscribe(subscriber, symbol)
                        watchers[who] = (subscriber, Fresh(symbol), symbol)
                if turn % 3 == 0:
                    await asyncio.sleep(0)
                if turn % 10 == 9:
                    feed.look()
                    for subscriber, client, symbol in watchers.values():
                        instrument = SYMBOLS.index(symbol)
                        await read_up_to(subscriber, client, feed.tape.last_sequence(instrument))
                        assert client.levels() == best(sequencer, symbol)
                        assert client.knows_bars(feed.tape.bars_of(instrument))
                        if client.trades:
                            everything = trades_after(sequencer, instrument, client.trades[0][0] - 1)
                            assert client.trades == everything[-len(client.trades) :]
                            assert len(client.trades) + client.skipped == len(everything)

    run(work)


class Fresh(Client):
    """Knows nothing before the snapshot of its instrument."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._awaited = symbol

    def take(self, text: str) -> dict[str, Any]:
        message = json.loads(text)
        if self.snapshots or (message["type"] == "snapshot" and message["symbol"] == self._awaited):
            return super().take(text)
        return message


def test_more_trades_than_an_update_has_room_for():
    async def work() -> None:
        sequencer = two_markets()
        with feeding(sequencer) as feed:
            subscriber, client = Subscriber(), Client()
            feed.subscribe(subscriber, "")
            client.take(await subscriber.next())
            for order_id in range(1, 1001, 2):
                sequencer.submit(0, 1, order_id, Side.ASK, 2, 100, 1)
                sequencer.submit(0, 2, order_id + 1, Side.BID, 2, 100, 1)
            await read_up_to(subscriber, client, sequencer.exchange.last_sequence)
            assert (len(client.trades), client.skipped) == (200, 300)
            assert client.knows_bars(feed.tape.bars_of(0))
            assert client.trades == trades_after(sequencer, 0, 0)[-200:]
            assert client.totals["trades"] == client.totals["volume"] == "500"

    run(work)


def test_who_does_not_read_gets_a_snapshot_instead():
    async def work() -> None:
        sequencer = two_markets()
        flow = Flow(sequencer, 1, 30)
        with feeding(sequencer) as feed:
            slow, quick = Subscriber(), Subscriber()
            clients = Client(), Client()
            for subscriber in (slow, quick):
                feed.subscribe(subscriber, "")
            for _ in range(2 * module.TEXTS_MAX):
                for _ in range(20):
                    flow.step(0)
                feed.look()
                await read_up_to(quick, clients[1], feed.tape.last_sequence(0))
            assert feed.lags()[0] != feed.lags()[1]
            await read_up_to(slow, clients[0], feed.tape.last_sequence(0))
            assert clients[0].levels() == clients[1].levels() == best(sequencer, SYMBOLS[0])
            assert (clients[0].snapshots, clients[1].snapshots) == (1, 1), "its first was dropped with the rest"
            assert clients[0].updates < clients[1].updates
            assert feed.lags() == [0, 0]

    run(work)


def test_silence_is_told(monkeypatch):
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.02)

    async def work() -> None:
        sequencer = two_markets()
        with feeding(sequencer) as feed:
            subscriber, client = Subscriber(), Client()
            feed.subscribe(subscriber, "ETH-USD")
            sequencer.submit(0, 1, 1, Side.ASK, 2, 100, 1)
            for _ in range(4):
                client.take(await subscriber.next())
            assert (client.snapshots, client.updates) == (1, 3)
            sequencer.exchange.halt("ETH-USD")
            while not client.take(await subscriber.next())["halted"]:
                pass

    run(work)


def test_much_is_told_in_few_messages():
    async def work() -> None:
        sequencer = two_markets()
        flow = Flow(sequencer, 1, 30)
        with feeding(sequencer) as feed:
            subscriber, client = Subscriber(), Client()
            feed.subscribe(subscriber, "")
            begin = asyncio.get_running_loop().time()
            for _ in range(50):  # fewer than what may wait
                flow.step(0)
                await asyncio.sleep(0.002)
            feed.look()
            await read_up_to(subscriber, client, feed.tape.last_sequence(0))
            seconds = asyncio.get_running_loop().time() - begin
            assert client.updates <= seconds * 30 + 2

    run(work)


def test_nothing_leaves_before_it_is_durable():
    async def work() -> None:
        sequencer = two_markets()
        journal = HeldJournal()
        journal.follow(sequencer)
        with feeding(sequencer, journal) as feed:
            subscriber, client = Subscriber(), Client()
            sequencer.submit(0, 1, 1, Side.BID, 2, 100, 5)
            feed.subscribe(subscriber, "")
            coming = asyncio.ensure_future(subscriber.next())
            await asyncio.sleep(0.1)
            sequencer.submit(0, 1, 2, Side.BID, 2, 101, 5)
            await asyncio.sleep(0.1)
            assert not coming.done()
            journal.keep(1)
            client.take(await coming)
            assert client.levels() == ([(100, 5, 1)], [])
            coming = asyncio.ensure_future(subscriber.next())
            await asyncio.sleep(0.1)
            assert not coming.done()
            journal.keep()
            client.take(await coming)
            assert client.levels() == ([(101, 5, 1), (100, 5, 1)], [])
        journal.close()

    run(work)


def test_two_whose_snapshots_wait_for_the_disk():
    """What the second sees, the first is told of."""

    async def work() -> None:
        sequencer = two_markets()
        journal = HeldJournal()
        journal.follow(sequencer)
        with feeding(sequencer, journal) as feed:
            both = [(Subscriber(), Client()), (Subscriber(), Client())]
            for price, (subscriber, _) in enumerate(both, 100):
                sequencer.submit(0, 1, price, Side.BID, 2, price, 5)
                feed.subscribe(subscriber, "")
                await asyncio.sleep(2 * module.UPDATE_SECONDS)
            sequencer.submit(0, 1, 1, Side.BID, 2, 90, 5)
            with journal.keeping():
                for subscriber, client in both:
                    await read_up_to(subscriber, client, 3)
                    assert client.levels() == best(sequencer, SYMBOLS[0])
        journal.close()

    run(work)


def test_who_turns_away_before_the_snapshot_is_durable_is_not_told():
    async def work() -> None:
        sequencer = two_markets()
        journal = HeldJournal()
        journal.follow(sequencer)
        with feeding(sequencer, journal) as feed:
            gone, subscriber, client = Subscriber(), Subscriber(), Client()
            sequencer.submit(0, 1, 1, Side.BID, 2, 100, 5)
            feed.subscribe(gone, "")
            gone.watch(None)
            feed.subscribe(subscriber, "")
            journal.keep()
            client.take(await subscriber.next())
            assert client.levels() == best(sequencer, SYMBOLS[0])
            assert feed.lags() == [0]
            assert not gone._texts
        journal.close()

    run(work)


def test_bars_and_trades_go_on_where_nobody_watches(monkeypatch):
    """The log is read before it drops what happened."""
    monkeypatch.setattr(module, "UNWATCHED_SECONDS", 0.001)

    async def work() -> None:
        sequencer = two_markets(event_capacity=16)
        with feeding(sequencer) as feed:
            for order_id in range(1, 101, 2):
                sequencer.submit(0, 1, order_id, Side.ASK, 2, 100, 1)
                sequencer.submit(0, 2, order_id + 1, Side.BID, 2, 100, 1)
                await asyncio.sleep(0.005)
            feed.look()
            assert len(feed.tape.trades(0)) == 50

    run(work)


def test_bars_that_are_over_are_written_once(monkeypatch):
    written = []
    monkeypatch.setattr(messages, "bar_text", lambda bar: (written.append(bar[0]), f"[{bar[0]},{bar[4]}]")[1])
    bars = [(second, 1, 9, 1, 5, 10, 2) for second in (3, 4, 7)]
    texts = messages.BarTexts()
    assert texts.rows([]) == "[]"
    assert texts.rows(bars[:1]) == "[[3,5]]"
    assert texts.rows(bars) == "[[3,5],[4,5],[7,5]]"
    last = (7, 1, 9, 1, 6, 11, 3)
    assert texts.rows([*bars[:2], last]) == "[[3,5],[4,5],[7,6]]"
    assert texts.rows([bars[1], last, (8, 1, 9, 1, 2, 1, 1)]) == "[[4,5],[7,6],[8,2]]"
    assert written == [3, 3, 4, 7, 7, 7, 8]


def test_who_subscribes_again_and_again_does_not_keep_news_from_others():
    async def work() -> None:
        sequencer = two_markets()
        with feeding(sequencer) as feed:
            watcher, client, restless = Subscriber(), Client(), Subscriber()
            feed.subscribe(watcher, "")
            client.take(await watcher.next())
            sequencer.submit(0, 1, 1, Side.BID, 2, 100, 5)
            look = feed._timer
            for _ in range(3):
                feed.subscribe(restless, "")
                assert feed._timer is look, "it was put off"
            client.take(await watcher.next())
            assert client.levels() == best(sequencer, SYMBOLS[0])

    run(work)


def test_who_reads_the_tape_or_watches_another_does_not_hurry_the_feed():
    """And what they have read of is told once, also to who comes between."""

    async def work() -> None:
        sequencer = two_markets()
        flow = Flow(sequencer, 1, 30)
        with feeding(sequencer) as feed:
            watcher, other = (Subscriber(), Client()), (Subscriber(), Fresh(SYMBOLS[1]))
            feed.subscribe(watcher[0], "")
            watcher[1].take(await watcher[0].next())
            begin = asyncio.get_running_loop().time()
            late = []
            for turn in range(50):
                for _ in range(10):
                    flow.step()
                feed.tape.advance()
                feed.subscribe(other[0], SYMBOLS[1])
                if turn % 10 == 0:
                    late.append((Subscriber(), Client()))
                    feed.subscribe(late[-1][0], "")
                await asyncio.sleep(0.002)
            feed.look()
            last = feed.tape.last_sequence(0)
            for subscriber, client in (watcher, *late):
                await read_up_to(subscriber, client, last)
                assert client.levels() == best(sequencer, SYMBOLS[0])
                everything = trades_after(sequencer, 0, client.trades[0][0] - 1)
                assert client.trades == everything[-len(client.trades) :]
            seconds = asyncio.get_running_loop().time() - begin
            assert watcher[1].updates <= seconds * 30 + 2

    run(work)


def test_many_are_told_less_often_and_nothing_piles_up(monkeypatch):
    """A look comes behind the texts of the one before, however long these take."""
    monkeypatch.setattr(module, "UPDATE_SECONDS", 0.0)

    async def work() -> None:
        sequencer = two_markets()
        flow = Flow(sequencer, 1, 30)
        with feeding(sequencer) as feed:
            watchers = [Subscriber() for _ in range(200)]
            for watcher in watchers:
                feed.subscribe(watcher, "")
                await watcher.next()
            for _ in range(1000):
                flow.step(0)
                await asyncio.sleep(0)
                assert len(feed.deliveries._calls) <= len(watchers) + 1

    run(work)


def test_who_turns_away_is_told_nothing_more():
    async def work() -> None:
        sequencer = two_markets()
        with feeding(sequencer) as feed:
            subscriber, client = Subscriber(), Client()
            feed.subscribe(subscriber, "")
            client.take(await subscriber.next())
            for order_id in range(1, 4):
                sequencer.submit(0, 1, order_id, Side.BID, 2, 100, 5)
                feed.look()
                for _ in range(4):
                    await asyncio.sleep(0)
            assert subscriber._texts
            sequencer.submit(0, 1, 4, Side.BID, 2, 100, 5)
            feed.look()  # which is under way when they turn away, and come back
            subscriber.watch(None)
            assert not subscriber._texts
            feed.subscribe(subscriber, "")
            assert client.take(await subscriber.next())["type"] == "snapshot"
            assert client.levels() == best(sequencer, SYMBOLS[0])

    run(work)
