"""Data directories made as a server makes them: a sequencer with a FileJournal, and a flow that is known."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orderbook import Instrument, OrderBookError, OrderType, Side
from orderbook_server.journal.journal import Journal
from orderbook_server.journal.opening import Opened, open_exchange
from orderbook_server.journal.snapshotter import take_snapshot
from orderbook_server.sequencer.sequencer import Sequencer

STATE = 4  # the kind of such a record among those with data
BTC = Instrument("BTC-USD", "BTC", "USD")
ETH = Instrument("ETH-USD", "ETH", "USD")


@contextmanager
def opened(data_dir: Path, *instruments: Instrument, segment_bytes: int = 1 << 26) -> Iterator[Opened]:
    """Open a directory as a server does, without its listeners; close it as after a crash, without a STATE."""
    exchange = open_exchange(
        data_dir, instruments=instruments or (BTC,), event_capacity=1024, sync="never", segment_bytes=segment_bytes
    )
    try:
        yield exchange
    finally:
        exchange.journal.close()
        exchange.lock.close()


def settle(journal: Journal) -> None:
    """Wait until all that was appended is durable."""
    journal.publish()
    poll = select.poll()
    poll.register(journal.fileno(), select.POLLIN)
    while journal.durable < journal.appended:
        assert journal.error is None
        assert poll.poll(30_000), "the journal stands still"
        journal.refresh()


def story(sequencer: Sequencer) -> None:
    """Tell a little story of two accounts, each record in a frame of its own.

    Behind INSTRUMENTS, record 1: credits 2 and 3; orders 4 and 5, of which the second trades 3 lots of the first; 6 a
    repricing; 7 a refusal that account 2 is told of; 8 a debit; 9 a cancel, with which the book is empty again.
    """

    def kept(call: object, *arguments: object) -> None:
        assert callable(call)
        try:
            call(*arguments)
        except OrderBookError:
            pass
        settle(sequencer.journal)

    kept(sequencer.credit_account, 0, 1, 0, 10_000)
    kept(sequencer.credit_account, 0, 2, 50, 0)
    kept(sequencer.submit, 0, 1, 11, Side.BID, OrderType.LIMIT, 100, 5)
    kept(sequencer.submit, 0, 2, 21, Side.ASK, OrderType.IOC, 100, 3)
    kept(sequencer.modify_order, 0, 1, 11, 2, 99)
    kept(sequencer.submit, 0, 2, 22, Side.ASK, OrderType.FOK, 99, 7)
    kept(sequencer.debit_account, 0, 2, 7, 0)
    kept(sequencer.cancel_order, 0, 1, 11)


def trade(sequencer: Sequencer, count: int, *, first_order: int = 1000) -> None:
    """Have account 1, which is credited, send so many small bids; all of them rest."""
    sequencer.credit_account(0, 1, 0, 1_000_000)
    for number in range(count):
        sequencer.submit(0, 1, first_order + number, Side.BID, OrderType.LIMIT, 1 + number % 50, 1)
    settle(sequencer.journal)


def snapshot(data_dir: Path, exchange: Opened) -> int:
    """Take a snapshot of what is durable; return its sequence."""
    return take_snapshot(data_dir, exchange.journal.durable).sequence


def end_in_order(exchange: Opened) -> None:
    """Write what a server writes that ends in order."""
    state_hash = exchange.sequencer.exchange.state_hash()
    exchange.journal.append_data(STATE, bytes.fromhex(state_hash), 1)
    settle(exchange.journal)
