"""A sequencer that keeps what it does in a folder of segments, and what tests ask of such a journal."""

import select
from pathlib import Path
from typing import Any

from orderbook import Exchange, Instrument
from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.instruments import as_json
from orderbook_server.journal.journal import Journal
from orderbook_server.journal.reader import JournalReader, Record
from orderbook_server.journal.replay import Replay
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import MARKET, PRICE_PRESENT, Command, Kind

SECONDS = 30  # that a disk may take
CAPACITY = 1 << 16
SEGMENT_BYTES = 1 << 16
DEBIT = 6  # the kind of such a record, which is none in a batch


def many_instruments(count: int) -> list[Instrument]:
    """Return so many instruments; their quote is the same."""
    return [Instrument(f"B{i}-USD", f"B{i}", "USD") for i in range(count)]


def settle(journal: Journal) -> None:
    """Wait until all that was appended is durable; raise the journal's error."""
    journal.publish()
    while journal.durable < journal.appended:
        if journal.error:
            raise journal.error
        next_bell(journal)


def next_bell(journal: Journal) -> None:
    """Wait until a journal has something to tell, and listen to it."""
    assert select.select([journal.fileno()], [], [], SECONDS)[0], "the journal says nothing"
    journal.refresh()


def wait_for_room(journal: Journal) -> None:
    """Wait until the journal is full no longer."""
    while journal.full:
        next_bell(journal)


def read(folder: Path) -> JournalReader:
    """Return a reader that has read a journal to its end."""
    reader = JournalReader(folder)
    for _ in reader.frames():
        pass
    return reader


def open_journal(folder: Path, **settings: Any) -> FileJournal:
    """Open a journal where it ends, in the next epoch; its end must be clean."""
    reader = read(folder)
    assert reader.tail is None or reader.tail.torn_bytes == 0
    position = reader.position
    return FileJournal(
        folder,
        **{"segment_bytes": SEGMENT_BYTES} | settings,
        sequence=position.sequence,
        frame_hash=position.frame_hash,
        epoch=position.epoch + 1,
        segment=position.segment,
        offset=position.offset,
    )


MEANT = {  # by kind: the fields besides the instrument and the account, of a command that is not odd
    Kind.NEW: ("side", "order_type", "flags", "order_id", "price", "quantity"),
    Kind.CANCEL: ("order_id",),
    Kind.MODIFY: ("flags", "order_id", "price", "quantity"),
    Kind.CREDIT: ("price", "quantity"),
    Kind.CANCEL_ALL: (),
    DEBIT: ("price", "quantity"),
}


def meaning(command: Command) -> Command:
    """Return what a command says, without fields that nobody looks at."""
    if command.kind not in MEANT or (command.kind != Kind.NEW and command.flags > 1):
        return command._replace(timestamp=0)
    kept = ("kind", "instrument", "account_id", *MEANT[command.kind])
    if command.kind == Kind.NEW and command.order_type == MARKET:
        command = command._replace(flags=command.flags & ~PRICE_PRESENT)
    if "flags" in kept and not command.flags & PRICE_PRESENT:
        command = command._replace(price=0)
    return Command(**{name: value for name, value in command._asdict().items() if name in kept})


class Kept:
    """An exchange of some instruments, and the journal that keeps it."""

    def __init__(self, folder: Path, instruments: int = 1, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        configuration = many_instruments(instruments)
        self.sequencer = Sequencer(Exchange(configuration, event_capacity=CAPACITY), execution_capacity=CAPACITY)
        self.journal = open_journal(folder, **settings)
        self.journal.append_instruments(as_json(configuration))
        self.sequencer.attach(self.journal)

    def reopen(self, **settings: Any) -> None:
        """Close the journal and go on with it: the exchange lives on."""
        self.journal.close()
        self.journal = open_journal(self.folder, **self.settings | settings)
        self.sequencer.attach(self.journal)

    def state(self) -> Any:
        """Return what a replay must come to."""
        return state_of(self.sequencer)


def state_of(sequencer: Sequencer) -> Any:
    """Return state hash, the events that are held, and how many executions there were."""
    exchange = sequencer.exchange
    return exchange.state_hash(), exchange.events(max(exchange.oldest_sequence, 1) - 1), sequencer.last_execution


def replay_of(folder: Path, until: int | None = None) -> Sequencer:
    """Return the sequencer that a replay of a journal comes to, from its beginning."""
    replay = Replay(Sequencer(Exchange(event_capacity=CAPACITY), execution_capacity=CAPACITY), until=until)
    for frame in JournalReader(folder, until=until).frames():
        replay.feed(frame)
    replay.flush()
    return replay.sequencer


def replayed(folder: Path) -> Any:
    """Return the `state_of` a replay of a journal."""
    return state_of(replay_of(folder))


def records(folder: Path) -> list[Record]:
    """Return all records of a journal."""
    return list(JournalReader(folder).records())
