"""BlockingOrderBookClient: an exchange on the network, for scripts and notebooks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc

from agents.errors import ClientError, ServerUnavailable
from agents.gateways.grpc import messages
from agents.gateways.grpc.channel import Endpoint, TlsFiles, open_blocking_channel
from agents.gateways.grpc.client import DEFAULT_ENDPOINT
from agents.gateways.grpc.events import MarketEvent
from agents.gateways.grpc.executions import Execution
from agents.gateways.grpc.messages import METHODS, Call, InstrumentInfo, OpenOrders, Subscription
from agents.gateways.grpc.statuses import failure, is_deadline
from agents.replica import Depth
from orderbook import AccountSnapshot, BookSnapshot, MatchResult, OrderType, Side

T = TypeVar("T")


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """Raise what gRPC raises as our own exceptions."""
    try:
        yield
    except grpc.RpcError as error:
        raise failure(error, what) from error


class BlockingStream(Generic[T]):
    """A feed: an iterator, which may be closed, also from another thread; `with` does. It stands from the start."""

    def __init__(self, call: Any, of: Subscription[T], what: str, wait_s: float, timeout_s: float | None) -> None:
        """Wait until the subscription stands; raise ServerUnavailable where the server does not say in wait_s."""
        self._call = call
        self._of = of
        self._what = what
        self._timeout_s = timeout_s
        self._closed = False
        patience = threading.Timer(wait_s, self.close)  # gRPC would wait for ever
        patience.start()
        try:
            call.initial_metadata()
        finally:
            patience.cancel()
        if self._closed:
            raise ServerUnavailable(f"{what}: no answer within {wait_s:g} s")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._closed:
            raise StopIteration
        try:
            return self._of.read(next(self._call))
        except grpc.RpcError as error:
            if self._closed or (self._timeout_s is not None and is_deadline(error)):
                raise StopIteration from None
            raise failure(error, self._what) from error

    def close(self) -> None:
        """End the feed; harmless when it has ended."""
        self._closed = True
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class BlockingOrderBookClient:
    """`GrpcOrderBookClient` without async: the same calls, answers and exceptions, also where an event loop runs.

    symbol: the instrument of all calls that name none; "" is the server's first. timeout_s: of each call. name: what
    errors call the server. After a lost connection it connects again by itself; calls fail until then.
    """

    def __init__(
        self,
        channel: grpc.Channel,
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
    def connect(
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
        channel = open_blocking_channel(where, tls)
        try:
            client = cls(channel, symbol=symbol, token=token, timeout_s=timeout_s, name=str(where))
            client._ready()
        except BaseException:
            channel.close()
            raise
        return client

    def _ready(self) -> None:
        """Wait for the connection; where it does not come, have a call say why."""
        ready = grpc.channel_ready_future(self._channel)
        try:
            ready.result(self.timeout_s)
        except grpc.FutureTimeoutError:
            try:
                self._ask(messages.probe(), timeout_s=messages.PROBE_SECONDS)
            except ServerUnavailable:
                raise
            except ClientError:
                pass  # somebody is there
        finally:
            ready.cancel()

    def _ask(self, call: Call[T], timeout_s: float | None = None) -> T:
        method = self._channel.unary_unary(*METHODS[call.rpc])
        with _failures(self._what(call)):
            response = method(call.request, timeout=timeout_s or self.timeout_s, metadata=self._metadata)
        return call.answer(response)

    def _follow(self, subscription: Subscription[T], timeout_s: float | None) -> BlockingStream[T]:
        method = self._channel.unary_stream(*METHODS[subscription.rpc])
        call = method(subscription.request, timeout=timeout_s, metadata=self._metadata)
        return BlockingStream(call, subscription, self._what(subscription), self.timeout_s, timeout_s)

    def _what(self, asked: Call[T] | Subscription[T]) -> str:
        return f"{asked.what} ({self.name})"

    def _in(self, symbol: str | None) -> str:
        return self.symbol if symbol is None else symbol

    def submit_order(
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
        return self._ask(messages.submit_order(account_id, order_id, side, order_type, price, quantity, symbol))

    def modify_order(
        self, account_id: int, order_id: int, quantity: int, price: int | None = None, *, symbol: str | None = None
    ) -> MatchResult:
        """Change the open quantity of an order, and its price if one is given."""
        return self._ask(messages.modify_order(account_id, order_id, quantity, price, self._in(symbol)))

    def cancel_order(self, account_id: int, order_id: int, *, symbol: str | None = None) -> int:
        """Take an order back, and return the lots that were open."""
        return self._ask(messages.cancel_order(account_id, order_id, self._in(symbol)))

    def cancel_all(self, account_id: int, *, symbol: str | None = None) -> int:
        """Take all orders of an account in one instrument back, and return how many there were."""
        return self._ask(messages.cancel_all(account_id, self._in(symbol)))

    def snapshot(self, *, symbol: str | None = None) -> BookSnapshot:
        """Return the whole book, order by order."""
        return self._ask(messages.snapshot(self._in(symbol)))

    def depth(self, levels: int = 10, *, symbol: str | None = None) -> Depth:
        """Return the best levels of each side, at most so many."""
        return self._ask(messages.depth(levels, self._in(symbol)))

    def open_orders(self, account_id: int, *, symbol: str | None = None) -> OpenOrders:
        """Return an account's resting orders in one instrument; an unknown account has none."""
        return self._ask(messages.open_orders(account_id, self._in(symbol)))

    def credit_account(self, account_id: int, base: int, quote: int, *, symbol: str | None = None) -> AccountSnapshot:
        """Give an account base and quote, make it where there is none, and return what it has then."""
        return self._ask(messages.credit_account(account_id, base, quote, self._in(symbol)))

    def debit_account(self, account_id: int, base: int, quote: int, *, symbol: str | None = None) -> AccountSnapshot:
        """Take base and quote from an account, both or neither, and return what it has then."""
        return self._ask(messages.debit_account(account_id, base, quote, self._in(symbol)))

    def get_balance(self, account_id: int, *, symbol: str | None = None) -> AccountSnapshot:
        """Return what an account has; raise UnknownAccount."""
        return self._ask(messages.get_balance(account_id, self._in(symbol)))

    def instruments(self) -> tuple[InstrumentInfo, ...]:
        """Return the instruments, in the order of their configuration."""
        return self._ask(messages.instruments())

    def stream_events(
        self, from_sequence: int | None = None, *, timeout_s: float | None = None
    ) -> BlockingStream[MarketEvent]:
        """Follow the events of all instruments, in sequence, after a number, by default from now on.

        Whatever happens after the return is told. timeout_s: when the iteration ends; None: never. Reading raises
        SequenceGone where the events are no longer held or lie ahead, ServerBusy when it is not read as fast as it
        grows, ServerUnavailable.
        """
        return self._follow(messages.events(from_sequence), timeout_s)

    def stream_account_events(
        self, account_id: int, from_sequence: int | None = None, *, timeout_s: float | None = None
    ) -> BlockingStream[Execution]:
        """Follow an account's own executions in all instruments; as `stream_events`."""
        return self._follow(messages.account_events(account_id, from_sequence), timeout_s)

    def close(self) -> None:
        """Close the channel; what is under way is broken off. Harmless when it is closed."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
