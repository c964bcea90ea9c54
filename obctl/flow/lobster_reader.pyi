from obctl.flow.source import Source
from obctl.flow.text_reader import TextReader

class LobsterReader(TextReader):
    def __init__(self, source: Source, *, block_size: int = ...) -> None: ...
