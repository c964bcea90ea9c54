"""The data directory: names and order of its files, folders that are there to stay, and the lock."""

import contextlib
import errno
import fcntl
import os
import re
import time
from pathlib import Path
from types import TracebackType

from orderbook_server.journal.errors import DirectoryInUse

FOLDER_MODE = 0o700
ZEROS = bytes(1 << 20)
LOCK_TRIES = 5  # with LOCK_PAUSE_SECONDS between two: who looks whether a server runs holds the lock for an instant
LOCK_PAUSE_SECONDS = 0.02
SEGMENT_NAME = re.compile(r"([0-9]{20})\.wal", re.ASCII)
SNAPSHOT_NAME = re.compile(r"([0-9]{20})\.snap", re.ASCII)


def journal_folder(data_dir: Path) -> Path:
    """Return the folder of the segments."""
    return data_dir / "journal"


def snapshots_folder(data_dir: Path) -> Path:
    """Return the folder of the snapshots."""
    return data_dir / "snapshots"


def segment_name(sequence: int) -> str:
    """Return the name of the segment whose first record has a sequence."""
    return f"{sequence:020}.wal"


def snapshot_name(sequence: int) -> str:
    """Return the name of the snapshot whose last record has a sequence."""
    return f"{sequence:020}.snap"


def sequence_of(path: Path) -> int:
    """Return the sequence in the name of a segment or snapshot."""
    return int(path.stem)


def segments(folder: Path) -> list[Path]:
    """Return the segments in a folder by their sequence; files with other names are none."""
    return _named(folder, SEGMENT_NAME)


def snapshots(folder: Path) -> list[Path]:
    """Return the snapshots in a folder, if there is one, by their sequence; files with other names are none."""
    return _named(folder, SNAPSHOT_NAME) if folder.is_dir() else []


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    # Names have as many digits each, so their order is that of their sequences.
    return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))


def make_folders(data_dir: Path) -> None:
    """Make the directory and its folders where they are missing, so that a power cut does not lose them."""
    make_folder(journal_folder(data_dir))
    make_folder(snapshots_folder(data_dir))


def make_folder(path: Path) -> None:
    """Make a folder and those above it where they are missing, for this user alone, durably; raise OSError."""
    path = path.absolute()
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(FOLDER_MODE, exist_ok=True)
    except FileExistsError as error:  # true, but no help
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
    fsync_folder(path.parent)


def fsync_folder(path: Path) -> None:
    """Put on the disk what a folder contains: names that came, went or changed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_zeros(path: Path, offset: int, size: int) -> None:
    """Overwrite a part of a file with zeros, durably; the file keeps its size."""
    with path.open("r+b") as file:
        file.seek(offset)
        while size:
            size -= file.write(ZEROS[:size])
        file.flush()
        os.fsync(file.fileno())


class Lock:
    """A directory that is this process's alone, until it closes the lock or ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        """Let others have the directory."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "Lock":
        """Hold it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def lock(data_dir: Path) -> Lock:
    """Lock a directory that exists.

    Raises DirectoryInUse, which names the process that holds it.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor)
        _sign(descriptor)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DirectoryInUse(
            f"{data_dir} is in use by {f'process {holder}' if holder else 'another process'}"
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


def in_use(data_dir: Path) -> bool:
    """Tell whether another process holds the lock of a directory; nothing is written."""
    try:
        descriptor = os.open(data_dir / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int) -> None:
    """Take the lock; BlockingIOError where another process keeps it."""
    for _ in range(LOCK_TRIES - 1):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(LOCK_PAUSE_SECONDS)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(descriptor: int) -> None:
    """Write who holds the lock, for the one who is refused; on a full disk the lock holds without it."""
    os.ftruncate(descriptor, 0)
    try:
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
