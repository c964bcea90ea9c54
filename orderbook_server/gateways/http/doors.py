"""Doors: who may come in over HTTP, be it for REST or for the WebSocket.

Browsers carry requests of strangers. A page of theirs may send one here, but not without its own `Origin`; and it may
point its own name at this machine, but the name is then in `Host`. Both are looked at here, beside rates and tokens.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple

from starlette.datastructures import Headers

from orderbook_server.auth import OPEN, Access
from orderbook_server.config import Settings
from orderbook_server.gateways.limits import RateLimit

HOST = re.compile(r"(\[(?P<bracketed>[0-9A-Za-z:.%]+)\]|(?P<plain>[0-9A-Za-z._-]+))(:(?P<port>[0-9]{0,5}))?", re.ASCII)
ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@\s]+)", re.ASCII)
PORTS = {"http": 80, "https": 443}
OWN_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}  # of a request: of the page's origin


class Refusal(Exception):
    """A request is answered with this HTTP status, and nothing was done. field: of the request, where one is wrong."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


class Host(NamedTuple):
    """Where a request was sent to, as its header says: a name in lower case or an address, None for a default port."""

    name: str
    port: int | None
    bracketed: bool

    @classmethod
    def parse(cls, text: str) -> "Host | None":
        """Read HOST or HOST:PORT, None where it is neither."""
        match = HOST.fullmatch(text)
        if match is None:
            return None
        name = match["bracketed"] or match["plain"]
        return cls(name.lower(), int(match["port"]) if match["port"] else None, match["bracketed"] is not None)

    def at(self, port: int) -> "Host":
        """Return it with the port that it has where it names none."""
        return self if self.port is not None else self._replace(port=port)

    def is_nobodys(self) -> bool:
        """Tell whether no stranger can have pointed this name here: an address, or a name without a dot."""
        try:
            return (ip_address(self.name).version == 6) == self.bracketed
        except ValueError:
            return not self.bracketed and "." not in self.name


def host_of(headers: Headers) -> Host | None:
    """Return where a request was sent to, None where it does not say so once and clearly."""
    values = headers.getlist("host")
    return Host.parse(values[0]) if len(values) == 1 else None


class Doors:
    """Lets requests in.

    authenticate: returns what a token may, None for one that is not known; None: nobody needs a token.
    """

    def __init__(self, settings: Settings, authenticate: Callable[[str], Access | None] | None) -> None:
        per_second = settings.messages_per_second
        self._rate = RateLimit(per_second) if per_second else None
        self._authenticate = authenticate

    @property
    def asks_for_tokens(self) -> bool:
        """Whether nothing is told without a token."""
        return self._authenticate is not None

    def check_host(self, headers: Headers) -> None:
        """Raise Refusal where no token protects from a stranger's page that calls this machine by the page's name."""
        if self._authenticate is not None:
            return
        host = host_of(headers)
        if host is None or not host.is_nobodys():
            raise Refusal(403, "wrong_host", "without tokens Host must be an address, or a name without a dot")

    def check_origin(self, headers: Headers, scheme: str) -> None:
        """Raise Refusal for what a page of another server sends. scheme: of the request, http, https, ws or wss."""
        origins = headers.getlist("origin")
        if not origins:
            return
        match = ORIGIN.fullmatch(origins[0].lower()) if len(origins) == 1 else None
        theirs, own = Host.parse(match["host"]) if match else None, host_of(headers)
        same = match is not None and match["scheme"] == OWN_SCHEMES[scheme]
        port = PORTS[OWN_SCHEMES[scheme]]
        if not (same and theirs and own and theirs.at(port) == own.at(port)):
            raise Refusal(403, "wrong_origin", "the page that sends this is not from this server")

    def count(self, peer: str, messages: int = 1) -> None:
        """Count messages of a connection; raise Refusal where they are more than it may send now."""
        if self._rate is not None and not self._rate.take(peer, messages):
            raise Refusal(429, "rate_limited", "more messages per second than a connection may send")

    def bearer(self, headers: Headers) -> str | None:
        """Return the token of a request, None where it has none, or several."""
        values = headers.getlist("authorization")
        scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        return token.strip() if scheme.lower() == "bearer" else None

    def access(self, token: str | None) -> Access:
        """Return what a token may, all where none is asked for; raise Refusal where it is not known."""
        if self._authenticate is None:
            return OPEN
        access = None if token is None else self._authenticate(token)
        if access is None:
            raise Refusal(401, "unauthenticated", "no known token in the header: Authorization: Bearer TOKEN")
        return access
