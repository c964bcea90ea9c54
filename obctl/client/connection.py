"""A connection to a running server for one command, and its troubles as exit statuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obctl.errors import BadConfiguration, Refused, Unreachable
from obctl.libraries import need

if TYPE_CHECKING:
    from agents.gateways.grpc.blocking import BlockingOrderBookClient


@dataclass(frozen=True)
class Connection:
    """Where the server is, and how to speak to it. symbol: "" is the server's first instrument."""

    endpoint: str
    token: str | None
    symbol: str
    tls_ca: str | None
    tls_cert: str | None
    tls_key: str | None
    timeout: float


@contextmanager
def connected(connection: Connection) -> Iterator["BlockingOrderBookClient"]:
    """Connect for as long as the block lasts; raise Refused or Unreachable for what goes wrong in it."""
    need("a client of the server", "grpc", "google.protobuf", extra="server")
    from agents.gateways.grpc.blocking import BlockingOrderBookClient
    from agents.gateways.grpc.channel import TlsFiles

    ...


def explained(error: OrderBookError) -> str:
    """Return the code of a refusal, and what it means."""
    told = str(error)
    if told in ("", error.code):
        told = (type(error).__doc__ or "").partition("\n")[0]
        told = told[:1].lower() + told[1:].removesuffix(".")
    return f"{error.code}: {told}"
