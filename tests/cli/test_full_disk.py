"""A disk of 64 KiB: `obctl serve` takes commands until it is full, answers, and takes them again when there is room."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agents.gateways.grpc import BlockingOrderBookClient
from obctl import exit_codes
from orderbook import JournalFull
from orderbook_server.journal.layout import journal_folder
from orderbook_server.journal.reader import JournalReader
from tests.server.clients import LineClient

from .serve_process import SECONDS, Server, run, serving

LISTENERS = ("--tcp", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--metrics", "none")
SMALL, LARGE = "64k", "1m"
AT_ONCE = 50  # lines that are sent before their answers are read
FULL = "ERR journal_full"


class Disk:
    """A tmpfs of a size that can be changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data_dir = path / "data"

    def size(self, size: str) -> None:
        """Make it larger or smaller."""
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)

    def words(self) -> tuple[str, ...]:
        """Return the options of a server that keeps its exchange here."""
        return (*LISTENERS, "--no-in-memory", "--data-dir", str(self.data_dir), "--journal-segment-bytes", "65536")

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Run a server that keeps its exchange here."""
        with serving(*self.words()) as server:
            yield server


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", path]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", path], check=True)


def connect(server: Server) -> LineClient:
    host, _, port = server.addresses["tcp"].rpartition(":")
    return LineClient(host, int(port))


def fill(client: LineClient) -> int:
    """Give account 1 one unit of base again and again until there is no room; return how often that went well."""
    given = 0
    while True:
        client.send(*["A 1 1 0"] * AT_ONCE)
        answers = [client.line() for _ in range(AT_ONCE)]
        for answer in answers:
            given += answer != FULL
            assert answer in (FULL, balance(given))
        if answers[-1] == FULL:
            return given
        assert given < 100_000, "this disk has no end"


def balance(base: int) -> str:
    return f"BAL 1 {base} 0 0 0"


def wait_for_room(client: LineClient) -> None:
    """Send a command that changes little until it is taken."""
    deadline = time.monotonic() + SECONDS
    while (answer := client.ask("A 2 0 0")) == FULL:
        assert time.monotonic() < deadline, "there is room, and commands are refused"
        time.sleep(0.01)
    assert answer == "BAL 2 0 0 0 0"


def test_full_answered_killed_and_given_room(disk: Disk) -> None:
    with disk.serving() as server, connect(server) as client:
        given = fill(client)
        assert given > 500
        refused = client.ask("N 1 1 A 5 1")
        assert refused == FULL
        assert client.ask("B 1") == balance(given)
        assert client.ask("S") == "BOOKSNAP"
        assert client.ask("P") == "PONG 0"
        assert client.ask("B 404") == "ERR unknown_account"
        with BlockingOrderBookClient.connect(server.addresses["grpc"]) as other:
            with pytest.raises(JournalFull):
                other.credit_account(1, 1, 0)
            with pytest.raises(JournalFull):
                other.cancel_all(1)
            assert other.get_balance(1).available_base == given
        assert server.wait_for("journal full: commands are refused until there is room")["level"] == "warning"
        server.end(signal.SIGKILL)
    with disk.serving() as server, connect(server) as client:  # there is no more room than there was
        assert client.ask("B 1") == balance(given)
        assert client.ask("A 2 0 0") in (FULL, "BAL 2 0 0 0 0")
        more = fill_from(client, given)
        disk.size(LARGE)
        wait_for_room(client)
        server.wait_for("journal has room again: commands are taken")
        assert client.ask("A 1 1 0") == balance(given + more + 1)
        server.end(signal.SIGKILL)
    with disk.serving() as server, connect(server) as client:
        assert client.ask("B 1") == balance(given + more + 1)
        assert server.end() < SECONDS
        assert server.process.returncode == 0
    assert len(list(JournalReader(journal_folder(disk.data_dir)).records())) >= given + more


def fill_from(client: LineClient, given: int) -> int:
    """Take up what little room is left; return how often account 1 was given one more."""
    more = 0
    while (answer := client.ask("A 1 1 0")) != FULL:
        more += 1
        assert answer == balance(given + more)
    return more


def test_an_orderly_end_on_a_full_disk(disk: Disk) -> None:
    """The state cannot be noted, which does no harm."""
    with disk.serving() as server, connect(server) as client:
        given = fill(client)
        server.end()
        assert server.process.returncode == 0
        assert "state not noted" in [event["event"] for event in server.events]
    with disk.serving() as server, connect(server) as client:
        assert client.ask("B 1") == balance(given)


def test_orders_of_a_session_that_ended_on_a_full_disk_are_cancelled_when_there_is_room(disk: Disk) -> None:
    with disk.serving() as server, connect(server) as client:
        with connect(server) as leaving:
            assert leaving.ask("A 3 5 0") == "BAL 3 5 0 0 0"
            assert leaving.ask("D ON") == "OK"
            assert leaving.ask("N 3 1 A 7 5") == "EXEC 0 REST 1 A 7 5"
            fill(client)
            assert leaving.ask("D OFF") == FULL
        assert client.ask("O 1") == "ORDER 1 A 7 5"
        disk.size(LARGE)
        wait_for_room(client)
        deadline = time.monotonic() + SECONDS
        while client.ask("O 1") != "ERR unknown_order":
            assert time.monotonic() < deadline, "the order is not cancelled"
            time.sleep(0.01)
        assert client.ask("B 3") == "BAL 3 5 0 0 0"


def test_a_disk_without_any_room(disk: Disk) -> None:
    """The first start says so, and the next one, with room, begins as if there had been none."""
    filler = disk.path / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 65_536)
    done = run("serve", *disk.words())
    assert done.returncode == exit_codes.STORAGE
    (message,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert message.endswith("No space left on device")
    assert str(disk.data_dir) in message
    filler.unlink()
    with disk.serving() as server:
        assert server.ask("A 1 1 0") == [balance(1)]
