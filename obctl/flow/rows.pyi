from types import TracebackType
from typing import NamedTuple, Self

from typing_extensions import disjoint_base

class FlowRow(NamedTuple):
    line: int
    timestamp: int
    order_id: int
    price: int
    quantity: int
    account_id: int
    action: int
    side: int
    order_type: int
    flags: int

@disjoint_base
class RowReader:
    @property
    def format(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def bytes_read(self) -> int: ...
    @property
    def bytes_total(self) -> int | None: ...
    def read(self, max_rows: int) -> int: ...
    def rows_as_tuples(self) -> list[FlowRow]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
