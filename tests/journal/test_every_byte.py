"""Every byte of a small journal flipped, every length of it truncated: an exact prefix, or a refusal; never else.

A prefix may only come out where the damage lies in the last frame or cuts the end.
"""

import os
from pathlib import Path

import pytest

from orderbook_server.journal.errors import JournalDamaged, UnknownFormat
from orderbook_server.journal.reader import JournalReader, Position, Tail

from .plain_journal import HEADER_BYTES, PlainJournal, Written, small_journal

FLIPS = (0xFF, 0x01, 0x80)
REFUSED = "refused"


@pytest.fixture(params=[1, 3], ids=["one segment", "three segments"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> PlainJournal:
    return small_journal(tmp_path, segments=request.param, frames=5)


def come_out(folder: Path) -> tuple[list[bytes], Position, Tail] | str:
    """Read a journal to its end: hashes of the frames, the position and the tail; or REFUSED."""
    reader = JournalReader(folder)
    try:
        digests = [frame.digest for frame in reader.frames()]
    except (JournalDamaged, UnknownFormat):
        return REFUSED
    return digests, reader.position, reader.tail


def paths(journal: PlainJournal) -> list[Path]:
    return sorted({frame.path for frame in journal.frames})


def frames_up_to(journal: PlainJournal, path: Path, offset: int) -> list[Written]:
    """Return the frames that end in a segment up to an offset, and those of the segments before it."""
    return [frame for frame in journal.frames if (frame.path, frame.end) <= (path, offset)]


def expect_prefix(journal: PlainJournal, kept: list[Written], file_bytes: int, data_end: int) -> None:
    """Expect just these frames, the position behind them, and what is left up to `data_end` as torn."""
    digests, position, tail = come_out(journal.folder)
    last = journal.path
    end = kept[-1].end if kept and kept[-1].path == last else HEADER_BYTES
    assert digests == [frame.digest for frame in kept]
    assert position == (
        kept[-1].last_sequence if kept else 0,
        kept[-1].digest if kept else bytes(16),
        1,
        last,
        end,
    )
    assert tail == (last, end, max(data_end - end, 0), file_bytes)


def end_of_data(data: bytes) -> int:
    return len(data.rstrip(b"\0"))


def flipped_end(content: bytes, offset: int, byte: int) -> int:
    """Return where the data ends when one of its bytes is another."""
    return end_of_data(content[:offset] + bytes([byte]) + content[offset + 1 :])


def test_the_journal_is_read_as_it_was_written(journal: PlainJournal) -> None:
    whole = journal.path.read_bytes()
    expect_prefix(journal, journal.frames, len(whole), end_of_data(whole))


def test_every_byte_flipped(journal: PlainJournal) -> None:
    last = journal.frames[-1]
    for path in paths(journal):
        whole = path.read_bytes()
        with path.open("r+b", buffering=0) as file:  # to write it anew each time makes some file systems sync
            for offset, byte in enumerate(whole):
                for flip in FLIPS:
                    os.pwrite(file.fileno(), bytes([byte ^ flip]), offset)
                    if path == last.path and offset >= last.offset:
                        kept = journal.frames[: None if offset >= last.end else -1]
                        expect_prefix(journal, kept, len(whole), flipped_end(whole, offset, byte ^ flip))
                    else:
                        assert come_out(journal.folder) == REFUSED, (path, offset, flip)
                os.pwrite(file.fileno(), bytes([byte]), offset)


def test_every_length_truncated(journal: PlainJournal) -> None:
    for path in paths(journal):
        whole = path.read_bytes()
        with path.open("r+b", buffering=0) as file:
            for size in reversed(range(len(whole))):
                file.truncate(size)
                if path == journal.path and size >= HEADER_BYTES:
                    kept = frames_up_to(journal, path, size)
                    expect_prefix(journal, kept, size, end_of_data(whole[:size]))
                else:
                    assert come_out(journal.folder) == REFUSED, (path, size)
        path.write_bytes(whole)


def test_every_segment_missing(journal: PlainJournal) -> None:
    for path in paths(journal):
        whole = path.read_bytes()
        path.unlink()
        if path == journal.path:
            kept = [frame for frame in journal.frames if frame.path != path]
            assert come_out(journal.folder)[0] == [frame.digest for frame in kept]
        else:
            with pytest.raises(JournalDamaged):
                list(JournalReader(journal.folder).frames())
        path.write_bytes(whole)
