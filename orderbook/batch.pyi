from typing import final

from typing_extensions import Buffer, disjoint_base

COMMAND_DTYPE: list[tuple[str, str]]
FILL_DTYPE: list[tuple[str, str]]

@disjoint_base
class Records(Buffer):
    def __len__(self) -> int: ...

@final
class BatchResult:
    @property
    def commands(self) -> int: ...
    @property
    def status(self) -> Records: ...
    @property
    def unfilled(self) -> Records: ...
    @property
    def fills(self) -> Records: ...
    def __len__(self) -> int: ...

def as_commands(buffer: Buffer) -> Records: ...
