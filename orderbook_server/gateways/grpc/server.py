"""GrpcGateway: the gRPC server, from opening its port to saying goodbye."""

import asyncio
import errno
import socket
from collections.abc import Callable

import grpc

from orderbook_server.auth import Access
from orderbook_server.config import Address, Settings
from orderbook_server.gateways.grpc.access import Gate
from orderbook_server.gateways.grpc.feeds import Bell
from orderbook_server.gateways.grpc.service import SERVICE, Service
from orderbook_server.gateways.grpc.standard import Health, Reflection
from orderbook_server.gateways.grpc.streams import Streams
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.desk import Desk
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer

STOP_SECONDS = 3.0  # for calls to finish when the server shuts down; then they are broken off
KEEPALIVE_SECONDS, KEEPALIVE_TIMEOUT_SECONDS = 20, 10  # how a client that vanished is noticed
PING_SECONDS_MIN = 5  # clients may ask us no more often whether we are there


def options_of(settings: Settings) -> list[tuple[str, int]]:
    """Return the settings as gRPC takes them."""
    options = [
        ("grpc.so_reuseport", 0),  # else a port that another server has would be shared with it
        ("grpc.max_receive_message_length", settings.grpc_message_bytes_max),
        ("grpc.max_allowed_incoming_connections", settings.grpc_connections_max),  # idle ones take files from all
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", PING_SECONDS_MIN * 1000),
    ]
    if settings.idle_seconds:
        options.append(("grpc.max_connection_idle_ms", max(1, round(settings.idle_seconds * 1000))))
    return options


class GrpcGateway:
    """Serves an exchange over gRPC.

    authenticate: returns what a token may, None for one that is not known; None: nobody needs a token.
    credentials: for TLS; None: without.
    release: what answers and events wait for; None: one of the sequencer's journal, which is nobody else's then.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        settings: Settings,
        stats: TransportStats,
        *,
        authenticate: Callable[[str], Access | None] | None = None,
        credentials: grpc.ServerCredentials | None = None,
        release: Release | None = None,
    ) -> None:
        self._sequencer = sequencer
        self._settings = settings
        self._stats = stats
        self._gate = Gate(settings, authenticate)
        self._credentials = credentials
        self._release = release
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> str:
        """Open the port and serve; return the address as it is bound, port 0 resolved. Raise OSError."""
        server = grpc.aio.server(
            options=options_of(self._settings), maximum_concurrent_rpcs=self._settings.grpc_calls_max
        )
        address = await self._bind(server, host, port)
        loop = asyncio.get_running_loop()
        self._bell = Bell(loop)
        release = self._release or Release(self._sequencer.journal, loop)
        self._streams = Streams(self._stats, self._settings.slow_consumer_seconds, release)
        service = Service(Desk(self._sequencer), self._gate, self._stats, self._streams, self._bell, release)
        self._health = Health(self._streams)
        reflection = Reflection([SERVICE.full_name], self._streams)
        server.add_generic_rpc_handlers((service.handler(), self._health.handler(), reflection.handler()))
        await self._health.serve(SERVICE.full_name)
        await server.start()
        self._server = server
        self._stats.lags = service.lags
        self._sequencer.listeners.append(self._bell.ring)
        return address

    async def _bind(self, server: grpc.aio.Server, host: str, port: int) -> str:
        """Bind the port, at the first address of a name; return it. Raise OSError."""
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, place = infos[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:  # gRPC could not say why a port cannot be bound
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
        address = Address(str(place[0]), port)
        try:
            if self._credentials is None:
                bound = server.add_insecure_port(str(address))
            else:
                bound = server.add_secure_port(str(address), self._credentials)
        except RuntimeError as error:
            raise OSError(errno.EADDRINUSE, str(error)) from error
        return str(address._replace(port=bound))

    async def stop(self) -> None:
        """Take no new calls, finish those that are carried out, end the streams with UNAVAILABLE; within 4 seconds.

        Harmless where it is stopped.
        """
        server, self._server = self._server, None
        if server is None:
            return
        stopping = asyncio.create_task(server.stop(STOP_SECONDS))
        await self._health.stop()
        await self._streams.close(self._bell)
        self._sequencer.listeners.remove(self._bell.ring)
        await stopping
