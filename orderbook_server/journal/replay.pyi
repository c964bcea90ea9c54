from typing import Self

from typing_extensions import disjoint_base

from orderbook_server.journal.reader import Frame
from orderbook_server.sequencer.sequencer import Sequencer

@disjoint_base
class Replay:
    def __new__(
        cls,
        sequencer: Sequencer,
        sequence: int = 0,
        *,
        until: int | None = None,
        until_event: int | None = None,
    ) -> Self: ...
    @property
    def sequencer(self) -> Sequencer: ...
    @property
    def sequence(self) -> int: ...
    @property
    def reached(self) -> bool: ...
    def feed(self, frame: Frame) -> None: ...
    def flush(self) -> None: ...
    def compare(self, state_hash: str) -> None: ...
