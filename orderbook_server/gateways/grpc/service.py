"""The service: a handler for every RPC of the proto, built from its descriptor, so that none can be forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from orderbook import JournalFull, SequenceGone
from orderbook_server.auth import Access
from orderbook_server.gateways.grpc.access import Context, Gate, check, check_batch
from orderbook_server.gateways.grpc.feeds import AccountReader, Bell, EventFeed, EventReader, Reader
from orderbook_server.gateways.grpc.refusals import Refused, refuse
from orderbook_server.gateways.grpc.streams import Stream, Streams
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc import trade
from orderbook_server.protocol.rpc.accounts import Accounts
from orderbook_server.protocol.rpc.books import Books
from orderbook_server.protocol.rpc.common import Malformed
from orderbook_server.protocol.rpc.orders import Orders
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sessions import Session
from orderbook_wire.v1 import orderbook_pb2 as wire

SERVICE = wire.DESCRIPTOR.services_by_name["OrderBookService"]


def in_time(context: Context) -> None:
    """Raise Refused where the client's deadline has passed: it no longer counts on the call being carried out."""
    if context.time_remaining() == 0:
        raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the call was put in order")


def parsed(request_class: Any, message: bytes) -> Any:
    """Return a message from its bytes; raise Refused where they are none."""
    try:
        return request_class.FromString(message)
    except DecodeError as error:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"no {request_class.DESCRIPTOR.name}: {error}") from None


class Service:
    """The RPCs of OrderBookService.

    Handlers take and return bytes: so the histogram of handling covers all of our work, and the bytes of an event can
    go to all subscribers. From a command's being put in order to its answer nothing is awaited but that it is durable:
    a client that goes away then, or a deadline, takes the answer away, and not the command. Only batches of Trade let
    others have their turn between two commands.
    """

    def __init__(
        self, desk: Desk, gate: Gate, stats: TransportStats, streams: Streams, bell: Bell, release: Release
    ) -> None:
        orders, accounts, books = Orders(desk), Accounts(desk), Books(desk)
        self._desk = desk
        self._gate = gate
        self._stats = stats
        self._streams = streams
        self._bell = bell
        self._release = release
        self._feed = EventFeed(desk)
        self._readers: set[EventReader] = set()
        self._trading = trade.Trading(desk, orders)
        self._answers: dict[str, Callable[[Any, Any], None]] = {
            "NewOrder": orders.new_order,
            "ModifyOrder": orders.modify_order,
            "CancelOrder": orders.cancel_order,
            "CancelAll": orders.cancel_all,
            "CreditAccount": accounts.credit,
            "DebitAccount": accounts.debit,
            "GetBalance": accounts.balance,
            "Snapshot": books.snapshot,
            "GetDepth": books.depth,
            "ListOpenOrders": books.open_orders,
            "ListInstruments": books.instruments,
        }
        self._readers_of: dict[str, Callable[[Any], Reader]] = {
            "StreamEvents": self._event_reader,
            "StreamAccountEvents": self._account_reader,
        }

    def lags(self) -> list[int]:
        """Return how many events each subscriber of the public feed is behind."""
        return [reader.lag for reader in self._readers]

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handlers of all RPCs, in the shape that a server takes."""
        handlers = {method.name: self._method_handler(method) for method in SERVICE.methods}
        return grpc.method_handlers_generic_handler(SERVICE.full_name, handlers)

    def _method_handler(self, method: MethodDescriptor) -> "grpc.RpcMethodHandler[Any, Any]":
        if method.client_streaming:
            return grpc.stream_stream_rpc_method_handler(self._trade)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(self._subscription(method))
        return grpc.unary_unary_rpc_method_handler(self._call(method))

    def _call(self, method: MethodDescriptor) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """Return the handler of an RPC that is one request and one response."""
        rpc, request_class = method.name, GetMessageClass(method.input_type)
        response_class = GetMessageClass(method.output_type)
        gate, stats, answer, settled = self._gate, self._stats, self._answers[method.name], self._release.settled

        def call(message: bytes, context: Context) -> bytes:
            began = perf_counter_ns()
            try:
                gate.count(context, 1)
                access = gate.access(context)
                request = parsed(request_class, message)
                check(access, rpc, request)
                in_time(context)
                response = response_class()
                answer(request, response)
                return response.SerializeToString()
            except Malformed as error:
                raise Refused(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from None
            finally:
                stats.batches.observe(1)
                stats.handling.observe(perf_counter_ns() - began)

        async def handle(message: bytes, context: Context) -> bytes:
            try:
                response = call(message, context)
                await settled()
                return response
            except Refused as refusal:
                await refuse(context, rpc, refusal)

        return handle

    def _event_reader(self, request: wire.StreamEventsRequest) -> Reader:
        reader = EventReader(self._feed, request.from_sequence if request.HasField("from_sequence") else None)
        self._readers.add(reader)
        return reader

    def _account_reader(self, request: wire.StreamAccountEventsRequest) -> Reader:
        after = request.from_sequence if request.HasField("from_sequence") else None
        return AccountReader(self._desk, request.account_id, after)

    def _subscription(self, method: MethodDescriptor) -> Callable[[bytes, Context], Awaitable[None]]:
        """Return the handler of an RPC that is one request and then a feed."""
        rpc, request_class, reader_of = method.name, GetMessageClass(method.input_type), self._readers_of[method.name]

        async def talk(stream: Stream, message: bytes, context: Context) -> None:
            self._gate.count(context, 1)
            access = self._gate.access(context)
            request = parsed(request_class, message)
            check(access, rpc, request)
            try:
                reader = reader_of(request)
            except SequenceGone as error:
                await self._release.settled()  # it tells the last number
                raise Refused(grpc.StatusCode.OUT_OF_RANGE, str(error)) from None
            try:
                await context.send_initial_metadata(())
                await self._streams.follow(stream, context, self._bell, reader)
            finally:
                self._readers.discard(reader)

        async def handle(message: bytes, context: Context) -> None:
            await self._streams.run(rpc, context, lambda stream: talk(stream, message, context))

        return handle

    async def _trade(self, _requests: object, context: Context) -> None:
        """Handle Trade: one response per request, in order; the next request is read when the last answer is sent."""
        await self._streams.run("Trade", context, lambda stream: self._trade_talk(stream, context))

    async def _trade_talk(self, stream: Stream, context: Context) -> None:
        self._gate.count(context, 1)
        access = self._gate.access(context)
        check(access, "Trade", None)
        await context.send_initial_metadata(())
        session: Session | None = None
        first = True
        try:
            while (message := await context.read()) is not grpc.aio.EOF:
                began = perf_counter_ns()
                request = self._batch(message, access, context, first=first)
                if request.options.cancel_on_disconnect:
                    session = self._canceling_session()
                response = wire.TradeResponse()
                with stream.whole():  # what was begun is answered, also when the server shuts down
                    for _turn in self._trading.run(request, response, session):
                        await asyncio.sleep(0)
                    answer = response.SerializeToString()
                    self._stats.handling.observe(perf_counter_ns() - began)
                    await self._release.settled()
                await context.write(answer)
                first = False
        finally:
            if session is not None:
                session.end()

    def _canceling_session(self) -> Session:
        """Return a session whose orders are cancelled when it ends; raise Refused where that cannot be kept."""
        session = self._desk.sequencer.open_session()
        try:
            session.cancel_on_disconnect = True
        except JournalFull as error:
            raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, error.code) from None
        return session

    def _batch(self, message: bytes, access: Access, context: Context, *, first: bool) -> wire.TradeRequest:
        """Return a batch of which every command may be carried out; raise Refused, and then none is."""
        request: wire.TradeRequest = parsed(wire.TradeRequest, message)
        if len(request.commands) > trade.MESSAGES_MAX:
            details = f"more than {trade.MESSAGES_MAX} commands as messages; records may be more"
            raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, details)
        commands = trade.command_count(request)
        self._stats.batches.observe(commands)
        self._gate.count(context, max(commands, 1))
        check_batch(access, request)
        try:
            trade.check(request, first=first)
        except Malformed as error:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from None
        in_time(context)
        return request
