"""An HTTP listener with an application that does what tests need, and clients that do not behave."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from structlog.testing import capture_logs

from orderbook_server.gateways.http.listener import HttpListener
from orderbook_server.metrics.transport import TransportStats

SECONDS = 10  # that anything may take; what hangs fails
GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"x" * (64 << 20)  # more than any system's buffers hold


class Stage:
    """A listener on loopback, and what its handlers do.

    `entered`: a handler of /wait has begun; `go`: it may answer. `begun`, `ended`: how many handlers have.
    """

    def __init__(self, **options: Any) -> None:
        self.stats = TransportStats("http")
        self.listener = HttpListener(self.app, **{"connections_max": 100, "stats": self.stats, **options})
        self.entered, self.go = asyncio.Event(), asyncio.Event()
        self.begun = self.ended = 0
        self.clients: list[Client] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        self.begun += 1
        try:
            if scope["type"] == "websocket":
                await self.talk(WebSocket(scope, receive, send))
            else:
                await (await self.answer(Request(scope, receive), send))(scope, receive, send)
        finally:
            self.ended += 1

    async def answer(self, request: Request, send: Send) -> Response:
        """Answer a request."""
        match request.scope["path"]:
            case "/echo":
                return Response(await request.body())
            case "/large":
                return Response(LARGE)
            case "/wait":
                self.entered.set()
                await self.go.wait()
            case "/fail":
                raise ValueError("as it is asked to")
            case "/late":
                await PlainTextResponse("hello")(request.scope, request.receive, send)
                raise ValueError("as it is asked to")
            case "/half":
                start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}
                await send(start)
                await send({"type": "http.response.body", "body": b"half", "more_body": True})
                raise ValueError("as it is asked to")
        return PlainTextResponse("hello")

    async def talk(self, websocket: WebSocket) -> None:
        """Echo on a WebSocket."""
        if websocket.scope["path"] == "/fail":
            raise ValueError("as it is asked to")
        await websocket.accept()
        async for text in websocket.iter_text():
            if text == "fail":
                raise ValueError("as it is asked to")
            if text == "abort":
                websocket.scope["state"]["abort"]()
            while text == "flood":
                await websocket.send_text("x" * 100_000)
            await websocket.send_text(text)

    async def connect(self, data: bytes = b"", **options: Any) -> "Client":
        """Return a new client that has sent something."""
        host, _, port = self.address.rpartition(":")
        client = Client(*await asyncio.open_connection(host.strip("[]"), int(port), **options))
        self.clients.append(client)
        client.send(data)
        return client


class Client:
    """A client that sends bytes as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer: its status, headers and body."""
        head, _, _ = (await self.reader.readuntil(b"\r\n\r\n")).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return int(first.split()[1]), headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def rest(self) -> bytes:
        """Read until the server has closed, or cut off, the connection."""
        read = bytearray()
        with suppress(ConnectionError):
            while data := await self.reader.read(1 << 16):
                read += data
        return bytes(read)

    async def close(self) -> None:
        """Leave."""
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def listening(host: str = "127.0.0.1", **options: Any) -> AsyncIterator[Stage]:
    """Listen on a free port, stop, and see that nothing is left of any connection."""
    before = asyncio.all_tasks()
    stage = Stage(**options)
    stage.address = await stage.listener.start(host, 0)
    try:
        yield stage
    finally:
        await asyncio.wait_for(stage.listener.stop(), 4)
        for client in stage.clients:
            await client.close()
    assert stage.listener._sweeper.cancelled()
    assert stage.stats.connections == 0
    of_listener = {task for task in asyncio.all_tasks() - before if "uvicorn" in repr(task.get_coro())}
    assert not of_listener


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test on the server's kind of loop, for a bounded time."""
    uvloop.run(asyncio.wait_for(work, 3 * SECONDS))


def logged(work: Coroutine[Any, Any, None], caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Run a test; return (level, event) of what was logged, by libraries as well, as far as the server lets them."""
    with caplog.at_level(logging.ERROR, "uvicorn"), caplog.at_level(logging.INFO, "asyncio"), capture_logs() as ours:
        run(work)
    foreign = [(record.levelname.lower(), record.getMessage()) for record in caplog.records]
    return [(entry["log_level"], entry["event"]) for entry in ours] + foreign


async def until(condition: Any) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.005)
