from typing import Self

from typing_extensions import disjoint_base

from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay
from obctl.replay.verification import Verification

@disjoint_base
class LobsterReplay(Replay):
    @property
    def verified(self) -> Verification | None: ...
    @property
    def seeded_levels(self) -> int: ...
    @property
    def adopted_levels(self) -> int: ...
    @property
    def skipped_messages(self) -> int: ...
    @property
    def hidden_executions(self) -> int: ...
    @property
    def crosses(self) -> int: ...
    @property
    def halts(self) -> int: ...

class LobsterBookReplay(LobsterReplay):
    def __new__(cls, recorder: Recorder) -> Self: ...
