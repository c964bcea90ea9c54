"""A gRPC gateway at work, and a blocking client of it that knows every RPC by the service's descriptor."""

import asyncio
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from orderbook import Exchange, Instrument
from orderbook_server.config import Settings
from orderbook_server.gateways.grpc import GrpcGateway
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..held_journal import HeldJournal
from ..running import SECONDS, Running, running

SERVICE = wire.DESCRIPTOR.services_by_name["OrderBookService"]
METHODS = {method.name: method for method in SERVICE.methods}
TWO_MARKETS = (Instrument("BTC-USD", "BTC", "USD", tick_size="0.5"), Instrument("ETH-USD", "ETH", "USD"))


class Requests:
    """Requests that are sent when the test says so."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[wire.TradeRequest | None] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[wire.TradeRequest]:
        return iter(self._queue.get, None)

    def send(self, request: wire.TradeRequest) -> None:
        self._queue.put(request)

    def finish(self) -> None:
        self._queue.put(None)


class Conversation:
    """A Trade stream."""

    def __init__(self, client: "Client", seconds: float = SECONDS) -> None:
        self._requests = Requests()
        self.call = client.rpc("Trade")(iter(self._requests), metadata=client.metadata, timeout=seconds)

    def send(self, **fields: Any) -> None:
        self._requests.send(wire.TradeRequest(**fields))

    def ask(self, **fields: Any) -> wire.TradeResponse:
        self.send(**fields)
        return next(self.call)

    def finish(self) -> None:
        """Send no more, and read to the end."""
        self._requests.finish()
        assert list(self.call) == []


class Client:
    """`client.NewOrder(order_id=1, …)` calls an RPC; those that stream return the call, to be iterated over."""

    def __init__(
        self,
        address: str,
        token: str | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        options: tuple[tuple[str, int], ...] = (),
    ) -> None:
        options += (("grpc.use_local_subchannel_pool", 1),)  # else clients of one address share a connection
        if credentials is None:
            self.channel = grpc.insecure_channel(address, options)
        else:
            self.channel = grpc.secure_channel(address, credentials, options)
        self.metadata = () if token is None else (("authorization", f"Bearer {token}"),)

    def rpc(self, name: str) -> Any:
        """Return what calls an RPC."""
        method = METHODS[name]
        kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
        return getattr(self.channel, kind)(
            f"/{SERVICE.full_name}/{name}",
            GetMessageClass(method.input_type).SerializeToString,
            GetMessageClass(method.output_type).FromString,
        )

    def __getattr__(self, name: str) -> Any:
        def call(timeout: float = SECONDS, **fields: Any) -> Any:
            request = GetMessageClass(METHODS[name].input_type)(**fields)
            result = self.rpc(name)(request, metadata=self.metadata, timeout=timeout)
            if METHODS[name].server_streaming:
                result.initial_metadata()  # from here on the subscription stands, or the call has failed
            return result

        return call

    def trade(self, seconds: float = SECONDS) -> Conversation:
        return Conversation(self, seconds)

    def bid(
        self, order_id: int, price: int, quantity: int, account_id: int = 1, **fields: Any
    ) -> wire.NewOrderResponse:
        """Submit a limit order to buy."""
        return self.NewOrder(
            order_id=order_id, side=wire.SIDE_BID, price=price, quantity=quantity, account_id=account_id, **fields
        )

    def ask(
        self, order_id: int, price: int, quantity: int, account_id: int = 2, **fields: Any
    ) -> wire.NewOrderResponse:
        """Submit a limit order to sell."""
        return self.NewOrder(
            order_id=order_id, side=wire.SIDE_ASK, price=price, quantity=quantity, account_id=account_id, **fields
        )


@dataclass
class Market:
    """An exchange behind a gateway that runs. Accounts 1 and 2 have plenty of everything."""

    server: Running
    sequencer: Sequencer
    stats: TransportStats
    client: Client

    def state_hash(self) -> str:
        return self.server.call(self.sequencer.exchange.state_hash)


SMALL_WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_535))  # what waits to be read is little


@contextmanager
def serving(
    *,
    instruments: tuple[Instrument, ...] | None = None,
    event_capacity: int = 1 << 16,
    authenticate: Any = None,
    token: str | None = None,
    server_credentials: grpc.ServerCredentials | None = None,
    client_credentials: grpc.ChannelCredentials | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    journal: HeldJournal | None = None,
    **limits: Any,
) -> Iterator[Market]:
    """Serve an exchange while the block lasts; journal: what answers wait for; limits: settings by name."""
    exchange = Exchange(instruments, event_capacity=event_capacity)
    for account_id in (1, 2):
        for instrument in exchange.instruments:
            exchange.market(instrument.symbol).credit_account(account_id, 1_000_000, 1_000_000_000)
    sequencer = Sequencer(exchange, execution_capacity=event_capacity)
    stats = TransportStats("grpc")

    if journal is not None:
        journal.follow(sequencer)

    def make() -> GrpcGateway:
        release = Release(journal, asyncio.get_running_loop()) if journal else None
        return GrpcGateway(
            sequencer,
            Settings(**limits),
            stats,
            authenticate=authenticate,
            credentials=server_credentials,
            release=release,
        )

    with running(make, host=host, port=port) as server:
        client = Client(server.address, token, client_credentials)
        try:
            yield Market(server, sequencer, stats, client)
        finally:
            client.channel.close()
