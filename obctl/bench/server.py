"""The measurements of a server by name, and the run of some of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from obctl.bench.feeds import measure_feed
from obctl.bench.processes import Addresses, servers
from obctl.bench.protocol import measure_protocol
from obctl.bench.rpc import measure_trade, measure_unary
from obctl.bench.rpc_feed import measure_rpc_feed
from obctl.bench.tcp import measure_ping_pong, measure_socket
from obctl.bench.turns import Figures, Progress, nobody

Measure = Callable[[Addresses, float, Progress], Figures]
MEASURES: dict[str, Measure] = {
    "protocol": measure_protocol,
    "socket": measure_socket,
    "ping-pong": measure_ping_pong,
    "grpc-unary": measure_unary,
    "grpc-trade": measure_trade,
    "feed": measure_feed,
    "grpc-feed": measure_rpc_feed,
}


@dataclass(frozen=True)
class Run:
    """What to measure: measurements by name, seconds for each, and the addresses of a server that runs, if any."""

    names: tuple[str, ...]
    seconds: float
    tcp: str | None = None
    grpc: str | None = None

    def measure(self, begin: Callable[[str], Progress] = lambda name: nobody) -> dict[str, Figures]:
        """Take the measurements; begin: called with each one's name, returns who is told of its progress.

        Raise BadInput where a server does not do as it should.
        """
        figures = {}
        with servers(self.tcp, self.grpc) as addresses:
            for name in self.names:
                figures[name] = MEASURES[name](addresses, self.seconds, begin(name))
        return figures


def measure(name: str, seconds: float) -> Figures:
    """Take one measurement of a server of its own."""
    return Run((name,), seconds).measure()[name]


def within_reach(names: Iterable[str], *, tcp: bool, grpc: bool) -> tuple[str, ...]:
    """Return the measurements that can be taken of a server with these transports."""
    needs_grpc = {name for name in names if name.startswith("grpc-")}
    return tuple(name for name in names if name == "protocol" or (grpc if name in needs_grpc else tcp))
