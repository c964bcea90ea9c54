"""Every byte of a small journal flipped, every length of it truncated: an exact prefix, or a refusal; never else.

A prefix may only come out where the damage lies in the last frame or cuts the end.
"""

from pathlib import Path

import pytest

from orderbook_server.journal.errors import JournalDamaged, UnknownFormat
from orderbook_server.journal.reader import JournalReader, Position, Tail

from .plain_journal import HEADER_BYTES, PlainJournal, Written, small_journal

FLIPS = (0xFF, 0x01)
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


def test_the_journal_is_read_as_it_was_written(journal: PlainJournal) -> None:
    whole = journal.path.read_bytes()
    expect_prefix(journal, journal.frames, len(whole), end_of_data(whole))


def test_every_byte_flipped(journal: PlainJournal) -> None:
    last = journal.frames[-1]
    for path in paths(journal):
        whole = path.read_bytes()
        for offset in range(len(whole)):
            for flip in FLIPS:
                data = bytearray(whole)
                data[offset] ^= flip
                path.write_bytes(data)
                if path == last.path and offset >= last.end:
                    expect_prefix(journal, journal.frames, len(data), offset + 1)
                elif path == last.path and offset >= last.offset:
                    expect_prefix(journal, journal.frames[:-1], len(data), end_of_data(data))
                else:
                    assert come_out(journal.folder) == REFUSED, (path, offset, flip)
        path.write_bytes(whole)


def test_every_length_truncated(journal: PlainJournal) -> None:
    for path in paths(journal):
        whole = path.read_bytes()
        end = max(frame.end for frame in journal.frames if frame.path == path)
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            if path == journal.path and size >= HEADER_BYTES:
                kept = frames_up_to(journal, path, size)
                expect_prefix(journal, kept, size, end_of_data(whole[:size]))
            else:
                assert size < end
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
