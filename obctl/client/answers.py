"""What commands answer, as plain data for JSON and as lines for people."""

from collections.abc import Iterator, Sequence
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


def order_lines(account_id: int, orders: Sequence[OrderView]) -> Iterator[str]:
    """Say which orders of an account rest: a line for each."""
    if not orders:
        yield f"account {account_id} has no resting orders"
        return
    yield from table(
        (f"account {account_id}", "side", "price", "lots"),
        *((f"order {order.id}", SIDE_WORDS[order.side], str(order.price), str(order.quantity)) for order in orders),
    )


def table(*rows: Sequence[str]) -> Iterator[str]:
    """Return rows as lines: the first column aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for head, *cells in rows:
        yield "  ".join(
            [f"{head:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))]
        )


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
    yield from table(
        (f"account {account_id}", "available", "reserved"),
        (instrument.base, str(balance.available_base), str(balance.reserved_base)),
        (instrument.quote, str(balance.available_quote), str(balance.reserved_quote)),
    )


def plain_rung(rung: Rung) -> dict[str, Any]:
    """Return a level as JSON writes it; with its orders, oldest first, where they are known."""
    level: dict[str, Any] = rung._asdict()
    orders = level.pop("orders")
    if orders:
        level["orders"] = [{"order_id": order.id, "quantity": order.quantity} for order in orders]
    return level
