"""The feed over a WebSocket: docs/web.md, "The feed"."""

import asyncio
import time

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from orderbook import UnknownSymbol
from orderbook_server.auth import Access
from orderbook_server.config import Settings
from orderbook_server.gateways.http.doors import Doors, Refusal
from orderbook_server.market.feed import MarketFeed, Subscriber
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol import feed as messages

log = structlog.get_logger()

SUBSCRIBE_SECONDS = 1 / 30  # from one instrument to the next: a snapshot costs as much as a hundred commands
CLOSE_SECONDS = 1.0  # for the last words to leave, behind what was not read
REASON_BYTES_MAX = 123  # of a close frame


class Closed(Exception):
    """The server ends the conversation, with this code of a close frame."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason

    def words(self) -> str:
        """Return what the close frame says."""
        return f"{self.reason}: {self}".encode()[:REASON_BYTES_MAX].decode(errors="ignore")


class FeedSocket:
    """Talks with those who watch: the endpoint of the WebSocket."""

    def __init__(self, feed: MarketFeed, doors: Doors, settings: Settings, stats: TransportStats) -> None:
        self._feed = feed
        self._doors = doors
        self._settings = settings
        self._stats = stats

    async def talk(self, websocket: WebSocket) -> None:
        """Talk with a client, whom the gate has let in, until one of the two has enough."""
        await websocket.accept()
        conversation = Conversation(self._feed, self._doors, self._settings, websocket)
        try:
            await conversation.run()
        except WebSocketDisconnect:
            pass
        except Closed as closed:
            self._stats.slow_consumers += closed.reason == "slow_consumer"
            log.info("feed closed", transport="http", peer=conversation.peer, reason=closed.reason, problem=str(closed))
            await self._close(websocket, closed)

    async def _close(self, websocket: WebSocket, closed: Closed) -> None:
        """Say why, to who reads; cut off who does not."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await websocket.close(closed.code, closed.words())
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            websocket.scope["state"]["abort"]()


class Conversation:
    """What is said on one WebSocket. peer: the client's address."""

    def __init__(self, feed: MarketFeed, doors: Doors, settings: Settings, websocket: WebSocket) -> None:
        self.peer = f"{websocket.client.host}:{websocket.client.port}" if websocket.client else "unknown"
        self._feed = feed
        self._doors = doors
        self._settings = settings
        self._websocket = websocket
        self._subscriber = Subscriber()
        self._access: Access | None = None if doors.asks_for_tokens else doors.access(None)
        self._subscribed_at = 0.0  # by the loop's clock

    async def run(self) -> None:
        """Talk until somebody ends it; raise Closed or WebSocketDisconnect."""
        tasks = [asyncio.ensure_future(part) for part in (self._listen(), self._tell())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._subscriber.watch(None)
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _tell(self) -> None:
        """Send what happens."""
        while True:
            await self._send(await self._subscriber.next())

    async def _send(self, text: str) -> None:
        """Send a text; raise Closed to who reads nothing."""
        seconds, unread = self._settings.slow_consumer_seconds, self._websocket.scope["state"]["unread"]
        while True:
            before = unread()
            try:
                async with asyncio.timeout(seconds):
                    return await self._websocket.send_text(text)
            except TimeoutError:  # nothing of the text has left
                if unread() >= before:
                    raise Closed(4008, "slow_consumer", f"nothing was read for {seconds} seconds") from None

    async def _listen(self) -> None:
        """Take what the client says, and answer."""
        seconds = self._settings.auth_seconds
        try:
            async with asyncio.timeout(None if self._access else seconds) as limit:
                while self._access is None:
                    await self._take()
                    await asyncio.sleep(0)
                limit.reschedule(None)
        except TimeoutError:
            raise Closed(4001, "unauthenticated", f"no known token within {seconds} seconds") from None
        while True:
            await self._take()
            await asyncio.sleep(0)  # all others have their turn, however much one client says at once

    async def _take(self) -> None:
        """Take one message."""
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event["code"])
        text = event.get("text")
        if text is None:
            raise Closed(4009, "invalid_message", "not text")
        try:
            message = messages.parse(text)
        except messages.InvalidMessage as error:
            raise Closed(4009, "invalid_message", str(error)) from None
        try:
            self._doors.count(self.peer)
        except Refusal as refusal:
            await self._send(messages.error(refusal.code, refusal.message))
            return
        match message:
            case messages.Subscribe(symbol, token):
                await self._subscribe(symbol, token)
            case _ if self._access is None:
                raise Closed(4001, "unauthenticated", "no token in the first message")
            case messages.Unsubscribe():
                self._subscriber.watch(None)
            case messages.Ping(nonce):
                sequence = self._feed.desk.exchange.last_sequence
                await self._feed.release.settled()
                await self._send(messages.pong(nonce, sequence, time.time_ns()))

    async def _subscribe(self, symbol: str, token: str | None) -> None:
        """Have the client told of an instrument."""
        if token is not None or self._access is None:
            try:
                self._access = self._doors.access(token)
            except Refusal as refusal:
                raise Closed(4001, refusal.code, "no known token in the message") from None
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._subscribed_at + SUBSCRIBE_SECONDS - loop.time())
        self._subscribed_at = loop.time()
        try:
            self._feed.subscribe(self._subscriber, symbol)
        except UnknownSymbol as error:
            await self._send(messages.error(error.code, str(error)))
