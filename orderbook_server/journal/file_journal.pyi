from os import PathLike
from typing import Self

from typing_extensions import disjoint_base

from orderbook_server.journal.journal import Journal

@disjoint_base
class FileJournal(Journal):
    def __new__(
        cls,
        folder: PathLike[str],
        *,
        sequence: int = 0,
        frame_hash: bytes = ...,
        epoch: int = 1,
        segment: PathLike[str] | None = None,
        offset: int = 0,
        sync: str = "always",
        interval_ms: int = 0,
        segment_bytes: int = 1 << 26,
    ) -> Self: ...
    @property
    def figures(self) -> dict[str, int]: ...
