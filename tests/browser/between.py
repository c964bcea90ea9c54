"""Somebody between the page and its server, who treats what the server says as a test wants."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .watched import Watched

if TYPE_CHECKING:
    from playwright.sync_api import WebSocketRoute

Change = Callable[[str], list[str]]


class Between:
    """Passes messages on, with exceptions.

    change: what is sent instead of the next update that has news, None for itself. holding: snapshots are kept back.
    silent: nothing is passed on. subscriptions: how often the page has asked for a snapshot.
    """

    def __init__(self, watched: Watched) -> None:
        self.change: Change | None = None
        self.holding = self.silent = False
        self.subscriptions = self.connections = 0
        self._held: list[str] = []
        self._page: WebSocketRoute | None = None
        self._watched = watched
        watched.page.route_web_socket("**/api/v1/feed", self._connect)

    def _connect(self, page: "WebSocketRoute") -> None:
        server = page.connect_to_server()
        self._page = page
        self.connections += 1

        def to_page(text: str) -> None:
            for each in self._treated(text):
                page.send(each)

        def to_server(text: str) -> None:
            self.subscriptions += json.loads(text)["type"] == "subscribe"
            server.send(text)

        server.on_message(to_page)
        page.on_message(to_server)

    def _treated(self, text: str) -> list[str]:
        """Return what the page gets to see of a message."""
        message = json.loads(text)
        if self.silent:
            return []
        if self.change and message["type"] == "update" and has_news(message):
            change, self.change = self.change, None
            return change(text)
        if self.holding and message["type"] == "snapshot":
            self._held.append(text)
            return []
        return [text]

    def see_changed(self) -> None:
        """Wait until a message was treated as `change` says."""
        self._watched.wait_until(lambda: self.change is None)

    def release(self) -> None:
        """Pass on the snapshots that were kept back."""
        assert self._page
        self._watched.wait_until(lambda: self._held)
        self.holding = False
        for text in self._held:
            self._page.send(text)
        self._held.clear()

    def drop(self) -> None:
        """Lose the snapshot that is kept back, once it is there, and keep back no other."""
        self._watched.wait_until(lambda: self._held)
        self.holding = False
        self._held.clear()

    def say(self, text: str) -> None:
        """Say something that the server has not said."""
        assert self._page
        self._page.send(text)


def has_news(message: dict[str, Any]) -> bool:
    return bool(message["bids"] or message["asks"])
