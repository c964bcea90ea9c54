"""What money costs: batches and single calls of RiskEngine, and exchanges with many accounts and instruments."""

import time
from collections.abc import Callable
from functools import lru_cache
from statistics import median
from typing import Any

import numpy

from orderbook import Exchange, Instrument, MatchingEngine, OrderType, RiskEngine, Side

from .flows import COMMANDS, MIXES, RUNS, flow, middle, ns_per_command
from .single import RESTING, ns_per_call

ACCOUNTS = 1_000  # the mixes come from accounts 1 … 1,000
PLENTY = 1 << 50  # of base, and eight times that of quote: nobody runs out

MANY_ACCOUNTS = 10_000
MANY_INSTRUMENTS = 100
COMMANDS_EACH = 20_000  # of the balanced mix, to every instrument the same


def funded_engine() -> RiskEngine:
    """Return an engine whose accounts can pay for everything."""
    engine = RiskEngine()
    for account in range(1, ACCOUNTS + 1):
        engine.credit_account(account, PLENTY, 8 * PLENTY)
    return engine


class Process:
    """`RiskEngine.process` with 1,000 funded accounts, on the same 2,000,000 commands as `engine.Process`."""

    params = MIXES
    param_names = ("mix",)
    timeout = 300

    def setup(self, mix: str) -> None:
        """Make the flow."""
        self.commands = flow(mix)

    def track_ns_per_command(self, mix: str) -> float:
        """Return the median over seven fresh engines."""
        return middle(lambda: ns_per_command(funded_engine(), self.commands))

    def track_ratio_to_the_matcher(self, mix: str) -> float:
        """Return the median of seven ratios, each of a run with money and one without, one after the other."""
        return middle(self.ratio)

    track_ns_per_command.unit = "ns"
    track_ratio_to_the_matcher.unit = "ratio"

    def ratio(self) -> float:
        return ns_per_command(funded_engine(), self.commands) / ns_per_command(MatchingEngine(), self.commands)


class RestingOrders:
    """One Python call per order that rests, over 1,000 prices a side, from 1,000 accounts."""

    def setup(self) -> None:
        """Make the arguments, so that no number is made in the loop."""
        limit = OrderType.LIMIT
        self.orders = [
            (i % ACCOUNTS + 1, i, Side.BID, limit, 9_999 - i % 1_000, 9)
            if i & 1
            else (i % ACCOUNTS + 1, i, Side.ASK, limit, 10_001 + i % 1_000, 9)
            for i in range(RESTING)
        ]
        self.cancels = [(i % ACCOUNTS + 1, i) for i in (j * 7919 % RESTING for j in range(RESTING))]

    def track_ns_per_submit(self) -> float:
        """Return the median over fresh engines."""
        return middle(lambda: self.ns(funded_engine(), "submit", self.orders))

    def track_ns_per_cancel_order(self) -> float:
        """Return the median over engines that were just filled."""
        return middle(self.fill_and_cancel)

    track_ns_per_submit.unit = track_ns_per_cancel_order.unit = "ns"

    @staticmethod
    def ns(engine: RiskEngine, name: str, calls: list[tuple[Any, ...]]) -> float:
        """Return what a call of a method costs."""

        def run() -> None:
            function: Callable[..., Any] = getattr(engine, name)
            for arguments in calls:
                function(*arguments)

        return ns_per_call(run, len(calls))

    def fill_and_cancel(self) -> float:
        engine = funded_engine()
        self.ns(engine, "submit", self.orders)
        return self.ns(engine, "cancel_order", self.cancels)


@lru_cache(maxsize=4)
def spread_flow(accounts: int, instruments: int) -> numpy.ndarray:
    """Return the same flow for every instrument, turn and turn about, its orders spread over the accounts."""
    commands = numpy.repeat(flow("balanced", COMMANDS_EACH), instruments)
    commands["instrument"] = numpy.tile(numpy.arange(instruments), COMMANDS_EACH)
    commands["account_id"] = (commands["order_id"] * 7919 + commands["instrument"] * 104_729) % accounts
    return commands


def open_exchange(accounts: int, instruments: int) -> Exchange:
    """Return an exchange of so many instruments quoted in one asset, every account funded in every asset."""
    exchange = Exchange([Instrument(f"A{i}-USD", f"A{i}", "USD") for i in range(instruments)])
    for account in range(accounts):
        exchange.credit(account, "USD", PLENTY)
        for i in range(instruments):
            exchange.credit(account, f"A{i}", PLENTY)
    return exchange


class Scale:
    """Many accounts and instruments over one ledger, against one of each doing the same: the books are equal."""

    params = ((1, MANY_ACCOUNTS), (1, MANY_INSTRUMENTS))
    param_names = ("accounts", "instruments")
    timeout = 300

    def track_ns_per_command(self, accounts: int, instruments: int) -> float:
        """Return the median over fresh exchanges, of 2,000,000 commands."""
        return middle(lambda: self.ns_per_command(accounts, instruments), runs=5)

    def track_ratio_to_one_by_one(self, accounts: int, instruments: int) -> float:
        """Return the median of five ratios, each of two runs one after the other."""
        return middle(lambda: self.ns_per_command(accounts, instruments) / self.ns_per_command(1, 1), runs=5)

    def track_seconds_to_build(self, accounts: int, instruments: int) -> float:
        """Return how long the exchange and its credits take, one Python call per account and asset."""

        def build() -> float:
            began = time.perf_counter()
            open_exchange(accounts, instruments)
            return time.perf_counter() - began

        return middle(build, runs=3)

    def track_bytes(self, accounts: int, instruments: int) -> float:
        """Return what the arrays of accounts and books span after the flow."""
        exchange = open_exchange(accounts, instruments)
        exchange.process(spread_flow(accounts, instruments))
        return float(exchange.memory_bytes())

    track_ns_per_command.unit = "ns"
    track_ratio_to_one_by_one.unit = "ratio"
    track_seconds_to_build.unit = "s"
    track_bytes.unit = "bytes"

    @staticmethod
    def ns_per_command(accounts: int, instruments: int) -> float:
        """Return the cost of a command; with one instrument, over as many exchanges as it takes."""
        commands = spread_flow(accounts, instruments)
        runs = COMMANDS // len(commands)
        return median(ns_per_command(open_exchange(accounts, instruments), commands) for _ in range(min(runs, RUNS)))
