"""Three agents on a live server for some minutes: errors, and how memory goes. `python -m asv_benchmarks.live_agents`.

Each agent is a process, as `obctl agent` is; the settings are those that make them trade with each other. Resident
memory is read every few seconds (Linux). After the first part of the time, in which caches fill, its slope is that of
the line of least squares. Options: --minutes 10, --json.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import linear_regression
from typing import Any

import obctl

SAMPLE_SECONDS = 2.0
WARM_UP = 0.2  # of the time, not counted for the slope
QUIET = {"debug", "info"}  # levels of the log that are no errors
STOP_SECONDS = 15
RICH = ("--base-deposit", "1000000000", "--quote-deposit", "1000000000000000")
AGENTS = {  # the buyer's bid lies below the maker's, and the sold slices are larger than the maker's bid: all trade
    "market-maker": ("agent", "market-maker", *RICH),
    "twap": (
        *("agent", "twap", *RICH, "--side", "ask", "--order-type", "ioc", "--price", "99800"),
        *("--total-quantity", "60", "--cycle-pause-millis", "1000"),
    ),
    "passive-buyer": ("agent", "passive-buyer", *RICH, "--target-price", "99890"),
}
FREE = "127.0.0.1:0"
SERVER = ("serve", "--in-memory", "--tcp", "none", "--grpc", FREE, "--http", "none", "--metrics", FREE)


class Process:
    """`obctl`, its log in a file, and what was seen of its memory: (seconds, bytes)."""

    def __init__(self, name: str, words: tuple[str, ...], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OBCTL_")}
        environment["PYTHONPATH"] = str(Path(obctl.__file__).parent.parent)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "obctl", *words, "--log-format", "json"],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
            )
        self.memory: list[tuple[float, int]] = []

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what it has logged."""
        with self.log.open() as log:
            yield from map(json.loads, log)

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return an event of the log, once it is there."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for entry in self.events():
                if entry["event"] == event:
                    return entry
            time.sleep(0.1)
        raise TimeoutError(f"{self.name} did not log {event!r}")

    def look(self, seconds: float) -> None:
        """Note its resident memory."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as file:  # noqa: PTH123 - as in resident.py
            resident = next(int(line.split()[1]) << 10 for line in file if line.startswith("Rss:"))
        self.memory.append((seconds, resident))

    def stop(self) -> None:
        """End it as people do."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)

    def report(self, seconds: float) -> dict[str, Any]:
        """Return what there is to say of it."""
        counted = [(at, size) for at, size in self.memory if at >= seconds * WARM_UP]
        slope = linear_regression(*zip(*counted, strict=True)).slope
        return {
            "process": self.name,
            "errors": sum(entry["level"] not in QUIET for entry in self.events()),
            "exit_status": self.process.returncode,
            "resident_kib_begin": counted[0][1] >> 10,
            "resident_kib_end": counted[-1][1] >> 10,
            "slope_kib_per_minute": round(slope * 60 / 1024, 2),
        }


@contextmanager
def running(name: str, words: tuple[str, ...], folder: Path) -> Iterator[Process]:
    """Run a process while the block lasts, whatever happens."""
    process = Process(name, words, folder)
    try:
        yield process
    finally:
        process.process.kill()
        process.process.wait()


def measure(minutes: float) -> dict[str, Any]:
    """Run the server and the agents, and return what came of it."""
    seconds = minutes * 60
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(running("server", SERVER, folder))
        addresses = server.wait_for("listening")
        where = ("--grpc-endpoint", addresses["grpc"])
        agents = [stack.enter_context(running(name, (*words, *where), folder)) for name, words in AGENTS.items()]
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            for process in (server, *agents):
                process.look(now)
            time.sleep(SAMPLE_SECONDS)
        with urllib.request.urlopen(f"http://{addresses['metrics']}/metrics", timeout=10) as page:
            metrics = page.read().decode()
        for process in (*agents, server):
            process.stop()
        trades = next(line for line in metrics.splitlines() if line.startswith("matching_trades_executed_total"))
        processes = [process.report(seconds) for process in (server, *agents)]
        return {"minutes": minutes, "trades": int(float(trades.split()[-1])), "processes": processes}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    result = measure(arguments.minutes)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['minutes']:g} minutes, {result['trades']} trades")
    print(f"{'':14}{'errors':>7}{'status':>7}{'KiB begin':>11}{'end':>9}{'KiB a minute':>14}")
    for entry in result["processes"]:
        name, errors, status, begin, end, slope = entry.values()
        print(f"{name:14}{errors:7}{status:7}{begin:11,}{end:9,}{slope:14}")


if __name__ == "__main__":
    main()
