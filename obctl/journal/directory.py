"""A data directory as the commands see it: what is there, whether a server uses it, and its frames."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from obctl.errors import BadInput, Damaged
from obctl.progress import Progress
from orderbook_server.journal.errors import JournalDamaged, JournalError
from orderbook_server.journal.layout import in_use, journal_folder, segments, sequence_of, snapshots_folder
from orderbook_server.journal.reader import Frame, JournalReader
from orderbook_server.journal.snapshots import SnapshotHeader, good_snapshots


class DataDirectory:
    """A data directory to look into. `live`: a server uses it, and may be writing to the end of its journal.

    Raise BadInput where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = journal_folder(path)
        with readable(path):
            if not self.folder.is_dir():
                reason = "it has no folder journal" if path.is_dir() else "there is no such directory"
                raise BadInput(f"{path} is no data directory: {reason}")
            self.live = in_use(path)

    def segments(self) -> list[Path]:
        """Return the segments that are there now, oldest first."""
        return segments(self.folder)

    def snapshots(self) -> list[SnapshotHeader]:
        """Return the headers of snapshots that look good, newest first."""
        return good_snapshots(snapshots_folder(self.path))[0]

    def first_record(self) -> int:
        """Return the sequence with which the journal begins, or will."""
        paths = self.segments()
        return sequence_of(paths[0]) if paths else 1

    def last_record(self) -> int:
        """Return the sequence of the last record, 0 where there is none; only the last segment is read."""
        paths = self.segments()
        reader = self.reader(after=sequence_of(paths[-1]) - 1 if paths else 0)
        for _ in reader.frames():
            pass
        return reader.position.sequence

    def reader(self, *, after: int = 0, until: int | None = None) -> JournalReader:
        """Return a reader of the records behind `after`, as far as they are still there."""
        return JournalReader(self.folder, after=max(after, self.first_record() - 1), until=until, live=self.live)

    def frames(self, reader: JournalReader, *, shown: bool = True) -> Generator[Frame]:
        """Yield all frames of a reader; `shown`: under a progress bar."""
        if not shown:
            yield from reader.frames()
            return
        total = sum(path.stat().st_size for path in self.segments())
        done = 0
        with Progress("records") as progress:
            for frame in reader.frames():
                yield frame
                done += frame.size
                progress.update(f"reading {self.path}", frame.last_sequence, done, total)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what can be wrong with a data directory into what a command says of it."""
    try:
        yield
    except JournalDamaged as error:
        raise Damaged(f"{error}; {advice(path)}") from error
    except JournalError as error:
        raise BadInput(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInput(f"{error.filename or path}: {error.strerror or error}") from error


def advice(path: Path) -> str:
    """Say who knows what can be done about damage."""
    return f"obctl journal repair {path} tells whether a server starts, and what can be done"
