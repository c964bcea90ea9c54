"""What several test files need: the edges of the numbers, command records, and what a call left behind."""

import os
import struct
import sys
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, NamedTuple

import numpy
import pytest

import orderbook
from orderbook import InvalidCommand, MatchResult, OrderBookError, OrderType, Side

TOP = 2**64 - 1
BID, ASK = Side
MARKET, LIMIT, IOC, FOK, POST_ONLY = OrderType

RECORD = struct.Struct("<BBBBIQQQQQ")
PRICE_PRESENT = 1


linux_alone = pytest.mark.skipif(
    sys.platform != "linux" or "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="asks Linux for memory and limits; a sanitizer has memory of its own",
)


class Kind(IntEnum):
    """The first byte of a command record."""

    NEW = 1
    CANCEL = 2
    MODIFY = 3
    CREDIT = 4
    CANCEL_ALL = 5


class Command(NamedTuple):
    """One command record, field by field as COMMAND_DTYPE has them."""

    kind: int
    side: int = 0
    order_type: int = 0
    flags: int = 0
    instrument: int = 0
    account_id: int = 0
    order_id: int = 0
    price: int = 0
    quantity: int = 0
    timestamp: int = 0


def new(order_id: int, side: int, order_type: int, price: int | None, quantity: int, **fields: int) -> Command:
    """Return the record of a new order; a price of None leaves the price bit clear."""
    flags, price = (0, 0) if price is None else (PRICE_PRESENT, price)
    return Command(Kind.NEW, side, order_type, flags, order_id=order_id, price=price, quantity=quantity, **fields)


def modify(order_id: int, quantity: int, price: int | None = None, **fields: int) -> Command:
    """Return the record of a modify; a price of None leaves the price bit clear."""
    flags, price = (0, 0) if price is None else (PRICE_PRESENT, price)
    return Command(Kind.MODIFY, flags=flags, order_id=order_id, price=price, quantity=quantity, **fields)


def cancel(order_id: int, **fields: int) -> Command:
    """Return the record of a cancel."""
    return Command(Kind.CANCEL, order_id=order_id, **fields)


def packed(commands: Iterable[Command]) -> bytes:
    """Return the records one after the other, 48 bytes each."""
    return b"".join(RECORD.pack(*command) for command in commands)


def lists(result: Any) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
    """Return status, unfilled and fills of a batch as plain lists, whichever engine it came from."""
    fills = numpy.asarray(result.fills, dtype=orderbook.FILL_DTYPE)
    return numpy.asarray(result.status).tolist(), numpy.asarray(result.unfilled).tolist(), fills.tolist()


def process(engine: Any, commands: Iterable[Command]) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
    """Run a batch and return what `lists` makes of its result."""
    return lists(engine.process(orderbook.as_commands(packed(commands))))


def run_one(engine: Any, command: Command) -> Any:
    """Do what a record says through the method of that kind, as a caller without batches would."""
    price = command.price if command.flags & PRICE_PRESENT else None
    if command.instrument or command.flags & ~PRICE_PRESENT:
        raise InvalidCommand
    if command.kind == Kind.NEW:
        if command.side not in (BID, ASK) or command.order_type not in tuple(OrderType):
            raise InvalidCommand
        return engine.submit(command.order_id, command.side, command.order_type, price, command.quantity)
    if command.kind == Kind.MODIFY:
        return engine.modify_order(command.order_id, command.quantity, price)
    if command.kind == Kind.CANCEL:
        return engine.cancel_order(command.order_id)
    raise InvalidCommand


def one_by_one(
    engine: Any, commands: Iterable[Command], run: Callable[[Any, Command], Any] = run_one
) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
    """Return what `process` returns, having called one method per command; `run` picks the method."""
    status, unfilled, fills = [], [], []
    for position, command in enumerate(commands):
        try:
            result = run(engine, command)
        except OrderBookError as error:
            status.append(error.number)
            unfilled.append(0)
            continue
        status.append(0)
        matched = isinstance(result, MatchResult)
        unfilled.append(result.unfilled if matched else result or 0)
        fills += [(position, command.order_id, *fill) for fill in result.fills] if matched else []
    return status, unfilled, fills


def outcome(call: Callable[[], Any]) -> Any:
    """Return what a call returned, or the class of what it raised."""
    try:
        return call()
    except (OrderBookError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        return type(error)


def queue(book: Any, side: Side, price: int) -> list[tuple[int, int]]:
    """Return (id, quantity) of the orders of one level, oldest first."""
    return [(order.id, order.quantity) for order in book.level_orders(side, price) or ()]


def events_of(engine: Any, after: int = 0) -> list[tuple[Any, ...]]:
    """Return the events above `after` as (class name, fields without sequence and timestamp…)."""
    return [(type(event).__name__, *tuple(event)[2:]) for event in engine.events(after)]


def trace(engine: Any) -> tuple[Any, ...]:
    """Return all that a refused call must leave alone: state, queues and the number of events."""
    return engine.state_hash(), engine.order_book.snapshot(), engine.last_sequence
