"""Where a server is, as people write it, and channels to it."""

import re
import ssl
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import NamedTuple, Self

import grpc
import grpc.aio

SCHEMES = {"http": False, "grpc": False, "https": True, "grpcs": True}  # whether they mean TLS
FORM = re.compile(r"(?:\[(?P<bracketed>[^\s\[\]]+)\]|(?P<plain>[^\s:\[\]/@]+)):(?P<port>[0-9]{1,5})", re.ASCII)
PORT_MAX = 65535

# A snapshot is one message, of some 20 bytes per order: gRPC's own bound of 4 MiB is a book of 200,000 orders. This one
# is against a server that is out of its mind.
MESSAGE_BYTES_MAX = 1 << 30
OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.initial_reconnect_backoff_ms", 100),  # gRPC's own are 1 s to 2 min: a server that is back would wait for us
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # in truth how long an attempt to connect may take
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),  # a container that comes back has another address
    ("grpc.keepalive_time_ms", 20_000),  # a server that vanished is noticed also by who only listens
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),  # a quiet feed is no reason to stop asking
)


class BadTlsFile(ValueError):
    """A file is not what TLS needs. field: of TlsFiles."""

    def __init__(self, field: str, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.field = field


class TlsFiles(NamedTuple):
    """PEM files: of the authority that the server's certificate is of (None: those that gRPC knows), and our own."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files; raise OSError, BadTlsFile, or ValueError where a certificate comes without its key."""
        if (self.cert is None) != (self.key is None):
            raise ValueError("a certificate and its key go together: one of them is missing")
        ca, cert, key = (None if path is None else Path(path).read_bytes() for path in self)
        self._check()
        return grpc.ssl_channel_credentials(root_certificates=ca, private_key=key, certificate_chain=cert)

    def _check(self) -> None:
        """Raise BadTlsFile for what gRPC would find out when it connects, again and again, in lines of its own."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca is not None:
            try:
                context.load_verify_locations(self.ca)
            except ssl.SSLError as error:
                raise BadTlsFile("ca", self.ca, "holds no PEM certificate") from error
        if self.cert is not None:
            try:
                context.load_cert_chain(self.cert, self.key, password="")  # an encrypted key is refused
            except (ssl.SSLError, ValueError) as error:
                raise BadTlsFile("cert", self.cert, f"is no PEM certificate with {self.key} for its key") from error


class Endpoint(NamedTuple):
    """A server's host, by name or by number, its TCP port, and whether it was asked for over TLS."""

    host: str
    port: int
    secure: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read HOST:PORT or [IPV6]:PORT, with or without http://, https://, grpc:// or grpcs://; raise ValueError."""
        scheme, separator, place = text.strip().rpartition("://")
        if separator and scheme.lower() not in SCHEMES:
            raise ValueError(f"{text!r} begins with {scheme}://, which is none of {', '.join(SCHEMES)}")
        match = FORM.fullmatch(place.removesuffix("/") if separator else place)
        if match is None:
            example = "127.0.0.1:50051, [::1]:50051 or https://exchange.example:50051"
            raise ValueError(f"{text!r} must be HOST:PORT, such as {example}")
        port = int(match["port"])
        if not 1 <= port <= PORT_MAX:
            raise ValueError(f"{text!r} has a port that is not 1 to {PORT_MAX}")
        if match["bracketed"]:
            try:
                IPv6Address(match["bracketed"])
            except AddressValueError:
                raise ValueError(f"{text!r} has something in brackets that is no IPv6 address") from None
        return cls(match["bracketed"] or match["plain"], port, bool(separator) and SCHEMES[scheme.lower()])

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def target(self) -> str:
        """The name that gRPC takes; with its scheme, as a host may be called what another scheme is."""
        return f"dns:///{self}"

    def credentials(self, tls: TlsFiles | None) -> grpc.ChannelCredentials | None:
        """Return what TLS needs, None where there is to be none: neither the scheme nor a file asks for it."""
        tls = tls or TlsFiles()
        return tls.credentials() if self.secure or any(tls) else None


def open_channel(endpoint: Endpoint, tls: TlsFiles | None) -> grpc.aio.Channel:
    """Return a channel for the loop that runs; it connects by itself, again and again. Raise OSError, ValueError."""
    credentials = endpoint.credentials(tls)
    if credentials is None:
        return grpc.aio.insecure_channel(endpoint.target, OPTIONS)
    return grpc.aio.secure_channel(endpoint.target, credentials, OPTIONS)


def open_blocking_channel(endpoint: Endpoint, tls: TlsFiles | None) -> grpc.Channel:
    """Return a channel for threads; it connects by itself, again and again. Raise OSError, ValueError."""
    credentials = endpoint.credentials(tls)
    if credentials is None:
        return grpc.insecure_channel(endpoint.target, OPTIONS)
    return grpc.secure_channel(endpoint.target, credentials, OPTIONS)
