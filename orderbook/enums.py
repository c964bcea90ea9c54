"""The enumerations of the engine. Their values are the wire's."""

from enum import IntEnum


class Side(IntEnum):
    """The side of the book: buyers (BID) or sellers (ASK)."""

    BID = 1
    ASK = 2


class OrderType(IntEnum):
    """How an order trades, and what becomes of the part that did not."""

    MARKET = 1
    LIMIT = 2
    IMMEDIATE_OR_CANCEL = 3
    IOC = 3
    FILL_OR_KILL = 4
    FOK = 4
    POST_ONLY = 5


class RemoveReason(IntEnum):
    """Why an order left the book."""

    FILLED = 1
    CANCELED = 2
    SELF_TRADE = 3


class RejectReason(IntEnum):
    """Why the matcher refused a command, as rejection events say it."""

    DUPLICATE = 1
    CROSSED = 2
    INVALID_QUANTITY = 3
    MISSING_PRICE = 4
    INSUFFICIENT_LIQUIDITY = 5


class SelfTradePrevention(IntEnum):
    """What happens instead of a trade between two orders of one account; docs/money.md has the rules."""

    CANCEL_NEWEST = 1
    CANCEL_OLDEST = 2
    CANCEL_BOTH = 3
    DECREMENT = 4
