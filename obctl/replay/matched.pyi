from typing import Self

from typing_extensions import disjoint_base

from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay

@disjoint_base
class MatchReplay(Replay):
    def __new__(cls, recorder: Recorder) -> Self: ...
