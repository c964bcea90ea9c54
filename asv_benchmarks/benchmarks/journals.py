"""Data directories made for measurements, without a server: a flow in frames of a size, and a book with many orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy

from obctl.flow import generate
from orderbook import COMMAND_DTYPE
from orderbook_server.config import Settings
from orderbook_server.journal.opening import Opened, open_exchange, settle
from orderbook_server.sequencer.sequencer import Sequencer

ACCOUNTS = 1_000
PLENTY = 1 << 50  # of base, and eight times that of quote: nobody runs out
PRICES = 1_000  # a side


@contextmanager
def opened(data_dir: Path) -> Iterator[Opened]:
    """Open the exchange of a directory, its accounts funded, while the block lasts. Nothing is synced on the way."""
    settings = Settings()
    exchange = open_exchange(
        data_dir, instruments=settings.instruments, event_capacity=settings.event_capacity, sync="never"
    )
    fund(exchange.sequencer)
    try:
        yield exchange
    finally:
        exchange.journal.close()
        exchange.lock.close()


def fund(sequencer: Sequencer) -> None:
    """Give all accounts plenty."""
    for account in range(1, ACCOUNTS + 1):
        sequencer.credit_account(0, account, PLENTY, 8 * PLENTY)


def run(exchange: Opened, records: bytes, commands_per_frame: int) -> None:
    """Carry out commands, so many in a frame: the next ones when the frame is written."""
    session = exchange.sequencer.open_session()
    size = numpy.dtype(COMMAND_DTYPE).itemsize * commands_per_frame
    for begin in range(0, len(records), size):
        exchange.sequencer.process(records[begin : begin + size], session)
        settle(exchange.journal)


def write_flow(data_dir: Path, commands: int, commands_per_frame: int) -> dict[str, int]:
    """Fill a directory with the balanced mix; return the figures of the journal, of the flow alone."""
    records = bytes(generate.commands("balanced", commands))
    with opened(data_dir) as exchange:
        settle(exchange.journal)
        before = exchange.journal.figures
        run(exchange, records, commands_per_frame)
        after = exchange.journal.figures
    return {name: after[name] - before[name] for name in after}


def resting_orders(count: int) -> bytes:
    """Return commands that rest, of all accounts, over PRICES prices a side."""
    number = numpy.arange(count)
    bid = number % 2 == 0
    commands = numpy.zeros(count, COMMAND_DTYPE)
    commands["kind"] = 1
    commands["order_type"] = 2
    commands["flags"] = 1
    commands["order_id"] = number + 1
    commands["account_id"] = number % ACCOUNTS + 1
    commands["side"] = numpy.where(bid, 1, 2)
    commands["price"] = numpy.where(bid, 100_000 - number * 7919 % PRICES, 100_001 + number * 7919 % PRICES)
    commands["quantity"] = 9
    return commands.tobytes()


def write_resting(data_dir: Path, orders: int) -> int:
    """Fill a directory with orders that rest; return the sequence of the last record."""
    with opened(data_dir) as exchange:
        run(exchange, resting_orders(orders), 1_000)
        sequence = exchange.journal.durable
        assert exchange.sequencer.exchange.last_sequence == orders, "each rests, which is one event"
    return sequence
