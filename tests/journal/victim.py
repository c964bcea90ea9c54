"""The process that faults are injected into: `python -m tests.journal.victim DATA_DIR SYNC`.

It sends batches to an exchange that is kept, each one durable before the next, and prints what it may rely on. Exit
status 7 where the journal says that it failed, and then it has seen that nothing more is taken.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from orderbook import JournalFull
from orderbook_server.journal.opening import Opened, open_exchange
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import Command, Kind, packed
from ..money.flow import flow
from .writing import CAPACITY, SEGMENT_BYTES, many_instruments, settle

INSTRUMENTS = 3
BATCHES = 24
BATCH = 300  # commands: a segment's end comes about every ten batches
INTERVAL_MS = 2
STORAGE = 7


def batches() -> Iterator[bytes]:
    """Yield what is sent, always the same."""
    yield packed(Command(Kind.CREDIT, account_id=account, price=1 << 40, quantity=1 << 40) for account in range(1, 5))
    for seed in range(BATCHES):
        yield packed(flow(seed, BATCH, INSTRUMENTS))


def opened(data_dir: Path, sync: str) -> Opened:
    """Open the exchange that is kept in a directory."""
    return open_exchange(
        data_dir,
        instruments=tuple(many_instruments(INSTRUMENTS)),
        event_capacity=CAPACITY,
        sync=sync,
        interval_ms=INTERVAL_MS,
        segment_bytes=SEGMENT_BYTES,
    )


def say(*words: object) -> None:
    """Print a line, in one piece: the process may be killed behind any."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def send(sequencer: Sequencer) -> None:
    """Send all batches; say of each what is durable with it."""
    for batch in batches():
        sequencer.process(batch)
        settle(sequencer.journal)
        say("kept", sequencer.journal.durable)


def see_that_nothing_is_taken(sequencer: Sequencer) -> None:
    """Raise AssertionError where a journal that failed still takes commands, or keeps more."""
    journal = sequencer.journal
    journal.refresh()
    durable = journal.durable
    before = sequencer.exchange.state_hash()
    for _ in range(50):
        try:
            sequencer.credit_account(0, 1, 1, 1)
        except JournalFull:
            pass
        else:
            raise AssertionError("a journal that failed takes commands")
        journal.publish()
        journal.refresh()
    assert (journal.durable, sequencer.exchange.state_hash()) == (durable, before)
    assert journal.full


def main() -> int:
    """Send all; return the exit status."""
    data_dir, sync = Path(sys.argv[1]), sys.argv[2]
    try:
        it = opened(data_dir, sync)
    except OSError as error:
        say("unopened", error.errno)
        return STORAGE
    say("kept", it.journal.durable)
    try:
        send(it.sequencer)
    except OSError as error:
        say("failed", error.errno)
        see_that_nothing_is_taken(it.sequencer)
    try:
        it.journal.close()
    except OSError as error:
        say("unclosed", error.errno)
        return STORAGE
    say("closed", it.journal.durable)
    return 0


if __name__ == "__main__":
    sys.exit(main())
