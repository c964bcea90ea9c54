"""The start of an exchange that is kept: locked, recovered, and put in order before anybody can connect."""

import select
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.instruments import Instruments, as_json, check_change
from orderbook_server.journal.journal import Journal
from orderbook_server.journal.layout import Lock, journal_folder, lock, make_folders, snapshots_folder, write_zeros
from orderbook_server.journal.reader import Tail
from orderbook_server.journal.reconfiguration import reconfigured
from orderbook_server.journal.recovery import Progress, Recovered, recover
from orderbook_server.journal.snapshots import remove_unfinished
from orderbook_server.sequencer.sequencer import Sequencer

POLL_MS = 1000  # the journal tells of errors too; this is for the one that it could not tell of


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An exchange that is kept, ready for its first command.

    lock: of the directory, to be closed last, behind `journal`. recovered: what was found; torn_bytes: how many were
    cut off the end of the journal; canceled: orders of sessions that a crash had ended.
    """

    sequencer: Sequencer
    journal: FileJournal
    lock: Lock
    recovered: Recovered
    torn_bytes: int
    canceled: int


def open_exchange(
    data_dir: Path,
    *,
    instruments: Instruments,
    event_capacity: int,
    sync: str = "always",
    interval_ms: int = 0,
    segment_bytes: int = 1 << 26,
    progress: Progress | None = None,
) -> Opened:
    """Open the exchange that a data directory holds, or a new one where there is none, with these instruments.

    Raise DirectoryInUse, InstrumentsChanged, JournalDamaged, UnknownFormat, OSError, MemoryError: nothing is held then,
    and nothing was written before it was known that the directory is good.
    """
    make_folders(data_dir)
    with ExitStack() as undo:
        held = undo.enter_context(lock(data_dir))
        recovered = recover(data_dir, event_capacity=event_capacity, progress=progress)
        sequencer = recovered.sequencer
        check_change(instruments, sequencer.exchange)
        remove_unfinished(snapshots_folder(data_dir))
        torn_bytes = _cut(recovered.tail)
        journal = _go_on(data_dir, recovered, sync, interval_ms, segment_bytes)
        undo.callback(journal.close)
        if recovered.sequence == 0 or instruments != sequencer.exchange.instruments:
            sequencer = reconfigured(sequencer, instruments)  # first: what is in the journal must be possible
            journal.append_instruments(as_json(instruments))
        sequencer.attach(journal)
        canceled = sequencer.end_sessions()
        settle(journal)
        undo.pop_all()
    return Opened(
        sequencer=sequencer,
        journal=journal,
        lock=held,
        recovered=recovered,
        torn_bytes=torn_bytes,
        canceled=canceled,
    )


def _cut(tail: Tail | None) -> int:
    """Overwrite what is left of a torn frame with zeros, durably; return how many bytes that were."""
    if tail is None or not tail.torn_bytes:
        return 0
    write_zeros(tail.segment, tail.offset, tail.torn_bytes)
    return tail.torn_bytes


def _go_on(data_dir: Path, recovered: Recovered, sync: str, interval_ms: int, segment_bytes: int) -> FileJournal:
    """Return the journal behind what was recovered, in the next epoch."""
    position = recovered.position
    return FileJournal(
        journal_folder(data_dir),
        sequence=position.sequence,
        frame_hash=position.frame_hash,
        epoch=position.epoch + 1,
        segment=position.segment,
        offset=position.offset,
        sync=sync,
        interval_ms=interval_ms,
        segment_bytes=segment_bytes,
    )


def settle(journal: Journal) -> None:
    """Wait until all that was appended is durable; raise OSError where it cannot be."""
    journal.publish()
    poll = select.poll()
    poll.register(journal.fileno(), select.POLLIN)
    while journal.durable < journal.appended:
        if journal.error:
            raise journal.error
        poll.poll(POLL_MS)
        journal.refresh()
