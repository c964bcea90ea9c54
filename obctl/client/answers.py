"""What commands answer, as plain data for JSON and as lines for people."""

from collections.abc import Iterator
from typing import Any

from obctl.client.words import SIDE_WORDS, lots
from orderbook import MatchResult, OrderView


def plain_order(order: OrderView) -> dict[str, Any]:
    """Return a resting order as JSON writes it."""
    return {
        "order_id": order.id,
        "side": SIDE_WORDS[order.side],
        "price": order.price,
        "quantity": order.quantity,
    }


def plain_match(order_id: int, result: MatchResult) -> dict[str, Any]:
    """Return what became of an order as JSON writes it."""
    return {
        "order_id": order_id,
        "fills": [
            {"maker_id": fill.maker_id, "price": fill.price, "quantity": fill.quantity} for fill in result.fills
        ],
        "resting": plain_order(result.resting) if result.resting else None,
        "unfilled": result.unfilled,
    }


def match_lines(order_id: int, result: MatchResult) -> Iterator[str]:
    """Say what became of an order: its id, its trades in their order, what rests, what was dropped."""
    yield f"order {order_id}"
    for fill in result.fills:
        yield f"  traded {lots(fill.quantity)} at {fill.price} with order {fill.maker_id}"
    if result.resting:
        rest = result.resting
        yield f"  rests: {SIDE_WORDS[rest.side]} {lots(rest.quantity)} at {rest.price}"
    if result.unfilled:
        yield f"  dropped {lots(result.unfilled)}"
