"""The HTTP listener: requests of all kinds, bounds, clocks, failures, and how it ends."""

import asyncio
import socket
import ssl
import time
from email.utils import parsedate_to_datetime

import pytest
import trustme
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from orderbook_server.gateways.http import connections
from orderbook_server.gateways.http import listener as listener_module
from orderbook_server.gateways.http.connections import HEAD_BYTES_MAX, PIECE_BYTES, Clocks
from orderbook_server.gateways.http.listener import HttpListener
from tests.web.listening import GET, Stage, listening, logged, run, until

HELLO = b"hello"
SLOW = b"GET / HTTP/1.1\r\nHo"
CHUNKED = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_one_request_after_another() -> None:
    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect()
            for _ in range(3):
                before = int(time.time())
                client.send(GET % b"/")
                status, headers, body = await client.answer()
                assert (status, body) == (200, HELLO)
                assert "server" not in headers
                assert before - 1 <= parsedate_to_datetime(headers["date"]).timestamp() <= time.time()
            client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
            client.send(b"one")
            assert (await client.answer())[2] == b"one"
            client.send(CHUNKED % b"/echo" + b"3\r\ntwo\r\n0\r\n\r\n")
            assert await client.reader.readuntil(b"two")
            assert stage.stats.connections == 1

    run(work())


def test_requests_sent_at_once_are_answered_in_order() -> None:
    async def work() -> None:
        async with listening() as stage:
            bodies = [b"%d" % number for number in range(300)]
            post = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
            client = await stage.connect(b"".join(post % (len(body), body) for body in bodies[:100]))
            assert [(await client.answer())[2] for _ in range(100)] == bodies[:100]

    run(work())


def test_http_1_0() -> None:
    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(b"GET / HTTP/1.0\r\n\r\n")
            assert (await client.rest()).endswith(b"\r\n\r\nhello"), "closed behind the answer"

    run(work())


def head(size: int) -> bytes:
    """Return a request whose head has a size, in bytes."""
    frame = b"GET / HTTP/1.1\r\nHost: x\r\n%s\r\n"
    small, rest = divmod(size - len(frame % b""), 50)
    headers = (b"x: %s\r\n" % (b"y" * 45)) * (small - 1) + b"x: %s\r\n" % (b"y" * (45 + rest))
    return frame % headers


@pytest.mark.parametrize("piece", [1 << 20, 1000])
def test_a_head_is_bounded(piece: int, caplog: pytest.LogCaptureFixture) -> None:
    """However it is packed."""

    async def work() -> None:
        async with listening() as stage:
            for size in (HEAD_BYTES_MAX, HEAD_BYTES_MAX + 2 * PIECE_BYTES, 200_000):
                client = await stage.connect()
                request = head(size)
                assert len(request) == size
                for start in range(0, size, piece):
                    if not client.writer.is_closing():  # refused already
                        client.send(request[start : start + piece])
                    await asyncio.sleep(0)
                if size == HEAD_BYTES_MAX:
                    assert (await client.answer())[2] == HELLO
                else:  # who goes on sending all the same is reset, and may not see why
                    assert (await client.rest())[:12] in (b"HTTP/1.1 400", b"")
            assert stage.begun == 1

    assert logged(work(), caplog) == []


def test_a_head_is_bounded_behind_another_request() -> None:
    """What has waited for an answer would be read in one piece."""

    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(GET % b"/wait" + head(HEAD_BYTES_MAX * 3))
            await stage.entered.wait()
            stage.go.set()
            assert (await client.rest()).count(b"HTTP/1.1 ") <= 1
            assert stage.ended == 1

    run(work())


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    CHUNKED % b"/" + b"chunk\r\n",
    CHUNKED % b"/echo" + b"5\r\nwhole\r\nchunk\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(garbage)
            read = await client.reader.readuntil(b"\r\n")
            if not garbage.startswith(b"PRI"):  # h11 takes it for a request of a later version, which is answered
                assert read == b"HTTP/1.1 400 Bad Request\r\n"
                await client.rest()
            await client.close()
            other = await stage.connect(GET % b"/")
            assert (await other.answer())[2] == HELLO

    assert logged(work(), caplog) == []


def test_garbage_behind_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is there before the body is, which turns out to be none."""

    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(CHUNKED % b"/")
            assert (await client.answer())[2] == HELLO
            client.send(b"chunk\r\n")
            assert await client.rest() == b""
            large = await stage.connect(CHUNKED % b"/large")
            await large.reader.readuntil(b"\r\n\r\n")
            large.send(b"chunk\r\n")
            await large.rest()

    assert logged(work(), caplog) == []


# Clocks

UNFINISHED = {
    "nothing": b"",
    "half a head": SLOW,
    "half a body": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal",
    "no body": CHUNKED % b"/echo",
    "an answer before the body": CHUNKED % b"/",
    "a second request": GET % b"/" + SLOW,
}


@pytest.mark.parametrize("data", UNFINISHED.values(), ids=UNFINISHED)
def test_a_request_must_be_whole_in_time(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening(clocks=Clocks(request_seconds=0.1)) as stage:
            client = await stage.connect(data)
            assert b"400" not in await client.rest()
            await until(lambda: stage.stats.connections == 0 and stage.ended == stage.begun)

    assert logged(work(), caplog) == []


def test_drops_do_not_stop_that_clock() -> None:
    async def work() -> None:
        async with listening(clocks=Clocks(request_seconds=0.2)) as stage:
            client = await stage.connect(SLOW)
            rest = asyncio.create_task(client.rest())
            while not rest.done():
                client.send(b"o")
                await asyncio.wait([rest], timeout=0.02)

    run(work())


async def time_goes_by(stage: Stage) -> None:
    """Wait until a request that had begun now is one too slow."""
    assert await (await stage.connect(SLOW)).rest() == b""


def test_that_clock_runs_for_nothing_else() -> None:
    """Not for answers under way, between requests, or for WebSockets."""

    async def work() -> None:
        async with listening(clocks=Clocks(request_seconds=0.1)) as stage:
            waiting = await stage.connect(GET % b"/wait")
            idle = await stage.connect(GET % b"/")
            await idle.answer()
            async with websocket(f"ws://{stage.address}/") as socket_:
                await time_goes_by(stage)
                await socket_.send("still here")
                assert await socket_.recv() == "still here"
            stage.go.set()
            assert (await waiting.answer())[2] == HELLO
            idle.send(GET % b"/")
            assert (await idle.answer())[2] == HELLO

    run(work())


def test_who_is_idle_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening(clocks=Clocks(idle_seconds=0)) as stage:
            client = await stage.connect(GET % b"/")
            assert (await client.answer())[2] == HELLO
            assert await client.rest() == b""

    assert logged(work(), caplog) == []


def deaf(address: str, data: bytes) -> socket.socket:
    """Return a client that has sent something, and never reads."""
    host, port = address.split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(data)
    return client


def test_who_does_not_read_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening(clocks=Clocks(read_seconds=0.1)) as stage:
            client = deaf(stage.address, GET % b"/large")
            await until(lambda: stage.begun)
            await until(lambda: stage.stats.connections == 0 and stage.ended)
            client.close()

    assert logged(work(), caplog) == []


def test_who_goes_on_reading_is_not() -> None:
    async def work() -> None:
        async with listening(clocks=Clocks(request_seconds=0.1, read_seconds=0.1)) as stage:
            client = await stage.connect()
            for _ in range(20):
                client.send(GET % b"/")
                assert (await client.answer())[2] == HELLO
                await asyncio.sleep(0.02)

    run(work())


# Connections


def test_connections_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening(connections_max=2) as stage:
            first = await stage.connect(GET % b"/")
            await first.answer()
            async with websocket(f"ws://{stage.address}/") as socket_:
                for _ in range(3):
                    assert await (await stage.connect(GET % b"/")).rest() == b""
                assert stage.stats.connections == 2
                await socket_.send("still here")
                assert await socket_.recv() == "still here"
            await until(lambda: stage.stats.connections == 1)
            assert (await (await stage.connect(GET % b"/")).answer())[2] == HELLO

    assert set(logged(work(), caplog)) == {("warning", "service refused")}


@pytest.mark.parametrize("data", [*UNFINISHED.values(), GET % b"/wait", GET % b"/large"])
def test_who_leaves_is_no_failure(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(data)
            if data in (GET % b"/wait", GET % b"/large"):
                await until(lambda: stage.begun)
            await client.close()
            stage.go.set()
            await until(lambda: stage.stats.connections == 0 and stage.ended == stage.begun)

    assert logged(work(), caplog) == []


def test_a_handler_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(GET % b"/fail" + GET % b"/late" + GET % b"/")
            assert (await client.answer())[0] == 500
            for _ in range(2):
                assert (await client.answer())[2] == HELLO, "the connection goes on"
            client.send(GET % b"/half")
            assert (await client.rest()).endswith(b"\r\n\r\nhalf"), "what is not whole must not look so"
            with pytest.raises(InvalidStatus) as refused:
                await websocket(f"ws://{stage.address}/fail")
            assert refused.value.response.status_code == 403
            async with websocket(f"ws://{stage.address}/") as socket_:
                await socket_.send("fail")
                with pytest.raises(ConnectionClosed) as closed:
                    await socket_.recv()
                assert closed.value.rcvd.code == 1011

    assert logged(work(), caplog) == [("error", "request failed")] * 5


# WebSockets

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def text_frame(text: bytes) -> bytes:
    """Return what a client sends of a short text."""
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text


def test_a_websocket_whose_client_did_not_wait(caplog: pytest.LogCaptureFixture) -> None:
    """What it sent before it was let in is lost, and nothing more."""

    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(UPGRADE + text_frame(b"early") * 1000)
            await client.reader.readuntil(b"\r\n\r\n")
            client.send(text_frame(b"late"))
            assert await client.reader.readexactly(6) == b"\x81\x04late"

    assert logged(work(), caplog) == []


def test_websockets_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage:
            async with websocket(f"ws://{stage.address}/") as socket_:
                assert "Sec-WebSocket-Extensions" not in socket_.response.headers
                await socket_.send("x" * 4096)
                assert await socket_.recv() == "x" * 4096
                await socket_.send("x" * 4097)
                with pytest.raises(ConnectionClosed) as closed:
                    await socket_.recv()
                assert closed.value.rcvd.code == 1009
            many = b"".join(b"x%d: y\r\n" % number for number in range(200))  # more than websockets takes
            upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s\r\n"
            assert await (await stage.connect(upgrade % many)).rest() == b""
            client = await stage.connect(upgrade % b"")  # without a key and a version
            assert (await client.answer())[0] in (400, 426)
            await client.rest()

    assert logged(work(), caplog) == []


def test_a_websocket_can_be_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage, websocket(f"ws://{stage.address}/") as socket_:
            await socket_.send("abort")
            with pytest.raises(ConnectionClosed) as closed:
                await socket_.recv()
            assert closed.value.rcvd is None
            await until(lambda: stage.stats.connections == 0 and stage.ended == stage.begun)

    assert logged(work(), caplog) == []


# Listening


def test_tls() -> None:
    async def work() -> None:
        authority = trustme.CA()
        server, client = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
        authority.issue_cert("127.0.0.1").configure_cert(server)
        authority.configure_trust(client)
        async with listening(ssl=server) as stage:
            reader = await stage.connect(GET % b"/", ssl=client)
            assert (await reader.answer())[2] == HELLO
            async with websocket(f"wss://{stage.address}/", ssl=client) as socket_:
                await socket_.send("hello")
                assert await socket_.recv() == "hello"
                await stage.listener.stop()
                with pytest.raises(ConnectionClosed) as closed:
                    await socket_.recv()
                assert closed.value.rcvd.code == 1001
            assert await reader.rest() == b""

    run(work())


def test_ipv6_and_addresses_that_cannot_be_had() -> None:
    async def work() -> None:
        async with listening("::1") as stage:
            host, _, port = stage.address.rpartition(":")
            assert host == "[::1]"
            assert (await (await stage.connect(GET % b"/")).answer())[2] == HELLO
            with pytest.raises(OSError, match="address already in use"):
                await HttpListener(stage.app, connections_max=1).start("::1", int(port))
        for name in ("name.invalid", "a..b"):
            with pytest.raises((OSError, UnicodeError)):
                await HttpListener(stage.app, connections_max=1).start(name, 0)

    run(work())


# The end


def test_stop_finishes_what_is_under_way(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage:
            idle, waiting = await stage.connect(GET % b"/"), await stage.connect(GET % b"/wait" + GET % b"/")
            await idle.answer()
            await stage.entered.wait()
            async with websocket(f"ws://{stage.address}/") as socket_:
                stopping = asyncio.create_task(stage.listener.stop())
                with pytest.raises(ConnectionClosed) as closed:
                    await socket_.recv()
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the server shuts down")
            assert await idle.rest() == b""
            with pytest.raises(OSError, match="refused"):
                await stage.connect()
            assert not stopping.done()
            stage.go.set()
            assert (await waiting.rest()).count(b"HTTP/1.1 200") == 1
            await stopping
            assert stage.ended == stage.begun

    assert logged(work(), caplog) == []


def test_stop_lets_websockets_close(caplog: pytest.LogCaptureFixture) -> None:
    """What they still had to say does not reset them."""

    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(UPGRADE)
            await client.reader.readuntil(b"\r\n\r\n")
            stopping = asyncio.create_task(stage.listener.stop())
            frame = await client.reader.readexactly(2)
            assert frame[0] == 0x88
            await client.reader.readexactly(frame[1])
            await until(lambda: stage.ended)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.reader.read(1), 0.05)
            client.send(b"\x88\x80\0\0\0\0")
            assert await client.rest() == b""
            await stopping

    assert logged(work(), caplog) == []


def test_stop_closes_websockets_that_do_not(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(connections, "CLOSE_SECONDS", 0.05)

    async def work() -> None:
        async with listening() as stage:
            client = await stage.connect(UPGRADE)
            await client.reader.readuntil(b"\r\n\r\n")
            await stage.listener.stop()
            assert (await client.rest())[2:4] == (1001).to_bytes(2)

    assert logged(work(), caplog) == [], "it was not cut off"


def test_stop_answers_what_has_arrived(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with listening() as stage:
            clients = [await stage.connect() for _ in range(10)]
            await until(lambda: stage.stats.connections == 10)
            for client in clients:
                client.send(GET % b"/")
            await stage.listener.stop()
            for client in clients:
                assert (await client.rest()).endswith(HELLO)

    assert logged(work(), caplog) == []


def test_stop_waits_for_nobody_for_ever(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Not for clients that do not read, or do not close, nor for handlers."""
    monkeypatch.setattr(listener_module, "STOP_SECONDS", 0.1)

    async def work() -> None:
        async with listening() as stage:
            clients = [deaf(stage.address, data) for data in (GET % b"/large", GET % b"/wait", UPGRADE)]
            flooded = await stage.connect(UPGRADE)
            await flooded.reader.readuntil(b"\r\n\r\n")
            flooded.send(text_frame(b"flood"))
            await until(lambda: stage.begun == 4)
            await stage.listener.stop()
            assert stage.ended == 4
            for client in clients:
                client.close()

    assert logged(work(), caplog) == [("warning", "connections cut off")]


def test_stop_without_start_and_twice() -> None:
    async def work() -> None:
        await HttpListener(Stage().app, connections_max=1).stop()
        async with listening() as stage:
            await asyncio.gather(stage.listener.stop(), stage.listener.stop())

    run(work())
