"""Servers that keep what they do, in one way or another, and what they say of it."""

import re
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from obctl.bench.processes import FREE, drain, first_line, process

LISTENERS = ("--tcp", FREE, "--grpc", "none", "--http", "none", "--metrics", FREE)
LOGS = ("--log-format", "json", "--log-level", "info")
RAM = Path("/dev/shm")  # a file system whose syncs take no time: what is left is the work of our own
EVENTS = ("--event-capacity", "65536")  # so few that their rings go round at once: memory touched first costs more
FIGURE = re.compile(r"^orderbook_journal_(\w+) (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Running:
    """A server that runs: its addresses, "none" where it has none, and its process."""

    tcp: str
    grpc: str
    http: str
    metrics: str
    pid: int

    def kept(self) -> "Kept":
        """Return what its journal has done."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=10) as page:
            figures = {name: float(value) for name, value in FIGURE.findall(page.read().decode())}
        return Kept(
            figures["sequence"], figures["frames_total"], figures["sync_seconds_count"], figures["sync_seconds_sum"]
        )


@dataclass(frozen=True)
class Kept:
    """What a journal has done: records and frames written, syncs, and the seconds that they took."""

    records: float
    frames: float
    syncs: float
    sync_seconds: float

    def since(self, before: "Kept") -> "Kept":
        """Return what was done after another look."""
        return Kept(
            self.records - before.records,
            self.frames - before.frames,
            self.syncs - before.syncs,
            self.sync_seconds - before.sync_seconds,
        )


@contextmanager
def running(*options: str) -> Iterator[Running]:
    """Run `obctl serve` while the block lasts; raise BadInput where it does not start."""
    with process("-m", "obctl", "serve", *LISTENERS, *LOGS, *options) as child:
        said = first_line(child, child.stderr)
        while said["event"] != "listening":
            said = first_line(child, child.stderr)
        threading.Thread(target=drain, args=(child.stderr,), daemon=True).start()
        yield Running(said["tcp"], said["grpc"], said["http"], said["metrics"], child.pid)


@contextmanager
def contestants(folder: Path, *names: str) -> Iterator[dict[str, Running]]:
    """Run servers by name while the block lasts: `memory` keeps nothing, the others are settings of --sync.

    `ram` is `always` on a file system in memory, left out where there is none.
    """
    with ExitStack() as stack:
        servers = {}
        for name in names:
            if name == "memory":
                options: tuple[str, ...] = ("--in-memory",)
            elif name == "ram" and not RAM.is_dir():
                continue
            else:
                place = stack.enter_context(tempfile.TemporaryDirectory(dir=RAM if name == "ram" else folder))
                options = (
                    "--data-dir",
                    place,
                    "--sync",
                    "always" if name == "ram" else name,
                    "--snapshot-commands",
                    "0",
                )
            servers[name] = stack.enter_context(running(*EVENTS, *options))
        yield servers
