from typing_extensions import disjoint_base

from obctl.flow.rows import RowReader

REASONS: dict[int, str]

@disjoint_base
class TextReader(RowReader): ...
