"""Rounds of a server's life: started, traded on, killed, and what it kept compared with what it had said."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from orderbook_server.journal.layout import snapshots_folder

from ..cli.serve_process import SECONDS, Server, running, serving
from .audit import Audit
from .clients import AccountFeed, Client, Feed, speak_calls, speak_lines
from .said import SYMBOLS, Said, Speaker

LINE_ACCOUNTS = {1: True, 2: True, 3: False, 4: False}  # whether its connections ask for cancel-on-disconnect
CALL_ACCOUNT = 5
LIFE_SECONDS = 0.8
START_SECONDS = 0.6  # about what it takes to start
HELD = 1 << 16  # events, and executions: more than are made in LATE_MOST lives
LATE_MOST = 2
NOTED = ("torn end cut off", "orders of ended sessions canceled", "snapshot taken")


@dataclass
class Loop:
    """The directory, the clients and the audit, over all lives of the server."""

    data_dir: Path
    random: Random
    met: dict[str, int] = field(default_factory=dict)
    late: int = 0  # lives in which the accounts' feeds may not have caught up

    def __post_init__(self) -> None:
        accounts = [*LINE_ACCOUNTS, CALL_ACCOUNT]
        self.speakers = {account: Speaker(account, self.random) for account in accounts}
        self.audit = Audit(self.data_dir, {account for account, cancels in LINE_ACCOUNTS.items() if cancels})
        self.feed = Feed()
        self.account_feeds = [AccountFeed(account) for account in (1, CALL_ACCOUNT)]

    def words(self) -> list[str]:
        """Return options for the next life: everything comes often."""
        options = {
            "--sync": self.random.choice(["always", "always", "interval 5", "never"]),
            "--snapshot-commands": self.random.choice(["0", "400", "3000"]),
            "--snapshots-kept": self.random.choice(["0", "0", "1", "2"]),
            "--journal-segment-bytes": "65536",
            "--event-capacity": str(HELD),
            "--data-dir": str(self.data_dir),
            "--http": "none",
            "--metrics": "none",
        } | {f"--{listener}": "127.0.0.1:0" for listener in ("tcp", "grpc")}
        markets = [word for symbol in SYMBOLS for word in ("--instrument", symbol)]
        return [*markets, "--no-in-memory", *(word for option in options.items() for word in option)]

    def note(self, what: str) -> None:
        """Count what happened."""
        self.met[what] = self.met.get(what, 0) + 1

    def round(self) -> None:
        """Let a server live, and look at what it left."""
        while self.random.random() < 0.3:
            self.die_young()
        logs: dict[int, list[Said]] = {account: [] for account in self.speakers}
        with serving(*self.words()) as server:
            recovered = next(event for event in server.events if event["event"] in ("recovered", "exchange begun"))
            clients = [*self.clients(server, logs)]
            self.end(server)
        for client in clients:
            client.join()
        assert self.late or all(feed.up_to_date.is_set() for feed in self.account_feeds)
        self.audit.read(logs, recovered["state_hash"])
        self.audit.check_feed(self.feed.lines)
        self.feed.lines.clear()
        assert not server.complaints, server.complaints

    def clients(self, server: Server, logs: dict[int, list[Said]]) -> Iterator[Client]:
        """Start all clients of a server."""
        tcp, grpc = server.addresses["tcp"], server.addresses["grpc"]
        yield Client(partial(self.feed.follow, tcp))
        for feed in self.account_feeds:
            yield Client(partial(feed.follow, grpc))
        for account, cancels in LINE_ACCOUNTS.items():
            yield Client(partial(speak_lines, tcp, self.speakers[account], cancels, logs[account]))
        yield Client(partial(speak_calls, grpc, self.speakers[CALL_ACCOUNT], logs[CALL_ACCOUNT]))

    def die_young(self) -> None:
        """Kill a server at some moment of its start."""
        with running("serve", *self.words()) as process:
            time.sleep(self.random.uniform(0, 1.2 * START_SECONDS))
            process.kill()
        self.note("killed at its start")

    def end(self, server: Server) -> None:
        """Kill a server at some moment, or while a snapshot is written; now and then, end it in order."""
        if self.random.random() < 0.5 or self.late > LATE_MOST:
            self.late = 0
            for feed in self.account_feeds:
                feed.up_to_date.wait(SECONDS)
        else:
            self.late += 1
        time.sleep(self.random.uniform(0, LIFE_SECONDS))
        how = self.random.choice(["killed", "killed", "killed", "killed in a snapshot", "ended in order"])
        if how == "ended in order":
            server.end()
            assert server.process.returncode == 0
        else:
            if how == "killed in a snapshot" and not self.wait_for_a_snapshot():
                how = "killed"
            server.process.kill()
            server.see_out()
        self.note(how)
        for event in server.events:
            if event["event"] in NOTED:
                self.note(event["event"])

    def wait_for_a_snapshot(self) -> bool:
        """Wait until one is being written; tell whether one is."""
        deadline = time.monotonic() + LIFE_SECONDS
        while time.monotonic() < deadline:
            if any(snapshots_folder(self.data_dir).glob("*.tmp")):
                return True
            time.sleep(0.001)
        return False


@contextmanager
def killing(data_dir: Path, seed: int) -> Iterator[Loop]:
    """Yield a loop; at the end, a server must start once more and end in order."""
    loop = Loop(data_dir, Random(seed))
    yield loop
    with serving(*loop.words()) as server:
        server.end()
        assert (server.process.returncode, server.complaints) == (0, [])
    loop.audit.read({}, None)
