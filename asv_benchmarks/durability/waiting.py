"""How long commands wait while a snapshot of many resting orders is taken, and while none is."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from asv_benchmarks.benchmarks.journals import write_resting
from obctl.bench.tcp import LineClient
from obctl.bench.turns import percentile
from orderbook_server.journal.snapshotter import take_snapshot

from .disk import Row
from .servers import RAM, Running, running

BURSTS = {1: 0.002, 64: 0.010}  # commands sent at once: seconds from one time to the next
AFTER_SECONDS = 1.0  # that count as under a snapshot still: old files are removed behind it
SPACE_SECONDS = 3.0  # about, without a snapshot, between two
PAIRS = b"".join(b"N 1 %d B 1 1\nC 1 %d\n" % (order, order) for order in range(1 << 40, (1 << 40) + 32))
PART = 0.999


class Children:
    """Tells whether a process has a child: the one that takes a snapshot."""

    def __init__(self, pid: int) -> None:
        self.file = open(f"/proc/{pid}/task/{pid}/children", "rb", buffering=0)  # noqa: SIM115, PTH123 - closed by `close`

    def there(self) -> bool:
        """Look."""
        self.file.seek(0)
        return bool(self.file.read(16))

    def close(self) -> None:
        """Look no more."""
        self.file.close()


@dataclass
class Waits:
    """Nanoseconds from the sending of commands to the last of their answers, and the snapshots that were taken."""

    beside: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    snapshots: int = 0
    snapshot_seconds: float = 0.0


def watch(server: Running, burst: int, snapshots: int) -> Waits:
    """Send so many commands at a time, at a steady rate, until snapshots were taken beside."""
    waits = Waits()
    lines = PAIRS if burst > 1 else b""
    pairs = PAIRS.splitlines(keepends=True)
    place = 0
    children = Children(server.pid)
    with LineClient(server.tcp, exchange=False) as client:
        busy_until = due = time.perf_counter()
        was_there = False
        began = due
        while waits.snapshots < snapshots or due < busy_until + SPACE_SECONDS:
            time.sleep(max(0.0, due - time.perf_counter()))
            if burst == 1:
                lines = pairs[place]
                place = (place + 1) % len(pairs)
            there = children.there()
            sent = time.perf_counter_ns()
            client.ask(lines)
            waited = time.perf_counter_ns() - sent
            there = children.there() or there
            now = time.perf_counter()
            if there:
                busy_until = now + AFTER_SECONDS
                if not was_there:
                    began = now
            elif was_there:
                waits.snapshots += 1
                waits.snapshot_seconds += now - began
            was_there = there
            (waits.beside if now < busy_until else waits.alone).append(waited)
            due = max(due + BURSTS[burst], now)
    children.close()
    return waits


def measure_waiting(folder: Path, orders: int, snapshots: int) -> list[Row]:
    """Measure the waiting times by how many commands are sent at once, on the disk and on one that takes no time."""
    rows: list[Row] = []
    for name, place in {"disk": folder, "ram": RAM}.items():
        if not place.is_dir():
            continue
        with filled(place, orders) as data_dir:
            for burst, seconds in BURSTS.items():
                commands = round(burst / seconds * 2 * SPACE_SECONDS)
                with running("--data-dir", str(data_dir), "--snapshot-commands", str(commands)) as server:
                    rows.append(row(name, burst, watch(server, burst, snapshots)))
    return rows


def row(place: str, burst: int, waits: Waits) -> Row:
    """Return what there is to say of waiting times."""
    found: Row = {"on": place, "in_flight": float(burst), "snapshots": float(waits.snapshots)}
    found["snapshot_seconds"] = waits.snapshot_seconds / waits.snapshots
    for name, part in (("p50", 0.5), ("p99.9", PART), ("max", 1.0)):
        alone, beside = (percentile(sorted(times), part) / 1e6 for times in (waits.alone, waits.beside))
        found |= {f"{name}_ms_alone": alone, f"{name}_ms_beside": beside, f"{name}_ms_more": beside - alone}
    return found


@contextmanager
def filled(folder: Path, orders: int) -> Iterator[Path]:
    """Yield a data directory with resting orders, and a snapshot of them."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        data_dir = Path(name)
        take_snapshot(data_dir, write_resting(data_dir, orders))
        yield data_dir
