from typing import Self

from typing_extensions import disjoint_base

from orderbook_server.sequencer.sequencer import Sequencer

@disjoint_base
class EventLines:
    def __new__(cls, sequencer: Sequencer) -> Self: ...
    @property
    def symbols(self) -> tuple[bytes, ...]: ...
