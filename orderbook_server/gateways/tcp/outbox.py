"""The outbox of a connection: what it says, between the session that said it and the transport, in order.

Release says when a piece may go on. The pieces themselves stand here, so that all of them can be dropped with the
connection, and so that they can be counted: together with what the transport holds they are what waits for a client.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from orderbook_server.sequencer.release import Release

PIECE_BYTES = 256  # that a piece takes beside its own: one may be a single line


class Outbox:
    """Bytes, and then perhaps the end of the stream, on their way to a transport.

    bytes_max: of what waits here and in the transport, before it is full. paced: called whenever `full` has changed;
    room is there again when a quarter of bytes_max waits here, or less, as with transports.
    """

    __slots__ = ("_bytes", "_bytes_max", "_paced", "_pieces", "_release", "_transport", "full")

    def __init__(
        self, transport: asyncio.Transport, release: Release, bytes_max: int, paced: Callable[[], object]
    ) -> None:
        self.full = False
        self._transport = transport
        self._release = release
        self._bytes_max = bytes_max
        self._paced = paced
        self._pieces: deque[bytes | Callable[[], object]] = deque()  # a function is the end
        self._bytes = 0  # of the pieces, and what they take beside

    @property
    def empty(self) -> bool:
        """Whether nothing waits here: all that was said is the client's to read."""
        return not self._pieces

    @property
    def writer(self) -> Callable[[bytes], None]:
        """What to write with: the transport's own where nothing is ever held back."""
        return self._write if self._release.holds else self._transport.write

    def end(self, function: Callable[[], object]) -> None:
        """Call a function behind all that was written."""
        self._pieces.append(function)
        self._release.call(self._let_go)

    def drop(self) -> None:
        """Forget what waits: there is nobody to read it."""
        self._pieces.clear()
        self._paced = _nothing

    def _write(self, data: bytes) -> None:
        """Send bytes, as soon as they may be."""
        self._pieces.append(data)
        self._bytes += len(data) + PIECE_BYTES
        self._release.call(self._let_go)
        if self._pieces and not self.full and self._bytes + self._transport.get_write_buffer_size() > self._bytes_max:
            self.full = True
            self._paced()

    def _let_go(self) -> None:
        """Hand the first piece on. There is none where all were dropped."""
        if not self._pieces:
            return
        piece = self._pieces.popleft()
        if self._transport.is_closing():
            return
        if not isinstance(piece, bytes):
            piece()
            return
        self._bytes -= len(piece) + PIECE_BYTES
        try:
            self._transport.write(piece)
        except Exception:
            self._transport.abort()  # rather no more than the rest of it
            raise
        if self.full and self._bytes <= self._bytes_max // 4:
            self.full = False
            self._paced()


def _nothing() -> None:
    """Do what is left to do for a client that is gone."""
