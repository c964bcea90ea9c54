"""A connection to a running server for one command, and its troubles as exit statuses."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agents.errors import BadRequest, ClientError, NotAuthenticated, NotPermitted, ServerBusy, ServerUnavailable
from obctl.errors import BadConfiguration, Refused, Unreachable
from obctl.libraries import need_grpc
from orderbook import OrderBookError, SequenceGone

if TYPE_CHECKING:
    from agents.gateways.grpc import BlockingOrderBookClient, InstrumentInfo

CODES: dict[type[ClientError], str] = {  # as gRPC calls them; all others mean that the server cannot be reached
    NotAuthenticated: "unauthenticated",
    NotPermitted: "permission_denied",
    ServerBusy: "resource_exhausted",
    BadRequest: "invalid_argument",
}


@dataclass(frozen=True)
class Connection:
    """Where the server is, and how to speak to it. symbol: "" is the server's first instrument; timeout: seconds."""

    endpoint: str
    token: str | None
    symbol: str
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    timeout: float


@contextmanager
def connected(connection: Connection) -> Iterator["BlockingOrderBookClient"]:
    """Connect for as long as the block lasts.

    Raise BadConfiguration where the options are wrong, Refused or Unreachable for what the client raises, here or in
    the block.
    """
    with troubles(), opened(connection) as client:
        yield client


@contextmanager
def troubles() -> Iterator[None]:
    """Raise Refused or Unreachable for what a client raises in the block."""
    try:
        yield
    except SequenceGone as error:
        raise Refused(f"{error.code}: {error}") from error
    except OrderBookError as error:
        raise Refused(f"{error}{meaning(error)}") from error
    except ServerUnavailable as error:
        raise Unreachable(str(error)) from error
    except ClientError as error:
        code = next(code for kind, code in CODES.items() if isinstance(error, kind))
        hint = "; a token is given with --token or OBCTL_TOKEN" if isinstance(error, NotAuthenticated) else ""
        raise Refused(f"{code}: {error}{hint}") from error


def opened(connection: Connection) -> "BlockingOrderBookClient":
    """Return a client whose connection stands."""
    need_grpc("a client of the server")
    from agents.gateways.grpc import BlockingOrderBookClient, TlsFiles

    with wrong_options():
        return BlockingOrderBookClient.connect(
            connection.endpoint,
            token=connection.token,
            tls=TlsFiles(connection.tls_ca, connection.tls_cert, connection.tls_key),
            symbol=connection.symbol,
            timeout_s=connection.timeout,
        )


@contextmanager
def wrong_options() -> Iterator[None]:
    """Raise BadConfiguration for an address, or files of TLS, that are of no use."""
    try:
        yield
    except ValueError as error:
        raise BadConfiguration(str(error)) from error
    except OSError as error:
        raise BadConfiguration(f"{error.filename}: cannot be read: {error.strerror}") from error


def meaning(error: OrderBookError) -> str:
    """Return what a refusal means, behind a colon; nothing for one whose code came after this client."""
    if type(error) is OrderBookError:
        return ""
    told = (type(error).__doc__ or "").partition("\n")[0]
    return f": {told[:1].lower()}{told[1:].removesuffix('.')}"


def instrument_of(client: "BlockingOrderBookClient", symbol: str) -> "InstrumentInfo":
    """Return what the server says of an instrument, "" being its first; raise Refused where it has none such."""
    return pick_instrument(client.instruments(), symbol)


def pick_instrument(instruments: Iterable["InstrumentInfo"], symbol: str) -> "InstrumentInfo":
    """Return the instrument of this name, the first for ""; raise Refused where there is none such."""
    instruments = tuple(instruments)
    for instrument in instruments:
        if symbol in ("", instrument.symbol):
            return instrument
    names = ", ".join(instrument.symbol for instrument in instruments)
    raise Refused(f"unknown_symbol: {symbol}: the exchange has {names}")
