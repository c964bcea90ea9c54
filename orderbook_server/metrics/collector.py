"""Figures of the exchange and the transports as Prometheus' metric families."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from orderbook.errors import BY_NUMBER
from orderbook_server.metrics.histogram import Histogram
from orderbook_server.metrics.levels import level_counts
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.sequencer import Sequencer

SIDES = ("bid", "ask")
HANDLING_BITS = range(8, 36)  # 255 ns to 34 s
BATCH_BITS = range(1, 21)  # 1 to a million commands
NANOSECONDS = 1_000_000_000
NEVER_OF_NEW = ("unknown_order", "account_mismatch")
REASONS = (  # all are told from the start, as 0: who computes rates would miss the first of each
    *(error.code for error in BY_NUMBER.values() if error.code not in NEVER_OF_NEW),
    "insufficient_liquidity",
)


class ExchangeCollector(Collector):
    """Per instrument, what the sequencer has counted since it began, and the book as it is now."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._symbols = [instrument.symbol for instrument in sequencer.exchange.instruments]

    def collect(self) -> Iterator[Metric]:
        """Yield the families; nothing is held up but by reading integers."""
        yield from self._counters()
        yield from self._books()
        last = GaugeMetricFamily("matching_last_sequence", "Number of the newest event.")
        last.add_metric([], self._sequencer.exchange.last_sequence)
        yield last

    def _counters(self) -> Iterator[Metric]:
        tallies = self._sequencer.tallies()
        refused = [sum(tally.refused.values()) for tally in tallies]
        accepted = [tally.accepted for tally in tallies]
        submitted = [yes + no for yes, no in zip(accepted, refused, strict=True)]
        yield self._counter("orders_submitted", "New orders, accepted and rejected.", submitted)
        yield self._counter("orders_accepted", "New orders accepted.", accepted)
        rejected = CounterMetricFamily(
            "matching_orders_rejected", "New orders rejected, by reason.", labels=["instrument", "reason"]
        )
        for symbol, tally in zip(self._symbols, tallies, strict=True):
            for reason in REASONS:
                rejected.add_metric([symbol, reason], tally.refused.get(reason, 0))
        yield rejected
        for name, text, counts in (
            ("trades_executed", "Trades.", [tally.trades for tally in tallies]),
            ("traded_volume", "Lots traded.", [tally.volume for tally in tallies]),
            ("book_added", "Orders that came to rest.", [tally.added for tally in tallies]),
            ("book_updated", "Changes of resting orders' quantity.", [tally.updated for tally in tallies]),
            ("book_removed", "Orders that left the book.", [tally.removed for tally in tallies]),
        ):
            yield self._counter(name, text, counts)

    def _counter(self, name: str, text: str, counts: Sequence[int]) -> Metric:
        family = CounterMetricFamily(f"matching_{name}", text, labels=["instrument"])
        for symbol, count in zip(self._symbols, counts, strict=True):
            family.add_metric([symbol], count)
        return family

    def _books(self) -> Iterator[Metric]:
        resting = GaugeMetricFamily("matching_resting_orders", "Orders in the book.", labels=["instrument"])
        levels = GaugeMetricFamily("matching_levels", "Price levels.", labels=["instrument", "side"])
        best = GaugeMetricFamily("matching_best_price", "Best price, in ticks.", labels=["instrument", "side"])
        for symbol in self._symbols:
            book = self._sequencer.exchange.market(symbol).order_book
            resting.add_metric([symbol], len(book))
            for side, count in zip(SIDES, level_counts(book), strict=True):
                levels.add_metric([symbol, side], count)
            for side, touch in zip(SIDES, (book.best_bid(), book.best_ask()), strict=True):
                if touch is not None:
                    best.add_metric([symbol, side], touch[0])
        return iter((resting, levels, best))


class TransportCollector(Collector):
    """Per transport, what its gateway has counted."""

    def __init__(self, transports: Iterable[TransportStats]) -> None:
        self._transports = tuple(transports)

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        connections = GaugeMetricFamily(
            "obctl_connections", "Connections; gRPC: calls under way.", labels=["transport"]
        )
        subscribers = GaugeMetricFamily("obctl_feed_subscribers", "Subscribers of the feed.", labels=["transport"])
        lag = GaugeMetricFamily("obctl_feed_lag_events", "What the slowest subscriber is behind.", labels=["transport"])
        slow = CounterMetricFamily("obctl_slow_consumers", "Subscribers dropped for not reading.", labels=["transport"])
        handling = HistogramMetricFamily(
            "obctl_handling_seconds", "A packet or call, from bytes to bytes.", labels=["transport"]
        )
        batches = HistogramMetricFamily("obctl_batch_commands", "Commands in a packet or call.", labels=["transport"])
        for stats in self._transports:
            lags = list(stats.lags())
            connections.add_metric([stats.name], stats.connections)
            subscribers.add_metric([stats.name], len(lags))
            lag.add_metric([stats.name], max(lags, default=0))
            slow.add_metric([stats.name], stats.slow_consumers)
            handling.add_metric([stats.name], *_cumulated(stats.handling, HANDLING_BITS, NANOSECONDS))
            batches.add_metric([stats.name], *_cumulated(stats.batches, BATCH_BITS, 1))
        return iter((connections, subscribers, lag, slow, handling, batches))


def _cumulated(histogram: Histogram, bits: range, unit: int) -> tuple[list[tuple[str, float]], float]:
    """Return buckets, [(highest value in it, how many values are not above)], and the sum of all values, in a unit.

    A value of b bits is at most 2^b - 1. Buckets are the same at all times, whatever was observed.
    """
    counts = histogram.counts()
    buckets: list[tuple[str, float]] = [(str(((1 << top) - 1) / unit), sum(counts[: top + 1])) for top in bits]
    return [*buckets, ("+Inf", sum(counts))], histogram.total / unit
