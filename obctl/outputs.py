"""Files that appear whole or not at all: written under a temporary name beside the target, renamed when complete."""

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self


class OutputFile:
    """A file being written. `publish` puts it in its place; `abandon`, or leaving the block before, leaves no trace.

    A pipe or device is written to directly. Raise OSError, with the target's name, when it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.target = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
        self.partial = self.target.with_name(f".{path.name}.{os.getpid()}.partial")
        if self.target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if self.target.exists() and not self.target.is_file():
            self.partial = self.target
        try:
            self.file: BinaryIO = self.partial.open("wb")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        self.published = self.partial == self.target

    def publish(self) -> None:
        """Close the file and give it its name."""
        self.file.close()
        if not self.published:
            self.partial.replace(self.target)
            self.published = True

    def abandon(self) -> None:
        """Close the file, and delete it unless it is published."""
        try:
            self.file.close()
        finally:
            if not self.published:
                self.partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Abandon the file unless it is published."""
        self.abandon()
