"""Files that appear whole or not at all: written under a temporary name beside the target, renamed when complete."""

import os
from pathlib import Path
from typing import BinaryIO

from obctl.errors import BadInput


class OutputFile:
    """A file being written. `finish` puts it in its place, `abandon` leaves no trace; the later call does nothing."""

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise BadInput(f"cannot write {path}: it is a folder")
        self.path = path
        self.partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            self.file: BinaryIO = self.partial.open("wb")
        except OSError as error:
            raise BadInput(f"cannot write {path}: {error.strerror}") from error

    def finish(self) -> None:
        """Close the file and give it its name."""
        if not self.file.closed:
            self.file.close()
            self.partial.replace(self.path)

    def abandon(self) -> None:
        """Close and delete the file unless it is finished."""
        if not self.file.closed:
            self.file.close()
            self.partial.unlink()
