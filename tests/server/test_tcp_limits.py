"""The limits of the TCP gateway: clients that are too many, too slow, too silent, and what others notice of them."""

import itertools
import resource
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orderbook_server.auth import Access
from orderbook_server.gateways.tcp import connection
from tests.server.running import eventually
from tests.server.tcp import MAKER, tcp_server

MEGABYTE = 1 << 20


def memory_bytes() -> int:
    """Return what the process holds now, or where that is not told the most it ever did."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.fixture
def short_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server have little patience with those whom it closes."""
    monkeypatch.setattr(connection, "CLOSE_SECONDS", 0.5)


@pytest.fixture
def long_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server wait for whoever comes to read late, as it happens where machines are busy."""
    monkeypatch.setattr(connection, "CLOSE_SECONDS", 20.0)


# Those who make much work


def test_costly_lines_do_not_hold_up_others() -> None:
    """Each walks the whole book and says little: a packet of them is a second of work."""
    lines = 4_000
    with tcp_server() as server, server.connect() as busy, server.connect() as other:
        server.fill_book(40_000)

        def at_work() -> bool:
            return any(each._session.waiting for each in server.gateway.connections)

        busy.send(*["N 2 1 A 0 50000 FOK"] * lines)
        eventually(lambda: server.running.call(at_work))
        for _ in range(3):
            assert other.ask("P").startswith("PONG ")
        assert server.running.call(at_work)
        assert [busy.line() for _ in range(lines)] == ["EXEC 50000"] * lines


# Those who do not read


def test_a_subscriber_that_stops_reading_is_dropped_and_told(long_goodbye: None) -> None:
    with tcp_server(slow_consumer_seconds=1.0, buffer_bytes_max=MEGABYTE) as server, ExitStack() as stack:
        deaf, good = (stack.enter_context(server.connect(receive_bytes=size)) for size in (4096, None))
        assert deaf.ask("F") == good.ask("F") == "SUBSCRIBED"
        heard: list[str] = []
        reader = threading.Thread(target=lambda: heard.extend(good.line() for _ in range(400_000)))
        reader.start()
        for _ in range(100):
            server.make_events(4_000)
            assert server.unread_bytes() <= 2 * MEGABYTE
        eventually(lambda: server.stats.slow_consumers == 1)
        *events, last = deaf.rest()
        assert last == "ERR slow_consumer"
        numbers = [int(event.split()[1]) for event in events]
        assert numbers == list(range(1, len(events) + 1))
        assert 0 < len(events) < 400_000
        reader.join()
        assert [int(event.split()[1]) for event in heard] == list(range(1, 400_001))
        assert good.ask("P") == "PONG 400000"
        eventually(lambda: server.stats.connections == 1)
        assert server.stats.slow_consumers == 1


def test_a_slow_consumer_that_takes_nothing_is_cut_off(short_goodbye: None) -> None:
    with tcp_server(slow_consumer_seconds=0.2) as server, server.connect(receive_bytes=4096) as deaf:
        deaf.send("F")
        eventually(lambda: server.gateway.subscribers)
        server.make_events(400_000)
        eventually(lambda: server.stats.slow_consumers == 1)
        eventually(lambda: server.stats.connections == 0, 3)


def test_a_subscriber_whose_events_are_gone_is_dropped() -> None:
    with tcp_server(event_capacity=1000) as server, server.connect() as client:
        assert client.ask("F") == "SUBSCRIBED"
        server.make_events(10_000)  # in one go: nobody could have read them
        assert client.rest()[-1] == "ERR slow_consumer"
        assert server.stats.slow_consumers == 1


def test_a_large_answer_read_slowly_but_steadily() -> None:
    with tcp_server(slow_consumer_seconds=0.6, buffer_bytes_max=MEGABYTE) as server:
        size = server.fill_book(150_000)
        with server.connect(receive_bytes=16384) as client:
            client.send("F", "S", "P")
            read, began = 0, time.monotonic()
            while read < size - 2 * MEGABYTE:  # until less is left than the buffer of the kernel holds
                read += len(client.socket.recv(16384))
                time.sleep(max(0.0, began + read / MEGABYTE - time.monotonic()))  # a megabyte a second
            while read < size:
                read += len(client.socket.recv(MEGABYTE))
            assert client.ask("P").endswith("150000")
        assert server.stats.slow_consumers == 0


def test_a_client_that_sends_and_never_reads_is_held_back() -> None:
    with tcp_server(slow_consumer_seconds=0.2, buffer_bytes_max=MEGABYTE) as server, ExitStack() as stack:
        size = server.fill_book(10_000)
        deaf, other = stack.enter_context(server.connect(receive_bytes=4096)), stack.enter_context(server.connect())
        before = memory_bytes()
        sent = deaf.flood(itertools.repeat(b"S\n" * 8192))  # and for longer than slow_consumer_seconds
        assert other.ask("P") == "PONG 10000"
        assert sent // 2 * size > 1000 * MEGABYTE  # of answers that wait to be made
        assert server.unread_bytes() <= 2 * MEGABYTE
        assert memory_bytes() - before < 100 * MEGABYTE
        assert len(deaf.line()) > size  # it was not dropped
        assert server.stats.slow_consumers == 0


def test_nothing_is_carried_out_for_a_client_that_has_enough_to_read() -> None:
    with tcp_server() as server, server.connect(receive_bytes=4096) as client:
        size = server.fill_book(200_000)
        client.send("S")
        eventually(lambda: server.unread_bytes() > server.gateway.settings.buffer_bytes_max)
        client.send("C 1 1000000000000")
        time.sleep(0.2)  # nothing tells that nothing happens
        assert len(server.resting(MAKER)) == 200_000
        assert len(client.line()) > size
        assert client.line() == "CANCELED 1"


# Those who say nothing


def test_a_slow_loris_is_closed() -> None:
    began = time.monotonic()
    with tcp_server(idle_seconds=0.5) as server, server.connect() as loris, server.connect() as busy:
        loris.socket.settimeout(0.02)
        heard = b""
        while not heard:
            loris.send_bytes(b"N")
            assert busy.ask("P") == "PONG 0"
            try:
                heard = loris.socket.recv(100)
            except TimeoutError:
                assert time.monotonic() - began < 5
        assert heard == b"ERR idle_timeout\n"
        assert time.monotonic() - began >= 0.5
        assert busy.ask("P") == "PONG 0"


def test_idle_connections_are_closed_unless_they_are_fed() -> None:
    with tcp_server(idle_seconds=0.3) as server, server.connect() as fed, server.connect() as idle:
        assert fed.ask("F") == "SUBSCRIBED"
        assert idle.rest() == ["ERR idle_timeout"]
        assert fed.ask("P") == "PONG 0"
        assert fed.ask("F off") == "UNSUBSCRIBED"
        assert fed.rest() == ["ERR idle_timeout"]
        eventually(lambda: server.stats.connections == 0)


def test_who_reads_a_long_answer_is_not_idle() -> None:
    """Not while it reads, slowly, and what it sent behind waits; and not at once when it has read all."""
    with tcp_server(idle_seconds=0.6) as server, server.connect(receive_bytes=4096) as slow:
        size = server.fill_book(300_000)
        slow.send("S", "P")
        read, began = 0, time.monotonic()
        while time.monotonic() < began + 2:
            read += len(slow.socket.recv(20_000))
            time.sleep(0.01)  # slowness itself is what is looked at
        assert read < size
        end = b""
        while not end.endswith(b"\nPONG 300000\n"):
            data = slow.socket.recv(1 << 20)
            assert data
            end = end[-20:] + data
        assert slow.ask("V").startswith("VERSION")
        assert slow.rest()[-1] == "ERR idle_timeout"


def test_idle_and_deaf_connections_are_cut_off(short_goodbye: None) -> None:
    with tcp_server(idle_seconds=0.3) as server, server.connect(receive_bytes=4096) as deaf:
        server.fill_book(10_000)
        deaf.send(*["S"] * 100)
        eventually(lambda: server.unread_bytes() > 0)
        eventually(lambda: server.stats.connections == 0, 3)


def test_who_does_not_authenticate_in_time_is_closed() -> None:
    def authenticate(token: str) -> Access | None:
        return Access("alice", "trader", frozenset({MAKER})) if token == "secret" else None

    with tcp_server(authenticate=authenticate, auth_seconds=0.4) as server, ExitStack() as stack:
        silent, wrong, known = (stack.enter_context(server.connect()) for _ in range(3))
        assert known.ask("AUTH secret") == "OK"
        assert wrong.ask("AUTH guess") == "ERR unauthenticated"
        assert wrong.ask("P") == "ERR unauthenticated"
        assert silent.rest() == ["ERR unauthenticated"]
        assert wrong.rest() == ["ERR unauthenticated"]
        assert known.ask("P") == "PONG 0"
        eventually(lambda: server.stats.connections == 1)
        eventually(lambda: not server.gateway.watched)
        assert known.ask("P") == "PONG 0"


# Too many


def test_one_connection_too_many() -> None:
    with capture_logs() as logs, tcp_server(connections_max=2) as server, server.connect() as first:
        with server.connect() as second, server.connect() as third:
            assert second.ask("P") == "PONG 0"
            third.socket.sendall(b"P\n" * 1000)
            assert third.rest() == ["ERR too_many_connections"]
            assert first.ask("P") == "PONG 0"
        eventually(lambda: server.stats.connections == 1)
        with server.connect() as fourth:
            assert fourth.ask("P") == "PONG 0"
    refusals = [entry for entry in logs if entry.get("reason") == "too_many_connections"]
    assert [refusal["count"] for refusal in refusals] == [1]


def test_those_who_do_not_close_are_closed() -> None:
    with tcp_server(connections_max=1) as server, server.connect() as client:
        client.send("Q")
        assert client.rest() == ["BYE"]
        eventually(lambda: server.stats.connections == 0, 2)
        with server.connect() as next_one:
            assert next_one.ask("P") == "PONG 0"


# What the metrics read


def test_counts_of_a_gateway() -> None:
    with tcp_server() as server, server.connect(receive_bytes=4096) as deaf, server.connect() as good:
        assert good.ask("F") == "SUBSCRIBED"
        deaf.send("F")
        eventually(lambda: len(server.gateway.subscribers) == 2)
        server.make_events(200_000)
        for _ in range(200_000):
            good.line()
        lags = sorted(server.running.call(lambda: list(server.stats.lags())))
        assert lags[0] == 0
        assert 0 < lags[1] < 200_000
        assert server.stats.connections == 2
        deaf.reset()
        eventually(lambda: server.stats.connections == 1)
        assert len(server.running.call(lambda: list(server.stats.lags()))) == 1
