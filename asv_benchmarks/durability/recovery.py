"""How fast an exchange is there again, and how large its journal is."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from asv_benchmarks.benchmarks.journals import ACCOUNTS, PLENTY, write_flow, write_resting
from obctl.flow import generate
from orderbook import Exchange, as_commands
from orderbook_server.config import Settings
from orderbook_server.journal.layout import journal_folder, snapshot_name, snapshots_folder
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.replay import Replay
from orderbook_server.journal.snapshots import load_snapshot
from orderbook_server.journal.snapshotter import take_snapshot
from orderbook_server.sequencer.sequencer import Sequencer

from .disk import Row

COMMANDS_PER_FRAME = 64
FRAME_SIZES = (1, 64, 1000)
HEADER_BYTES = 48  # of a frame
SOURCE_BYTES = 12  # of the record in each frame that says where its commands came from, of a session below 65,536
RUNS = 5


class Taken(NamedTuple):
    """What a run took, the median of some: seconds, and seconds of CPU, which others on the machine disturb less."""

    seconds: float
    cpu_seconds: float


def taken_by(function: Callable[[], Any]) -> Taken:
    """Run a function some times."""
    runs = []
    for _ in range(RUNS):
        began, cpu = time.perf_counter(), time.process_time()
        result = function()
        runs.append((time.perf_counter() - began, time.process_time() - cpu))
        del result
    return Taken(*map(median, zip(*runs, strict=True)))


def measure_recovery(folder: Path, commands: int) -> list[Row]:
    """Measure the recovery from a journal alone, which the page cache holds, as a whole and in its parts.

    The parts: all frames read and checked; their records carried out, which were read before; and, to compare with, the
    engine alone, given the same commands as one batch.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        data_dir = Path(name)
        write_flow(data_dir, commands, COMMANDS_PER_FRAME)
        capacity = Settings().event_capacity
        reading = taken_by(lambda: sum(frame.size for frame in JournalReader(journal_folder(data_dir)).frames()))
        frames = list(JournalReader(journal_folder(data_dir)).frames())

        def replayed() -> Sequencer:
            replay = Replay(Sequencer(Exchange(event_capacity=capacity), execution_capacity=capacity))
            for frame in frames:
                replay.feed(frame)
            replay.flush()
            return replay.sequencer

        parts = {
            "recovery": taken_by(lambda: recover(data_dir, event_capacity=capacity)),
            "reading and checking": reading,
            "carrying out": taken_by(replayed),
            "engine alone": engine_alone(commands, capacity),
        }
    return [
        {
            "part": part,
            "commands": float(commands),
            "seconds": taken.seconds,
            "commands_per_second": commands / taken.seconds,
            "commands_per_cpu_second": commands / taken.cpu_seconds,
        }
        for part, taken in parts.items()
    ]


def engine_alone(commands: int, capacity: int) -> Taken:
    """Return the time of an exchange that is given the flow as one batch, its making and its funds included."""
    batch = as_commands(generate.commands("balanced", commands))

    def processed() -> Exchange:
        exchange = Exchange(event_capacity=capacity)
        for account in range(1, ACCOUNTS + 1):
            exchange.credit(account, "BASE", PLENTY)
            exchange.credit(account, "QUOTE", 8 * PLENTY)
        exchange.process(batch)
        return exchange

    return taken_by(processed)


def measure_snapshot(folder: Path, orders: int) -> list[Row]:
    """Measure the start from a snapshot of resting orders: until the state is there and its hashes were compared."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        data_dir = Path(name)
        sequence = write_resting(data_dir, orders)
        began = time.perf_counter()
        taken = take_snapshot(data_dir, sequence)
        taking = time.perf_counter() - began
        path = snapshots_folder(data_dir) / snapshot_name(sequence)
        capacity = Settings().event_capacity

        loading = taken_by(lambda: load_snapshot(path, event_capacity=capacity, execution_capacity=capacity))
        starting = taken_by(lambda: recover(data_dir, event_capacity=capacity, fill_rings=False))
    return [
        {
            "resting_orders": float(orders),
            "load_seconds": loading.seconds,
            "load_cpu_seconds": loading.cpu_seconds,
            "recovery_seconds": starting.seconds,
            "take_seconds": taking,
            "bytes_per_order": taken.bytes / orders,
        }
    ]


def measure_bytes(folder: Path, commands: int) -> list[Row]:
    """Measure the bytes of a command of the balanced mix in the journal, by how many come in a frame."""
    rows: list[Row] = []
    for commands_per_frame in FRAME_SIZES:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            figures = write_flow(Path(name), commands, commands_per_frame)
        records = figures["bytes"] - (HEADER_BYTES + SOURCE_BYTES) * figures["frames"]
        rows.append(
            {
                "commands_per_frame": commands / figures["frames"],
                "bytes_per_command": figures["bytes"] / commands,
                "records_and_padding": records / commands,
            }
        )
    return rows
