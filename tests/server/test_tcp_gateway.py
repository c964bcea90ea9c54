"""The TCP gateway: real sockets, clients that come, trade, end and vanish. What lines mean is tested elsewhere."""

import asyncio
import resource
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import trustme
import uvloop
from structlog.testing import capture_logs

from tests.server.clients import LineClient
from tests.server.running import eventually
from tests.server.tcp import MAKER, TAKER, TcpServer, tcp_server


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[TcpServer]:
    with tcp_server(new_loop=request.param) as running:
        yield running


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow as many open files as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def bid(order_id: int, account_id: int = MAKER) -> str:
    return f"N {account_id} {order_id} B 100 1"


# Carrying bytes


def test_answers(server: TcpServer) -> None:
    with server.connect() as client:
        assert client.ask("P") == "PONG 0"
        client.send_bytes(b"N 1 1 B 10")
        client.send_bytes(b"0 5\nP\n")
        assert [client.line(), client.line()] == ["EXEC 0 REST 1 B 100 5", "PONG 1"]


def test_many_commands_in_a_row_are_answered_in_order(server: TcpServer) -> None:
    count = 20_000
    with server.connect() as client:
        client.send(*(bid(order_id) for order_id in range(1, count + 1)))
        assert [client.line() for _ in range(count)] == [f"EXEC 0 REST {n} B 100 1" for n in range(1, count + 1)]


def test_an_answer_beyond_all_buffers(server: TcpServer) -> None:
    size = server.fill_book(100_000)
    with server.connect() as client:
        client.send("S", "P")
        assert len(client.line()) > size
        assert client.line() == "PONG 100000"


def test_events_of_others_come_by_themselves(server: TcpServer) -> None:
    with server.connect() as watcher, server.connect() as trader:
        assert watcher.ask("F") == "SUBSCRIBED"
        trader.send(bid(1), bid(2))
        assert [watcher.line().split()[:3] for _ in range(2)] == [
            ["EVENT", "1", "BOOK_ADD"],
            ["EVENT", "2", "BOOK_ADD"],
        ]
        assert watcher.ask("F off") == "UNSUBSCRIBED"
        trader.send(bid(3))
        assert [trader.line() for _ in range(3)][2] == "EXEC 0 REST 3 B 100 1"
        assert watcher.ask("P") == "PONG 3"


def test_a_feed_from_long_ago_comes_whole(server: TcpServer) -> None:
    server.make_events(100_000)
    with server.connect() as client:
        client.send("F FROM 0", "P")
        assert client.line() == "SUBSCRIBED"
        numbers = [int(client.line().split()[1]) for _ in range(100_000)]
        assert numbers == list(range(1, 100_001))
        assert client.line() == "PONG 100000"


def test_a_thousand_idle_connections_while_one_trades(server: TcpServer, many_files: None) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(server.connect()) for _ in range(1000)]
        eventually(lambda: server.stats.connections == 1000)
        trader = stack.enter_context(server.connect())
        for order_id in range(1, 201):
            assert trader.ask(bid(order_id)) == f"EXEC 0 REST {order_id} B 100 1"
        assert {client.ask("P") for client in idle} == {"PONG 200"}
        assert server.running.stop() < 4
        assert all(client.rest() == ["BYE"] for client in [*idle, trader])


def test_addresses() -> None:
    with tcp_server(host="::1") as server:
        assert server.running.address == f"[::1]:{server.running.port}"
        with server.connect() as client:
            assert client.ask("P") == "PONG 0"


def test_a_taken_port_is_an_error(server: TcpServer) -> None:
    async def start_another() -> None:
        await type(server.gateway)(server.sequencer, server.gateway.settings, server.stats).start(
            "127.0.0.1", server.running.port
        )

    with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
        asyncio.run(start_another())


# Ends


def test_quit_says_goodbye_and_looks_at_nothing_behind_it(server: TcpServer) -> None:
    with server.connect() as client:
        client.send_bytes(b"P\nQ\n" + b"".join(f"{bid(n)}\n".encode() for n in range(1, 100_000)))
        assert client.rest() == ["PONG 0", "BYE"]
    assert server.resting(MAKER) == []
    eventually(lambda: server.stats.connections == 0)


def test_a_line_too_long_is_told_though_more_comes(server: TcpServer) -> None:
    with server.connect() as client:
        client.send_bytes(b"P\n" + b"x" * 1_000_000)
        assert client.rest() == ["PONG 0", "ERR line_too_long"]


def test_half_a_line_is_not_carried_out(server: TcpServer) -> None:
    for end in (LineClient.close, LineClient.reset):
        client = server.connect()
        assert client.ask("P") == "PONG 0"
        client.send_bytes(b"N 1 1 B 100 5")
        end(client)
        eventually(lambda: server.stats.connections == 0)
    with server.connect() as client:
        client.send_bytes(b"P\nN 1 1 B 100 5")
        client.finish()
        assert client.rest() == ["PONG 0"]
    assert server.resting(MAKER) == []


@pytest.mark.parametrize(("orders", "snapshots"), [(20_000, 20), (100, 5_000)])
def test_all_is_answered_to_a_client_that_sends_no_more(server: TcpServer, orders: int, snapshots: int) -> None:
    size = server.fill_book(orders)
    with server.connect() as client:
        client.send(*["S"] * snapshots, "P")
        client.finish()
        *answers, last = client.rest()
        assert len(answers) == snapshots
        assert min(map(len, answers)) > size
        assert last == f"PONG {orders}"


@pytest.mark.parametrize("end", [LineClient.close, LineClient.reset, LineClient.finish])
def test_orders_are_cancelled_on_disconnect(server: TcpServer, end: Any) -> None:
    with server.connect() as other, server.connect() as client:
        assert other.ask(bid(1, TAKER)).startswith("EXEC")
        client.send(bid(2), "D", bid(3))
        assert [client.line() for _ in range(3)][1] == "OK"
        assert server.resting(MAKER) == [2, 3]
        end(client)
        eventually(lambda: not server.resting(MAKER))
        assert other.ask("P") == "PONG 5"
        assert server.resting(TAKER) == [1]


def test_a_fault_of_the_server_closes_one_connection(server: TcpServer) -> None:
    open_session = server.gateway.open_session

    class Faulty:
        """A session that runs out of memory."""

        def __init__(self) -> None:
            self._session = open_session()
            self.ended = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._session, name)

        def receive(self, data: bytes) -> bytes:
            raise MemoryError

        def end(self) -> int:
            self.ended += 1
            raise MemoryError

    faulty = Faulty()
    server.gateway.open_session = lambda: faulty  # type: ignore[method-assign]
    with capture_logs() as logs, server.connect() as unlucky:
        eventually(lambda: server.stats.connections == 1)
        server.gateway.open_session = open_session  # type: ignore[method-assign]
        with server.connect() as other:
            unlucky.send("P")
            assert unlucky.rest() == []
            assert other.ask("P") == "PONG 0"
    eventually(lambda: server.stats.connections == 0)
    assert faulty.ended == 1
    errors = [entry["event"] for entry in logs if entry["log_level"] == "error"]
    assert errors == ["connection failed", "session failed to end"]


# Stopping


def test_what_was_accepted_is_answered_before_goodbye(server: TcpServer) -> None:
    server.fill_book(10)
    with server.connect(receive_bytes=4096) as client:
        client.flood(f"{bid(n)}\nL\n".encode() for n in range(1, 10**6))
        stopping = server.running.begin_stop()
        *answers, last = client.rest()
        stopping.result(4)
    assert last == "BYE"
    accepted = len(server.resting(MAKER)) - 10
    assert accepted > 0
    assert answers[::2] == [f"EXEC 0 REST {n} B 100 1" for n in range(1, accepted + 1)]
    assert len(answers[1::2]) in (accepted, accepted - 1)  # the last line received may have been an order


def test_what_waits_to_be_carried_out_is_answered_before_goodbye(server: TcpServer) -> None:
    server.fill_book(10_000)
    with server.connect(receive_bytes=4096) as client:
        client.send(*["S"] * 30, bid(1))
        eventually(lambda: server.unread_bytes() > server.gateway.settings.buffer_bytes_max)
        assert len(server.resting(MAKER)) == 10_000
        stopping = server.running.begin_stop()
        assert client.rest()[30:] == ["EXEC 0 REST 1 B 100 1", "BYE"]
        stopping.result(4)


def test_stop_does_not_wait_for_those_who_do_not_read() -> None:
    with tcp_server() as server, server.connect(receive_bytes=4096) as deaf, server.connect() as client:
        server.fill_book(20_000)
        deaf.send(*["S"] * 100)
        eventually(lambda: server.unread_bytes() > server.gateway.settings.buffer_bytes_max)
        assert client.ask("P") == "PONG 20000"
        assert server.running.stop() < 4
        assert client.rest() == ["BYE"]
        assert server.stats.connections == 0


def test_nobody_connects_to_a_server_that_stopped(server: TcpServer) -> None:
    assert server.running.stop() < 0.5
    with pytest.raises(ConnectionRefusedError):
        server.connect()


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server and a client need; the client has no certificate of its own."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_tls(authority: trustme.CA, new_loop: Any) -> None:
    tls, client_tls = contexts(authority)
    with tcp_server(ssl=tls, new_loop=new_loop) as server:
        size = server.fill_book(100_000)
        with server.connect(tls=client_tls) as client, server.connect(tls=client_tls) as leaver:
            client.send("S", "P")
            assert len(client.line()) > size
            assert client.line() == "PONG 100000"
            leaver.send("D", bid(1), "Q")
            assert leaver.rest() == ["OK", "EXEC 0 REST 1 B 100 1", "BYE"]
            assert client.ask("P") == "PONG 100002"
            with LineClient("127.0.0.1", server.running.port) as plain:
                plain.send(*["P"] * 10)
                with pytest.raises((EOFError, ConnectionError)):
                    plain.line()
            assert server.running.stop() < 4
            assert client.rest() == ["BYE"]


def test_mutual_tls(authority: trustme.CA) -> None:
    tls, stranger = contexts(authority)
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    known = contexts(authority)[1]
    authority.issue_cert("client@example.com").configure_cert(known)
    with tcp_server(ssl=tls) as server:
        with server.connect(tls=known) as client:
            assert client.ask("P") == "PONG 0"
        with pytest.raises((ssl.SSLError, EOFError, ConnectionError)), server.connect(tls=stranger) as client:
            client.ask("P")  # with TLS 1.3 the refusal comes behind the client's side of the handshake
        eventually(lambda: server.stats.connections == 0)


def test_a_client_that_closes_its_side_of_tls(authority: trustme.CA) -> None:
    tls, client_tls = contexts(authority)
    with tcp_server(ssl=tls) as server, server.connect(tls=client_tls) as client:
        client.send("D", bid(1))
        assert [client.line(), client.line()] == ["OK", "EXEC 0 REST 1 B 100 1"]
        client.socket.unwrap()
        eventually(lambda: not server.resting(MAKER), 2)
        began = time.monotonic()
        eventually(lambda: server.stats.connections == 0, 5)
        assert time.monotonic() - began < 2


def test_the_end_of_tls_does_not_hold_up_others(authority: trustme.CA) -> None:
    """What waits is done before TLS closes, but not for seconds."""
    tls, client_tls = contexts(authority)
    with tcp_server(ssl=tls) as server, server.connect(tls=client_tls) as busy, server.connect(tls=client_tls) as other:
        server.fill_book(40_000)
        assert busy.ask("P") == other.ask("P") == "PONG 40000"
        server.running.hold(0.3)
        busy.send(*["N 2 1 A 0 50000 FOK"] * 8_000)  # each walks the whole book
        busy.socket.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            busy.socket.unwrap()
        eventually(lambda: server.stats.connections == 1)
        began = time.monotonic()
        done = int(other.ask("P").split()[1]) - 40_000
        assert time.monotonic() - began < 1
        assert 0 < done < 8_000
        assert other.ask("P") == f"PONG {40_000 + done}"


def test_what_came_before_the_end_of_tls_is_answered(authority: trustme.CA) -> None:
    tls, client_tls = contexts(authority)
    with tcp_server(ssl=tls) as server, server.connect(tls=client_tls) as client:
        server.fill_book(100)
        assert client.ask("P") == "PONG 100"
        server.running.hold(0.3)
        client.send(*["S"] * 200, bid(1))  # more than one call answers
        client.socket.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):  # it has said that it ends, and does not wait for the same
            client.socket.unwrap()
        client.socket.settimeout(20)
        assert [client.line() for _ in range(201)][200] == "EXEC 0 REST 1 B 100 1"
