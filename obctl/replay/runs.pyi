from typing import Self

from typing_extensions import disjoint_base

from obctl.replay.lobster import LobsterReplay
from obctl.replay.recorder import Recorder

@disjoint_base
class LobsterMatchReplay(LobsterReplay):
    @property
    def runs(self) -> int: ...
    @property
    def identical_runs(self) -> int: ...
    @property
    def first_difference(self) -> dict[str, object] | None: ...
    def __new__(cls, recorder: Recorder) -> Self: ...
