"""The server put together, and its life: opened in order, ended in time."""

import asyncio
import errno
import os
import resource
import signal
from collections.abc import Callable, Container
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

import structlog

from orderbook import Exchange
from orderbook_server.config import Address, ConfigError, Settings
from orderbook_server.config.settings import LISTENERS
from orderbook_server.keeper import Keeper
from orderbook_server.metrics.registry import Metrics
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.security import Security, load_security
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer

if TYPE_CHECKING:
    import grpc

STOP_SECONDS = 4.5  # for each listener, all at the same time
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
SPARE_FILES = 1024  # file descriptors beside those of clients' connections: metrics', the process's own

log = structlog.get_logger()


class Gateway(Protocol):
    """What carries bytes between clients and the exchange."""

    async def start(self, host: str, port: int) -> str:
        """Open the listener and return its address; raise OSError."""

    async def stop(self) -> None:
        """Finish what was accepted, and close."""


class Server:
    """An exchange with its listeners, made where its loop runs.

    `addresses`: {listener: address} of those that are open, port 0 resolved. `sequencer`: the exchange's one writer.
    `release`: what leaves the server leaves through it. `keeper`: of the data directory, None in memory.

    `progress` is told, while the exchange is recovered, of the bytes of the journal that were read, and of all.
    `on_failure` is called with an OSError when the disk failed: nothing leaves any more, and the process is to end.

    Raise ConfigError for files that are wrong, and for more events than there is memory; what Keeper raises.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Callable[[int, int], None] = lambda done, total: None,
        on_failure: Callable[[OSError], object] = lambda error: None,
    ) -> None:
        self.settings = settings
        self.addresses: dict[str, str] = {}
        self._security = load_security(settings)
        self._open: dict[str, Gateway] = {}
        try:
            self.keeper = None if settings.in_memory else Keeper(settings, progress, on_failure)
            self.sequencer = self.keeper.sequencer if self.keeper else new_sequencer(settings)
        except MemoryError as error:
            raise ConfigError("event_capacity", problem=f"no memory for {settings.event_capacity} events") from error
        self.release = Release(self.sequencer.journal, asyncio.get_running_loop())
        if self.keeper:
            self.release.on_change.append(self.keeper.look)
        self.transports = {name: TransportStats(name) for name in ("tcp", "grpc", "http") if getattr(settings, name)}

    async def start(self, *, dispensable: Container[str] = ()) -> None:
        """Open the listeners, metrics first, TCP last; where one cannot open, close the others, raise ConfigError.

        dispensable: those whose address may be taken, which is logged then.
        """
        try:
            for name in LISTENERS:
                if address := getattr(self.settings, name):
                    await self._open_listener(name, address, dispensable=name in dispensable)
        except BaseException:
            await self.stop()
            raise

    async def _open_listener(self, name: str, address: Address, *, dispensable: bool) -> None:
        """Open one listener."""
        gateway = self._gateway(name)
        try:
            self.addresses[name] = await gateway.start(*address)
        except (OSError, UnicodeError) as error:  # a name with letters that no name has is a UnicodeError
            if dispensable and getattr(error, "errno", None) == errno.EADDRINUSE:
                await gateway.stop()
                log.warning("address taken: going on without", listener=name, address=str(address))
                return
            raise ConfigError(name, problem=f"cannot listen on {address}: {reason_of(error)}") from error
        self._open[name] = gateway
        log.debug("listener open", listener=name, address=self.addresses[name])

    def _gateway(self, name: str) -> Gateway:
        """Make a gateway; what it needs is imported only where it is wanted."""
        if name == "metrics":
            from orderbook_server.gateways.http.metrics import MetricsGateway

            snapshots = self.keeper.snapshots if self.keeper else None
            return MetricsGateway(Metrics(self.sequencer, self.transports.values(), snapshots))
        settings, authenticate, stats = self.settings, self._security.authenticate, self.transports[name]
        if name == "grpc":
            from orderbook_server.gateways.grpc import GrpcGateway

            return GrpcGateway(
                *(self.sequencer, settings, stats),
                authenticate=authenticate,
                credentials=grpc_credentials(self._security),
                release=self.release,
            )
        if name == "http":
            from orderbook_server.gateways.http.gateway import WebGateway

            return WebGateway(
                *(self.sequencer, settings, stats),
                authenticate=authenticate,
                ssl=self._security.ssl,
                release=self.release,
            )
        from orderbook_server.gateways.tcp import TcpGateway

        return TcpGateway(
            *(self.sequencer, settings, stats),
            authenticate=authenticate,
            ssl=self._security.ssl,
            release=self.release,
        )

    async def stop(self) -> None:
        """Close all listeners at the same time, none longer than STOP_SECONDS; then what is kept is complete."""
        names, gateways = list(self._open), list(self._open.values())
        self._open.clear()
        stops = [asyncio.wait_for(gateway.stop(), STOP_SECONDS) for gateway in gateways]
        for name, outcome in zip(names, await asyncio.gather(*stops, return_exceptions=True), strict=True):
            if isinstance(outcome, TimeoutError):
                log.error("listener did not close in time", listener=name, seconds=STOP_SECONDS)
            elif isinstance(outcome, BaseException):
                log.error("listener did not close well", listener=name, exc_info=outcome)
        self.release.close()
        if self.keeper:
            await self.keeper.close()


def new_sequencer(settings: Settings) -> Sequencer:
    """Return the sequencer of an exchange that begins empty, and keeps nothing."""
    exchange = Exchange(settings.instruments, event_capacity=settings.event_capacity)
    return Sequencer(exchange, execution_capacity=settings.event_capacity)


def reason_of(error: OSError | UnicodeError) -> str:
    """Return why an address cannot be had, in the system's words: the event loop's name the address once more."""
    number = getattr(error, "errno", None)
    if number is not None and number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", None) or str(error)


async def serve(
    settings: Settings, *, progress: Callable[[int, int], None], on_failure: Callable[[OSError], object]
) -> None:
    """Run the server until SIGTERM or SIGINT, which do nothing once it has ended; raise what Server raises.

    While the exchange is recovered the signals end the process, as they do by themselves: it takes no harm.
    """
    server = Server(settings, progress=progress, on_failure=on_failure)
    stopping = asyncio.Event()
    reasons: list[str] = []

    def stop(number: signal.Signals) -> None:
        reasons.append(number.name)
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    raise_file_limit(files_wanted(settings))
    usual = settings.http == Settings().http  # another program's too: 8080 is many a program's
    await server.start(dispensable=("http",) if usual else ())
    symbols = [instrument.symbol for instrument in settings.instruments]
    log.info(
        "listening",
        **{name: server.addresses.get(name, "none") for name in reversed(LISTENERS)},
        version=version("obctl"),
        instruments=symbols if len(symbols) <= 10 else len(symbols),
        tls=settings.tls_cert is not None,
        tokens=settings.tokens is not None,
    )
    warn_of_exposure(settings)
    await stopping.wait()
    log.info("stopping", signal=reasons[0])
    await server.stop()
    log.info("stopped", last_sequence=server.sequencer.exchange.last_sequence)
    for number in STOP_SIGNALS:  # who asks twice shall not kill the process on its last steps
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


def warn_of_exposure(settings: Settings) -> None:
    """Say so where strangers may do everything, or read tokens on their way: beyond loopback."""
    for name in ("tcp", "grpc", "http"):
        address = getattr(settings, name)
        if address is None or address.is_loopback():
            continue
        if settings.tokens is None:
            log.warning("everybody may do everything here: no tokens are asked for", listener=name)
        elif settings.tls_cert is None:
            log.warning("tokens travel in the clear: there is no TLS", listener=name)


def files_wanted(settings: Settings) -> int:
    """Return how many files may have to be open: a connection is one."""
    tcp = settings.connections_max if settings.tcp else 0
    grpc = settings.grpc_connections_max if settings.grpc else 0
    return tcp + grpc + (settings.http_connections_max if settings.http else 0) + SPARE_FILES


def raise_file_limit(wanted: int) -> None:
    """Raise the soft limit of open files as far as wanted and allowed, and say so where that is not enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if limit > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    if limit < wanted:
        log.warning("fewer files may be open than the limits of connections need", limit=limit, wanted=wanted)


def grpc_credentials(security: Security) -> "grpc.ServerCredentials | None":
    """Return what TLS needs in gRPC's form, None without TLS."""
    if security.certificates is None:
        return None
    import grpc

    pem = security.certificates
    return grpc.ssl_server_credentials(
        [(pem.key, pem.certificate)],
        root_certificates=pem.client_ca,
        require_client_auth=pem.client_ca is not None,
    )
