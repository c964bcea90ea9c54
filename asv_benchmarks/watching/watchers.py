"""Those who watch: WebSockets that take the feed as a page does, as cheaply as Python can.

They share a machine with the server that is measured. So a text is read once for all who get the same, and frames are
taken apart here: the server's are whole, and have no mask.
"""

import asyncio
import base64
import json
import os
import threading
from functools import lru_cache
from typing import Any, NamedTuple, cast

import uvloop

from orderbook_server.config import Address

from .cores import give_way

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A  # first bytes of whole frames
WAIT_SECONDS = 10.0
LOOK_SECONDS = 0.01

Level = tuple[int, int, int]  # price, quantity, orders


class Message(NamedTuple):
    """What a snapshot or an update says of a book. after: None in a snapshot."""

    after: int | None
    sequence: int
    sides: tuple[list[Level], list[Level]]


@lru_cache(maxsize=32)
def message_of(text: bytes) -> Message:
    """Read a text of the feed."""
    said = json.loads(text)
    if said["type"] not in ("snapshot", "update"):
        raise ValueError(f"unexpected: {text[:200]!r}")
    sides = [
        [(int(price), int(quantity), orders) for price, quantity, orders in said[side]] for side in ("bids", "asks")
    ]
    after = int(said["after"]) if said["type"] == "update" else None
    return Message(after, int(said["sequence"]), (sides[0], sides[1]))


def frame(first: int, payload: bytes) -> bytes:
    """Return a client's frame of up to 125 bytes; its mask is zeros, which leaves the payload as it is."""
    return bytes((first, 0x80 | len(payload), 0, 0, 0, 0)) + payload


class Watcher(asyncio.Protocol):
    """A WebSocket that keeps a book. problem: what went wrong, "" nothing; gaps: updates that did not go on."""

    def __init__(self, host: str) -> None:
        self.sequence = -1
        self.messages = self.bytes = self.snapshots = self.gaps = 0
        self.problem = ""
        self._host = host
        self._sides: tuple[dict[int, Level], dict[int, Level]] = ({}, {})
        self._rest = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /api/v1/feed HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Note who ended it."""
        self.problem = self.problem or "the server closed the connection"

    def data_received(self, data: bytes) -> None:
        """Take what is whole."""
        self.bytes += len(data)
        data = self._rest + data if self._rest else data
        place = 0 if self._is_open else self._after_head(data)
        while (end := self._frame_end(data, place)) is not None:
            place = end
        self._rest = data[place:]

    def _after_head(self, data: bytes) -> int:
        """Ask for the feed once there is a WebSocket, and return where the frames begin; 0 where there is none yet."""
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return 0
        if not data.startswith(b"HTTP/1.1 101 "):
            self.fail(f"no WebSocket: {data[:100]!r}")
        self._is_open = True
        self.transport.write(frame(TEXT, b'{"type":"subscribe"}'))
        return end

    def _frame_end(self, data: bytes, start: int) -> int | None:
        """Take the frame that begins somewhere, and return where it ends, None where it is not whole."""
        if not self._is_open or len(data) < start + 2:
            return None
        size, begin = data[start + 1], start + 2
        if size > 125:
            begin = start + (4 if size == 126 else 10)
            size = int.from_bytes(data[start + 2 : begin])
        if len(data) < begin + size:
            return None
        payload = data[begin : begin + size]
        if data[start] == TEXT:
            self.apply(message_of(payload))
        elif data[start] == PING:
            self.transport.write(frame(PONG, payload))
        else:
            self.fail(f"unexpected frame {data[start]:#x}: {payload[:200]!r}")
        return begin + size

    def apply(self, message: Message) -> None:
        """Bring the book up to date."""
        self.messages += 1
        if message.after is None:
            self.snapshots += 1
            self._sides = ({}, {})
        elif message.after != self.sequence:
            self.gaps += 1
        self.sequence = message.sequence
        for side, changes in zip(self._sides, message.sides, strict=True):
            for level in changes:
                if level[1]:
                    side[level[0]] = level
                else:
                    side.pop(level[0], None)

    def levels(self) -> tuple[list[Level], list[Level]]:
        """Return both sides, best first."""
        bids, asks = self._sides
        return [bids[price] for price in sorted(bids, reverse=True)], [asks[price] for price in sorted(asks)]

    def fail(self, problem: str) -> None:
        """Part with the server."""
        self.problem = self.problem or problem
        self.transport.abort()


class Taken(NamedTuple):
    """What all watchers got, counted from their beginning."""

    messages: int
    bytes: int
    snapshots: int
    gaps: int


class Watchers:
    """So many of them, in a thread that reads whatever else is done here."""

    def __init__(self, address: str, count: int) -> None:
        self._address = address
        self._count = count
        self._watchers: list[Watcher] = []
        give_way()
        self._loop = uvloop.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def open(self) -> None:
        """Connect all; each has a snapshot then."""
        self._run(self._open())

    def taken(self) -> Taken:
        """Return what came."""
        each = self._watchers
        return Taken(*(sum(getattr(watcher, name) for watcher in each) for name in Taken._fields))

    def reach(self, sequence: int) -> list[str]:
        """Wait until all know of an event; return what is wrong, nothing if all do."""
        self._run(self._reach(sequence))
        return [
            watcher.problem or f"it ends at {watcher.sequence}, the engine at {sequence}"
            for watcher in self._watchers
            if watcher.problem or watcher.sequence != sequence
        ]

    def differing(self, book: tuple[list[Level], list[Level]]) -> int:
        """Return how many have another book than this."""
        return sum(watcher.levels() != book for watcher in self._watchers)

    def close(self) -> None:
        """Part."""
        self._run(self._close())

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _open(self) -> None:
        host, port = Address.parse(self._address)
        for _ in range(self._count):
            _, watcher = await self._loop.create_connection(lambda: Watcher(self._address), host, port)
            self._watchers.append(watcher)
        await self._reach(0)
        if without := [watcher for watcher in self._watchers if watcher.problem or not watcher.messages]:
            raise ConnectionError(f"{len(without)} have no snapshot: {without[0].problem or 'it did not come'}")

    async def _reach(self, sequence: int) -> None:
        end = self._loop.time() + WAIT_SECONDS
        while self._loop.time() < end:
            if all(watcher.problem or watcher.sequence >= sequence for watcher in self._watchers):
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _close(self) -> None:
        for watcher in self._watchers:
            watcher.transport.abort()
        self._watchers.clear()
