"""The words for sides and kinds of orders, as the command line and the settings of agents use them, and for times."""

import time
from fractions import Fraction

from orderbook import OrderType, Side

SIDES = {"bid": Side.BID, "ask": Side.ASK}
ORDER_TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "ioc": OrderType.IOC,
    "fok": OrderType.FOK,
    "post_only": OrderType.POST_ONLY,
}
TAKER_WORDS = {Side.BID: "buy", Side.ASK: "sell"}  # what the taker of a trade did
SIDE_WORDS = {side: word for word, side in SIDES.items()}
ORDER_TYPE_WORDS = {order_type: word for word, order_type in ORDER_TYPES.items()}
NS_PER_SECOND = 1_000_000_000
SECONDS_PER_DAY = 86_400
NONE = "none"


def lots(quantity: int) -> str:
    """Return a quantity in words."""
    return f"{quantity} lot{'' if quantity == 1 else 's'}"


def average_text(price: Fraction | None) -> str:
    """Return an average price in ticks and hundredths of one."""
    return f"{float(price):,.2f}" if price is not None else NONE


def clock_text(time_ns: int) -> str:
    """Return a time since 1970 as the clock on the wall shows it; on the first day it is one since midnight."""
    seconds = time_ns // NS_PER_SECOND
    return time.strftime("%H:%M:%S", time.gmtime(seconds) if seconds < SECONDS_PER_DAY else time.localtime(seconds))
