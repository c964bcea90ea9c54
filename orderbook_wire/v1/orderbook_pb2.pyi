from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BID: _ClassVar[Side]
    SIDE_ASK: _ClassVar[Side]

class OrderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_TYPE_UNSPECIFIED: _ClassVar[OrderType]
    ORDER_TYPE_MARKET: _ClassVar[OrderType]
    ORDER_TYPE_LIMIT: _ClassVar[OrderType]
    ORDER_TYPE_IMMEDIATE_OR_CANCEL: _ClassVar[OrderType]
    ORDER_TYPE_FILL_OR_KILL: _ClassVar[OrderType]
    ORDER_TYPE_POST_ONLY: _ClassVar[OrderType]

class BookRemoveReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOOK_REMOVE_REASON_UNSPECIFIED: _ClassVar[BookRemoveReason]
    BOOK_REMOVE_REASON_FILLED: _ClassVar[BookRemoveReason]
    BOOK_REMOVE_REASON_CANCELED: _ClassVar[BookRemoveReason]

class RejectionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REJECTION_REASON_UNSPECIFIED: _ClassVar[RejectionReason]
    REJECTION_REASON_DUPLICATE: _ClassVar[RejectionReason]
    REJECTION_REASON_CROSSED: _ClassVar[RejectionReason]
    REJECTION_REASON_INVALID_QUANTITY: _ClassVar[RejectionReason]
    REJECTION_REASON_MISSING_PRICE: _ClassVar[RejectionReason]
    REJECTION_REASON_INSUFFICIENT_LIQUIDITY: _ClassVar[RejectionReason]

class CommandKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_KIND_UNSPECIFIED: _ClassVar[CommandKind]
    COMMAND_KIND_NEW: _ClassVar[CommandKind]
    COMMAND_KIND_CANCEL: _ClassVar[CommandKind]
    COMMAND_KIND_MODIFY: _ClassVar[CommandKind]
    COMMAND_KIND_CREDIT: _ClassVar[CommandKind]
    COMMAND_KIND_CANCEL_ALL: _ClassVar[CommandKind]

class Liquidity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIQUIDITY_UNSPECIFIED: _ClassVar[Liquidity]
    LIQUIDITY_MAKER: _ClassVar[Liquidity]
    LIQUIDITY_TAKER: _ClassVar[Liquidity]

class CancelReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CANCEL_REASON_UNSPECIFIED: _ClassVar[CancelReason]
    CANCEL_REASON_REQUESTED: _ClassVar[CancelReason]
    CANCEL_REASON_SELF_TRADE: _ClassVar[CancelReason]
    CANCEL_REASON_UNFILLED: _ClassVar[CancelReason]
SIDE_UNSPECIFIED: Side
SIDE_BID: Side
SIDE_ASK: Side
ORDER_TYPE_UNSPECIFIED: OrderType
ORDER_TYPE_MARKET: OrderType
ORDER_TYPE_LIMIT: OrderType
ORDER_TYPE_IMMEDIATE_OR_CANCEL: OrderType
ORDER_TYPE_FILL_OR_KILL: OrderType
ORDER_TYPE_POST_ONLY: OrderType
BOOK_REMOVE_REASON_UNSPECIFIED: BookRemoveReason
BOOK_REMOVE_REASON_FILLED: BookRemoveReason
BOOK_REMOVE_REASON_CANCELED: BookRemoveReason
REJECTION_REASON_UNSPECIFIED: RejectionReason
REJECTION_REASON_DUPLICATE: RejectionReason
REJECTION_REASON_CROSSED: RejectionReason
REJECTION_REASON_INVALID_QUANTITY: RejectionReason
REJECTION_REASON_MISSING_PRICE: RejectionReason
REJECTION_REASON_INSUFFICIENT_LIQUIDITY: RejectionReason
COMMAND_KIND_UNSPECIFIED: CommandKind
COMMAND_KIND_NEW: CommandKind
COMMAND_KIND_CANCEL: CommandKind
COMMAND_KIND_MODIFY: CommandKind
COMMAND_KIND_CREDIT: CommandKind
COMMAND_KIND_CANCEL_ALL: CommandKind
LIQUIDITY_UNSPECIFIED: Liquidity
LIQUIDITY_MAKER: Liquidity
LIQUIDITY_TAKER: Liquidity
CANCEL_REASON_UNSPECIFIED: CancelReason
CANCEL_REASON_REQUESTED: CancelReason
CANCEL_REASON_SELF_TRADE: CancelReason
CANCEL_REASON_UNFILLED: CancelReason

class CommandStatus(_message.Message):
    __slots__ = ("ok", "error_message")
    OK_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ok: bool
    error_message: str
    def __init__(self, ok: _Optional[bool] = ..., error_message: _Optional[str] = ...) -> None: ...

class NewOrderRequest(_message.Message):
    __slots__ = ("order_id", "side", "price", "quantity", "order_type", "account_id", "symbol")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    price: int
    quantity: int
    order_type: OrderType
    account_id: int
    symbol: str
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ..., order_type: _Optional[_Union[OrderType, str]] = ..., account_id: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class NewOrderResponse(_message.Message):
    __slots__ = ("status", "fills", "resting", "unfilled_quantity")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    RESTING_FIELD_NUMBER: _ClassVar[int]
    UNFILLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    resting: RestingOrder
    unfilled_quantity: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., resting: _Optional[_Union[RestingOrder, _Mapping]] = ..., unfilled_quantity: _Optional[int] = ...) -> None: ...

class ModifyOrderRequest(_message.Message):
    __slots__ = ("order_id", "quantity", "account_id", "price", "symbol")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    quantity: int
    account_id: int
    price: int
    symbol: str
    def __init__(self, order_id: _Optional[int] = ..., quantity: _Optional[int] = ..., account_id: _Optional[int] = ..., price: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class ModifyOrderResponse(_message.Message):
    __slots__ = ("status", "fills", "resting", "unfilled_quantity")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    RESTING_FIELD_NUMBER: _ClassVar[int]
    UNFILLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    resting: RestingOrder
    unfilled_quantity: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., resting: _Optional[_Union[RestingOrder, _Mapping]] = ..., unfilled_quantity: _Optional[int] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("order_id", "account_id", "symbol")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    account_id: int
    symbol: str
    def __init__(self, order_id: _Optional[int] = ..., account_id: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("status", "canceled_quantity")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CANCELED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    canceled_quantity: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., canceled_quantity: _Optional[int] = ...) -> None: ...

class SnapshotRequest(_message.Message):
    __slots__ = ("symbol",)
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    def __init__(self, symbol: _Optional[str] = ...) -> None: ...

class SnapshotResponse(_message.Message):
    __slots__ = ("status", "bids", "asks", "sequence")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    bids: _containers.RepeatedCompositeFieldContainer[BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[BookLevel]
    sequence: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., bids: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., sequence: _Optional[int] = ...) -> None: ...

class BookLevel(_message.Message):
    __slots__ = ("side", "price", "total_quantity", "orders")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    side: Side
    price: int
    total_quantity: int
    orders: _containers.RepeatedCompositeFieldContainer[BookOrder]
    def __init__(self, side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., total_quantity: _Optional[int] = ..., orders: _Optional[_Iterable[_Union[BookOrder, _Mapping]]] = ...) -> None: ...

class BookOrder(_message.Message):
    __slots__ = ("order_id", "side", "price", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    price: int
    quantity: int
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class RestingOrder(_message.Message):
    __slots__ = ("order_id", "side", "price", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    price: int
    quantity: int
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class BookAdded(_message.Message):
    __slots__ = ("order_id", "side", "price", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    price: int
    quantity: int
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class BookUpdated(_message.Message):
    __slots__ = ("order_id", "side", "price", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    price: int
    quantity: int
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class BookRemoved(_message.Message):
    __slots__ = ("order_id", "side", "price", "quantity", "reason")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    price: int
    quantity: int
    reason: BookRemoveReason
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ..., reason: _Optional[_Union[BookRemoveReason, str]] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("maker_id", "price", "quantity")
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    maker_id: int
    price: int
    quantity: int
    def __init__(self, maker_id: _Optional[int] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class BookEvent(_message.Message):
    __slots__ = ("added", "updated", "removed")
    ADDED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    added: BookAdded
    updated: BookUpdated
    removed: BookRemoved
    def __init__(self, added: _Optional[_Union[BookAdded, _Mapping]] = ..., updated: _Optional[_Union[BookUpdated, _Mapping]] = ..., removed: _Optional[_Union[BookRemoved, _Mapping]] = ...) -> None: ...

class TradeEvent(_message.Message):
    __slots__ = ("taker_order_id", "maker_order_id", "taker_side", "order_type", "price", "quantity")
    TAKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TAKER_SIDE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    taker_order_id: int
    maker_order_id: int
    taker_side: Side
    order_type: OrderType
    price: int
    quantity: int
    def __init__(self, taker_order_id: _Optional[int] = ..., maker_order_id: _Optional[int] = ..., taker_side: _Optional[_Union[Side, str]] = ..., order_type: _Optional[_Union[OrderType, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class RejectionEvent(_message.Message):
    __slots__ = ("order_id", "side", "order_type", "price", "quantity", "reason")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    side: Side
    order_type: OrderType
    price: int
    quantity: int
    reason: RejectionReason
    def __init__(self, order_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., order_type: _Optional[_Union[OrderType, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ..., reason: _Optional[_Union[RejectionReason, str]] = ...) -> None: ...

class EngineEvent(_message.Message):
    __slots__ = ("sequence", "book", "trade", "rejection", "symbol", "timestamp_ns")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    TRADE_FIELD_NUMBER: _ClassVar[int]
    REJECTION_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    book: BookEvent
    trade: TradeEvent
    rejection: RejectionEvent
    symbol: str
    timestamp_ns: int
    def __init__(self, sequence: _Optional[int] = ..., book: _Optional[_Union[BookEvent, _Mapping]] = ..., trade: _Optional[_Union[TradeEvent, _Mapping]] = ..., rejection: _Optional[_Union[RejectionEvent, _Mapping]] = ..., symbol: _Optional[str] = ..., timestamp_ns: _Optional[int] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("from_sequence",)
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    from_sequence: int
    def __init__(self, from_sequence: _Optional[int] = ...) -> None: ...

class CreditAccountRequest(_message.Message):
    __slots__ = ("account_id", "base", "quote", "symbol")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    base: int
    quote: int
    symbol: str
    def __init__(self, account_id: _Optional[int] = ..., base: _Optional[int] = ..., quote: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class CreditAccountResponse(_message.Message):
    __slots__ = ("status", "balance")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    balance: AccountBalance
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., balance: _Optional[_Union[AccountBalance, _Mapping]] = ...) -> None: ...

class GetBalanceRequest(_message.Message):
    __slots__ = ("account_id", "symbol")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    symbol: str
    def __init__(self, account_id: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("status", "balance")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    balance: AccountBalance
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., balance: _Optional[_Union[AccountBalance, _Mapping]] = ...) -> None: ...

class AccountBalance(_message.Message):
    __slots__ = ("account_id", "available_base", "reserved_base", "available_quote", "reserved_quote")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_BASE_FIELD_NUMBER: _ClassVar[int]
    RESERVED_BASE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_QUOTE_FIELD_NUMBER: _ClassVar[int]
    RESERVED_QUOTE_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    available_base: int
    reserved_base: int
    available_quote: int
    reserved_quote: int
    def __init__(self, account_id: _Optional[int] = ..., available_base: _Optional[int] = ..., reserved_base: _Optional[int] = ..., available_quote: _Optional[int] = ..., reserved_quote: _Optional[int] = ...) -> None: ...

class GetDepthRequest(_message.Message):
    __slots__ = ("symbol", "levels")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    levels: int
    def __init__(self, symbol: _Optional[str] = ..., levels: _Optional[int] = ...) -> None: ...

class GetDepthResponse(_message.Message):
    __slots__ = ("status", "bids", "asks", "sequence")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    bids: _containers.RepeatedCompositeFieldContainer[LevelDepth]
    asks: _containers.RepeatedCompositeFieldContainer[LevelDepth]
    sequence: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., bids: _Optional[_Iterable[_Union[LevelDepth, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[LevelDepth, _Mapping]]] = ..., sequence: _Optional[int] = ...) -> None: ...

class LevelDepth(_message.Message):
    __slots__ = ("price", "total_quantity", "order_count")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    price: int
    total_quantity: int
    order_count: int
    def __init__(self, price: _Optional[int] = ..., total_quantity: _Optional[int] = ..., order_count: _Optional[int] = ...) -> None: ...

class ListOpenOrdersRequest(_message.Message):
    __slots__ = ("account_id", "symbol")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    symbol: str
    def __init__(self, account_id: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class ListOpenOrdersResponse(_message.Message):
    __slots__ = ("status", "orders", "sequence", "account_sequence")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    orders: _containers.RepeatedCompositeFieldContainer[BookOrder]
    sequence: int
    account_sequence: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., orders: _Optional[_Iterable[_Union[BookOrder, _Mapping]]] = ..., sequence: _Optional[int] = ..., account_sequence: _Optional[int] = ...) -> None: ...

class CancelAllRequest(_message.Message):
    __slots__ = ("account_id", "symbol")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    symbol: str
    def __init__(self, account_id: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class CancelAllResponse(_message.Message):
    __slots__ = ("status", "canceled_count")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CANCELED_COUNT_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    canceled_count: int
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., canceled_count: _Optional[int] = ...) -> None: ...

class DebitAccountRequest(_message.Message):
    __slots__ = ("account_id", "base", "quote", "symbol")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    base: int
    quote: int
    symbol: str
    def __init__(self, account_id: _Optional[int] = ..., base: _Optional[int] = ..., quote: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class DebitAccountResponse(_message.Message):
    __slots__ = ("status", "balance")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    balance: AccountBalance
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., balance: _Optional[_Union[AccountBalance, _Mapping]] = ...) -> None: ...

class ListInstrumentsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListInstrumentsResponse(_message.Message):
    __slots__ = ("status", "instruments")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    status: CommandStatus
    instruments: _containers.RepeatedCompositeFieldContainer[Instrument]
    def __init__(self, status: _Optional[_Union[CommandStatus, _Mapping]] = ..., instruments: _Optional[_Iterable[_Union[Instrument, _Mapping]]] = ...) -> None: ...

class Instrument(_message.Message):
    __slots__ = ("symbol", "base", "quote", "tick_size", "lot_size", "halted")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    TICK_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOT_SIZE_FIELD_NUMBER: _ClassVar[int]
    HALTED_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    base: str
    quote: str
    tick_size: str
    lot_size: str
    halted: bool
    def __init__(self, symbol: _Optional[str] = ..., base: _Optional[str] = ..., quote: _Optional[str] = ..., tick_size: _Optional[str] = ..., lot_size: _Optional[str] = ..., halted: _Optional[bool] = ...) -> None: ...

class StreamAccountEventsRequest(_message.Message):
    __slots__ = ("account_id", "from_sequence")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    from_sequence: int
    def __init__(self, account_id: _Optional[int] = ..., from_sequence: _Optional[int] = ...) -> None: ...

class AccountEvent(_message.Message):
    __slots__ = ("sequence", "timestamp_ns", "symbol", "order_id", "accepted", "filled", "canceled", "refused")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    FILLED_FIELD_NUMBER: _ClassVar[int]
    CANCELED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    timestamp_ns: int
    symbol: str
    order_id: int
    accepted: OrderAccepted
    filled: OrderFilled
    canceled: OrderCanceled
    refused: OrderRefused
    def __init__(self, sequence: _Optional[int] = ..., timestamp_ns: _Optional[int] = ..., symbol: _Optional[str] = ..., order_id: _Optional[int] = ..., accepted: _Optional[_Union[OrderAccepted, _Mapping]] = ..., filled: _Optional[_Union[OrderFilled, _Mapping]] = ..., canceled: _Optional[_Union[OrderCanceled, _Mapping]] = ..., refused: _Optional[_Union[OrderRefused, _Mapping]] = ...) -> None: ...

class OrderAccepted(_message.Message):
    __slots__ = ("command", "side", "order_type", "price", "quantity")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    command: CommandKind
    side: Side
    order_type: OrderType
    price: int
    quantity: int
    def __init__(self, command: _Optional[_Union[CommandKind, str]] = ..., side: _Optional[_Union[Side, str]] = ..., order_type: _Optional[_Union[OrderType, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class OrderFilled(_message.Message):
    __slots__ = ("side", "liquidity", "counter_order_id", "price", "quantity", "open_quantity")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    LIQUIDITY_FIELD_NUMBER: _ClassVar[int]
    COUNTER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OPEN_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    side: Side
    liquidity: Liquidity
    counter_order_id: int
    price: int
    quantity: int
    open_quantity: int
    def __init__(self, side: _Optional[_Union[Side, str]] = ..., liquidity: _Optional[_Union[Liquidity, str]] = ..., counter_order_id: _Optional[int] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ..., open_quantity: _Optional[int] = ...) -> None: ...

class OrderCanceled(_message.Message):
    __slots__ = ("side", "price", "quantity", "open_quantity", "reason")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OPEN_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    side: Side
    price: int
    quantity: int
    open_quantity: int
    reason: CancelReason
    def __init__(self, side: _Optional[_Union[Side, str]] = ..., price: _Optional[int] = ..., quantity: _Optional[int] = ..., open_quantity: _Optional[int] = ..., reason: _Optional[_Union[CancelReason, str]] = ...) -> None: ...

class OrderRefused(_message.Message):
    __slots__ = ("command", "error_message")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    command: CommandKind
    error_message: str
    def __init__(self, command: _Optional[_Union[CommandKind, str]] = ..., error_message: _Optional[str] = ...) -> None: ...

class TradeRequest(_message.Message):
    __slots__ = ("options", "commands", "records")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    options: TradeOptions
    commands: _containers.RepeatedCompositeFieldContainer[TradeCommand]
    records: bytes
    def __init__(self, options: _Optional[_Union[TradeOptions, _Mapping]] = ..., commands: _Optional[_Iterable[_Union[TradeCommand, _Mapping]]] = ..., records: _Optional[bytes] = ...) -> None: ...

class TradeOptions(_message.Message):
    __slots__ = ("cancel_on_disconnect",)
    CANCEL_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    cancel_on_disconnect: bool
    def __init__(self, cancel_on_disconnect: _Optional[bool] = ...) -> None: ...

class TradeCommand(_message.Message):
    __slots__ = ("new_order", "modify_order", "cancel_order", "cancel_all")
    NEW_ORDER_FIELD_NUMBER: _ClassVar[int]
    MODIFY_ORDER_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ORDER_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ALL_FIELD_NUMBER: _ClassVar[int]
    new_order: NewOrderRequest
    modify_order: ModifyOrderRequest
    cancel_order: CancelOrderRequest
    cancel_all: CancelAllRequest
    def __init__(self, new_order: _Optional[_Union[NewOrderRequest, _Mapping]] = ..., modify_order: _Optional[_Union[ModifyOrderRequest, _Mapping]] = ..., cancel_order: _Optional[_Union[CancelOrderRequest, _Mapping]] = ..., cancel_all: _Optional[_Union[CancelAllRequest, _Mapping]] = ...) -> None: ...

class TradeResponse(_message.Message):
    __slots__ = ("answers", "result")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[TradeAnswer]
    result: BatchResult
    def __init__(self, answers: _Optional[_Iterable[_Union[TradeAnswer, _Mapping]]] = ..., result: _Optional[_Union[BatchResult, _Mapping]] = ...) -> None: ...

class TradeAnswer(_message.Message):
    __slots__ = ("new_order", "modify_order", "cancel_order", "cancel_all", "refused")
    NEW_ORDER_FIELD_NUMBER: _ClassVar[int]
    MODIFY_ORDER_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ORDER_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ALL_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    new_order: NewOrderResponse
    modify_order: ModifyOrderResponse
    cancel_order: CancelOrderResponse
    cancel_all: CancelAllResponse
    refused: CommandStatus
    def __init__(self, new_order: _Optional[_Union[NewOrderResponse, _Mapping]] = ..., modify_order: _Optional[_Union[ModifyOrderResponse, _Mapping]] = ..., cancel_order: _Optional[_Union[CancelOrderResponse, _Mapping]] = ..., cancel_all: _Optional[_Union[CancelAllResponse, _Mapping]] = ..., refused: _Optional[_Union[CommandStatus, _Mapping]] = ...) -> None: ...

class BatchResult(_message.Message):
    __slots__ = ("status", "unfilled", "fills")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    UNFILLED_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    status: bytes
    unfilled: bytes
    fills: bytes
    def __init__(self, status: _Optional[bytes] = ..., unfilled: _Optional[bytes] = ..., fills: _Optional[bytes] = ...) -> None: ...
