from typing_extensions import disjoint_base

from orderbook_server.sequencer.sequencer import Sequencer

@disjoint_base
class EventLines:
    def __init__(self, sequencer: Sequencer) -> None: ...
    @property
    def symbols(self) -> tuple[bytes, ...]: ...
