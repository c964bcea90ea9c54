"""A blocking WebSocket client whose every byte the test may choose, and servers for it to talk to."""

import asyncio
import dataclasses
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.http.gateway import WebGateway
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer

from ..server.held_journal import HeldJournal
from ..server.running import SECONDS, Running, running
from .market_flow import two_markets

FEED = "/api/v1/feed"


class Closed(Exception):
    """The server has closed: its code and reason; 1006 where it did not say."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Refused(Exception):
    """There is no WebSocket: the status of the answer, and the code of the error in it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(status, code)


class WebSocket:
    """A client. receive_bytes: what the kernel may hold for it, small for those who shall be slow."""

    def __init__(
        self,
        address: str,
        *,
        path: str = FEED,
        headers: dict[str, str] | None = None,
        subprotocols: list[Any] | None = None,
        receive_bytes: int | None = None,
    ) -> None:
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        self.socket.settimeout(SECONDS)
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.protocol = ClientProtocol(parse_uri(f"ws://{address}{path}"), max_size=None, subprotocols=subprotocols)
        self._texts: list[str] = []
        self._response: Any = None
        self.pongs: list[bytes] = []
        try:
            self.socket.connect((host, int(port)))
            request = self.protocol.connect()
            for name, value in (headers or {}).items():
                if name in request.headers:
                    del request.headers[name]
                request.headers[name] = value
            self.protocol.send_request(request)
            self.flush()
            while self.protocol.state.name == "CONNECTING" and self.protocol.handshake_exc is None:
                self.take()
        except BaseException:
            self.socket.close()
            raise
        if self.protocol.handshake_exc is not None:
            self._refused()

    def _refused(self) -> None:
        while self._take_bytes():
            pass
        self.socket.close()
        raise Refused(self._response.status_code, json.loads(self._response.body)["error"]["code"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        self.send_text(json.dumps({"type": kind, **fields}))

    def send_text(self, *parts: str | bytes) -> None:
        """Send a text, in as many frames."""
        for number, part in enumerate(parts):
            data = part.encode() if isinstance(part, str) else part
            opcode = Opcode.CONT if number else Opcode.TEXT
            self.send_frame(opcode, data, fin=number == len(parts) - 1)

    def send_frame(self, opcode: Opcode, data: bytes, *, fin: bool = True) -> None:
        self.socket.sendall(frame_bytes(opcode, data, fin=fin))

    @property
    def has_text(self) -> bool:
        """Whether a text is there already."""
        return bool(self._texts)

    def text(self) -> str:
        """Return the next text; raise Closed where none will come."""
        while not self._texts:
            self.take()
        return self._texts.pop(0)

    def receive(self) -> dict[str, Any]:
        """Return the next message."""
        message: dict[str, Any] = json.loads(self.text())
        return message

    def until(self, kind: str) -> dict[str, Any]:
        """Return the next message of a type, whatever comes before."""
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def subscribe(self, symbol: str | None = None, **fields: Any) -> dict[str, Any]:
        """Subscribe, and return the snapshot."""
        self.send("subscribe", **({} if symbol is None else {"symbol": symbol}), **fields)
        return self.until("snapshot")

    def ping(self, **fields: Any) -> dict[str, Any]:
        """Ask for a pong, and return it."""
        self.send("ping", **fields)
        return self.until("pong")

    def closed(self) -> tuple[int, str]:
        """Read to the end, and return the code and the reason."""
        try:
            while True:
                self.text()
        except Closed as closed:
            return closed.code, closed.reason

    def _take_bytes(self) -> bool:
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if data:
            self.protocol.receive_data(data)
        elif not self.protocol.eof_sent or self.protocol.state.name != "CLOSED":
            self.protocol.receive_eof()
        return bool(data)

    def take(self) -> None:
        """Take what comes; raise Closed at the end."""
        more = self._take_bytes()
        if self.protocol.close_rcvd is not None:
            with suppress(OSError):
                self.flush()
        for event in self.protocol.events_received():
            if not isinstance(event, Frame):
                self._response = event
            elif event.opcode is Opcode.TEXT:
                self._texts.append(bytes(event.data).decode())
            elif event.opcode is Opcode.PONG:
                self.pongs.append(bytes(event.data))
        if not more and not self._texts:
            close = self.protocol.close_rcvd
            raise Closed(close.code if close else 1006, close.reason if close else "")


def frame_bytes(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """Return a client's frame."""
    return Frame(opcode, data, fin).serialize(mask=True)


class WebServer:
    """A gateway that runs, with its exchange of two markets."""

    def __init__(self, server: Running, sequencer: Sequencer, stats: TransportStats) -> None:
        self.running = server
        self.sequencer = sequencer
        self.stats = stats
        self.address = server.address
        self._next_id = 0

    def connect(self, **options: Any) -> WebSocket:
        return WebSocket(self.address, **options)

    def make_event(self, price: int = 100, instrument: int = 0) -> int:
        """Have an order rest; return the number of the event."""
        self._next_id += 1
        self.running.call(self.sequencer.submit, instrument, 1, self._next_id, 1, 2, price, 5)
        return self.sequencer.exchange.last_sequence


@contextmanager
def web_server(
    *,
    authenticate: Callable[[str], Access | None] | None = None,
    journal: HeldJournal | None = None,
    **settings: Any,
) -> Iterator[WebServer]:
    """Run one with these settings. journal: what its answers wait for."""
    configured = dataclasses.replace(Settings(), **settings)
    sequencer = two_markets()
    stats = TransportStats("http")
    if journal is not None:
        journal.follow(sequencer)

    def make() -> WebGateway:
        release = Release(journal or sequencer.journal, asyncio.get_running_loop())
        return WebGateway(sequencer, configured, stats, authenticate=authenticate, release=release)

    with running(make) as server:
        yield WebServer(server, sequencer, stats)
