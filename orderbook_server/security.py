"""What keeps strangers out, read from the files that the settings name: tokens, certificates, keys."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orderbook_server.auth import Access, Tokens
from orderbook_server.config import ConfigError, Settings


@dataclass(frozen=True, slots=True)
class Certificates:
    """What TLS needs, as PEM; `client_ca`: None where clients need no certificate."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None


@dataclass(frozen=True, slots=True)
class Security:
    """`tokens`: None, the exchange is open. `ssl`, `certificates`: None, it speaks in the clear."""

    tokens: Tokens | None
    ssl: ssl.SSLContext | None
    certificates: Certificates | None

    @property
    def authenticate(self) -> Callable[[str], Access | None] | None:
        """Return what tells what a token may, None where none is asked for."""
        return None if self.tokens is None else self.tokens.authenticate


def load_security(settings: Settings) -> Security:
    """Read the files; raise ConfigError naming the setting and the file that is wrong."""
    tokens = None if settings.tokens is None else Tokens.load(settings.tokens)
    if settings.tls_cert is None or settings.tls_key is None:
        return Security(tokens, None, None)
    certificates = Certificates(
        _read("tls_cert", settings.tls_cert),
        _read("tls_key", settings.tls_key),
        None if settings.tls_client_ca is None else _read("tls_client_ca", settings.tls_client_ca),
    )
    context = _context(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    return Security(tokens, context, certificates)


def _read(key: str, path: Path) -> bytes:
    """Return what a file holds: ssl would not say which of them it cannot read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(key, path, problem=f"cannot be read: {error.strerror}") from error


def _context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password="")  # an encrypted key is refused, not asked about
    except (ssl.SSLError, ValueError) as error:
        problem = f"is no PEM certificate with {key} for its key: {_reason(error)}"
        raise ConfigError("tls_cert", certificate, problem=problem) from error
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (ssl.SSLError, ValueError) as error:
            problem = f"holds no PEM certificate: {_reason(error)}"
            raise ConfigError("tls_client_ca", client_ca, problem=problem) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _reason(error: Exception) -> str:
    """Return OpenSSL's words for what is wrong."""
    reason = getattr(error, "reason", None)
    return reason.lower().replace("_", " ") if reason else str(error)
