"""What may be wrong with a data directory."""

from pathlib import Path


class JournalError(Exception):
    """The data directory cannot be used."""


class StorageError(JournalError):
    """The disk failed, or there is no room to begin."""


class DirectoryInUse(JournalError):
    """Another process holds the lock of the data directory."""


class JournalDamaged(JournalError):
    """A file of the data directory is not as it was written, and that is no torn end.

    path, offset: where; reason: what is wrong there.
    """

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(f"{path}: at byte {offset}: {reason}")
        self.path = path
        self.offset = offset
        self.reason = reason


class UnknownFormat(JournalError):
    """A file was written by another version of the format."""


class InstrumentsChanged(JournalError):
    """Instruments are wanted under which the orders and balances of the data directory would mean another thing."""
