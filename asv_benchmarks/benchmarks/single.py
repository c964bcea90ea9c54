"""One Python call per command."""

import timeit
from collections.abc import Callable
from typing import Any

from orderbook import MatchingEngine, OrderBookError, OrderType, Side

from .flows import MIXES, flow, middle

CALLS = 500_000
RESTING = 100_000
SIDES = {side.value: side for side in Side}
TYPES = {order_type.value: order_type for order_type in OrderType}

Call = tuple[Callable[..., Any], tuple[Any, ...]]


def ns_per_call(run: Callable[[], None], calls: int) -> float:
    """Return what a loop over calls costs for each, with the garbage collector off, as in timeit."""
    return timeit.timeit(run, number=1) * 1e9 / calls


def calls_of(mix: str, engine: Any) -> list[Call]:
    """Return the flow as bound methods and arguments."""
    calls: list[Call] = []
    for kind, side, order_type, flags, _, _, order_id, price, quantity, _ in flow(mix, CALLS).tolist():
        given = price if flags & 1 else None
        if kind == 1:
            calls.append((engine.submit, (order_id, SIDES[side], TYPES[order_type], given, quantity)))
        elif kind == 2:
            calls.append((engine.cancel_order, (order_id,)))
        else:
            calls.append((engine.modify_order, (order_id, quantity, given)))
    return calls


def run_all(calls: list[Call]) -> None:
    """Make all calls; a refusal is an exception, as it is for everybody."""
    for function, arguments in calls:
        try:  # noqa: SIM105 - costs nothing where nothing is raised
            function(*arguments)
        except OrderBookError:
            pass


class Nothing:
    """An engine that does nothing: what is left is the cost of the loop and of calling."""

    def submit(self, order_id: int, side: int, order_type: int, price: int | None, quantity: int) -> None:
        """Do nothing."""

    def cancel_order(self, order_id: int) -> None:
        """Do nothing."""

    def modify_order(self, order_id: int, quantity: int, price: int | None) -> None:
        """Do nothing."""


class MixedCalls:
    """500,000 commands of a mix, each one Python call, from an empty book; the loop and its results included."""

    params = MIXES
    param_names = ("mix",)
    timeout = 300

    def track_ns_per_call(self, mix: str) -> float:
        """Return the median over fresh engines."""
        return middle(lambda: self.measure(calls_of(mix, MatchingEngine())), runs=5)

    def track_ns_per_empty_call(self, mix: str) -> float:
        """Return the same for Python methods that do nothing: about what the loop itself costs."""
        return middle(lambda: self.measure(calls_of(mix, Nothing())), runs=3)

    track_ns_per_call.unit = track_ns_per_empty_call.unit = "ns"

    @staticmethod
    def measure(calls: list[Call]) -> float:
        return ns_per_call(lambda: run_all(calls), len(calls))


class RestingOrders:
    """Orders that rest over 1,000 prices a side, and cancels of them in another order than they came."""

    def setup(self) -> None:
        """Make the arguments, so that no number is made in the loop."""
        self.orders = [
            (i, Side.BID if i & 1 else Side.ASK, 10_000 + (-1 if i & 1 else 1) * (i % 1_000 + 1), 1 + i % 50)
            for i in range(RESTING)
        ]
        self.cancels = [i * 7919 % RESTING for i in range(RESTING)]

    def submit_all(self, engine: MatchingEngine) -> None:
        submit_limit = engine.submit_limit
        for order_id, side, price, quantity in self.orders:
            submit_limit(order_id, side, price, quantity)

    def cancel_all(self, engine: MatchingEngine) -> None:
        cancel_order = engine.cancel_order
        for order_id in self.cancels:
            cancel_order(order_id)

    def track_ns_per_submit_limit(self) -> float:
        """Return the median over fresh engines."""
        return middle(self.fill)

    def track_ns_per_cancel_order(self) -> float:
        """Return the median over engines that were just filled."""
        return middle(self.fill_and_cancel)

    track_ns_per_submit_limit.unit = track_ns_per_cancel_order.unit = "ns"

    def fill(self) -> float:
        engine = MatchingEngine()
        return ns_per_call(lambda: self.submit_all(engine), RESTING)

    def fill_and_cancel(self) -> float:
        engine = MatchingEngine()
        self.submit_all(engine)
        return ns_per_call(lambda: self.cancel_all(engine), RESTING)
