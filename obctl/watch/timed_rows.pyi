from typing import Self

from typing_extensions import disjoint_base

from obctl.flow import RowReader
from obctl.watch.timeline import Timeline

@disjoint_base
class TimedRows(RowReader):
    until: int
    def __new__(cls, inner: RowReader, timeline: Timeline) -> Self: ...
    @property
    def inner(self) -> RowReader: ...
    @property
    def timeline(self) -> Timeline: ...
    @property
    def holds_rows(self) -> bool: ...
    @property
    def share(self) -> float | None: ...
    def look_ahead(self) -> int | None: ...
