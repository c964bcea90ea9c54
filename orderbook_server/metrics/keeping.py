"""Figures of the journal and of snapshots as Prometheus' metric families."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from orderbook_server.journal.journal import Journal

NANOSECONDS = 1_000_000_000


@dataclass(slots=True)
class SnapshotStats:
    """What became of snapshots since the start, and the sequence of the last record in the newest one, 0: none."""

    taken: int = 0
    failed: int = 0
    sequence: int = 0


class JournalCollector(Collector):
    """What the journal has kept, and how it is doing; all zero in memory."""

    def __init__(self, journal: Journal, snapshots: SnapshotStats) -> None:
        self._journal = journal
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        journal, done, snapshots = self._journal, self._journal.figures, self._snapshots
        durable = journal.durable
        for name, text, value in (
            ("sequence", "Number of the last record that is kept.", durable),
            ("waiting_records", "Records that are not kept yet.", journal.appended - durable),
            ("full", "1: there is no room, and commands are refused.", int(journal.full)),
            ("snapshot_sequence", "Number of the last record in the newest snapshot.", snapshots.sequence),
        ):
            yield GaugeMetricFamily(f"orderbook_journal_{name}", text, value=value)
        for name, text, value in (
            ("frames", "Frames written.", done["frames"]),
            ("bytes", "Bytes written.", done["bytes"]),
            ("snapshots", "Snapshots taken.", snapshots.taken),
            ("snapshots_failed", "Snapshots that failed.", snapshots.failed),
        ):
            yield CounterMetricFamily(f"orderbook_journal_{name}", text, value=value)
        yield SummaryMetricFamily(
            "orderbook_journal_sync_seconds",
            "Syncs that answers waited for.",
            count_value=done["syncs"],
            sum_value=done["sync_ns"] / NANOSECONDS,
        )
