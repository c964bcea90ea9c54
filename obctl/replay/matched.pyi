from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay
from orderbook import MatchingEngine

class MatchReplay(Replay):
    @property
    def engine(self) -> MatchingEngine: ...
    def __init__(self, recorder: Recorder) -> None: ...
