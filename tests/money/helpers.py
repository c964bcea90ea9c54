"""What several test files about money need, beside those of the engine: accounts, balances, and what a refusal left."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from orderbook import (
    Instrument,
    InvalidCommand,
    OrderType,
    OrderView,
    RejectReason,
    SelfTradePrevention,
    Side,
)

from ..engine import helpers
from ..engine.helpers import BID, PRICE_PRESENT, Command, Kind

ALICE, BOB, CAROL, STRANGER = 1, 2, 3, 404  # the last one is never credited
ACCOUNTS = (ALICE, BOB, CAROL, STRANGER)
NEWEST, OLDEST, BOTH, DECREMENT = SelfTradePrevention
MODES = tuple(SelfTradePrevention)
BASE_EACH, QUOTE_EACH = 1_000, 1_000_000

PREVENTION_SHIFT = 1  # of the bits in the flags of a record
PREVENTION_MASK = 7 << PREVENTION_SHIFT


def market_of(**settings: Any) -> Instrument:
    """Return an instrument with some of its settings set."""
    return Instrument("BTC-USD", "BTC", "USD", **settings)


def funded(api: ModuleType, **settings: Any) -> Any:
    """Return a RiskEngine over an instrument with these settings, in which all but the stranger have plenty."""
    engine = api.RiskEngine(instrument=market_of(**settings))
    for account in (ALICE, BOB, CAROL):
        engine.credit_account(account, BASE_EACH, QUOTE_EACH)
    return engine


def limit(engine: Any, account: int, order_id: int, side: Side, price: int, quantity: int) -> Any:
    """Submit a LIMIT order."""
    return engine.submit(account, order_id, side, OrderType.LIMIT, price, quantity)


def of(account: int, command: Command, prevention: int = 0) -> Command:
    """Return the record as this account would send it, with a self-trade prevention of its own or none (0)."""
    return command._replace(account_id=account, flags=command.flags | prevention << PREVENTION_SHIFT)


def credit(account: int, base: int, quote: int, **fields: int) -> Command:
    """Return the record of a credit."""
    return Command(Kind.CREDIT, account_id=account, price=base, quantity=quote, **fields)


def needs(orders: tuple[OrderView, ...]) -> tuple[int, int]:
    """Return the base and the quote that these resting orders must have reserved."""
    base = sum(order.quantity for order in orders if order.side is not BID)
    return base, sum(order.price * order.quantity for order in orders if order.side is BID)


def sums(engine: Any) -> tuple[int, int]:
    """Return all base and all quote that the accounts have, available and reserved."""
    held = [engine.account_snapshot(account) for account in ACCOUNTS]
    return (
        sum(own.available_base + own.reserved_base for own in held if own),
        sum(own.available_quote + own.reserved_quote for own in held if own),
    )


def available(engine: Any, account: int) -> tuple[int, int]:
    """Return the base and quote available to an account; assert that it has reserved what its orders need."""
    base, reserved_base, quote, reserved_quote = engine.account_snapshot(account)
    assert (reserved_base, reserved_quote) == needs(engine.open_orders(account))
    return base, quote


def trace(engine: Any) -> tuple[Any, ...]:
    """Return all that a refused call must leave alone but for the number of events, and check the engine."""
    engine.check()
    return (
        engine.state_hash(),
        tuple(engine.order_book.snapshot())[:2],
        [(engine.account_snapshot(account), engine.open_orders(account)) for account in ACCOUNTS],
    )


@contextmanager
def refused(engine: Any, error: type[Exception], reason: RejectReason | None = None) -> Iterator[None]:
    """Expect an error that changes nothing, and leaves no event but a rejection of the reason, if there is one."""
    before, last = trace(engine), engine.last_sequence
    with pytest.raises(error):
        yield
    assert trace(engine) == before
    events = engine.events(last)
    assert [getattr(event, "reason", None) for event in events] == ([] if reason is None else [reason])
    assert engine.last_sequence == last + len(events)
    assert engine.order_book.snapshot().sequence == engine.last_sequence


def run_one(exchange: Any, command: Command) -> Any:
    """Do what a record says through the method of that kind, as a caller of an exchange without batches would."""
    prevention = (command.flags & PREVENTION_MASK) >> PREVENTION_SHIFT
    if command.instrument >= len(exchange.instruments) or command.flags & ~(PRICE_PRESENT | PREVENTION_MASK):
        raise InvalidCommand
    if prevention and (command.kind != Kind.NEW or prevention > DECREMENT):
        raise InvalidCommand
    market = exchange.market(exchange.instruments[command.instrument].symbol)
    price = command.price if command.flags & PRICE_PRESENT else None
    account, order_id, quantity = command.account_id, command.order_id, command.quantity
    if command.kind == Kind.NEW:
        if command.side not in tuple(Side) or command.order_type not in tuple(OrderType):
            raise InvalidCommand
        mode = prevention or None
        return market.submit(
            account, order_id, command.side, command.order_type, price, quantity, self_trade_prevention=mode
        )
    if command.kind == Kind.MODIFY:
        return market.modify_order(account, order_id, quantity, price)
    if command.kind == Kind.CANCEL:
        return market.cancel_order(account, order_id)
    if command.kind == Kind.CREDIT:
        return market.credit_account(account, command.price, quantity)
    if command.kind == Kind.CANCEL_ALL:
        return market.cancel_all(account)
    raise InvalidCommand


def one_by_one(exchange: Any, commands: list[Command]) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
    """Return what `process` of an exchange returns, having called one method per command."""
    return helpers.one_by_one(exchange, commands, run_one)
