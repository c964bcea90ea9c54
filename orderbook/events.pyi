from typing import SupportsIndex

from typing_extensions import disjoint_base

from orderbook.views import EngineEvent

@disjoint_base
class EventSource:
    @property
    def last_sequence(self) -> int: ...
    @property
    def oldest_sequence(self) -> int: ...
    def events(self, after: SupportsIndex = 0, limit: SupportsIndex | None = None) -> list[EngineEvent]: ...
