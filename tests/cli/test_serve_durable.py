"""`obctl serve` on a data directory: what is there after every kind of end, what it refuses, a disk that fails."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from obctl import exit_codes
from obctl.commands import serve as command
from orderbook_server.journal.layout import journal_folder, segments, snapshots, snapshots_folder
from orderbook_server.journal.reader import JournalReader
from tests.server.clients import LineClient

from .serve_process import TCP_ALONE, Server, run, serving

CREDITS = ("A 1 100 1000", "A 2 100 1000")
ORDERS = ("N 1 1 B 9 5", "N 2 2 A 11 5", "N 2 3 A 9 2")  # the last one trades with the first
QUESTIONS = ("B 1", "B 2", "S", "P")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return where an exchange is kept that does not exist yet."""
    return tmp_path / "deep" / "data"


def kept(data_dir: Path, *words: str) -> tuple[str, ...]:
    """Return the options of a server that keeps its exchange."""
    return (*TCP_ALONE, "--no-in-memory", "--data-dir", str(data_dir), *words)


@contextmanager
def keeping(data_dir: Path, *words: str) -> Iterator[Server]:
    """Run a server that keeps its exchange while the block lasts."""
    with serving(*kept(data_dir, *words)) as server:
        yield server


def line_client(server: Server) -> LineClient:
    """Connect over TCP."""
    host, _, port = server.addresses["tcp"].rpartition(":")
    return LineClient(host, int(port))


def said(server: Server, name: str) -> dict[str, object]:
    """Return what a server has logged before it listened."""
    [event] = (event for event in server.events if event["event"] == name)
    return event


def trade(data_dir: Path, number: signal.Signals, *words: str) -> list[str]:
    """Trade on a new exchange, end it by a signal; return what it answered to questions before."""
    with keeping(data_dir, *words) as server:
        assert said(server, "exchange begun")["records"] == 0
        server.ask(*CREDITS)
        assert [answer.split()[0] for answer in server.ask(*ORDERS)] == ["EXEC"] * 3
        answers = server.ask(*QUESTIONS)
        server.end(number)
        assert server.process.returncode == (-number if number == signal.SIGKILL else 0)
    return answers


@pytest.mark.parametrize("sync", ["always", "interval 20", "never"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_goes_on_where_it_was(data_dir: Path, number: signal.Signals, sync: str) -> None:
    before = trade(data_dir, number, "--sync", sync)
    with keeping(data_dir) as server:
        found = said(server, "recovered")
        assert found["events"] == int(before[-1].split()[1])
        assert found["sequence"] == found["records"] == 6 + (number == signal.SIGTERM), "instruments, commands, state"
        assert server.ask(*QUESTIONS) == before
        assert server.ask("C 1 1") == ["CANCELED 3"], "orders are there to be traded and taken back"


def test_a_feed_goes_on_over_a_restart(data_dir: Path) -> None:
    """Who was gone reads what came meanwhile, from before the end and from after it, without a gap."""
    with keeping(data_dir) as server:
        server.ask(*CREDITS, "N 1 1 B 9 5")
        seen = last_sequence(server)
        server.ask("N 2 2 A 11 5")
        server.end(signal.SIGKILL)
    with keeping(data_dir) as server:
        server.ask("N 2 3 A 9 2")
        newest = last_sequence(server)
        with line_client(server) as client:
            client.send(f"F FROM {seen}")
            assert client.line() == "SUBSCRIBED"
            events = [client.line() for _ in range(newest - seen)]
        assert [int(line.split()[1]) for line in events] == list(range(seen + 1, newest + 1))
        assert "ADD" in events[0]
        assert "TRADE" in events[1]


def last_sequence(server: Server) -> int:
    """Return the number of the newest event."""
    return int(server.ask("P")[0].split()[1])


def test_orders_of_sessions_that_a_crash_ended_are_cancelled(data_dir: Path) -> None:
    with keeping(data_dir) as server:
        server.ask(*CREDITS, "N 2 9 A 12 1")
        with line_client(server) as client:
            assert client.ask("D ON") == "OK"
            assert client.ask("N 1 1 B 9 5").startswith("EXEC")
            server.end(signal.SIGKILL)
    with keeping(data_dir) as server:
        assert said(server, "orders of ended sessions canceled")["orders"] == 1
        assert server.ask("S") == ["BOOKSNAP A:12:1:9@1"]


def test_snapshots_are_taken_and_used(data_dir: Path) -> None:
    """A start takes the newest behind which there are as many events and executions as it holds."""
    words = ("--snapshot-commands", "5", "--event-capacity", "1")
    with keeping(data_dir, *words) as server:
        server.ask(*CREDITS, *ORDERS)
        first = server.wait_for("snapshot taken")["sequence"]
        server.ask("N 2 4 A 9 1", "N 2 5 A 9 1", "N 2 6 A 9 1", "N 2 7 A 13 1", "N 2 8 A 13 1")
        second = server.wait_for("snapshot taken")["sequence"]
        assert (first, second) == (6, 11), "the instruments are the first record"
        assert [path.stem for path in snapshots(snapshots_folder(data_dir))] == [f"{first:020}", f"{second:020}"]
        server.ask("N 2 9 A 13 1")
        before = server.ask(*QUESTIONS)
        server.end(signal.SIGKILL)
    with keeping(data_dir, *words) as server:
        found = said(server, "recovered")
        assert (found["snapshot"], found["records"]) == (first, 6)
        assert server.ask(*QUESTIONS) == before


def test_a_second_server_is_refused(data_dir: Path) -> None:
    with keeping(data_dir) as server:
        done = run("serve", *kept(data_dir))
        assert (done.returncode, done.stdout) == (2, "")
        [line] = done.stderr.splitlines()
        assert line == f"obctl serve: data_dir: {data_dir} is in use by process {server.process.pid}"
        assert server.ask("P") == ["PONG 0"]
    with keeping(data_dir):
        pass  # whose holder was killed is free


def test_instruments_are_added_and_not_taken_away(data_dir: Path) -> None:
    first, both = ("--instrument", "BTC-USD"), ("--instrument", "ETH-USD", "--instrument", "BTC-USD")
    with keeping(data_dir, *first) as server:
        server.ask(*CREDITS, *ORDERS)
        server.end()
    with keeping(data_dir, *both) as server:
        assert server.ask("U BTC-USD", "B 1")[1] == "BAL 1 102 0 955 27"
        assert server.ask("A 1 7 0", "N 1 8 A 5 7", "S") == [
            "BAL 1 7 0 955 27", "EXEC 0 REST 8 A 5 7", "BOOKSNAP A:5:7:8@7",
        ]  # fmt: skip
        server.end()
    done = run("serve", *kept(data_dir, *first))
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line == "obctl serve: instrument: ETH-USD: it is removed, but 1 of its orders rest"


def test_a_torn_end_is_cut_off_and_said_so(data_dir: Path) -> None:
    before = trade(data_dir, signal.SIGKILL)
    segment, end = end_of(data_dir)
    torn = b"FRAM" + bytes(range(1, 61))
    with segment.open("r+b") as file:
        file.seek(end)
        file.write(torn)
    with keeping(data_dir) as server:
        warning = said(server, "torn end cut off")
        assert (warning["level"], warning["segment"], warning["offset"]) == ("warning", str(segment), end)
        assert 0 < int(str(warning["bytes"])) <= len(torn)
        assert server.ask(*QUESTIONS) == before


def end_of(data_dir: Path) -> tuple[Path, int]:
    """Return the last segment, and where the next frame goes."""
    reader = JournalReader(journal_folder(data_dir))
    for _ in reader.frames():
        pass
    assert reader.position.segment
    return reader.position.segment, reader.position.offset


def test_damage_is_refused(data_dir: Path) -> None:
    trade(data_dir, signal.SIGTERM)
    [segment] = segments(journal_folder(data_dir))
    frame = next(JournalReader(journal_folder(data_dir)).frames())
    data = bytearray(segment.read_bytes())
    data[frame.offset + frame.size // 2] ^= 1
    segment.write_bytes(data)
    done = run("serve", *kept(data_dir))
    assert (done.returncode, done.stdout) == (exit_codes.DAMAGED, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"obctl serve: {segment}: at byte {frame.offset}: ")
    assert line.endswith(f"; `obctl journal repair {data_dir}` explains, and can cut")
    assert segment.read_bytes() == data, "nothing was changed"


def test_nothing_is_kept_in_memory(data_dir: Path) -> None:
    with serving(*TCP_ALONE, "--in-memory", "--data-dir", str(data_dir)) as server:
        server.ask(*CREDITS)
        server.end()
    assert not data_dir.exists()
    assert not data_dir.parent.exists()


def test_a_directory_that_cannot_be(data_dir: Path) -> None:
    data_dir.parent.touch()
    done = run("serve", *kept(data_dir))
    assert (done.returncode, done.stdout) == (exit_codes.USAGE, "")
    assert done.stderr == f"obctl serve: data_dir: {data_dir.parent}: Not a directory\n"


def test_a_disk_that_fails_ends_the_server_at_once(data_dir: Path) -> None:
    """Whose command was not kept reads no answer: the connection ends."""
    with keeping(data_dir) as server, line_client(server) as client:
        assert client.ask("A 1 0 5") == "BAL 1 0 0 5 0"
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, 0))  # nothing can be written to any file
        with pytest.raises((EOFError, ConnectionError)):
            client.ask("A 1 0 5")
        assert server.see_out() == exit_codes.STORAGE
        last = server.events[-1]
        assert (last["event"], last["level"], last["error"]) == ("journal failed", "critical", "File too large")
    with keeping(data_dir) as server:
        assert server.ask("B 1") == ["BAL 1 0 0 5 0"]


def test_a_disk_that_fails_at_the_end_is_no_good_end(data_dir: Path) -> None:
    with keeping(data_dir) as server:
        assert server.ask("A 1 0 5") == ["BAL 1 0 0 5 0"]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, 0))
        server.end()
        assert server.process.returncode == exit_codes.STORAGE
        assert server.events[-1]["event"] == "journal failed"


def test_the_bar_is_there_while_there_is_something_to_recover(monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[object] = []

    class Bar:
        def __init__(self, unit: str) -> None:
            story.append(unit)

        def __enter__(self) -> "Bar":
            story.append("shown")
            return self

        def __exit__(self, *_: object) -> None:
            story.append("gone")

        def update(self, name: str, count: int, done: int, total: int) -> None:
            story.append((count, done, total))

    monkeypatch.setattr(command, "Progress", Bar)
    with command.recovery_bar() as show:
        show(10, 10)
    assert story == [], "an empty journal, or nearly so"
    with command.recovery_bar() as show:
        for done in (4, 8, 10):
            show(done, 10)
        assert story == ["bytes of the journal", "shown", (4, 4, 10), (8, 8, 10), "gone"]
    story.clear()

    def fail() -> None:
        with command.recovery_bar() as show:
            show(4, 10)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert story[-1] == "gone", "what is said of the failure has a line of its own"
