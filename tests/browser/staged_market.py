"""A market for pictures: the same story each time, of which most is past when the server starts.

Its past is a journal that is written here; the server that recovers it tells what comes after.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from orderbook import Exchange, Instrument, OrderBookError, OrderType, Side
from orderbook_server.journal.instruments import as_plain
from orderbook_server.journal.layout import journal_folder, make_folders

from ..journal import plain_journal

INSTRUMENTS = (
    Instrument("BTC-USD", "BTC", "USD", tick_size="0.5", lot_size="0.001"),
    Instrument("ETH-USD", "ETH", "USD", tick_size="0.05", lot_size="0.01"),
)
BUYER, SELLER, TAKER, READER = 1, 2, 3, 7  # accounts
FUNDS = dict.fromkeys((BUYER, SELLER, TAKER), (10**14, 10**14)) | {READER: (12_500, 4 * 10**8)}  # base, quote
SECONDS = 150  # of the past
STEPS = 20  # in a second
RESTING = 520  # orders of each side, of the two accounts that make the market

Submit = Callable[[int, int, Side, OrderType, int, int], object]
Cancel = Callable[[int, int], object]


class Story:
    """What happens in BTC-USD, step by step. submit, cancel: carry it out, and raise OrderBookError."""

    def __init__(self, submit: Submit, cancel: Cancel) -> None:
        self.submit, self.cancel = submit, cancel
        self._random = Random(20)
        self._steps = 0
        self._next_id = 1
        self._middle = 128_400.0  # in ticks
        self._resting: dict[Side, deque[int]] = {Side.BID: deque(), Side.ASK: deque()}

    def step(self) -> None:
        """Let a twentieth of a second pass."""
        random = self._random
        self._steps += 1
        wave = math.sin(self._steps / 260) + 0.6 * math.sin(self._steps / 91)
        self._middle += random.gauss(0.09 * wave, 0.7)
        for side, account_id in ((Side.BID, BUYER), (Side.ASK, SELLER)):
            for _ in range(random.choice((1, 2, 2, 3))):
                self._rest(side, account_id)
        if random.random() < 0.28:
            self._take(Side.BID if random.random() < 0.5 + 0.18 * wave else Side.ASK)

    def _rest(self, side: Side, account_id: int) -> None:
        """Add an order near the middle, and take away the oldest where there are enough."""
        distance = 1 + self._random.expovariate(1 / 14)
        price = round(self._middle - distance if side is Side.BID else self._middle + distance)
        resting = self._resting[side]
        resting.append(self._order(account_id, side, OrderType.LIMIT, price, self._quantity(220)))
        if len(resting) > RESTING:
            with suppress(OrderBookError):  # it was filled
                self.cancel(account_id, resting.popleft())

    def _take(self, side: Side) -> None:
        """Trade with what is there, a few ticks deep."""
        price = round(self._middle + (4 if side is Side.BID else -4))
        self._order(TAKER, side, OrderType.IOC, price, self._quantity(260))

    def _quantity(self, usual: int) -> int:
        return max(1, round(usual * self._random.lognormvariate(0, 0.9)))

    def _order(self, account_id: int, side: Side, kind: OrderType, price: int, quantity: int) -> int:
        self._next_id += 1
        with suppress(OrderBookError):
            self.submit(account_id, self._next_id, side, kind, price, quantity)
        return self._next_id


def write_past(data_dir: Path) -> Story:
    """Write the journal of the past into a data directory; return the story, to be told on by who has the exchange."""
    exchange, records = Exchange(INSTRUMENTS), []
    symbol = INSTRUMENTS[0].symbol
    for account_id, (base, quote) in FUNDS.items():
        exchange.market(symbol).credit_account(account_id, base, quote)
        records.append(plain_journal.command(plain_journal.CREDIT, account_id=account_id, price=base, quantity=quote))

    def submit(account_id: int, order_id: int, side: Side, kind: OrderType, price: int, quantity: int) -> None:
        exchange.submit(symbol, account_id, order_id, side, kind, price, quantity)
        fields = {"account_id": account_id, "order_id": order_id, "price": price, "quantity": quantity}
        records.append(plain_journal.command(plain_journal.NEW, **fields, side=int(side), order_type=int(kind)))

    def cancel(account_id: int, order_id: int) -> None:
        exchange.cancel_order(symbol, account_id, order_id)
        records.append(plain_journal.command(plain_journal.CANCEL, account_id=account_id, order_id=order_id))

    story = Story(submit, cancel)
    make_folders(data_dir)
    journal = plain_journal.PlainJournal(journal_folder(data_dir))
    journal.begin()
    journal.append(plain_journal.instruments(as_plain(INSTRUMENTS)))
    begin = time.time_ns() - SECONDS * 10**9
    for step in range(SECONDS * STEPS):
        story.step()
        journal.append(plain_journal.source(time=begin + step * 10**9 // STEPS), *records)
        records.clear()
    journal.seal()
    return story
