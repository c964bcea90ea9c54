"""Figures of the journal and of snapshots as Prometheus' metric families."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from orderbook_server.journal.journal import Journal

NANOSECONDS = 1_000_000_000


class SnapshotCounts(Protocol):
    """How many snapshots were taken since the start, how many failed; the last record in the newest one, 0: none."""

    taken: int
    failed: int
    sequence: int


class JournalCollector(Collector):
    """What the journal has kept, and how it is doing; all zero in memory, where there are no snapshots."""

    def __init__(self, journal: Journal, snapshots: SnapshotCounts | None) -> None:
        self._journal = journal
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        journal, done, snapshots = self._journal, self._journal.figures, self._snapshots
        taken, failed, newest = (snapshots.taken, snapshots.failed, snapshots.sequence) if snapshots else (0, 0, 0)
        durable = journal.durable
        for name, text, value in (
            ("sequence", "Number of the last record that is kept.", durable),
            ("waiting_records", "Records that are not kept yet.", journal.appended - durable),
            ("full", "1: there is no room, and commands are refused.", int(journal.full)),
            ("snapshot_sequence", "Number of the last record in the newest snapshot.", newest),
        ):
            yield GaugeMetricFamily(f"orderbook_journal_{name}", text, value=value)
        for name, text, value in (
            ("frames", "Frames written.", done["frames"]),
            ("bytes", "Bytes written.", done["bytes"]),
            ("snapshots", "Snapshots taken.", taken),
            ("snapshots_failed", "Snapshots that failed.", failed),
        ):
            yield CounterMetricFamily(f"orderbook_journal_{name}", text, value=value)
        yield SummaryMetricFamily(
            "orderbook_journal_sync_seconds",
            "Syncs that answers waited for.",
            count_value=done["syncs"],
            sum_value=done["sync_ns"] / NANOSECONDS,
        )
