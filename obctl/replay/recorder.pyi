from enum import IntEnum
from typing import Self

from typing_extensions import disjoint_base

from obctl.replay.cells import Block, Column

SIDES: tuple[str, ...]
ORDER_TYPES: tuple[str, ...]
EVENT_KINDS: tuple[str, ...]
REASONS: tuple[str, ...]
TRADE_COLUMNS: tuple[Column, ...]
EVENT_COLUMNS: tuple[Column, ...]
SAMPLE_COLUMNS: tuple[Column, ...]

def words_of(members: type[IntEnum]) -> tuple[str, ...]: ...
def depth_columns(levels: int) -> tuple[Column, ...]: ...

@disjoint_base
class Recorder:
    @property
    def trades(self) -> Block | None: ...
    @property
    def events(self) -> Block | None: ...
    @property
    def depth(self) -> Block | None: ...
    @property
    def samples(self) -> Block | None: ...
    @property
    def rows(self) -> int: ...
    @property
    def trade_count(self) -> int: ...
    @property
    def volume(self) -> int: ...
    @property
    def notional(self) -> int: ...
    def __new__(
        cls, *, trades: bool = False, events: bool = False, depth_levels: int = 0, samples: bool = False
    ) -> Self: ...
