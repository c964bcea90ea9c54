"""What commands answer, as plain data for JSON and as lines for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from obctl.client.ladder import Rung
from obctl.client.words import SIDE_WORDS, lots
from orderbook import AccountSnapshot, MatchResult, OrderView

if TYPE_CHECKING:
    from agents.gateways.grpc import InstrumentInfo


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
        "fills": [{"maker_id": fill.maker_id, "price": fill.price, "quantity": fill.quantity} for fill in result.fills],
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


def plain_balance(account_id: int, instrument: "InstrumentInfo", balance: AccountSnapshot) -> dict[str, Any]:
    """Return what an account has as JSON writes it."""
    return {
        "account_id": account_id,
        "symbol": instrument.symbol,
        "base": instrument.base,
        "quote": instrument.quote,
        "available_base": balance.available_base,
        "reserved_base": balance.reserved_base,
        "available_quote": balance.available_quote,
        "reserved_quote": balance.reserved_quote,
    }


def balance_lines(account_id: int, instrument: "InstrumentInfo", balance: AccountSnapshot) -> Iterator[str]:
    """Say what an account has: a line for each of the two assets."""
    rows = [
        (f"account {account_id}", "available", "reserved"),
        (instrument.base, str(balance.available_base), str(balance.reserved_base)),
        (instrument.quote, str(balance.available_quote), str(balance.reserved_quote)),
    ]
    name, available, reserved = (max(len(row[column]) for row in rows) for column in range(3))
    for row in rows:
        yield f"{row[0]:<{name}}  {row[1]:>{available}}  {row[2]:>{reserved}}"


def plain_rung(rung: Rung) -> dict[str, Any]:
    """Return a level as JSON writes it; with its orders, oldest first, where they are known."""
    level: dict[str, Any] = rung._asdict()
    orders = level.pop("orders")
    if orders:
        level["orders"] = [{"order_id": order.id, "quantity": order.quantity} for order in orders]
    return level
