"""GrpcOrderBookClient: an exchange on the network, for programs with an event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc
import grpc.aio

from agents.errors import ClientError, ServerUnavailable
from agents.gateways.grpc import messages
from agents.gateways.grpc.channel import Endpoint, TlsFiles, open_channel
from agents.gateways.grpc.events import MarketEvent
from agents.gateways.grpc.executions import Execution
from agents.gateways.grpc.messages import METHODS, Call, InstrumentInfo, OpenOrders, Subscription
from agents.gateways.grpc.statuses import failure
from agents.replica import Depth
from orderbook import AccountSnapshot, BookSnapshot, MatchResult, OrderType, Side

T = TypeVar("T")
DEFAULT_ENDPOINT = "127.0.0.1:50051"


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """Raise what gRPC raises as our own exceptions."""
    try:
        yield
    except grpc.RpcError as error:
        raise failure(error, what) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ServerUnavailable(f"{what}: the channel was closed") from None  # gRPC says it thus


class Stream(Generic[T]):
    """A feed, asked for when it was made: `async for` reads it, `async with` waits until it stands, and ends it."""

    def __init__(self, call: "grpc.aio.UnaryStreamCall[Any, Any]", of: Subscription[T], what: str, wait_s: float):
        self._call = call
        self._of = of
        self._what = what
        self._wait_s = wait_s
        self._closed = False

    async def subscribed(self) -> None:
        """Wait until the subscription stands: whatever happens from then on is told.

        Raise ClientError, SequenceGone; ServerUnavailable where the server does not say in time.
        """
        try:
            with _failures(self._what):
                async with asyncio.timeout(self._wait_s):
                    await self._call.wait_for_connection()
        except TimeoutError:
            self.close()
            raise ServerUnavailable(f"{self._what}: no answer within {self._wait_s:g} s") from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        with _failures(self._what):
            message = await self._call.read()
        if message is grpc.aio.EOF:
            raise StopAsyncIteration
        return self._of.read(message)

    def close(self) -> None:
        """End the feed; harmless when it has ended."""
        self._closed = True
        self._call.cancel()

    async def __aenter__(self) -> Self:
        await self.subscribed()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class GrpcOrderBookClient:
    """Calls of an exchange. Refusals are raised as the engine's own exceptions, what else goes wrong as ClientError.

    symbol: the instrument of all calls that name none; "" is the server's first. timeout_s: of each call. name: what
    errors call the server. After a lost connection it connects again by itself; calls fail until then.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        symbol: str = "",
        token: str | None = None,
        timeout_s: float = 5.0,
        name: str = "the server",
    ) -> None:
        self.symbol = symbol
        self.name = name
        self.timeout_s = timeout_s
        self._channel = channel
        self._metadata = messages.metadata(token)

    @classmethod
    async def connect(
        cls,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        token: str | None = None,
        tls: TlsFiles | None = None,
        symbol: str = "",
        timeout_s: float = 5.0,
    ) -> Self:
        """Return a client whose connection stands.

        endpoint: HOST:PORT or [IPV6]:PORT, with or without http://, https://, grpc:// or grpcs://; the s, or a file of
        `tls`, means TLS. Raise ValueError, OSError where the arguments are wrong, ServerUnavailable after timeout_s.
        """
        where = Endpoint.parse(endpoint)
        channel = open_channel(where, tls)
        try:
            client = cls(channel, symbol=symbol, token=token, timeout_s=timeout_s, name=str(where))
            await client._ready()
        except BaseException:
            await channel.close()
            raise
        return client

    async def _ready(self) -> None:
        """Wait for the connection; where it does not come, have a call say why."""
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._channel.channel_ready()
        except TimeoutError:
            try:
                await self._ask(messages.probe(), timeout_s=messages.PROBE_SECONDS)
            except ServerUnavailable:
                raise
            except ClientError:
                pass  # somebody is there

    async def _ask(self, call: Call[T], timeout_s: float | None = None) -> T:
        method = self._channel.unary_unary(*METHODS[call.rpc])
        with _failures(self._what(call)):
            response = await method(call.request, timeout=timeout_s or self.timeout_s, metadata=self._metadata)
        return call.answer(response)

    def _follow(self, subscription: Subscription[T]) -> Stream[T]:
        method = self._channel.unary_stream(*METHODS[subscription.rpc])
        call = method(subscription.request, metadata=self._metadata)
        return Stream(call, subscription, self._what(subscription), self.timeout_s)

    def _what(self, asked: Call[T] | Subscription[T]) -> str:
        return f"{asked.what} ({self.name})"

    def _in(self, symbol: str | None) -> str:
        return self.symbol if symbol is None else symbol

    async def submit_order(
        self,
        account_id: int,
        order_id: int,
        side: Side,
        order_type: OrderType,
        price: int | None,
        quantity: int,
        *,
        symbol: str | None = None,
    ) -> MatchResult:
        """Send an order. price: ticks, None for a market order; quantity: lots."""
        symbol = self._in(symbol)
        return await self._ask(messages.submit_order(account_id, order_id, side, order_type, price, quantity, symbol))

    async def modify_order(
        self, account_id: int, order_id: int, quantity: int, price: int | None = None, *, symbol: str | None = None
    ) -> MatchResult:
        """Change the open quantity of an order, and its price if one is given."""
        return await self._ask(messages.modify_order(account_id, order_id, quantity, price, self._in(symbol)))

    async def cancel_order(self, account_id: int, order_id: int, *, symbol: str | None = None) -> int:
        """Take an order back, and return the lots that were open."""
        return await self._ask(messages.cancel_order(account_id, order_id, self._in(symbol)))

    async def cancel_all(self, account_id: int, *, symbol: str | None = None) -> int:
        """Take all orders of an account in one instrument back, and return how many there were."""
        return await self._ask(messages.cancel_all(account_id, self._in(symbol)))

    async def snapshot(self, *, symbol: str | None = None) -> BookSnapshot:
        """Return the whole book, order by order."""
        return await self._ask(messages.snapshot(self._in(symbol)))

    async def depth(self, levels: int = 10, *, symbol: str | None = None) -> Depth:
        """Return the best levels of each side, at most so many."""
        return await self._ask(messages.depth(levels, self._in(symbol)))

    async def open_orders(self, account_id: int, *, symbol: str | None = None) -> OpenOrders:
        """Return an account's resting orders in one instrument; an unknown account has none."""
        return await self._ask(messages.open_orders(account_id, self._in(symbol)))

    async def credit_account(
        self, account_id: int, base: int, quote: int, *, symbol: str | None = None
    ) -> AccountSnapshot:
        """Give an account base and quote, make it where there is none, and return what it has then."""
        return await self._ask(messages.credit_account(account_id, base, quote, self._in(symbol)))

    async def debit_account(
        self, account_id: int, base: int, quote: int, *, symbol: str | None = None
    ) -> AccountSnapshot:
        """Take base and quote from an account, both or neither, and return what it has then."""
        return await self._ask(messages.debit_account(account_id, base, quote, self._in(symbol)))

    async def get_balance(self, account_id: int, *, symbol: str | None = None) -> AccountSnapshot:
        """Return what an account has; raise UnknownAccount."""
        return await self._ask(messages.get_balance(account_id, self._in(symbol)))

    async def instruments(self) -> tuple[InstrumentInfo, ...]:
        """Return the instruments, in the order of their configuration."""
        return await self._ask(messages.instruments())

    def stream_events(self, from_sequence: int | None = None) -> Stream[MarketEvent]:
        """Follow the events of all instruments, in sequence, after a number, by default from now on.

        "Now" is when `subscribed`, or `async with`, has returned. Reading raises SequenceGone where the events are no
        longer held or lie ahead, ServerBusy when it is not read as fast as it grows, ServerUnavailable.
        """
        return self._follow(messages.events(from_sequence))

    def stream_account_events(self, account_id: int, from_sequence: int | None = None) -> Stream[Execution]:
        """Follow an account's own executions in all instruments; as `stream_events`."""
        return self._follow(messages.account_events(account_id, from_sequence))

    async def close(self) -> None:
        """Close the channel; what is under way is broken off. Harmless when it is closed."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
