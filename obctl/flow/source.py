"""Where the bytes come from: a file or standard input, decompressed on the way, with a look ahead and a position."""

import io
import os
import stat
import sys
from collections.abc import Callable
from typing import Any

from obctl.flow.compression import CORRUPT, MAGIC_MAX, by_magic
from obctl.flow.errors import FlowError

HEAD_MAX = 1 << 16  # bytes that recognition may look at
RECORDS_MIN = 48  # bytes of binary data that recognition needs: one command record
STDIN = "-"


class CountingRaw(io.RawIOBase):
    """Pass reads on to a binary stream and count the bytes: the position in the file as it lies on the disk."""

    def __init__(self, stream: Any) -> None:
        self.position = 0
        self.ahead = b""
        # Below the buffer of standard input: its readinto1 waits for a second block if asked for more than it holds.
        self.readinto_once = getattr(stream, "raw", stream).readinto

    def readable(self) -> bool:
        """Return True."""
        return True

    def look_ahead(self, size: int) -> bytes:
        """Return the first `size` bytes (fewer when the file is shorter) without consuming them."""
        while len(self.ahead) < size:
            view = bytearray(size - len(self.ahead))
            got = self.readinto_once(view)
            if not got:
                break
            self.ahead += view[:got]
        return self.ahead

    def readinto(self, view: Any) -> int:
        """Read what is there into `view` and return the number of bytes, 0 at the end."""
        if self.ahead:
            got = min(len(self.ahead), len(view))
            view[:got] = self.ahead[:got]
            self.ahead = self.ahead[got:]
        else:
            got = self.readinto_once(view)
        self.position += got
        return got


class Source:
    """The decompressed bytes of one file.

    ``name`` is the path as given; ``bytes_total`` the file's size as it lies on the disk, None when that is unknown;
    ``bytes_decoded`` how many bytes have been handed out.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open `path`, or standard input for "-". Raise OSError when it cannot be opened."""
        self.name = os.fspath(path)
        self.head = b""
        self.bytes_decoded = 0
        self.bytes_total: int | None = None
        self.owned: io.FileIO | None = None
        if self.name == STDIN:
            self.name = "<stdin>"
            self.raw = CountingRaw(sys.stdin.buffer)
        else:
            self.owned = io.FileIO(self.name)
            status = os.fstat(self.owned.fileno())
            self.bytes_total = status.st_size if stat.S_ISREG(status.st_mode) else None
            self.raw = CountingRaw(self.owned)
        kind = by_magic(self.raw.look_ahead(MAGIC_MAX))
        self.stream: Any = self.raw
        self.readinto_once: Callable[[Any], int] = self.raw.readinto
        if kind:
            self.stream = kind.reader(io.BufferedReader(self.raw, 1 << 18))
            self.readinto_once = self.stream.readinto1

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, in bytes as they lie on the disk."""
        return self.raw.position

    def peek(self) -> bytes:
        """Return the first bytes without consuming them: up to the end of the first line that has text in it.

        At most HEAD_MAX bytes; no more is waited for, so that a live pipe can be recognised by its first line, or by
        its first records.
        """
        while len(self.head) < HEAD_MAX and not has_line(self.head) and not has_records(self.head):
            view = bytearray(HEAD_MAX - len(self.head))
            got = self.read_once(view)
            if not got:
                break
            self.head += view[:got]
        return self.head

    def readinto(self, view: memoryview) -> int:
        """Read the next bytes into `view` and return how many, 0 at the end. Raise FlowError when they are corrupt."""
        if self.head:
            got = min(len(self.head), len(view))
            view[:got] = self.head[:got]
            self.head = self.head[got:]
        else:
            got = self.read_once(view)
        self.bytes_decoded += got
        return got

    def read_once(self, view: memoryview | bytearray) -> int:
        """Read into `view` what has arrived, without waiting until it is full."""
        try:
            return self.readinto_once(view)
        except CORRUPT as error:
            raise FlowError(f"{self.name}: the compressed data is damaged or cut short: {error}") from error

    def close(self) -> None:
        """Close the file. Standard input stays open: it is not ours."""
        if self.owned is not None:
            self.stream.close()
            self.owned.close()


def has_line(head: bytes) -> bool:
    """Return whether `head` holds a whole line with something in it."""
    return b"\n" in head.lstrip(b"\xef\xbb\xbf\r\n \t")


def has_records(head: bytes) -> bool:
    """Return whether `head` is no text and long enough to tell what else it is."""
    return len(head) >= RECORDS_MIN and b"\0" in head
