"""Random trading of rich accounts on a sequencer, and a client that knows the market by its messages alone."""

import json
from random import Random
from typing import Any

from orderbook import Exchange, Instrument, OrderBookError, Side
from orderbook_server.sequencer.sequencer import Sequencer

SYMBOLS = ("BTC-USD", "ETH-USD")
RICH = 10**12


def two_markets(event_capacity: int = 65536) -> Sequencer:
    """Return a sequencer of two instruments, and accounts 1 to 3 with more money than they can spend."""
    exchange = Exchange([Instrument(symbol, *symbol.split("-")) for symbol in SYMBOLS], event_capacity=event_capacity)
    sequencer = Sequencer(exchange)
    for account in (1, 2, 3):
        for instrument in range(len(SYMBOLS)):
            sequencer.credit_account(instrument, account, RICH, RICH)
    return sequencer


class Flow:
    """One random command after the other; prices lie in a range of `prices` ticks."""

    def __init__(self, sequencer: Sequencer, seed: int, prices: int) -> None:
        self.sequencer = sequencer
        self.random = Random(seed)
        self.prices = prices
        self.next_id = 1

    def step(self, instrument: int | None = None) -> None:
        """Run a command, mostly a new order; what is refused is refused."""
        random = self.random
        instrument = random.randrange(len(SYMBOLS)) if instrument is None else instrument
        account, order_id = random.randint(1, 3), random.randint(max(1, self.next_id - 400), self.next_id)
        try:
            match random.randrange(10):
                case 0 | 1:
                    self.sequencer.cancel_order(instrument, account, order_id)
                case 2:
                    self.sequencer.modify_order(instrument, account, order_id, random.randint(1, 9), self.price())
                case _:
                    side = random.choice((Side.BID, Side.ASK))
                    kind = random.choices((1, 2, 3, 4, 5), (1, 20, 2, 1, 2))[0]
                    price = None if kind == 1 else self.price(side)
                    self.next_id += 1
                    self.sequencer.submit(instrument, account, self.next_id, side, kind, price, random.randint(1, 9))
        except OrderBookError:
            pass

    def price(self, side: Side | None = None) -> int:
        """Return a price; most of those of a side do not cross."""
        middle, spread = 1_000_000, self.prices
        if side is None or self.random.random() < 0.1:
            return middle + self.random.randint(-spread, spread)
        distance = self.random.randint(-2, spread)
        return middle - distance if side is Side.BID else middle + distance


def best(sequencer: Sequencer, symbol: str, levels: int = 500) -> tuple[list[tuple[int, int, int]], ...]:
    """Return the engine's best levels, as (price, quantity, orders)."""
    return tuple(
        [tuple(level) for level in side] for side in sequencer.exchange.market(symbol).order_book.depth(levels)
    )


class Client:
    """Applies the feed's messages as docs/web.md says. It is not ready before a snapshot, and behind a gap."""

    def __init__(self) -> None:
        self.symbol = ""
        self.sequence = -1
        self.is_ready = False
        self.snapshots = self.updates = 0
        self.trades: list[tuple[int, int, int, int, bool]] = []
        self.skipped = 0
        self.bars: list[Any] = []
        self.totals: dict[str, Any] = {}
        self._sides: tuple[dict[int, tuple[int, int, int]], ...] = ({}, {})

    def take(self, text: str) -> dict[str, Any]:
        """Take a message in; return it."""
        message: dict[str, Any] = json.loads(text)
        if message["type"] == "snapshot":
            self._sides = ({}, {})
            self.symbol, self.is_ready, self.trades, self.skipped = message["symbol"], True, [], 0
            self.bars = message["bars"]
            self.snapshots += 1
        elif message["type"] == "update":
            assert message["symbol"] == self.symbol
            assert int(message["after"]) == self.sequence, "a message is missing"
            self.skipped += message["skipped_trades"]
            for bar in message["bars"]:
                if self.bars and self.bars[-1][0] == bar[0]:
                    self.bars.pop()
                self.bars.append(bar)
            self.updates += 1
        else:
            return message
        self.sequence = int(message["sequence"])
        self.totals = message["totals"]
        for side, changes in zip(self._sides, (message["bids"], message["asks"]), strict=True):
            for price, quantity, orders in changes:
                if quantity == "0":
                    del side[int(price)]
                else:
                    side[int(price)] = (int(price), int(quantity), orders)
        self.trades += [(int(s), int(t), int(p), int(q), side == "bid") for s, t, p, q, side in message["trades"]]
        return message

    def knows_bars(self, bars: list[tuple[int, ...]]) -> bool:
        """Tell whether these are the bars that the messages make."""
        return [tuple(map(int, bar)) for bar in self.bars] == bars

    def levels(self) -> tuple[list[tuple[int, int, int]], ...]:
        """Return the book, best first."""
        bids, asks = self._sides
        return [bids[price] for price in sorted(bids, reverse=True)], [asks[price] for price in sorted(asks)]
