"""Places in a journal."""

from pathlib import Path
from typing import NamedTuple


class Position(NamedTuple):
    """A place between two frames.

    sequence: of the last record before it, 0 none; frame_hash: of the frame that ends there, 16 zeros at the very
    beginning; epoch: of that frame, or of the segment where that is newer; segment, offset: where the next frame goes,
    (None, 0) where there is no segment yet.
    """

    sequence: int
    frame_hash: bytes
    epoch: int
    segment: Path | None
    offset: int


class Tail(NamedTuple):
    """How a journal ends.

    segment, offset: where the next frame goes; torn_bytes: how many bytes from there on are what is left of a frame
    that was never finished, 0 in a clean end; file_bytes: the size of the segment's file.
    """

    segment: Path
    offset: int
    torn_bytes: int
    file_bytes: int


class Found(NamedTuple):
    """A frame that is good in itself, found in a segment at an offset.

    sequence: of its first record; records: how many it has; previous: the hash of the frame before it.
    """

    offset: int
    sequence: int
    records: int
    previous: bytes


BEGINNING = Position(0, bytes(16), 0, None, 0)
