"""What a gateway counts of itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from orderbook_server.metrics.histogram import Histogram


@dataclass(slots=True)
class TransportStats:
    """One transport's figures. The gateway writes them, metrics read them.

    handling: nanoseconds from bytes to bytes. batches: commands in a packet or call. connections: now (gRPC: calls
    under way). slow_consumers: dropped so far. lags: what each subscriber of the feed is behind, in events.
    """

    name: str
    handling: Histogram = field(default_factory=Histogram)
    batches: Histogram = field(default_factory=Histogram)
    connections: int = 0
    slow_consumers: int = 0
    lags: Callable[[], Iterable[int]] = tuple
