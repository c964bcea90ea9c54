from obctl.flow.rows import RowReader

REASONS: dict[int, str]

class TextReader(RowReader): ...
