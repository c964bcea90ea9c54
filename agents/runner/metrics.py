"""An agent's counts and figures as Prometheus' metric families."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.runner.observer import Observer
from agents.strategies import Strategy
from orderbook import Side, UnknownOrder
from orderbook.errors import BY_NUMBER

LABELS = ("agent", "account")
CODES = [error.code for error in BY_NUMBER.values() if error is not UnknownOrder]  # told from the start, as 0


class AgentCollector(Collector):
    """What an agent has done, and its strategy's figures, as they are when they are asked for."""

    def __init__(self, strategy: Strategy, account_id: int, observer: Observer) -> None:
        self._strategy = strategy
        self._labels = [strategy.name, str(account_id)]
        self._observer = observer

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        seen = self._observer
        connected = GaugeMetricFamily("agent_connected", "1 while the agent trades on a server.", labels=LABELS)
        connected.add_metric(self._labels, int(seen.is_connected))
        yield connected
        yield self._counter("reconnects", "Connections after the first.", seen.reconnects)
        yield self._counter("orders", "Orders accepted.", seen.orders)
        refusals = {**dict.fromkeys(CODES, 0), **seen.refusals}
        yield self._counters("refusals", "What the engine refused, by reason.", "code", refusals)
        yield self._counter("cancels", "Orders taken back.", seen.cancels)
        for name, text, counts in (
            ("fills", "Trades of the agent's orders.", seen.fills),
            ("filled_lots", "Lots traded.", seen.filled_lots),
        ):
            yield self._counters(name, text, "side", {side.name.lower(): counts[side] for side in Side})
        yield self._counter("missed_fills", "Times that some fills may have been missed.", seen.missed_fills)
        figures = GaugeMetricFamily("agent_figure", "What the strategy says of itself.", labels=[*LABELS, "name"])
        for name, value in self._strategy.figures().items():
            if value is not None:
                figures.add_metric([*self._labels, name], value)
        yield figures

    def _counter(self, name: str, text: str, count: int) -> Metric:
        family = CounterMetricFamily(f"agent_{name}", text, labels=LABELS)
        family.add_metric(self._labels, count)
        return family

    def _counters(self, name: str, text: str, label: str, counts: dict[str, int]) -> Metric:
        family = CounterMetricFamily(f"agent_{name}", text, labels=[*LABELS, label])
        for value, count in counts.items():
            family.add_metric([*self._labels, value], count)
        return family
