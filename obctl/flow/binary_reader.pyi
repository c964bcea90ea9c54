from typing import final

from obctl.flow.rows import RowReader
from obctl.flow.source import Source

@final
class BinaryReader(RowReader):
    def __init__(self, source: Source, *, block_size: int = ...) -> None: ...
    def read_commands(self, max_commands: int) -> memoryview: ...
