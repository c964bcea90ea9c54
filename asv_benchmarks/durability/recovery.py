"""How fast an exchange is there again, and how large its journal is."""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

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
from .journals import ACCOUNTS, PLENTY, write_flow, write_resting

COMMANDS_PER_FRAME = 64
FRAME_SIZES = (1, 64, 1000)
HEADER_BYTES = 48  # of a frame
SOURCE_BYTES = 12  # of the record in each frame that says where its commands came from, of a session below 65,536
RUNS = 5


def seconds_of(function: Callable[[], Any]) -> float:
    """Return the median time of some runs."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - began)
        del result
    return median(times)


def measure_recovery(folder: Path, commands: int) -> list[Row]:
    """Measure the recovery from a journal alone, which the page cache holds, as a whole and in its parts.

    The parts: all frames read and checked; their records carried out, which were read before; and, to compare with, the
    engine alone, given the same commands as one batch.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        data_dir = Path(name)
        write_flow(data_dir, commands, COMMANDS_PER_FRAME)
        capacity = Settings().event_capacity
        reader_seconds = seconds_of(lambda: sum(frame.size for frame in JournalReader(journal_folder(data_dir)).frames()))
        frames = list(JournalReader(journal_folder(data_dir)).frames())

        def replayed() -> Sequencer:
            replay = Replay(Sequencer(Exchange(event_capacity=capacity), execution_capacity=capacity))
            for frame in frames:
                replay.feed(frame)
            replay.flush()
            return replay.sequencer

        parts = {
            "recovery": seconds_of(lambda: recover(data_dir, event_capacity=capacity)),
            "reading and checking": reader_seconds,
            "carrying out": seconds_of(replayed),
            "engine alone": engine_seconds(commands, capacity),
        }
    return [
        {"part": part, "commands": float(commands), "seconds": seconds, "commands_per_second": commands / seconds}
        for part, seconds in parts.items()
    ]


def engine_seconds(commands: int, capacity: int) -> float:
    """Return the time of an exchange that is given the flow as one batch, its making and its funds included."""
    batch = as_commands(generate.commands("balanced", commands))

    def processed() -> Exchange:
        exchange = Exchange(event_capacity=capacity)
        for account in range(1, ACCOUNTS + 1):
            exchange.credit(account, "BASE", PLENTY)
            exchange.credit(account, "QUOTE", 8 * PLENTY)
        exchange.process(batch)
        return exchange

    return seconds_of(processed)


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

        loading = seconds_of(lambda: load_snapshot(path, event_capacity=capacity, execution_capacity=capacity))
        starting = seconds_of(lambda: recover(data_dir, event_capacity=capacity, fill_rings=False))
    return [
        {
            "resting_orders": float(orders),
            "load_seconds": loading,
            "recovery_seconds": starting,
            "take_seconds": taking,
            "bytes_per_order": taken.bytes / orders,
            "resident_mib_max": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
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
