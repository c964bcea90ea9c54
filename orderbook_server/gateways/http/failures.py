"""Failures of handlers: each is logged once and answered, and who went away is no failure."""

import asyncio
from contextlib import suppress

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose, WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

INTERNAL_ERROR = 1011  # close code of a WebSocket

log = structlog.get_logger()


class Guard:
    """An application around another, out of which no exception comes: uvicorn would log them all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and answer for it where it fails."""
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer.send if scope["type"] == "http" else send)
        except (ClientDisconnect, ClientDisconnected, WebSocketDisconnect, asyncio.CancelledError):
            pass  # the client went away, or the listener, which is the only one to cancel
        except Exception:
            log.exception("request failed", path=scope["path"])
            if scope["type"] != "http":
                with suppress(OSError, RuntimeError):  # closed already, by either side
                    await WebSocketClose(INTERNAL_ERROR)(scope, receive, send)
            elif not answer.begun:
                await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)
            elif not answer.whole:
                scope["state"]["abort"]()


class _Answer:
    """How far the answer to a request has come."""

    def __init__(self, send: Send) -> None:
        self.begun = self.whole = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a part of it on."""
        self.begun = True
        self.whole = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)
