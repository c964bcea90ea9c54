"""Reading journals that plain Python wrote: frames, ranges, ends, and what is refused in which words."""

import struct
from pathlib import Path

import pytest

from orderbook_server.journal.checksums import crc32c_of
from orderbook_server.journal.errors import JournalDamaged, UnknownFormat
from orderbook_server.journal.layout import segment_name
from orderbook_server.journal.reader import JournalReader, Position, RecordKind

from .plain_journal import (
    BTC,
    CANCEL,
    HEADER_BYTES,
    NEW,
    TIME,
    PlainJournal,
    Written,
    command,
    crc32c,
    header_bytes,
    instruments,
    other,
    session,
    small_journal,
    source,
    state,
)

LARGE = 9 << 20  # more than is read at once


@pytest.fixture
def journal(tmp_path: Path) -> PlainJournal:
    return small_journal(tmp_path, segments=3, frames=4)


def digests(reader: JournalReader) -> list[bytes]:
    return [frame.digest for frame in reader.frames()]


def fresh(folder: Path, *records: bytes) -> PlainJournal:
    """Return a journal of one frame with some records."""
    journal = PlainJournal(folder, ahead=64)
    journal.begin()
    journal.append(*records)
    return journal


def refusal(folder: Path, **options: int) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        list(JournalReader(folder, **options).frames())
    return caught.value


def test_a_frame_tells_all_of_it(journal: PlainJournal) -> None:
    previous = bytes(16)
    for frame, written in zip(JournalReader(journal.folder).frames(), journal.frames, strict=True):
        assert (frame.sequence, frame.last_sequence) == (written.sequence, written.last_sequence)
        assert (frame.segment, frame.offset, frame.size) == (written.path, written.offset, len(written.data))
        assert (frame.epoch, frame.time) == (1, TIME)
        assert (frame.previous, frame.digest) == (previous, written.digest)
        assert frame.payload == written.data[48:] + bytes(64)
        previous = frame.digest


def test_an_empty_folder_is_a_journal_without_records(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path)
    assert list(reader.frames()) == []
    assert reader.tail is None
    assert reader.position == Position(0, bytes(16), 0, None, 0)


def test_a_segment_may_be_its_header_alone(journal: PlainJournal) -> None:
    last = journal.frames[-1]
    path = journal.begin()
    reader = JournalReader(journal.folder)
    assert len(list(reader.frames())) == len(journal.frames)
    assert reader.position == Position(last.last_sequence, last.digest, 1, path, HEADER_BYTES)
    assert reader.tail == (path, HEADER_BYTES, 0, HEADER_BYTES + 1024)


def test_the_newest_epoch_counts(journal: PlainJournal) -> None:
    journal.epoch = 7
    journal.begin()
    reader = JournalReader(journal.folder)
    assert {frame.epoch for frame in reader.frames()} == {1}
    assert reader.position.epoch == 7


def test_every_range(journal: PlainJournal) -> None:
    for after in range(journal.sequence + 1):
        for until in (*range(after + 1, journal.sequence + 1), None):
            end = journal.sequence if until is None else until
            wanted = [frame for frame in journal.frames if frame.last_sequence > after and frame.sequence <= end]
            reader = JournalReader(journal.folder, after=after, until=until)
            before = [frame for frame in journal.frames if frame.last_sequence <= after]
            assert reader.position[:2] == ((before[-1].last_sequence, before[-1].digest) if before else (0, bytes(16)))
            assert digests(reader) == [frame.digest for frame in wanted]
            if wanted:
                assert reader.position[:2] == (wanted[-1].last_sequence, wanted[-1].digest)
            sequences = [
                record.sequence for record in JournalReader(journal.folder, after=after, until=until).records()
            ]
            assert sequences == list(range(after + 1, end + 1))


def test_segments_before_the_range_are_not_read(journal: PlainJournal) -> None:
    second, third = journal.frames[5], journal.frames[-1]
    first_path = journal.frames[0].path
    first_path.write_bytes(b"")
    assert digests(JournalReader(journal.folder, after=second.sequence)) == [
        frame.digest for frame in journal.frames[6:]
    ]
    first_path.unlink()
    assert digests(JournalReader(journal.folder, after=second.sequence - 1))[-1] == third.digest
    assert "are missing" in refusal(journal.folder, after=second.sequence - 2).reason


def test_what_lies_behind_the_range_is_not_looked_at(journal: PlainJournal) -> None:
    kept, next_one = journal.frames[2], journal.frames[3]
    data = bytearray(next_one.path.read_bytes())
    data[next_one.offset :] = b"x" * (len(data) - next_one.offset)
    next_one.path.write_bytes(data)
    reader = JournalReader(journal.folder, until=kept.last_sequence)
    assert digests(reader)[-1] == kept.digest
    assert reader.tail == (kept.path, kept.end, 0, len(data))
    assert reader.position.sequence == kept.last_sequence
    assert refusal(journal.folder, until=next_one.sequence).offset == next_one.offset


def test_a_journal_that_ends_before_the_range_gives_nothing(journal: PlainJournal) -> None:
    reader = JournalReader(journal.folder, after=journal.sequence + 5)
    assert list(reader.frames()) == []
    assert reader.position[:2] == (journal.sequence, journal.previous)


def test_an_empty_folder_is_refused_where_there_should_be_records(tmp_path: Path) -> None:
    assert "there is no segment" in refusal(tmp_path, after=3).reason


def spoil(written: Written, at: int = 50) -> None:
    data = bytearray(written.path.read_bytes())
    data[written.offset + at] ^= 0xFF
    written.path.write_bytes(data)


def test_damage_says_that_a_good_frame_follows(journal: PlainJournal) -> None:
    bad, good = journal.frames[-2:]
    spoil(bad)
    error = refusal(journal.folder)
    assert (error.path, error.offset) == (bad.path, bad.offset)
    assert error.reason == f"the frame's CRC is wrong, and a good frame follows at byte {good.offset}"
    assert str(error) == f"{bad.path}: at byte {bad.offset}: {error.reason}"


def test_damage_comes_again_however_often_one_asks(journal: PlainJournal) -> None:
    for path in (journal.frames[0].path, journal.path):
        whole = path.read_bytes()
        path.write_bytes(whole[:10])
        reader = JournalReader(journal.folder)
        for _ in range(3):
            with pytest.raises(JournalDamaged):
                list(reader.frames())
            if path == journal.frames[0].path:
                assert reader.position == Position(0, bytes(16), 0, None, 0)
                break
        path.write_bytes(whole)


def test_good_frames_come_before_the_damage(journal: PlainJournal) -> None:
    spoil(journal.frames[6])
    frames = JournalReader(journal.folder).frames()
    seen = [next(frames).digest for _ in range(6)]
    assert seen == [frame.digest for frame in journal.frames[:6]]
    with pytest.raises(JournalDamaged):
        next(frames)


def test_a_bad_frame_at_the_end_of_an_earlier_segment_is_damage(journal: PlainJournal) -> None:
    bad = next(frame for frame in reversed(journal.frames) if frame.path != journal.path)
    spoil(bad)
    assert refusal(journal.folder).reason == "the frame's CRC is wrong, and segments follow"


def test_zeros_behind_an_earlier_segment_are_none(journal: PlainJournal) -> None:
    path = journal.frames[0].path
    with path.open("ab") as file:
        file.write(bytes(500))
    assert len(digests(JournalReader(journal.folder))) == len(journal.frames)
    with path.open("ab") as file:
        file.write(b"x")
    assert refusal(journal.folder).reason == "no frame begins here, and segments follow"


@pytest.mark.parametrize("cut", [1, 4, 8, 40, 60])
def test_a_live_server_may_be_writing(journal: PlainJournal, cut: int) -> None:
    last = journal.frames[-1]
    data = bytearray(last.path.read_bytes())
    data[last.offset + cut : last.end] = bytes(last.end - last.offset - cut)
    last.path.write_bytes(data)
    live, dead = JournalReader(journal.folder, live=True), JournalReader(journal.folder)
    assert digests(live) == digests(dead) == [frame.digest for frame in journal.frames[:-1]]
    assert live.tail == (last.path, last.offset, 0, len(data))
    assert dead.tail == (last.path, last.offset, len(data[last.offset :].rstrip(b"\0")), len(data))


@pytest.mark.parametrize("size", [0, 10, 63])
def test_a_live_server_may_be_making_a_segment(journal: PlainJournal, size: int) -> None:
    last = journal.frames[-1]
    path = journal.begin()
    path.write_bytes(path.read_bytes()[:size])
    assert refusal(journal.folder).reason == "the segment ends within its header"
    reader = JournalReader(journal.folder, live=True)
    assert len(digests(reader)) == len(journal.frames)
    assert reader.tail[:2] == (last.path, last.end)


def test_a_live_server_excuses_nothing_else(journal: PlainJournal) -> None:
    bad = next(frame for frame in reversed(journal.frames) if frame.path != journal.path)
    spoil(bad)
    with pytest.raises(JournalDamaged):
        list(JournalReader(journal.folder, live=True).frames())


def test_frames_and_tails_larger_than_a_piece(tmp_path: Path) -> None:
    journal = PlainJournal(tmp_path, ahead=LARGE)
    journal.begin()
    journal.append(instruments([BTC]))
    offset, size = len(journal.content), LARGE + (5 << 20)
    large = struct.pack("<I", size) + b" " * size
    record = other(3, large)
    header = struct.pack("<IQQ16s", 1, 2, TIME, journal.previous)
    payload = record + bytes(-len(record) % 8)
    # The CRC and hash of this many bytes are too slow in plain Python; both have tests of their own.
    data = struct.pack("<III", 0x4D415246, 48 + len(payload), crc32c_of(header + payload)) + header + payload
    journal.content += data
    journal.sequence, journal.previous = 2, Written(journal.path, offset, data, 2, [record]).digest
    journal.path.write_bytes(journal.content)
    last = journal.append(state(bytes(16)))
    reader = JournalReader(tmp_path)
    assert [frame.size for frame in reader.frames()][1:] == [len(data), len(last.data)]
    assert reader.tail == (last.path, last.end, 0, last.end + LARGE)
    spoil(Written(journal.path, offset, data, 2, [record]), 5 << 20)
    assert refusal(tmp_path).reason.endswith(f"a good frame follows at byte {last.offset}")
    with last.path.open("r+b") as file:
        file.truncate(offset + (6 << 20))
    reader = JournalReader(tmp_path)
    assert len(list(reader.frames())) == 1
    assert reader.tail == (last.path, offset, 6 << 20, offset + (6 << 20))


def test_a_frame_within_torn_bytes_is_found_wherever_it_lies(tmp_path: Path) -> None:
    journal = small_journal(tmp_path, segments=1, frames=3)
    good = journal.frames[-1]
    for distance in range(8, 200, 8):
        content = journal.content[: good.offset] + b"\x01" * distance + good.data
        journal.path.write_bytes(content + bytes(100))
        assert refusal(tmp_path).offset == good.offset
    content = journal.content[: good.offset] + b"\x01" * 12 + good.data  # no frame begins there
    journal.path.write_bytes(content)
    reader = JournalReader(tmp_path)
    assert digests(reader) == [frame.digest for frame in journal.frames[:-1]]
    assert reader.tail.torn_bytes == len(content.rstrip(b"\0")) - good.offset


# What is not right though its CRC is: nothing is torn there, it is damage also at the very end.


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([command(NEW, account_id=1)], "the command at byte 48 of the frame has no SOURCE"),
        ([session(1, 5), command(NEW)], "the command at byte 58 of the frame has no SOURCE"),
        ([other(1, bytes(40))], "the command at byte 48 of the frame has no SOURCE"),
        ([source()], "the frame has no record with a sequence"),
        ([], "the frame has no record with a sequence"),
        ([state(bytes(16)), bytes(9)], "at byte 65 of the frame are no records, and not just the zeros"),
        ([state(bytes(16)), b"\0\1"], "at byte 65 of the frame are no records, and not just the zeros"),
        ([state(bytes(16)), b"\x08"], "at byte 65 of the frame are no records, and not just the zeros"),
        ([other(5, bytes(20))], "at byte 48 of the frame is no record"),
        ([other(31, bytes(20))], "at byte 48 of the frame is no record"),
        ([other(2, struct.pack("<BQ", 0, 1))], "at byte 48 of the frame is no record"),
        ([other(2, struct.pack("<BQ", 4, 1))], "at byte 48 of the frame is no record"),
        ([other(0, bytes([4]) + bytes(17))], "at byte 48 of the frame is no record"),
        ([other(3, struct.pack("<I", 4) + b"[]")], "at byte 48 of the frame is no record"),
        ([other(3, struct.pack("<I", 2**32 - 1) + b"[]")], "at byte 48 of the frame is no record"),
        ([other(4, bytes(8))], "at byte 48 of the frame is no record"),
        ([other(2, bytes([1]) + bytes(6))], "at byte 48 of the frame is no record"),
        ([source(), bytes([CANCEL, 0xFF, 0]) + bytes(20)], "at byte 60 of the frame is no record"),
        ([source(session=0), bytes([CANCEL, 0, 31]) + b"\1\1\1"], "at byte 58 of the frame is no record"),
        ([source(session=0), bytes(5), bytes([CANCEL])], "at byte 58 of the frame are no records"),
    ],
)
def test_records_that_are_not_right(tmp_path: Path, records: list[bytes], reason: str) -> None:
    journal = fresh(tmp_path, *records)
    error = refusal(tmp_path)
    assert error.reason.startswith(reason)
    assert (error.path, error.offset) == (journal.path, HEADER_BYTES)


def with_header(written: Written, at: int, value: bytes) -> None:
    """Change bytes of a frame, and its CRC with them."""
    data = bytearray(written.data)
    data[at : at + len(value)] = value
    data[8:12] = struct.pack("<I", crc32c(bytes(data[12:])))
    content = bytearray(written.path.read_bytes())
    content[written.offset : written.end] = data
    written.path.write_bytes(content)


def test_a_frame_with_another_sequence(journal: PlainJournal) -> None:
    last = journal.frames[-1]
    with_header(last, 16, struct.pack("<Q", last.sequence + 1))
    reason = f"the frame begins with record {last.sequence + 1}, and {last.sequence} comes next"
    assert refusal(journal.folder).reason == reason


def test_a_frame_that_follows_another(journal: PlainJournal) -> None:
    with_header(journal.frames[-1], 32, bytes(16))
    assert refusal(journal.folder).reason == "the frame does not have the hash of the one before it"


def test_an_exchanged_frame_breaks_the_chain(tmp_path: Path) -> None:
    """Good in itself, and in its place; only the hash of what comes behind it tells."""
    journal = PlainJournal(tmp_path)
    journal.begin()
    for price in (10, 20):
        journal.append(source(), command(NEW, account_id=1, order_id=1, price=price, quantity=1))
    first, second = journal.frames
    forged = PlainJournal(tmp_path / "forged")
    forged.folder.mkdir()
    forged.begin()
    forged.append(source(), command(NEW, account_id=1, order_id=1, price=99, quantity=1))
    content = bytearray(journal.content)
    content[first.offset : first.end] = forged.frames[0].data
    journal.path.write_bytes(content)
    error = refusal(tmp_path)
    assert (error.offset, error.reason) == (second.offset, "the frame does not have the hash of the one before it")


# Headers


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (header_bytes(3, bytes(16)), "the segment's header says that it begins with record 3, its name 1"),
        (header_bytes(1, b"x" * 16), "the first segment has the hash of a frame before it"),
        (header_bytes(1, bytes(16))[:20] + b"x" + header_bytes(1, bytes(16))[21:], "the CRC of the segment's header"),
        (b"x" * 64, "this is no segment of a journal"),
        (b"", "the segment ends within its header"),
        (header_bytes(1, bytes(16))[:63], "the segment ends within its header"),
    ],
)
def test_headers_that_are_not_right(tmp_path: Path, header: bytes, reason: str) -> None:
    path = tmp_path / segment_name(1)
    path.write_bytes(header)
    error = refusal(tmp_path)
    assert error.reason.startswith(reason)
    assert (error.path, error.offset) == (path, 0)


def test_a_header_with_something_in_its_spare_bytes(tmp_path: Path) -> None:
    header = bytearray(header_bytes(1, bytes(16)))
    header[40] = 1
    header[12:16] = bytes(4)
    header[12:16] = struct.pack("<I", crc32c(bytes(header)))
    (tmp_path / segment_name(1)).write_bytes(header)
    assert refusal(tmp_path).reason == "the spare bytes of the segment's header are not 0"


def test_there_is_no_record_0(tmp_path: Path) -> None:
    (tmp_path / segment_name(0)).write_bytes(header_bytes(0, bytes(16)))
    assert "there is none" in refusal(tmp_path).reason


def test_a_segment_of_another_journal(journal: PlainJournal) -> None:
    content = journal.path.read_bytes()
    first = next(frame for frame in journal.frames if frame.path == journal.path)
    journal.path.write_bytes(header_bytes(first.sequence, b"x" * 16) + content[HEADER_BYTES:])
    error = refusal(journal.folder)
    assert (error.path, error.offset) == (journal.path, 0)
    assert error.reason == "the segment does not have the hash of the frame before it"


def test_another_version_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / segment_name(1)
    path.write_bytes(header_bytes(1, bytes(16), version=2))
    with pytest.raises(UnknownFormat, match=r"has version 2 of the format; this program reads 1"):
        list(JournalReader(tmp_path).frames())


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        JournalReader(tmp_path / "none")
    (tmp_path / segment_name(1)).mkdir()
    with pytest.raises(IsADirectoryError, match=segment_name(1)):
        list(JournalReader(tmp_path).frames())


def test_records_keep_their_frame(journal: PlainJournal) -> None:
    record = next(JournalReader(journal.folder).records())
    assert record.kind is RecordKind.INSTRUMENTS
    assert record.frame.offset == HEADER_BYTES
