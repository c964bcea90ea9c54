"""TCP while the disk is slow: nothing leaves before it is durable, and nobody is blamed for what is not."""

import asyncio
import itertools
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme
import uvloop
from structlog.testing import capture_logs

from orderbook_server.gateways.tcp import connection
from orderbook_server.gateways.tcp.connection import Connection
from orderbook_server.gateways.tcp.outbox import PIECE_BYTES, Outbox
from orderbook_server.journal.journal import Journal
from orderbook_server.sequencer.release import Release
from tests.server.clients import LineClient
from tests.server.held_journal import HeldJournal, waiting
from tests.server.running import eventually
from tests.server.tcp import MAKER, TcpServer, tcp_server

MEGABYTE = 1 << 20
LONG = 1e6  # seconds: beyond every limit


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, journal: HeldJournal) -> Iterator[TcpServer]:
    with tcp_server(new_loop=request.param, journal=journal) as running:
        yield running


def bid(order_id: int) -> str:
    return f"N {MAKER} {order_id} B 100 1"


def rests(order_id: int) -> str:
    return f"EXEC 0 REST {order_id} B 100 1"


def held(server: TcpServer) -> int:
    """Return how much the server holds back for all."""
    return server.running.call(waiting, server.gateway.release)


def hears_nothing(server: TcpServer, *clients: LineClient) -> bool:
    """Tell whether clients have been sent nothing: what was written by now has arrived."""
    for _ in range(3):
        server.running.call(lambda: None)
    for client in clients:
        client.socket.setblocking(False)
        try:
            data = client.socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            client.socket.settimeout(20)
        else:
            raise AssertionError(f"it was sent {data!r}")
    return True


def connections(server: TcpServer) -> list[Connection]:
    return server.running.call(lambda: list(server.gateway.connections))


def over(server: TcpServer) -> bool:
    """Tell whether all that was sent is carried out, and only waits to leave, with the end behind it."""
    served = connections(server)
    return bool(served) and all(each._over for each in served)


def check_much_later(server: TcpServer, client: Connection) -> bool:
    """Let the clocks that run for a connection find that it is late; return whether it is over."""

    def look() -> bool:
        client.check(server.gateway.loop.time())
        client.check(server.gateway.loop.time() + LONG)
        if server.gateway.settings.idle_seconds:
            client.check_idle(server.gateway.loop.time())  # it sees the lines that came
            client.check_idle(server.gateway.loop.time() + LONG)
        return client._over

    return server.running.call(look)


# What waits


def test_an_answer_waits_for_its_command_and_for_no_later_one(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as first, server.connect() as second:
        first.send(bid(1))
        eventually(lambda: held(server) == 1)
        second.send(bid(2))
        eventually(lambda: held(server) == 2)
        assert hears_nothing(server, first, second)
        assert server.resting(MAKER) == [1, 2]
        journal.keep(1)
        assert first.line() == rests(1)
        assert hears_nothing(server, second)
        journal.keep(2)
        assert second.line() == rests(2)
        assert first.ask("P") == "PONG 2"  # at once: nothing waits


@pytest.mark.parametrize("question", ["P", "S", "L", "O 1", f"B {MAKER}", "V", "nonsense"])
def test_a_question_waits_for_what_it_may_show(server: TcpServer, journal: HeldJournal, question: str) -> None:
    with server.connect() as trader, server.connect() as curious:
        trader.send(bid(1))
        eventually(lambda: held(server) == 1)
        curious.send(question)
        eventually(lambda: held(server) == 2)
        assert hears_nothing(server, curious)
        journal.keep()
        assert trader.line() == rests(1)
        answer = curious.line()
        assert answer == curious.ask(question)


def test_events_wait(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as watcher, server.connect() as trader:
        assert watcher.ask("F") == "SUBSCRIBED"
        for order_id in (1, 2):
            trader.send(bid(order_id))
            eventually(lambda order_id=order_id: held(server) == 2 * order_id)
        assert hears_nothing(server, watcher, trader)
        journal.keep(1)
        assert watcher.line() == "EVENT 1 BOOK_ADD 1 B 100 1"
        assert hears_nothing(server, watcher)
        journal.keep(2)
        assert watcher.line() == "EVENT 2 BOOK_ADD 2 B 100 1"
        assert [trader.line(), trader.line()] == [rests(1), rests(2)]


def test_answers_and_events_of_a_connection_keep_their_order(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as trader, server.connect() as other:
        assert trader.ask("F") == "SUBSCRIBED"
        expected = []
        for order_id in range(1, 7, 2):
            trader.send(bid(order_id))
            eventually(lambda order_id=order_id: journal.appended == order_id)
            other.send(bid(order_id + 1))
            eventually(lambda order_id=order_id: journal.appended == order_id + 1)
            added = [f"EVENT {number} BOOK_ADD {number} B 100 1" for number in (order_id, order_id + 1)]
            expected += [rests(order_id), *added]
        assert hears_nothing(server, trader)
        for sequence in range(1, 7):
            journal.keep(sequence)
        assert [trader.line() for _ in expected] == expected


def test_goodbye_and_the_end_of_the_stream_wait(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as client:
        client.send("D", bid(1), "Q")
        eventually(lambda: journal.appended == 2)  # the order, and that it is cancelled at the end
        assert server.resting(MAKER) == []
        assert hears_nothing(server, client)
        journal.keep(1)
        assert [client.line() for _ in range(3)] == ["OK", rests(1), "BYE"]
        assert hears_nothing(server, client)
        journal.keep(2)
        assert client.rest() == []
    eventually(lambda: server.stats.connections == 0)


def test_a_client_that_sends_no_more_is_answered_all(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as client:
        client.send(bid(1), "P")
        client.finish()
        eventually(lambda: over(server))
        assert hears_nothing(server, client)
        journal.keep()
        assert client.rest() == [rests(1), "PONG 1"]
    eventually(lambda: server.stats.connections == 0)


def test_a_client_that_sends_no_more_when_it_is_over_is_answered_all(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as client:
        client.send(bid(1), "Q")
        eventually(lambda: over(server))
        client.finish()
        (served,) = connections(server)
        eventually(lambda: served._eof)
        assert hears_nothing(server, client)
        journal.keep()
        assert client.rest() == [rests(1), "BYE"]
    eventually(lambda: server.stats.connections == 0)


def test_pipelined_lines_are_answered_in_order(server: TcpServer, journal: HeldJournal) -> None:
    count = 20_000
    with server.connect() as client, journal.keeping():
        client.send(*(bid(order_id) for order_id in range(1, count + 1)))
        assert [client.line() for _ in range(count)] == list(map(rests, range(1, count + 1)))


def test_who_is_one_too_many_is_told_at_once(journal: HeldJournal) -> None:
    with tcp_server(journal=journal, connections_max=1) as server, server.connect() as client:
        client.send(bid(1))
        eventually(lambda: held(server) == 1)
        with server.connect() as late:
            assert late.rest() == ["ERR too_many_connections"]
        assert hears_nothing(server, client)
        journal.keep()


# How much waits


def test_what_waits_for_the_disk_is_bounded(server: TcpServer, journal: HeldJournal) -> None:
    size = server.fill_book(1_000)
    with server.connect() as client:
        snapshots = client.flood(itertools.repeat(b"S\n" * 512)) // 2
        assert snapshots * size > 100 * MEGABYTE
        (served,) = connections(server)
        assert served._outbox.full
        assert MEGABYTE < served._outbox._bytes < 2 * MEGABYTE
        journal.keep()
        for _ in range(1000):
            assert len(client.line()) > size


def test_small_answers_are_counted_with_what_they_take(journal: HeldJournal) -> None:
    with tcp_server(journal=journal, buffer_bytes_max=10 * PIECE_BYTES) as server, server.connect() as client:
        server.running.call(journal.append)
        for number in range(1, 10):
            client.send("P")
            eventually(lambda number=number: held(server) == number)
        for _ in range(10):
            client.send("P")
        (served,) = connections(server)
        eventually(lambda: served._outbox.full)
        assert 9 < held(server) < 12
        journal.keep()
        assert [client.line() for _ in range(19)] == ["PONG 0"] * 19
        assert not served._outbox.full


def test_nothing_is_carried_out_while_enough_waits(journal: HeldJournal) -> None:
    with tcp_server(journal=journal) as server, server.connect() as client:
        server.fill_book(200_000)
        client.send("S")
        (served,) = connections(server)
        eventually(lambda: served._outbox.full)
        client.send(bid(1))
        appended = server.running.call(lambda: journal.appended)
        assert hears_nothing(server, client)
        assert server.running.call(lambda: journal.appended) == appended
        journal.keep()
        client.line()
        eventually(lambda: server.running.call(lambda: journal.appended) == appended + 1)
        journal.keep()
        assert client.line() == rests(1)


def test_a_feed_beyond_the_buffer_goes_on_where_it_was(journal: HeldJournal) -> None:
    with (
        tcp_server(journal=journal, buffer_bytes_max=1 << 16, slow_consumer_seconds=0.1) as server,
        server.connect() as client,
    ):
        assert client.ask("F") == "SUBSCRIBED"
        (served,) = connections(server)
        for _ in range(10):
            server.make_events(2_000)
        eventually(lambda: served._outbox.full)
        assert not check_much_later(server, served)
        with journal.keeping():
            numbers = [int(client.line().split()[1]) for _ in range(20_000)]
        assert numbers == list(range(1, 20_001))
        assert server.stats.slow_consumers == 0


class FakeTransport:
    """What an outbox sees of a transport."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.unread_bytes = 0
        self.aborted = False

    def write(self, data: bytes) -> None:
        if data == b"fault":
            raise MemoryError
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
def outbox_in_use(journal: HeldJournal) -> Iterator[tuple[FakeTransport, Outbox, list[bool], Callable[[], None]]]:
    """A transport, its outbox for 4000 bytes, what it said of being full, and what makes all durable."""
    loop = asyncio.new_event_loop()
    release = Release(journal, loop)  # type: ignore[arg-type]
    transport, said = FakeTransport(), []
    outbox = Outbox(transport, release, 4000, lambda: said.append(outbox.full))  # type: ignore[arg-type]

    def keep() -> None:
        journal.keep()
        release._refresh()

    yield transport, outbox, said, keep
    release.close()
    loop.close()


def test_an_outbox_counts_what_the_transport_holds_and_has_room_again_late(
    journal: HeldJournal, outbox_in_use: Any
) -> None:
    transport, outbox, said, keep = outbox_in_use
    transport.unread_bytes = 3000
    outbox.writer(b"x" * 900)
    assert outbox.empty  # it was durable
    journal.append()
    outbox.writer(b"x" * 700)
    assert said == []
    journal.append()
    outbox.writer(b"x" * 900)
    assert said == [True]
    journal.keep(1)
    outbox._release._refresh()
    assert said == [True]
    keep()
    assert said == [True, False]
    assert list(map(len, transport.written)) == [900, 700, 900]


def test_nothing_follows_what_could_not_be_written(journal: HeldJournal, outbox_in_use: Any) -> None:
    transport, outbox, said, keep = outbox_in_use
    journal.append()
    for data in (b"1", b"fault", b"2"):
        outbox.writer(data)
    outbox.end(lambda: said.append("end"))
    with capture_logs() as logs:
        keep()
    assert (transport.written, transport.aborted, said, outbox.empty) == ([b"1"], True, [], True)
    assert [entry["event"] for entry in logs] == ["release failed"]


def test_in_memory_a_transport_is_written_to_without_more() -> None:
    transport = FakeTransport()
    outbox = Outbox(transport, Release(Journal(), None), 1, list)  # type: ignore[arg-type]
    assert outbox.writer == transport.write


# Whose fault it is


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server cut off at the first look whoever has had what it said and is still there."""
    for name in ("CLOSE_SECONDS", "LINGER_SECONDS", "FAREWELL_SECONDS"):
        monkeypatch.setattr(connection, name, 0.0)


@pytest.mark.parametrize("ends", [False, True])
def test_who_waits_for_last_words_is_not_cut_off(journal: HeldJournal, no_patience: None, ends: bool) -> None:
    with tcp_server(journal=journal) as server, server.connect() as client:
        client.send(bid(1), "Q")
        if ends:
            client.finish()
        eventually(lambda: over(server))
        (served,) = connections(server)
        assert check_much_later(server, served)
        assert hears_nothing(server, client)
        assert server.stats.connections == 1
        journal.keep()
        assert client.rest() == [rests(1), "BYE"]
        eventually(lambda: server.stats.connections == 0)


def test_who_waits_for_an_answer_is_not_idle(journal: HeldJournal) -> None:
    with tcp_server(journal=journal, idle_seconds=1000.0) as server, server.connect() as client:
        client.send(bid(1))
        eventually(lambda: held(server) == 1)
        (served,) = connections(server)
        assert not check_much_later(server, served)
        journal.keep()
        assert client.line() == rests(1)
        server.running.call(served.check_idle, server.gateway.loop.time() + 3 * LONG)
        assert client.rest() == ["ERR idle_timeout"]


def test_who_does_not_read_is_slow_though_the_disk_is_too(journal: HeldJournal) -> None:
    with tcp_server(journal=journal) as server, server.connect(receive_bytes=4096) as deaf:
        assert deaf.ask("F") == "SUBSCRIBED"
        (served,) = connections(server)
        journal._kept = 10**9  # the disk is quick
        journal.keep(10**9)
        eventually(lambda: journal.durable == 10**9)
        server.make_events(400_000)
        eventually(lambda: served._writing_paused)
        assert check_much_later(server, served)
        assert server.stats.slow_consumers == 1


# Ends while something waits


@pytest.mark.parametrize("end", [LineClient.close, LineClient.reset])
def test_who_vanishes_is_forgotten_at_once(
    server: TcpServer, journal: HeldJournal, end: Callable[[LineClient], None]
) -> None:
    with server.connect() as other:
        client = server.connect()
        client.send("D", bid(1), "S")
        eventually(lambda: server.resting(MAKER) == [1])
        (served,) = (each for each in connections(server) if not each._outbox.empty)
        server.running.call(journal.append)
        end(client)
        eventually(lambda: server.resting(MAKER) == [])  # its orders are cancelled
        with capture_logs() as logs:
            if end is LineClient.reset:  # who only closes may still read, as far as TCP tells
                eventually(lambda: server.stats.connections == 1)
                assert served._outbox.empty
            assert hears_nothing(server, other)
            journal.keep()
            eventually(lambda: server.stats.connections == 1)
            assert other.ask("P") == "PONG 2"
        assert [entry for entry in logs if entry["log_level"] == "error"] == []


def test_stop_waits_for_the_disk(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as client, server.connect() as watcher:
        assert watcher.ask("F") == "SUBSCRIBED"
        client.send(bid(1))
        eventually(lambda: held(server) == 2)
        stopping = server.running.begin_stop()
        eventually(lambda: over(server))
        assert hears_nothing(server, client, watcher)
        journal.keep()
        assert client.rest() == [rests(1), "BYE"]
        assert watcher.rest() == ["EVENT 1 BOOK_ADD 1 B 100 1", "BYE"]
        stopping.result(4)


def test_stop_does_not_wait_for_a_disk_that_is_gone(server: TcpServer, journal: HeldJournal) -> None:
    with server.connect() as client, server.connect() as quitter:
        client.send("D", bid(1))
        eventually(lambda: server.resting(MAKER) == [1])
        quitter.send("Q")
        eventually(lambda: any(each._over for each in connections(server)))
        journal.fail(OSError(5, "it is gone"))
        began = time.monotonic()
        server.running.stop()
        assert time.monotonic() - began < 4
        assert server.stats.connections == 0
        for each in (client, quitter):
            with pytest.raises((EOFError, ConnectionResetError)):
                each.line()
    assert server.resting(MAKER) == []


# TLS


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_tls(journal: HeldJournal, new_loop: Any) -> None:
    authority = trustme.CA()
    tls, client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(client_tls)
    with (
        tcp_server(ssl=tls, new_loop=new_loop, journal=journal) as server,
        server.connect(tls=client_tls) as client,
        server.connect(tls=client_tls) as leaver,
    ):
        assert client.ask("F") == "SUBSCRIBED"
        assert leaver.ask("D") == "OK"
        client.send(bid(1), "Q")
        eventually(lambda: any(each._over for each in connections(server)))
        assert hears_nothing(server, client)
        journal.keep()
        assert client.rest() == [rests(1), "EVENT 1 BOOK_ADD 1 B 100 1", "BYE"]
        with capture_logs() as logs:
            leaver.send(bid(2))
            eventually(lambda: held(server) == 1)
            leaver.socket.unwrap()  # the end of TLS is that of both directions
            eventually(lambda: server.resting(MAKER) == [1])
            journal.keep()
            eventually(lambda: server.stats.connections == 0)
        assert [entry for entry in logs if entry["log_level"] == "error"] == []
