"""Connections of an HTTP listener: uvicorn's protocols, and clocks and bounds around them.

uvicorn knows one clock, for a connection that is idle between two requests. Here two more run: for a request until it
is whole, and for what a client is to read until it has. They are looked at now and then, all at once (`check`), which
is cheaper than a timer for each, and sees whatever uvicorn did in between.

h11 bounds the head of a request, but not of one that comes in one packet, and 256 KiB of headers take it 0.2 s. So
it is given pieces. As much of a WebSocket may be 40,000 frames, which take half a second: its pieces are smaller, and
between two of them all others have their turn.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from orderbook_server.metrics.transport import TransportStats

HEAD_BYTES_MAX = 16_384  # of a request, and of what follows it before it is answered; a piece more at most
PIECE_BYTES = 4_096
FRAMES_BYTES = 512  # of a WebSocket that are taken in one turn
FRAGMENTS_MAX = 64  # of a message: empty ones are not bounded by its bytes
NOT_TEXT, TOO_LARGE = 1007, 1009  # close codes
GOING_AWAY, GOING_AWAY_REASON = 1001, "the server shuts down"
CLOSE_SECONDS = 1.0  # that the client of a WebSocket has to close, too


@dataclass(frozen=True)
class Clocks:
    """How long a connection may take.

    request_seconds: from the first byte of a request, or from connecting, until it is whole. idle_seconds: between
    requests. read_seconds: until an answer is read, and until a connection that is closed is gone. life_seconds: in
    all, then it is closed after its answer, if one is under way; None, for ever. To a WebSocket none applies but that
    it must be gone, once closed.
    """

    request_seconds: float = 10.0
    idle_seconds: int = 60
    read_seconds: float = 10.0
    life_seconds: float | None = None


class Connections(ServerState):
    """The connections of a listener, and the tasks of their requests."""

    def __init__(self, connections_max: int, clocks: Clocks, stats: TransportStats | None) -> None:
        super().__init__()
        self.clocks = clocks
        self.closed = False  # to new ones
        self.refused = 0
        self.none = asyncio.Event()
        self._connections_max = connections_max
        self._stats = stats
        self.count()

    def admit(self) -> bool:
        """Return whether there may be one more."""
        if self.closed:
            return False
        if len(self.connections) >= self._connections_max:
            self.refused += 1
            return False
        return True

    def count(self) -> None:
        """Note that there is one more, or one less."""
        if self._stats is not None:
            self._stats.connections = len(self.connections)
        if self.connections:
            self.none.clear()
        else:
            self.none.set()

    def each(self) -> tuple["HttpConnection | WebSocketConnection", ...]:
        """Return all that are open."""
        return cast("tuple[HttpConnection | WebSocketConnection, ...]", tuple(self.connections))


class HttpConnection(H11Protocol):
    """A connection that brings requests, until one of them makes it a WebSocket."""

    def __init__(self, config: Config, server_state: Connections, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(config, server_state, {"abort": self.abort}, loop)
        self._all = server_state
        self._life_end: float | None = None
        self._request_since: float | None = None
        self._unread_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin, or be closed at once where this is one too many."""
        if not self._all.admit():
            transport.set_protocol(asyncio.Protocol())
            transport.close()
            return
        super().connection_made(transport)
        self._all.count()
        self._request_since = now = self.loop.time()
        if self._all.clocks.life_seconds is not None:
            self._life_end = now + self._all.clocks.life_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn lets the timer run out after an error
        self._all.count()

    def data_received(self, data: bytes) -> None:
        """Take bytes in pieces."""
        for start in range(0, len(data), PIECE_BYTES):
            if self not in self.connections:  # now a WebSocket, whose client has not waited to be let in
                return
            super().data_received(data[start : start + PIECE_BYTES])
        if self.conn.their_state is h11.DONE and len(self.conn.trailing_data[0]) > HEAD_BYTES_MAX:
            self.cycle.keep_alive = False  # what waits would be taken in one piece
        self._time_request()

    def on_response_complete(self) -> None:
        """Go on with the next request, where it is there."""
        super().on_response_complete()
        self._time_request()

    def _time_request(self) -> None:
        """Let a clock run while a request has begun and is not whole."""
        state = self.conn.their_state
        if state is not h11.SEND_BODY and not (state is h11.IDLE and self.conn.trailing_data[0]):
            self._request_since = None
        elif self._request_since is None:
            self._request_since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, if it can still be said; a request that was under way has nobody to answer."""
        self._forsake()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # the answer has begun, or is there already
            self.transport.close()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self._unread_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        """Close, after the answer that is under way."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def check(self, now: float) -> None:
        """Close, or cut off, a client whose time is over; `now` is the loop's."""
        clocks = self._all.clocks
        if self._life_end is not None and now >= self._life_end:
            self.shutdown()
        if self._request_since is not None and now - self._request_since >= clocks.request_seconds:
            self.transport.close()
        if not self.transport.is_closing() and not self.transport.get_write_buffer_size():
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since >= clocks.read_seconds:
            self.abort()

    def abort(self) -> None:
        """Cut the connection off; what the client has not read is lost."""
        self._forsake()
        self.transport.abort()

    def _forsake(self) -> None:
        """Tell the handler of a request, if there is one, that nobody waits for its answer."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A connection that has become a WebSocket.

    Nothing is read while the handler is not done with what came before, or while the client does not read: neither
    messages nor pongs pile up. Whether the client reads is the handler's affair: `send` waits while 64 KiB are not
    read, of which `scope["state"]["unread"]()` tells the bytes, and `scope["state"]["abort"]()` cuts off who was waited
    for long enough.
    """

    def __init__(
        self,
        config: Config,
        server_state: Connections,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        state = {**app_state, "abort": self.abort, "unread": lambda: self.transport.get_write_buffer_size()}
        super().__init__(config, server_state, state, _loop)
        self._all = server_state
        self._closing_since: float | None = None
        self._packet = bytearray()  # what of it was not taken yet
        self._has_turn = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._all.count()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first are the request, which websockets may like less than h11 did, without a word."""
        if self.handshake_initiated:
            self._packet += data
            self._go_on()
            return
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.close()

    async def receive(self) -> Any:
        """Return the client's next message: who asks for it is done with the one before."""
        self._go_on()
        message = await super().receive()
        self._go_on()
        return message

    async def send(self, message: Any) -> None:
        """Send a message. uvicorn takes a handshake that was refused for one that was forgotten, and logs that."""
        await super().send(message)
        self.handshake_complete = self.handshake_complete or self.close_sent

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        super().pause_writing()
        self._go_on()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        self._go_on()

    def _go_on(self) -> None:
        """Have a turn for the next piece, or read on, where nothing waits for client or handler."""
        if self.transport.is_closing():
            return
        is_free = self.handshake_complete and self.writable.is_set() and (self.close_sent or self.queue.empty())
        if is_free and self._packet and not self._has_turn:
            self._has_turn = True
            self.loop.call_soon(self._take_piece)
        if is_free and not self._packet:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _take_piece(self) -> None:
        """Take the frames of one piece."""
        self._has_turn = False
        if not self.transport.is_closing():
            piece = bytes(self._packet[:FRAMES_BYTES])
            del self._packet[:FRAMES_BYTES]
            super().data_received(piece)
            self._go_on()

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment of a message."""
        if len(self.frames) < FRAGMENTS_MAX:
            super().handle_cont(event)
        else:
            self._refuse(TOO_LARGE, f"a message may have {FRAGMENTS_MAX} fragments")

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, unless it is a text that is none: uvicorn would log the traceback."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self._refuse(NOT_TEXT, "not UTF-8")
        else:
            super().send_receive_event_to_app()

    def _refuse(self, code: int, reason: str) -> None:
        """Close over what a client has sent."""
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._all.count()

    def shutdown(self) -> None:
        """Say that the server goes away, and let the client close."""
        if self.transport.is_closing():
            return
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": GOING_AWAY, "reason": GOING_AWAY_REASON},
        )
        self.conn.send_close(GOING_AWAY, GOING_AWAY_REASON)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.close)

    def check(self, now: float) -> None:
        """Cut off a client that does not let itself be closed; `now` is the loop's."""
        if not self.close_sent and not self.transport.is_closing():
            return
        if self._closing_since is None:
            self._closing_since = now
        elif now - self._closing_since >= self._all.clocks.read_seconds:
            self.abort()

    def abort(self) -> None:
        """Cut the connection off; what the client has not read is lost."""
        self.transport.abort()
