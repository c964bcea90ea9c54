"""What the page's feed does for all who watch, thirty times a second at most; and what who comes is sent.

All of it is done in the loop that commands are carried out in: it is time that they may have to wait.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy

from obctl.flow import generate
from orderbook import Exchange, MatchingEngine, OrderType, Side
from orderbook.batch import COMMAND_DTYPE
from orderbook_server.market.tape import BARS, TRADES, Tape
from orderbook_server.market.window import LEVELS, Window
from orderbook_server.protocol import feed as messages
from orderbook_server.sequencer.sequencer import Sequencer

from .flows import SEED, middle
from .journals import fund

LOOKS = 1_000
BATCH = 333  # commands between two looks: 10,000 a second, thirty looks
COMMANDS = 200_000
NOW_NS = 1_800_000_000_000_000_000
PRICE = 1_000_000
CHANGED_LEVELS, TRADES_SINCE = 50, 100  # of an update: of each side, and since the one before


def us_per_call(call: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Return the median time of a call, without that of what is called before each."""
    times = []
    for _ in range(LOOKS):
        before()
        began = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - began)
    return median(times) / 1e3


class Refresh:
    """`Window.refresh` on a book of 600 levels a side, of which some have changed since the last time."""

    params = (0, 1, 50, 500)
    param_names = ("changed_levels",)

    def setup(self, changed_levels: int) -> None:
        """Fill the book: an order at each price, whose number is its distance."""
        self.engine = MatchingEngine()
        for distance in range(1, LEVELS + 101):
            self.engine.submit(distance, Side.BID, OrderType.LIMIT, PRICE - distance, 9)
            self.engine.submit(-distance % 2**32, Side.ASK, OrderType.LIMIT, PRICE + distance, 9)
        self.window = Window(self.engine.order_book)
        self.window.refresh()
        self.quantity = 9

    def track_us(self, changed_levels: int) -> float:
        """Return the time of both sides; the best bids have changed."""
        return us_per_call(self.window.refresh, lambda: self.change(changed_levels))

    def change(self, levels: int) -> None:
        """Have so many bids change."""
        self.quantity = 14 - self.quantity
        for order_id in range(1, levels + 1):
            self.engine.modify_order(order_id, self.quantity)

    track_us.unit = "us"


class Advance:
    """`Tape.advance` behind every 333 commands of the balanced mix."""

    timeout = 120

    def setup(self) -> None:
        """Make the flow."""
        self.records = bytes(generate.commands("balanced", COMMANDS, seed=SEED))

    def track_ns_per_event(self) -> float:
        """Return the median of some exchanges."""
        return middle(self.run, runs=5)

    def run(self) -> float:
        """Return nanoseconds per event."""
        sequencer = Sequencer(Exchange(event_capacity=1 << 16))
        fund(sequencer)
        tape, session = Tape(sequencer), sequencer.open_session()
        size, taken = numpy.dtype(COMMAND_DTYPE).itemsize * BATCH, 0
        for begin in range(0, len(self.records), size):
            sequencer.process(self.records[begin : begin + size], session)
            began = time.perf_counter_ns()
            tape.advance()
            taken += time.perf_counter_ns() - began
        return taken / sequencer.exchange.last_sequence

    track_ns_per_event.unit = "ns"


class Texts:
    """Texts of the feed, which are made once for all who watch."""

    def setup(self) -> None:
        """Make what they tell of."""
        totals = messages.Totals(10**9, 10**8, 10**10, 1_200, 1_200, 12_000)
        self.moment = messages.Moment("BTC-USD", 10**9, NOW_NS, False, totals)
        self.bids = [(PRICE - distance, 1_000 + distance, 7) for distance in range(1, LEVELS + 1)]
        self.asks = [(PRICE + distance, 1_000 + distance, 7) for distance in range(1, LEVELS + 1)]
        self.trades = [(10**9 + number, NOW_NS + number, PRICE, 25, number % 2 == 0) for number in range(TRADES)]
        self.bars = [
            (NOW_NS // 10**9 + number, PRICE, PRICE + 9, PRICE - 9, PRICE, 10_000, 400) for number in range(BARS)
        ]
        self.bar_texts = messages.BarTexts()

    def update(self) -> str:
        """Return the text that 10,000 events per second make, about."""
        bids, asks = self.bids[:CHANGED_LEVELS], self.asks[:CHANGED_LEVELS]
        return messages.update(self.moment, 10**9 - 333, bids, asks, self.trades[:TRADES_SINCE], 0, self.bars[-1:])

    def snapshot(self) -> str:
        """Return the longest there is."""
        bars = self.bar_texts.rows(self.bars)
        return messages.snapshot(self.moment, self.bids, self.asks, self.trades, bars)

    def track_update_us(self) -> float:
        """Return the time of an update: 50 levels of each side, 100 trades."""
        return us_per_call(self.update)

    def track_snapshot_us(self) -> float:
        """Return the time of a snapshot: 500 levels of each side, 500 trades, 3,600 bars, known but for one."""
        return us_per_call(self.snapshot)

    def track_snapshot_bytes(self) -> int:
        """Return its size."""
        return len(self.snapshot())

    track_update_us.unit = track_snapshot_us.unit = "us"
    track_snapshot_bytes.unit = "bytes"
