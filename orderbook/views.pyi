from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex, final

from typing_extensions import disjoint_base

from orderbook.enums import OrderType, RejectReason, RemoveReason, Side

@disjoint_base
class Record:
    __match_args__ = ()
    def __iter__(self) -> Iterator[Any]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...

@final
class OrderView(Record):
    __match_args__ = ("id", "side", "price", "quantity")
    def __init__(
        self,
        id: SupportsIndex,  # noqa: A002 - the contract's name
        side: SupportsIndex,
        price: SupportsIndex,
        quantity: SupportsIndex,
    ) -> None: ...
    @property
    def id(self) -> int: ...
    @property
    def side(self) -> Side: ...
    @property
    def price(self) -> int: ...
    @property
    def quantity(self) -> int: ...

@final
class LevelDepth(Record):
    __match_args__ = ("price", "total_quantity", "order_count")
    def __init__(self, price: SupportsIndex, total_quantity: SupportsIndex, order_count: SupportsIndex) -> None: ...
    @property
    def price(self) -> int: ...
    @property
    def total_quantity(self) -> int: ...
    @property
    def order_count(self) -> int: ...

@final
class LevelSnapshot(Record):
    __match_args__ = ("price", "total_quantity", "orders")
    def __init__(self, price: SupportsIndex, total_quantity: SupportsIndex, orders: Iterable[OrderView]) -> None: ...
    @property
    def price(self) -> int: ...
    @property
    def total_quantity(self) -> int: ...
    @property
    def orders(self) -> tuple[OrderView, ...]: ...

@final
class BookSnapshot(Record):
    __match_args__ = ("bids", "asks", "sequence")
    def __init__(
        self, bids: Iterable[LevelSnapshot], asks: Iterable[LevelSnapshot], sequence: SupportsIndex
    ) -> None: ...
    @property
    def bids(self) -> tuple[LevelSnapshot, ...]: ...
    @property
    def asks(self) -> tuple[LevelSnapshot, ...]: ...
    @property
    def sequence(self) -> int: ...

@final
class Fill(Record):
    __match_args__ = ("maker_id", "price", "quantity")
    def __init__(self, maker_id: SupportsIndex, price: SupportsIndex, quantity: SupportsIndex) -> None: ...
    @property
    def maker_id(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def quantity(self) -> int: ...

@final
class MatchResult(Record):
    __match_args__ = ("fills", "resting", "unfilled")
    def __init__(self, fills: Iterable[Fill], resting: OrderView | None, unfilled: SupportsIndex) -> None: ...
    @property
    def fills(self) -> tuple[Fill, ...]: ...
    @property
    def resting(self) -> OrderView | None: ...
    @property
    def unfilled(self) -> int: ...

@final
class AccountSnapshot(Record):
    __match_args__ = ("available_base", "reserved_base", "available_quote", "reserved_quote")
    def __init__(
        self,
        available_base: SupportsIndex,
        reserved_base: SupportsIndex,
        available_quote: SupportsIndex,
        reserved_quote: SupportsIndex,
    ) -> None: ...
    @property
    def available_base(self) -> int: ...
    @property
    def reserved_base(self) -> int: ...
    @property
    def available_quote(self) -> int: ...
    @property
    def reserved_quote(self) -> int: ...

@final
class Balance(Record):
    __match_args__ = ("available", "reserved")
    def __init__(self, available: SupportsIndex, reserved: SupportsIndex) -> None: ...
    @property
    def available(self) -> int: ...
    @property
    def reserved(self) -> int: ...

@disjoint_base
class EngineEvent(Record):
    @property
    def sequence(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def instrument(self) -> int: ...

@disjoint_base
class BookEvent(EngineEvent):
    __match_args__: tuple[str, ...]
    def __init__(
        self,
        sequence: SupportsIndex,
        timestamp: SupportsIndex,
        order_id: SupportsIndex,
        side: SupportsIndex,
        price: SupportsIndex,
        quantity: SupportsIndex,
        instrument: SupportsIndex = 0,
    ) -> None: ...
    @property
    def order_id(self) -> int: ...
    @property
    def side(self) -> Side: ...
    @property
    def price(self) -> int: ...
    @property
    def quantity(self) -> int: ...

@final
class BookAdded(BookEvent): ...

@final
class BookUpdated(BookEvent): ...

@final
class BookRemoved(BookEvent):
    __match_args__ = ("sequence", "timestamp", "order_id", "side", "price", "quantity", "reason")
    def __init__(
        self,
        sequence: SupportsIndex,
        timestamp: SupportsIndex,
        order_id: SupportsIndex,
        side: SupportsIndex,
        price: SupportsIndex,
        quantity: SupportsIndex,
        reason: SupportsIndex,
        instrument: SupportsIndex = 0,
    ) -> None: ...
    @property
    def reason(self) -> RemoveReason: ...

@final
class Trade(EngineEvent):
    __match_args__ = (
        "sequence",
        "timestamp",
        "taker_order_id",
        "maker_order_id",
        "taker_side",
        "order_type",
        "price",
        "quantity",
    )
    def __init__(
        self,
        sequence: SupportsIndex,
        timestamp: SupportsIndex,
        taker_order_id: SupportsIndex,
        maker_order_id: SupportsIndex,
        taker_side: SupportsIndex,
        order_type: SupportsIndex,
        price: SupportsIndex,
        quantity: SupportsIndex,
        instrument: SupportsIndex = 0,
    ) -> None: ...
    @property
    def taker_order_id(self) -> int: ...
    @property
    def maker_order_id(self) -> int: ...
    @property
    def taker_side(self) -> Side: ...
    @property
    def order_type(self) -> OrderType: ...
    @property
    def price(self) -> int: ...
    @property
    def quantity(self) -> int: ...

@final
class Rejection(EngineEvent):
    __match_args__ = ("sequence", "timestamp", "order_id", "side", "order_type", "price", "quantity", "reason")
    def __init__(
        self,
        sequence: SupportsIndex,
        timestamp: SupportsIndex,
        order_id: SupportsIndex,
        side: SupportsIndex,
        order_type: SupportsIndex,
        price: SupportsIndex | None,
        quantity: SupportsIndex,
        reason: SupportsIndex,
        instrument: SupportsIndex = 0,
    ) -> None: ...
    @property
    def order_id(self) -> int: ...
    @property
    def side(self) -> Side: ...
    @property
    def order_type(self) -> OrderType: ...
    @property
    def price(self) -> int | None: ...
    @property
    def quantity(self) -> int: ...
    @property
    def reason(self) -> RejectReason: ...
