"""How long single commands take on the other transports: one over TCP, one over gRPC, in turn, at a steady pace."""

import time
from collections.abc import Generator
from itertools import count
from types import TracebackType
from typing import Any, Self

import grpc

from obctl.bench.rpc import SERVICE
from obctl.bench.tcp import LineClient
from obctl.errors import BadInput
from orderbook_wire.v1 import orderbook_pb2 as wire

SPACE_SECONDS = 0.004  # from one pair of commands to the next, unless they take longer
ACCOUNT = 1_000_001  # not of the flow
PRICE = 1  # far from the market
FUNDS = 1_000_000


class Probes:
    """A connection of each transport, and nanoseconds from a command's leaving to its answer's coming.

    Orders are submitted and taken back, far from the market.
    """

    def __init__(self, tcp: str, grpc_address: str) -> None:
        self.client = LineClient(tcp, exchange=False)
        self._channel = grpc.insecure_channel(grpc_address)
        self._line_ids, self._rpc_ids = count(1 << 50), count(1 << 51)

    def __enter__(self) -> Self:
        """Give the account what it needs."""
        self.client.ask(b"A %d %d %d\n" % (ACCOUNT, FUNDS, FUNDS))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Part."""
        self.client.socket.close()
        self._channel.close()

    def turn(self, seconds: float) -> dict[str, list[int]]:
        """Send for so long; return the times by transport, in order of size."""
        times: dict[str, list[int]] = {"tcp": [], "grpc": []}
        clock, lines, calls = time.perf_counter_ns, self._lines(), self._calls()
        end = clock() + int(seconds * 1e9)
        due = clock()
        while (now := clock()) < end:
            time.sleep(max(0, due - now) / 1e9)
            for transport, probe in (("tcp", lines), ("grpc", calls)):
                begin, ended = next(probe)
                times[transport].append(ended - begin)
            due = max(due + int(SPACE_SECONDS * 1e9), clock())
        for probe in (lines, calls):
            probe.close()
        self.client.ask(b"X %d\n" % ACCOUNT)
        return {transport: sorted(taken) for transport, taken in times.items()}

    def _lines(self) -> Generator[tuple[int, int], None, None]:
        """Yield when a line left and when its answer was there."""
        clock = time.perf_counter_ns
        for order in self._line_ids:
            for line in (b"N %d %d B %d 1\n" % (ACCOUNT, order, PRICE), b"C %d %d\n" % (ACCOUNT, order)):
                begin = clock()
                self.client.ask(line)
                yield begin, clock()
                if self.client.buffer.startswith(b"ERR"):
                    raise BadInput(f"{line!r} was refused")

    def _calls(self) -> Generator[tuple[int, int], None, None]:
        """Yield when a call left and when its answer was there."""
        clock = time.perf_counter_ns
        new: Any = self._channel.unary_unary(SERVICE + "NewOrder")
        cancel: Any = self._channel.unary_unary(SERVICE + "CancelOrder")
        for order in self._rpc_ids:
            asked = wire.NewOrderRequest(
                order_id=order, side=wire.SIDE_BID, price=PRICE, quantity=1, account_id=ACCOUNT
            )
            taken_back = wire.CancelOrderRequest(account_id=ACCOUNT, order_id=order)
            for call, answer_of, request in (
                (new, wire.NewOrderResponse, asked),
                (cancel, wire.CancelOrderResponse, taken_back),
            ):
                message = request.SerializeToString()
                begin = clock()
                answer = call(message)
                yield begin, clock()
                if not answer_of.FromString(answer).status.ok:
                    raise BadInput(f"{request!r} was refused")
