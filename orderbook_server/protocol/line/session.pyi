from collections.abc import Callable
from typing import Protocol, Self, type_check_only

from typing_extensions import disjoint_base

from orderbook_server.metrics.histogram import Histogram
from orderbook_server.protocol.line.event_lines import EventLines
from orderbook_server.sequencer.sequencer import Sequencer

@type_check_only
class Permissions(Protocol):
    def may_credit(self) -> bool: ...
    def may_trade(self, account_id: int, /) -> bool: ...
    def may_read(self, account_id: int, /) -> bool: ...

@disjoint_base
class LineSession:
    def __new__(
        cls,
        sequencer: Sequencer,
        *,
        version: str,
        authenticate: Callable[[str], Permissions | None] | None = None,
        line_bytes_max: int = 1024,
        output_bytes_max: int = 262144,
        call_ns_max: int = 0,
        messages_per_second: int = 0,
        handling: Histogram | None = None,
        batches: Histogram | None = None,
        feed: EventLines | None = None,
    ) -> Self: ...
    @property
    def waiting(self) -> bool: ...
    @property
    def unsettled(self) -> bool: ...
    @property
    def subscribed(self) -> bool: ...
    @property
    def authenticated(self) -> bool: ...
    @property
    def lag(self) -> int: ...
    @property
    def lines(self) -> int: ...
    @property
    def closed(self) -> str: ...
    def receive(self, data: bytes) -> bytes: ...
    def advance(self) -> bytes: ...
    def end(self) -> int: ...
