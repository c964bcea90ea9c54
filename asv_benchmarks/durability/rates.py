"""Commands per second that are answered, and how long one takes: servers that keep them, beside one that does not."""

from contextlib import ExitStack
from pathlib import Path

from obctl.bench.turns import Reached, cpu_us, in_turns, rate, ratio

from .crowd import Crowd
from .disk import BareSync, Row, microseconds
from .servers import Running, contestants

CONNECTIONS = (1, 16, 64)
IN_FLIGHT = (1, 4, 16, 64, 256, 1024)
KEEPING = ("always", "interval 10", "never", "ram")
SYNC_BYTES = 512  # a frame of some commands


def measure_rates(folder: Path, seconds: float) -> list[Row]:
    """Measure commands per second by connections, commands under way on each, and server; seconds: for each line."""
    rows: list[Row] = []
    with contestants(folder, "memory", *KEEPING) as servers:
        for connections in CONNECTIONS:
            for in_flight in IN_FLIGHT:
                rows += _rates(folder, servers, connections, in_flight, seconds * len(servers))
    return rows


def _rates(folder: Path, servers: dict[str, Running], connections: int, in_flight: int, seconds: float) -> list[Row]:
    """Return a row for each server."""
    with ExitStack() as stack:
        bare = stack.enter_context(BareSync(folder, SYNC_BYTES))
        crowds = {name: stack.enter_context(Crowd(at, connections, in_flight)) for name, at in servers.items()}
        reached = in_turns({name: crowd.turn for name, crowd in crowds.items()} | {"bare": bare.turn}, seconds)
        return [_row(name, crowd, connections, reached) for name, crowd in crowds.items()]


def _row(name: str, crowd: Crowd, connections: int, reached: dict[str, list[Reached]]) -> Row:
    """Return what a server reached. `ratio_possible`: what the syncs of the disk, each waited for by all, leave."""
    kept = crowd.server.kept().since(crowd.before)
    ours, memory = reached[name], reached["memory"]
    row: Row = {
        "connections": connections,
        "in_flight": crowd.in_flight,
        "server": name,
        "commands_per_second": rate(ours),
        "ratio_to_memory": ratio(ours, memory),
        "cpu_us": cpu_us(ours),
        "client_busy": crowd.worked / crowd.lasted,
        "per_sync": None,
        "sync_us": None,
        "bare_sync_us": None,
        "ratio_possible": None,
    }
    if kept.syncs:
        sync_seconds = kept.sync_seconds / kept.syncs
        row["per_sync"] = kept.records / kept.syncs
        row["sync_us"] = sync_seconds * 1e6
        row["bare_sync_us"] = 1e6 / rate(reached["bare"])
        row["ratio_possible"] = min(1.0, connections * crowd.in_flight / sync_seconds / rate(memory))
    return row


def measure_latency(folder: Path, seconds: float) -> list[Row]:
    """Measure the time of single commands, one under way on each connection, beside bare syncs."""
    rows: list[Row] = []
    with contestants(folder, "memory", "always", "ram") as servers:
        for connections in (1, 16):
            rows += _latencies(folder, servers, connections, seconds * (len(servers) + 1))
    return rows


def _latencies(folder: Path, servers: dict[str, Running], connections: int, seconds: float) -> list[Row]:
    """Return a row for each server, and one for the bare sync."""
    with ExitStack() as stack:
        bare = stack.enter_context(BareSync(folder, SYNC_BYTES))
        crowds = {name: stack.enter_context(Crowd(at, connections, 1)) for name, at in servers.items()}
        in_turns({name: crowd.turn for name, crowd in crowds.items()} | {"bare": bare.turn}, seconds)
        times = {"bare fdatasync": bare.times} | {name: crowd.times for name, crowd in crowds.items()}
    found = {name: microseconds(taken) for name, taken in times.items()}
    bare_sync, memory = found["bare fdatasync"], found["memory"]
    return [
        {
            "connections": connections,
            "server": name,
            **row,
            **{f"ratio_to_bare_{part}": _ratio(row[part], bare_sync[part]) for part in row},
            **{f"ratio_to_memory_{part}": _ratio(row[part], memory[part]) for part in row},
        }
        for name, row in found.items()
    ]


def _ratio(ours: float | str | None, theirs: float | str | None) -> float:
    assert isinstance(ours, float)
    assert isinstance(theirs, float)
    return ours / theirs
