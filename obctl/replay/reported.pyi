from typing import Self

from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay

class BookReplay(Replay):
    def __new__(cls, recorder: Recorder) -> Self: ...
