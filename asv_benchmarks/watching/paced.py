"""The flow of `obctl bench server`, at so many events per second.

Commands make from none to some hundred events, so the flow is carried out once before, to know how many each makes.
"""

import select
import time
from bisect import bisect_right
from itertools import accumulate

from obctl.bench import flow
from obctl.bench.tcp import LineClient
from orderbook import Exchange
from orderbook_server.config import Settings
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.sequencer import Sequencer

TICK_SECONDS = 0.002


def event_counts() -> list[int]:
    """Return how many events there were after each line of the cycle."""
    settings = Settings()
    exchange = Exchange(settings.instruments, event_capacity=settings.event_capacity)
    session = LineSession(Sequencer(exchange, execution_capacity=settings.event_capacity), version="bench")
    session.receive(flow.credit_lines())
    counts = []
    for line in flow.lines():
        session.receive(line)
        counts.append(exchange.last_sequence)
    return counts


class PacedFlow:
    """A connection that sends the cycle. It begins with an empty book each time."""

    def __init__(self, address: str, events_per_second: int) -> None:
        self._rate = events_per_second
        self._events = event_counts()
        self._stream = memoryview(b"".join(flow.lines()))
        self._starts = list(accumulate(map(len, flow.lines()), initial=0))
        self._client = LineClient(address, exchange=True).__enter__()

    def run(self, seconds: float) -> int:
        """Send for so long, wait for all answers, and return how many there were."""
        self._client.ask(flow.cancel_all_lines())
        began = time.perf_counter()
        sent = answered = 0
        while (elapsed := time.perf_counter() - began) < seconds:
            due = self._lines_in(int(elapsed * self._rate))
            self._send(sent, due)
            sent = due
            while answered < sent and select.select([self._client.socket], [], [], 0)[0]:
                answered += self._client.receive()
            time.sleep(max(0.0, began + elapsed + TICK_SECONDS - time.perf_counter()))
        while answered < sent:
            answered += self._client.receive()
        return answered

    def _lines_in(self, events: int) -> int:
        """Return how many lines make so many events, from the beginning, over as many cycles as that takes."""
        cycles, rest = divmod(events, self._events[-1])
        return cycles * len(self._events) + bisect_right(self._events, rest)

    def _send(self, first: int, last: int) -> None:
        """Send lines from one number to another, counted over cycles."""
        while first < last:
            cycle, begin = divmod(first, len(self._events))
            end = min(last - cycle * len(self._events), len(self._events))
            self._client.socket.sendall(self._stream[self._starts[begin] : self._starts[end]])
            first = cycle * len(self._events) + end
