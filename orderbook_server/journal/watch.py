"""What a server does about its journal while it runs."""

from collections.abc import Callable
from pathlib import Path

import structlog

from orderbook_server.journal.journal import Journal

log = structlog.get_logger()


class Watch:
    """Looks at a journal whenever it has something to tell: `look` is for Release.on_change.

    data_dir: where the journal is, for those who read the log.
    on_failure: called once, with the OSError, when the disk failed: nothing more is kept, and nothing may leave.
    on_room: called whenever commands are taken: there may have been no room for a moment that nobody saw.
    on_durable: called, with the sequence of the last record that is kept, whenever there is no failure.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        data_dir: Path,
        on_failure: Callable[[OSError], object],
        on_room: Callable[[], object],
        on_durable: Callable[[int], object],
    ) -> None:
        self._journal = journal
        self._log = log.bind(data_dir=str(data_dir.absolute()))
        self._on_failure = on_failure
        self._on_room = on_room
        self._on_durable = on_durable
        self._full = False
        self._failed = False

    def look(self) -> None:
        """See what has become of the journal."""
        if (error := self._journal.error) is not None:
            self.fail(error)
        else:
            if self._journal.full is not self._full:
                self._change_room()
            if not self._full:
                self._on_room()
            self._on_durable(self._journal.durable)

    def fail(self, error: OSError) -> None:
        """Say that the disk failed, unless that was said."""
        if not self._failed:
            self._failed = True
            self._log.critical("journal failed", error=error.strerror, errno=error.errno, durable=self._journal.durable)
            self._on_failure(error)

    def _change_room(self) -> None:
        """Say that there is no room any more, or that there is room again."""
        self._full = not self._full
        if self._full:
            self._log.warning("journal full: commands are refused until there is room", sequence=self._journal.appended)
        else:
            self._log.warning("journal has room again: commands are taken", sequence=self._journal.appended)
