"""One TCP client: a transport and a LineSession, and bytes between them.

Bytes that come in go to `receive`, what it returns goes out, in one call and without a task, a future or a timer. What
one call leaves over (`waiting`) goes on with `advance` in later turns of the loop, so that nobody holds up the others.

What goes out waits in the outbox until all that it may tell of is durable. So do the last words and the end of the
stream behind them.

Back-pressure: while more than `buffer_bytes_max` waits to be durable or to be read by a client, nothing is read from
it, nothing that it sent is carried out, and it is not fed; so a connection holds at most that, and what one call of its
session returns. Clocks run against a client for what it has not read, never for what waits for our disk.

Closing: last words, the end of the stream, and then reading on without looking until the client closes too. A socket
that is closed over bytes not yet read resets the connection, and takes with it what the client has not read.
"""

import asyncio
import struct
import time
from collections.abc import Callable
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import TYPE_CHECKING, Any, cast

import structlog

from orderbook_server.config import Address
from orderbook_server.gateways.tcp.outbox import Outbox
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.release import Release

if TYPE_CHECKING:
    from orderbook_server.gateways.tcp.gateway import TcpGateway

CLOSE_SECONDS = 3.0  # without progress, that a client has to read what is left when the server closes
LINGER_SECONDS = 0.5  # that it has to close, once all has reached it
FAREWELL_SECONDS = 30.0  # without progress, that a client has to read what is left when it was the one to end
TLS_END_SECONDS = 0.1  # that the end of a TLS client, who cannot end halves, may hold up others for what it sent before

log = structlog.get_logger()


class _Nobody:
    """Stand where a session was, or was not let in: take nothing, say nothing."""

    unsettled = False
    waiting = False
    subscribed = False
    authenticated = True
    closed = ""
    lag = 0
    lines = 0

    def receive(self, data: bytes) -> bytes:
        return b""

    def advance(self) -> bytes:
        return b""

    def end(self) -> int:
        return 0


NOBODY = _Nobody()


class Connection(asyncio.Protocol):
    """One client: open; then perhaps leaving (no more is taken from it, what waits is carried out); over; gone."""

    __slots__ = (
        "_active_since", "_blocked", "_eof", "_gateway", "_last_words", "_lines", "_made", "_outbox", "_over",
        "_patience", "_receive", "_scheduled", "_session", "_still_since", "_transport", "_unread", "_write",
        "_writing_paused", "subscribed",
    )  # fmt: skip

    _transport: asyncio.Transport
    _outbox: Outbox
    _write: Callable[[bytes], None]

    def __init__(self, gateway: "TcpGateway") -> None:
        self._gateway = gateway
        self._session: LineSession | _Nobody = NOBODY
        self._receive = NOBODY.receive
        self.subscribed = False  # as the gateway knows it
        self._scheduled = False  # _go_on is to be called
        self._writing_paused = False  # the client has enough to read
        self._blocked = False  # that, or the outbox is full
        self._eof = False  # the client will send no more
        self._last_words: bytes | None = None  # not None: leaving
        self._over = False  # the end of the stream was sent, or is in the buffer or the outbox
        self._patience = CLOSE_SECONDS
        self._made = self._active_since = self._still_since = gateway.loop.time()
        self._unread = -1  # bytes when last looked at
        self._lines = 0  # when last looked at

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the client a session, or tell it that there is no room."""
        gateway = self._gateway
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(gateway.settings.buffer_bytes_max)
        if gateway.stopping:
            self._use_outbox(gateway.unheld)
            self._finish(b"BYE\n")
        elif not gateway.admit(self):
            self._use_outbox(gateway.unheld)
            self._finish(b"ERR too_many_connections\n")
        else:
            self._use_outbox(gateway.release)
            try:
                self._session = gateway.open_session()
            except Exception:
                self._fail()
                return
            self._receive = self._session.receive
            if gateway.asks_for_tokens:
                gateway.watched.add(self)
            log.info("connected", transport="tcp", peer=self.peer)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session and its answers to the transport. All clients' packets pass here: keep it short."""
        try:
            out = self._receive(data)
            if out:
                self._write(out)
        except Exception:
            self._fail()
            return
        if self._session.unsettled:
            self._settle()

    def eof_received(self) -> bool:
        """Answer all that came before the end of the client's stream, then close; return whether to wait for that."""
        self._eof = True
        halves = self._transport.can_write_eof()
        if not self._over:
            if not halves:
                self._hurry()
            self.leave(b"")
        elif self._outbox.empty:
            self._transport.close()
        return halves

    def pause_writing(self) -> None:
        """Hold the client back: it has not read enough."""
        self._writing_paused = True
        self._pace()
        if not self._over:
            self._watch()

    def resume_writing(self) -> None:
        """Go on: the client has read what it was given, or most of it."""
        self._writing_paused = False
        self._pace()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, whatever became of it."""
        self._over = True
        self._outbox.drop()
        self._end()
        if self._gateway.forget(self):
            log.info("disconnected", transport="tcp", peer=self.peer, error=str(exc) if exc else None)

    # What the gateway calls

    def advance(self) -> None:
        """Go on with what waits and with the feed, unless enough waits to leave."""
        if self._blocked:
            return
        try:
            out = self._session.advance()
            if out:
                self._write(out)
        except Exception:
            self._fail()
            return
        if self._session.waiting or self._session.closed:
            self._settle()

    def close_ears(self) -> None:
        """Take nothing more from the client, but go on carrying out what was received and feeding it."""
        self._receive = NOBODY.receive

    def leave(self, last_words: bytes) -> None:
        """Take nothing more from the client; carry out and answer what was received, then say `last_words`."""
        if self._over:
            return
        self._last_words = last_words
        self._receive = NOBODY.receive
        self._transport.pause_reading()
        self.advance()
        self._settle()

    def abort(self) -> None:
        """Close at once, and drop what was not read."""
        self._transport.abort()

    def check(self, now: float) -> bool:
        """Close or cut off the client if its time is up; return whether a clock still runs for it."""
        if self._over:
            if not self._outbox.empty:
                self._unread = -1
            elif self._still(now) >= (self._patience if self._unread else LINGER_SECONDS):
                self.abort()
            return True
        settings = self._gateway.settings
        if self._writing_paused:
            still = self._still(now)
            if self._session.subscribed and still >= settings.slow_consumer_seconds:
                self._note_slow_consumer()
                self._finish(b"ERR slow_consumer\n")
            elif self._eof and still >= FAREWELL_SECONDS:
                self.abort()
        if not self._session.authenticated and now - self._made >= settings.auth_seconds:
            self._refuse("unauthenticated")
        return self._over or self._writing_paused or not self._session.authenticated

    def check_idle(self, now: float) -> None:
        """Close a connection that has sent no whole line for too long and is not fed."""
        session = self._session
        if session.lines != self._lines or session.subscribed:
            self._lines = session.lines
            self._active_since = now
        elif not self._outbox.empty:  # it may be waiting for an answer
            self._active_since = now
        elif self._writing_paused:  # its lines wait because it has much to read: while it reads, it is not idle
            self._active_since = max(self._active_since, self._still_since)
        if not self._over and now - self._active_since >= self._gateway.settings.idle_seconds:
            self._refuse("idle_timeout")

    @property
    def waiting(self) -> bool:
        """Whether something that was received is still to be carried out, or an event to be handed out."""
        return self._session.waiting

    @property
    def lag(self) -> int:
        """How many events of the feed the client has not been handed."""
        return self._session.lag

    @property
    def peer(self) -> str | None:
        """The client's address."""
        address = self._transport.get_extra_info("peername")
        return spell(address) if address else None

    # Its own affairs

    def _settle(self) -> None:
        """Do what follows from the session's state: close, go on soon, take more, or none for now."""
        session = self._session
        if session.subscribed is not self.subscribed:
            self.subscribed = session.subscribed
            (self._gateway.subscribers.add if self.subscribed else self._gateway.subscribers.discard)(self)
        if session.closed:
            self._finish_as_told(session.closed)
        elif session.waiting:
            self._transport.pause_reading()
            self._schedule()
        elif self._last_words is not None:
            self._finish(self._last_words)
        elif not self._blocked:
            self._transport.resume_reading()

    def _use_outbox(self, release: Release) -> None:
        self._outbox = Outbox(self._transport, release, self._gateway.settings.buffer_bytes_max, self._pace)
        self._write = self._outbox.writer

    def _pace(self) -> None:
        """Hold the client back while enough waits to leave, for it or for our disk, and go on when there is room."""
        self._blocked = self._writing_paused or self._outbox.full
        if self._over:
            return
        if self._blocked:
            self._transport.pause_reading()
        else:
            self._schedule()

    def _hurry(self) -> None:
        """Go on at once with what waits: TLS closes behind this call. What is too much work for that is dropped."""
        until = time.monotonic() + TLS_END_SECONDS
        while self._session.waiting and not self._blocked and time.monotonic() < until:
            self.advance()

    def _schedule(self) -> None:
        if not self._scheduled and not self._blocked:
            self._scheduled = True
            self._gateway.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._scheduled = False
        if not self._over and not self._blocked:
            self.advance()
            self._settle()

    def _finish_as_told(self, reason: str) -> None:
        """Close because the session says so; it has said its last words."""
        if reason == "slow_consumer":
            self._note_slow_consumer()
        elif reason != "quit":
            log.warning("service refused", transport="tcp", reason=reason, peer=self.peer)
        self._finish(b"")

    def _note_slow_consumer(self) -> None:
        self._gateway.stats.slow_consumers += 1
        log.warning("slow consumer", transport="tcp", peer=self.peer, lag=self.lag)

    def _refuse(self, code: str) -> None:
        log.warning("service refused", transport="tcp", reason=code, peer=self.peer)
        self._finish(b"ERR %s\n" % code.encode())

    def _fail(self) -> None:
        """Close this connection because of a fault in the server, which concerns nobody else."""
        log.exception("connection failed", peer=self.peer)
        self._finish(b"")

    def _finish(self, last_words: bytes) -> None:
        """End the session, say the last words, close as far as the client goes along; the sweeper sees to the rest."""
        if self._over:
            return
        self._over = True
        self._end()
        if last_words:
            self._write(last_words)
        self._patience = FAREWELL_SECONDS if self._eof else CLOSE_SECONDS
        self._watch()
        self._outbox.end(self._end_stream)

    def _end_stream(self) -> None:
        """Close behind the last words, or send the end of the stream and look what the client does."""
        if self._eof or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except OSError:  # the last words met a client that is gone; plain asyncio lets us know
            self.abort()

    def _end(self) -> None:
        """End the session; once, as nobody stands in its place from then on."""
        session, self._session = self._session, NOBODY
        self._receive = NOBODY.receive
        self._gateway.subscribers.discard(self)
        self.subscribed = False
        try:
            session.end()
        except Exception:
            log.exception("session failed to end", peer=self.peer)

    def _watch(self) -> None:
        self._unread = -1
        self._gateway.watched.add(self)

    def _still(self, now: float) -> float:
        """Return for how many seconds the client has read nothing, nor was given anything.

        While it is watched for that, nothing is written but what the outbox held.
        """
        unread = self._transport.get_write_buffer_size() + _unacknowledged(self._transport)
        if unread != self._unread:
            self._unread = unread
            self._still_since = now
        return now - self._still_since


def _unacknowledged(transport: asyncio.Transport) -> int:
    """Return the bytes that the kernel holds for a client, 0 where it does not tell.

    It takes more from our buffer only when it has got rid of about a third of what it has, megabytes perhaps: a client
    that reads slowly would look like one that does not read.
    """
    socket = transport.get_extra_info("socket")
    if socket is None:
        return 0
    try:
        count: int = struct.unpack("i", ioctl(socket.fileno(), TIOCOUTQ, bytes(4)))[0]
    except OSError:
        return 0
    return count


def spell(address: tuple[Any, ...]) -> str:
    """Write a socket's address as HOST:PORT; those of IPv6 have more than these two parts."""
    host, port = address[:2]
    return str(Address(host, port))
