"""The keeper of an exchange in a data directory, from its recovery to its last record."""

import time
from collections.abc import Callable

import structlog

from orderbook_server.config import ConfigError, Settings
from orderbook_server.journal.errors import DirectoryInUse, InstrumentsChanged, StorageError, UnknownFormat
from orderbook_server.journal.layout import snapshots_folder
from orderbook_server.journal.opening import Opened, open_exchange
from orderbook_server.journal.snapshot_process import Snapshots
from orderbook_server.journal.snapshots import good_snapshots
from orderbook_server.journal.watch import Watch

MISPLACED = (NotADirectoryError, IsADirectoryError, PermissionError, FileNotFoundError)  # no fault of the disk

log = structlog.get_logger()


class Keeper:
    """Holds a data directory, and sees to it that what happens is kept there.

    `sequencer`: of the exchange that was found there, or begun. `snapshots`: those that are taken meanwhile.
    `look`: for Release.on_change. progress, on_failure: as for Server.

    Raise ConfigError where the directory is none, not ours, another server's, made for other instruments or by another
    version; JournalDamaged, StorageError, MemoryError.
    """

    def __init__(
        self, settings: Settings, progress: Callable[[int, int], None], on_failure: Callable[[OSError], object]
    ) -> None:
        self._closed = False
        self._opened = opened(settings, progress)
        self.sequencer = self._opened.sequencer
        self.snapshots = snapshots_of(settings)
        self._watch = Watch(
            self._opened.journal,
            data_dir=settings.data_dir,
            on_failure=on_failure,
            on_room=self.sequencer.end_sessions,
            on_durable=self.snapshots.consider,
        )
        self.look = self._watch.look

    async def close(self) -> None:
        """Note the state, wait until all is on the disk, and let go of the directory; harmless the second time."""
        if self._closed:
            return
        self._closed = True
        await self.snapshots.stop()
        self._note_state()
        try:
            self._opened.journal.close()
        except OSError as error:
            self._watch.fail(error)
        self._opened.lock.close()

    def _note_state(self) -> None:
        """Put down what a replay must come to; where there is no room for that, it goes without."""
        state = bytes.fromhex(self.sequencer.exchange.state_hash())
        try:
            self._opened.journal.append_state(state)
        except OSError as error:  # of a disk that failed the journal tells when it is closed
            log.warning("state not noted", error=error.strerror)


def opened(settings: Settings, progress: Callable[[int, int], None]) -> Opened:
    """Open the exchange, and say what was found."""
    begun = time.monotonic()
    try:
        found = open_exchange(
            settings.data_dir,
            instruments=settings.instruments,
            event_capacity=settings.event_capacity,
            sync=settings.sync.mode,
            interval_ms=settings.sync.interval_ms,
            segment_bytes=settings.journal_segment_bytes,
            progress=progress,
        )
    except (DirectoryInUse, UnknownFormat) as error:
        raise ConfigError("data_dir", problem=str(error)) from error
    except InstrumentsChanged as error:
        raise ConfigError("instrument", problem=str(error)) from error
    except OSError as error:
        problem = f"{error.filename or settings.data_dir}: {error.strerror or error}"
        if isinstance(error, MISPLACED):
            raise ConfigError("data_dir", problem=problem) from error
        raise StorageError(problem) from error
    tell(settings, found, round(time.monotonic() - begun, 3))
    return found


def snapshots_of(settings: Settings) -> Snapshots:
    """Return what takes snapshots behind the newest one in the directory."""
    good, _ = good_snapshots(snapshots_folder(settings.data_dir))
    return Snapshots(
        settings.data_dir,
        commands=settings.snapshot_commands,
        kept=settings.snapshots_kept,
        capacity=settings.event_capacity,
        sequence=good[0].sequence if good else 0,
    )


def tell(settings: Settings, found: Opened, seconds: float) -> None:
    """Log what was found in the directory, and what had to be done about it."""
    recovered, exchange = found.recovered, found.sequencer.exchange
    for problem in recovered.passed_over:
        log.warning("snapshot passed over", reason=problem)
    if found.torn_bytes and recovered.tail:
        log.warning(
            "torn end cut off",
            bytes=found.torn_bytes,
            segment=str(recovered.tail.segment),
            offset=recovered.tail.offset,
        )
    log.info(
        "recovered" if recovered.sequence else "exchange begun",
        data_dir=str(settings.data_dir.absolute()),
        snapshot=recovered.snapshot.sequence if recovered.snapshot else None,
        records=recovered.records,
        sequence=recovered.sequence,
        events=exchange.last_sequence,
        state_hash=exchange.state_hash(),
        seconds=seconds,
    )
    if found.canceled:
        log.info("orders of ended sessions canceled", orders=found.canceled)
