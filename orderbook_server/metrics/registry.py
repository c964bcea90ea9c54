"""Metrics: everything that is told at /metrics, in the format that is asked for."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from orderbook_server.metrics.collector import ExchangeCollector, TransportCollector
from orderbook_server.metrics.keeping import JournalCollector, SnapshotCounts
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.sequencer import Sequencer


class ProcessMetrics:
    """A registry of its own with what some collectors tell, and with the process's figures."""

    def __init__(self, *collectors: Collector) -> None:
        self.registry = CollectorRegistry()
        for collector in collectors:
            self.registry.register(collector)
        for of_process in (ProcessCollector, PlatformCollector, GCCollector):
            of_process(registry=self.registry)

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the figures as they are now, and their content type, as an Accept header asks for them."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class Metrics(ProcessMetrics):
    """The exchange's, the journal's, the transports' and the process's figures."""

    def __init__(
        self, sequencer: Sequencer, transports: Iterable[TransportStats], snapshots: SnapshotCounts | None = None
    ) -> None:
        super().__init__(
            ExchangeCollector(sequencer),
            JournalCollector(sequencer.journal, snapshots),
            TransportCollector(transports),
        )
