"""What several test files need: exchanges kept in a directory, what goes through them, and all that they know."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orderbook import Instrument
from orderbook_server.journal.opening import Opened, open_exchange
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_server.sequencer.sessions import Session

from ..engine.helpers import packed
from ..money.flow import flow
from ..server.stories import told

MARKETS = (
    Instrument("BTC-USD", "BTC", "USD"),
    Instrument("ETH-USD", "ETH", "USD", open_orders_max=5),
    Instrument("ETH-BTC", "ETH", "BTC", price_band=100, reference_price=10),
)
CAPACITY = 1 << 16
ACCOUNTS = range(1, 5)
NUMBERS_BEGIN = 24  # in the state of a sequencer: behind the clock and the sessions opened, which idle ones move too


@contextmanager
def kept(data_dir: Path, instruments: tuple[Instrument, ...] = MARKETS, **options: Any) -> Iterator[Opened]:
    """Open an exchange, and leave it as a killed server would, with all that was appended on the disk."""
    opened = open_exchange(data_dir, instruments=instruments, **{"event_capacity": CAPACITY, "sync": "never"} | options)
    try:
        yield opened
    finally:
        opened.journal.close()
        opened.lock.close()


def fund(sequencer: Sequencer) -> None:
    """Give every account something of all assets."""
    for account in ACCOUNTS:
        for market in range(len(sequencer.exchange.instruments)):
            sequencer.credit_account(market, account, 300, 3000)


def send(sequencer: Sequencer, seed: int, count: int, session: Session | None = None, *, at_once: int = 50) -> None:
    """Send random commands, some at once: a frame has them in one piece, or several of them."""
    commands = list(flow(seed, count, len(sequencer.exchange.instruments)))
    for begin in range(0, count, at_once):
        sequencer.process(packed(commands[begin : begin + at_once]), session)


def facts(sequencer: Sequencer) -> dict[str, Any]:
    """Return all that is known of the state of an exchange and of its sequencer, but for what the rings hold."""
    exchange = sequencer.exchange
    return {
        "hash": exchange.state_hash(),
        "state": exchange.dump_state(),
        "numbers": sequencer.dump_state()[NUMBERS_BEGIN:],
        "instruments": exchange.instruments,
    }


def rings(sequencer: Sequencer) -> tuple[list[Any], dict[int, list[Any]]]:
    """Return the events and executions that are held, with their numbers and times."""
    exchange = sequencer.exchange
    executions = {
        account: [(one.sequence, one.timestamp, told(one)) for one in sequencer.executions(account)]
        for account in ACCOUNTS
    }
    return exchange.events(after=exchange.oldest_sequence - 1), executions


def settled(opened: Opened) -> int:
    """Wait until all that was appended is durable; return the sequence of the last record."""
    journal = opened.journal
    journal.publish()
    while journal.durable < journal.appended:
        assert journal.error is None
        select_readable(journal.fileno())
        journal.refresh()
    return journal.durable


def select_readable(descriptor: int) -> None:
    """Wait until there is something to read, ten seconds at most."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(10_000)
