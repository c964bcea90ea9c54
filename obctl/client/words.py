"""The words for sides and kinds of orders, as the command line and the settings of agents take and print them."""

from orderbook import OrderType, Side

SIDES = {"bid": Side.BID, "ask": Side.ASK}
ORDER_TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "ioc": OrderType.IOC,
    "fok": OrderType.FOK,
    "post_only": OrderType.POST_ONLY,
}
SIDE_WORDS = {side: word for word, side in SIDES.items()}
ORDER_TYPE_WORDS = {order_type: word for word, order_type in ORDER_TYPES.items()}


def lots(quantity: int) -> str:
    """Return a quantity in words."""
    return f"{quantity} lot{'' if quantity == 1 else 's'}"
