"""Data directories made as a server makes them: a sequencer with a FileJournal, and a flow that is known."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orderbook import Instrument, OrderBookError, OrderType, Side
from orderbook_server.journal.opening import Opened, open_exchange
from orderbook_server.sequencer.sequencer import Sequencer

from .writing import settle

BTC = Instrument("BTC-USD", "BTC", "USD")


@contextmanager
def opened(data_dir: Path) -> Iterator[Opened]:
    """Open a directory as a server does, without its listeners; close it as after a crash, without a STATE."""
    exchange = open_exchange(data_dir, instruments=(BTC,), event_capacity=1024, sync="never")
    try:
        yield exchange
    finally:
        exchange.journal.close()
        exchange.lock.close()


def story(sequencer: Sequencer) -> None:
    """Tell a little story of two accounts, each record in a frame of its own.

    Behind INSTRUMENTS, record 1: credits 2 and 3; orders 4 and 5, of which the second trades 3 lots of the first; 6 a
    repricing; 7 a refusal that account 2 is told of; 8 a debit; 9 a cancel, with which the book is empty again.
    """

    def kept(call: object, *arguments: object) -> None:
        assert callable(call)
        with suppress(OrderBookError):
            call(*arguments)
        settle(sequencer.journal)

    kept(sequencer.credit_account, 0, 1, 0, 10_000)
    kept(sequencer.credit_account, 0, 2, 50, 0)
    kept(sequencer.submit, 0, 1, 11, Side.BID, OrderType.LIMIT, 100, 5)
    kept(sequencer.submit, 0, 2, 21, Side.ASK, OrderType.IOC, 100, 3)
    kept(sequencer.modify_order, 0, 1, 11, 2, 99)
    kept(sequencer.submit, 0, 2, 22, Side.ASK, OrderType.FOK, 99, 7)
    kept(sequencer.debit_account, 0, 2, 7, 0)
    kept(sequencer.cancel_order, 0, 1, 11)


def end_in_order(exchange: Opened) -> None:
    """Write what a server writes that ends in order."""
    state_hash = exchange.sequencer.exchange.state_hash()
    exchange.journal.append_state(bytes.fromhex(state_hash))
    settle(exchange.journal)
