"""Random commands about money from a seed: quick to draw and mostly accepted, so that books fill and accounts trade."""

import random
from collections.abc import Iterator

from orderbook import OrderType, Side

from ..engine.helpers import PRICE_PRESENT, TOP, Command, Kind
from .helpers import ACCOUNTS, PREVENTION_SHIFT

ACCOUNT_COUNT = 4
ID_COUNT = 12  # an id belongs to one account, so that cancels and modifies find their own
KINDS = [Kind.NEW] * 12 + [Kind.MODIFY] * 4 + [Kind.CANCEL] * 2 + [Kind.CREDIT] + [Kind.CANCEL_ALL]
TYPES = [OrderType.LIMIT] * 5 + list(OrderType)
MODES = [0] * 5 + [1, 2, 3, 4]
PRICES = range(8, 14)
EDGES = [0, 1, 5, 99, 1 << 63, TOP]
SPOILED_ONCE_IN = 8


def drawn(chance: random.Random, instrument_count: int, time: int) -> Command:
    """Return one command."""
    kind, order_id = chance.choice(KINDS), chance.randrange(ID_COUNT)
    bits = chance.choice(MODES) << PREVENTION_SHIFT if kind is Kind.NEW else 0
    price = chance.choice(PRICES)
    priced = kind is Kind.NEW or (kind is Kind.MODIFY and chance.random() < 0.6)
    command = Command(
        kind,
        side=chance.choice(list(Side)),
        order_type=chance.choice(TYPES),
        flags=PRICE_PRESENT * priced | bits,
        instrument=chance.randrange(instrument_count),
        account_id=1 + order_id % ACCOUNT_COUNT,
        order_id=order_id,
        price=10 * price if kind is Kind.CREDIT else price,
        quantity=chance.randrange(80) if kind is Kind.CREDIT else chance.randrange(1, 10),
        timestamp=time,
    )
    return spoiled(chance, command) if chance.randrange(SPOILED_ONCE_IN) == 0 else command


def spoiled(chance: random.Random, command: Command) -> Command:
    """Return the command with one field that is rare, wrong, or at an edge."""
    name = chance.choice(command._fields[:-1])
    if name == "account_id":
        return command._replace(account_id=chance.choice(ACCOUNTS))
    width = {"instrument": 32, "order_id": 64, "price": 64, "quantity": 64}.get(name, 8)
    return command._replace(**{name: chance.choice(EDGES) & ((1 << width) - 1)})


def flow(seed: int, count: int, instrument_count: int) -> Iterator[Command]:
    """Yield so many commands for an exchange of so many instruments; the same seed gives the same."""
    chance = random.Random(seed)
    for time in range(count):
        yield drawn(chance, instrument_count, time)
