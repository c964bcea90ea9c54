from typing import final

from obctl.flow.source import Source
from obctl.flow.text_reader import TextReader

@final
class LobsterReader(TextReader):
    def __init__(self, source: Source, *, block_size: int = ...) -> None: ...
