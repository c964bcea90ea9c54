"""The feed over a WebSocket, with clients that mean no good: nobody else notices, and no failure is logged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import InvalidStatus

from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.http.connections import FRAGMENTS_MAX
from orderbook_server.gateways.http.doors import Doors
from orderbook_server.gateways.http.gateway import WebGateway
from orderbook_server.gateways.http.socket import Closed, Conversation
from orderbook_server.journal.journal import Journal
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.release import Release
from tests.web.listening import Client, logged, run, until
from tests.web.market_flow import two_markets

UPGRADE = (
    b"GET /api/v1/feed HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TEXT, PING, CONTINUED, FINAL = 0x1, 0x9, 0x0, 0x80
SUBSCRIBE, UNSUBSCRIBE, ASK = b'{"type":"subscribe"}', b'{"type":"unsubscribe"}', b'{"type":"ping"}'


def frame(head: int, data: bytes = b"") -> bytes:
    """Return a frame of up to 125 bytes, masked with zeros."""
    return bytes([head, 0x80 | len(data)]) + bytes(4) + data


class Web:
    """The page's listener with two markets behind it."""

    def __init__(self, authenticate: Any = None, **limits: Any) -> None:
        self.sequencer = two_markets()
        self.stats = TransportStats("http")
        self.release = Release(Journal(), asyncio.get_running_loop())
        self.gateway = WebGateway(
            *(self.sequencer, Settings(**limits), self.stats), authenticate=authenticate, release=self.release
        )

    async def connect(self) -> Client:
        """Return a client that is on a WebSocket, and reads and writes bytes."""
        host, _, port = self.address.rpartition(":")
        client = Client(*await asyncio.open_connection(host, int(port), limit=1 << 20))
        client.send(UPGRADE)
        assert b" 101 " in await client.reader.readuntil(b"\r\n\r\n")
        return client


@asynccontextmanager
async def web(**options: Any) -> AsyncIterator[Web]:
    """Serve while the block lasts, and see that no connection is left."""
    served = Web(**options)
    served.address = await served.gateway.start("127.0.0.1", 0)
    try:
        yield served
    finally:
        await asyncio.wait_for(served.gateway.stop(), 4)
        served.release.close()
    assert served.stats.connections == 0


def failures(work: Any, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Run a test; return what was logged as a failure."""
    return [event for level, event in logged(work, caplog) if level in ("error", "critical")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"type":"ping","\\ud800":1}', 4009),
        (b'{"type":"ping","\\ud800":"a"}', 4009),
        (b'{"type":"ping","a\\n\\u001b[31mb":1}', 4009),
        (b'{"type":"subscribe","token":"\\ud800"}', 4001),
        (b'{"type":"subscribe","token":null}', 4001),
        (b"[" * 100, 4009),
        (b"\xff", 1007),
    ],
)
def test_strange_messages(text: bytes, code: int, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with web(authenticate={"good": Access("viewer", "v")}.get) as served:
            client = await served.connect()
            client.send(frame(FINAL | TEXT, text))
            head, length = await client.reader.readexactly(2)
            said = await client.reader.readexactly(length)
            assert (head, int.from_bytes(said[:2], "big")) == (0x88, code)
            assert said[2:].decode().isprintable()
            await client.close()

    assert failures(work(), caplog) == []


def test_a_stranger_is_refused_without_noise(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with web() as served:
            with pytest.raises(InvalidStatus) as refused:
                await websocket(f"ws://{served.address}/api/v1/feed", origin="http://evil.example")
            assert refused.value.response.status_code == 403
            await until(lambda: served.stats.connections == 0)

    assert failures(work(), caplog) == []


@pytest.mark.parametrize(
    "flood",
    [
        *(frame(FINAL | TEXT, text) for text in (SUBSCRIBE, UNSUBSCRIBE, ASK, b'{"type":"subscribe","symbol":"x"}')),
        frame(FINAL | TEXT, SUBSCRIBE) + frame(FINAL | TEXT, UNSUBSCRIBE),
        frame(FINAL | PING),
    ],
)
def test_a_flood_does_not_hold_up_others(flood: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """However much comes in a packet, all others have a turn before a hundredth of it is done."""

    async def work() -> None:
        async with web() as served:
            client = await served.connect()
            count = 200_000 // len(flood)
            client.send(flood * count)
            reading = asyncio.create_task(client.rest())
            (connection,) = served.gateway._listener._all.each()
            await until(lambda: len(connection._packet) > 50_000)
            for _ in range(50):
                before = len(connection._packet)
                await asyncio.sleep(0)
                assert before - len(connection._packet) <= 512
                assert connection.queue.qsize() <= 512 // 6
            await client.close()
            await reading

    assert failures(work(), caplog) == []


def test_a_flood_of_pings_that_nobody_reads_the_pongs_of(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with web() as served:
            client = await served.connect()
            (connection,) = served.gateway._listener._all.each()
            client.writer.transport.pause_reading()
            while connection.writable.is_set():
                client.send(frame(FINAL | PING, b"x" * 125) * 1000)
                await asyncio.sleep(0)
            for _ in range(20):
                client.send(frame(FINAL | PING, b"x" * 125) * 1000)
                await asyncio.sleep(0.002)
            assert connection.transport.get_write_buffer_size() < 1 << 17
            assert len(connection._packet) < 1 << 19
            await client.close()

    assert failures(work(), caplog) == []


def test_a_message_in_many_fragments(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with web() as served:
            client = await served.connect()
            client.send(frame(TEXT, ASK[:5]) + frame(CONTINUED) * 50 + frame(FINAL | CONTINUED, ASK[5:]))
            assert b"pong" in await client.reader.readuntil(b"}")
            client.send(frame(TEXT) + frame(CONTINUED) * FRAGMENTS_MAX)
            assert b"fragments" in await client.rest()
            await client.close()

    assert failures(work(), caplog) == []


class Slow:
    """A WebSocket whose client takes a byte every now and then, until it takes none."""

    def __init__(self, readable: int) -> None:
        self.client = None
        self.left, self.readable = 100, readable
        self.scope = {"state": {"unread": lambda: self.left}}

    async def send_text(self, text: str) -> None:
        while self.left:
            await asyncio.sleep(0.02)
            if self.readable:
                self.left, self.readable = self.left - 1, self.readable - 1


def test_who_reads_slowly_is_waited_for_and_who_reads_nothing_is_not() -> None:
    async def work() -> None:
        served = Web(slow_consumer_seconds=0.2)
        settings, doors = Settings(slow_consumer_seconds=0.2), Doors(Settings(), None)
        for readable in (100, 30):
            slow: Any = Slow(readable)
            sending = Conversation(served.gateway._feed, doors, settings, slow)._send("text")
            if readable == 100:
                await sending
            else:
                with pytest.raises(Closed, match=r"nothing was read for 0\.2 seconds"):
                    await sending
            assert (slow.left, slow.readable) == (100 - readable, 0)
        served.gateway._feed.close()

    run(work())
