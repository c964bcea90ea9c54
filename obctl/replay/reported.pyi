from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay

class BookReplay(Replay):
    def __init__(self, recorder: Recorder) -> None: ...
