"""Taking orders back, as every strategy does."""

from contextlib import suppress

from agents.requests import Cancel, Life, ReadOrders
from orderbook import AccountMismatch, UnknownOrder


def take_back(order_id: int) -> Life:
    """Cancel an order; one that is gone by then is no error, and neither is it when another account has its id now."""
    with suppress(UnknownOrder, AccountMismatch):
        yield Cancel(order_id)


def clear() -> Life:
    """Hear what traded, and cancel what rests all the same: an order whose answer was lost may have come late."""
    if late := (yield ReadOrders()):
        for order in late:
            yield from take_back(order.id)
        yield ReadOrders()
