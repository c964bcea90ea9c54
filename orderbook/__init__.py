"""A limit order book and matching engine, compiled, exact to the last fill.

>>> from orderbook import MatchingEngine, Side
>>> engine = MatchingEngine()
>>> engine.submit_limit(1, Side.ASK, 101, 5).resting
OrderView(id=1, side=<Side.ASK: 2>, price=101, quantity=5)
>>> engine.submit_market(2, Side.BID, 3).fills
(Fill(maker_id=1, price=101, quantity=3),)
"""

from orderbook.batch import COMMAND_DTYPE, FILL_DTYPE, BatchResult, as_commands
from orderbook.book import OrderBook
from orderbook.enums import OrderType, RejectReason, RemoveReason, SelfTradePrevention, Side
from orderbook.errors import (
    AccountMismatch,
    CapacityExceeded,
    CrossedOrder,
    DuplicateOrder,
    Halted,
    InsufficientBase,
    InsufficientQuote,
    InvalidCommand,
    InvalidQuantity,
    JournalFull,
    MissingPrice,
    NotionalTooLarge,
    NumericOverflow,
    OrderBookError,
    PriceOutOfBand,
    QuantityTooLarge,
    SequenceGone,
    TooManyOrders,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)
from orderbook.exchange import Exchange
from orderbook.instruments import Instrument
from orderbook.matching import MatchingEngine
from orderbook.risk import RiskEngine
from orderbook.views import (
    AccountSnapshot,
    Balance,
    BookAdded,
    BookRemoved,
    BookSnapshot,
    BookUpdated,
    Fill,
    LevelDepth,
    LevelSnapshot,
    MatchResult,
    OrderView,
    Rejection,
    Trade,
)

__all__ = [
    "COMMAND_DTYPE",
    "FILL_DTYPE",
    "AccountMismatch",
    "AccountSnapshot",
    "Balance",
    "BatchResult",
    "BookAdded",
    "BookRemoved",
    "BookSnapshot",
    "BookUpdated",
    "CapacityExceeded",
    "CrossedOrder",
    "DuplicateOrder",
    "Exchange",
    "Fill",
    "Halted",
    "Instrument",
    "InsufficientBase",
    "InsufficientQuote",
    "InvalidCommand",
    "InvalidQuantity",
    "JournalFull",
    "LevelDepth",
    "LevelSnapshot",
    "MatchResult",
    "MatchingEngine",
    "MissingPrice",
    "NotionalTooLarge",
    "NumericOverflow",
    "OrderBook",
    "OrderBookError",
    "OrderType",
    "OrderView",
    "PriceOutOfBand",
    "QuantityTooLarge",
    "RejectReason",
    "Rejection",
    "RemoveReason",
    "RiskEngine",
    "SelfTradePrevention",
    "SequenceGone",
    "Side",
    "TooManyOrders",
    "Trade",
    "UnknownAccount",
    "UnknownOrder",
    "UnknownSymbol",
    "as_commands",
]
