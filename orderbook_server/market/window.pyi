from typing import Self

from typing_extensions import disjoint_base

from orderbook import OrderBook

LEVELS: int

@disjoint_base
class Window:
    def __new__(cls, book: OrderBook) -> Self: ...
    def refresh(self) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]: ...
    def levels(self) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]: ...
