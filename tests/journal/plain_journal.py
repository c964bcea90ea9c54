"""Journals written in plain Python, straight from docs/journal.md: the oracle of the tests.

Nothing here comes from the program: where both read a page differently, the tests say so.
"""

import hashlib
import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

NEW, CANCEL, MODIFY, CREDIT, CANCEL_ALL, DEBIT = range(1, 7)
ON, OFF, ENDED = 1, 2, 3
TIME = 1_700_000_000_000_000_000
HEADER_BYTES = 64
FRAME_HEADER_BYTES = 48


def crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = crc_table()


def crc32c(data: bytes) -> int:
    """Return the CRC32C of some bytes, a byte at a time."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def blake(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def width(number: int) -> int:
    """Return the code of a number's width."""
    return 0 if number == 0 else 1 if number < 1 << 16 else 2 if number < 1 << 32 else 3


def wide(number: int) -> bytes:
    """Return a number in its width."""
    return number.to_bytes((0, 2, 4, 8)[width(number)], "little")


def command(
    kind: int,
    *,
    account_id: int = 0,
    order_id: int = 0,
    price: int | None = None,
    quantity: int = 0,
    side: int = 1,
    order_type: int = 2,
    instrument: int = 0,
    prevention: int = 0,
) -> bytes:
    """Return a command or debit; of CREDIT and DEBIT, `price` is base and `quantity` quote."""
    first = kind | (price is not None and kind not in (CREDIT, DEBIT)) << 7
    third = min(instrument, 31)
    if kind == NEW:
        first |= (side - 1) << 3 | order_type << 4
        third |= prevention << 5
    numbers = (account_id, order_id, price or 0, quantity)
    widths = sum(width(number) << 2 * place for place, number in enumerate(numbers))
    far = struct.pack("<I", instrument) if instrument >= 31 else b""
    return bytes([first, widths, third]) + far + b"".join(wide(number) for number in numbers)


def other(kind: int, data: bytes) -> bytes:
    return bytes([7 | kind << 3]) + data


def source(session: int = 1, time: int = TIME) -> bytes:
    return other(0, bytes([width(session)]) + struct.pack("<Q", time) + wide(session))


def raw(data: bytes) -> bytes:
    """Return a command that could not be written short: the first 40 bytes of its COMMAND record."""
    assert len(data) == 40
    return other(1, data)


def session(code: int, number: int) -> bytes:
    return other(2, struct.pack("<BQ", code, number))


def instruments(configuration: Sequence[dict[str, object]]) -> bytes:
    text = json.dumps(configuration).encode()
    return other(3, struct.pack("<I", len(text)) + text)


def state(digest: bytes) -> bytes:
    assert len(digest) == 16
    return other(4, digest)


def frame_bytes(records: Sequence[bytes], sequence: int, previous: bytes, epoch: int = 1, time: int = TIME) -> bytes:
    """Return a frame whose first numbered record has a sequence."""
    payload = b"".join(records)
    payload += bytes(-len(payload) % 8)
    covered = struct.pack("<IQQ16s", epoch, sequence, time, previous) + payload
    return struct.pack("<III", 0x4D415246, 12 + len(covered), crc32c(covered)) + covered


def header_bytes(sequence: int, previous: bytes, epoch: int = 1, time: int = TIME, version: int = 1) -> bytes:
    """Return the header of a segment."""
    fields = [b"OBJOURNL", version, 0, sequence, time, epoch, bytes(12), previous]
    fields[2] = crc32c(struct.pack("<8sIIQQI12s16s", *fields))
    return struct.pack("<8sIIQQI12s16s", *fields)


def is_source(record: bytes) -> bool:
    return record[0] == 7


@dataclass
class Written:
    """A frame that was written: where it is, and what is in it."""

    path: Path
    offset: int
    data: bytes
    sequence: int
    records: list[bytes]

    @property
    def last_sequence(self) -> int:
        return self.sequence + len(self.records) - 1

    @property
    def digest(self) -> bytes:
        return blake(self.data)

    @property
    def end(self) -> int:
        return self.offset + len(self.data)


@dataclass
class PlainJournal:
    """A journal that is being written into a folder, `ahead` zeros in front of the writer."""

    folder: Path
    sequence: int = 0
    previous: bytes = bytes(16)
    epoch: int = 1
    ahead: int = 0
    frames: list[Written] = field(default_factory=list)
    path: Path = Path()
    content: bytes = b""

    def begin(self) -> Path:
        """Begin a segment; the one before is cut to its length."""
        self.seal()
        self.path = self.folder / f"{self.sequence + 1:020}.wal"
        self.content = header_bytes(self.sequence + 1, self.previous, self.epoch)
        self.path.write_bytes(self.content + bytes(self.ahead))
        return self.path

    def seal(self) -> None:
        """Cut the segment to its length."""
        if self.content:
            os.truncate(self.path, len(self.content))

    def append(self, *records: bytes) -> Written:
        """Write a frame of some records."""
        numbered = [record for record in records if not is_source(record)]
        data = frame_bytes(records, self.sequence + 1, self.previous, self.epoch)
        written = Written(self.path, len(self.content), data, self.sequence + 1, numbered)
        self.content += data
        with self.path.open("r+b") as file:  # to write it anew each time makes some file systems sync
            file.seek(written.offset)
            file.write(data + bytes(self.ahead))
        self.frames.append(written)
        self.sequence = written.last_sequence
        self.previous = written.digest
        return written


BTC = {"symbol": "BTC-USD", "base": "BTC", "quote": "USD"}


def some_frames(journal: PlainJournal, count: int) -> None:
    """Write frames of many kinds of records, each of another size."""
    for i in range(count):
        now = source(session=i * 40_000, time=TIME + i)
        if i % 4 == 0:
            journal.append(now, command(CREDIT, account_id=i + 1, price=1000 + i, quantity=1 << 40))
        elif i % 4 == 1:
            order = command(NEW, account_id=i, order_id=i << 33, price=100 + i, quantity=i, side=1 + i % 2)
            journal.append(now, order, command(CANCEL, account_id=i, order_id=i), source(i), command(CANCEL_ALL))
        elif i % 4 == 2:
            journal.append(session(ON, i), now, raw(bytes([NEW, 9]) + bytes(range(38))), session(ENDED, i))
        else:
            journal.append(state(blake(b"%d" % i)))


def small_journal(folder: Path, *, segments: int, frames: int, ahead: int = 1024) -> PlainJournal:
    """Write a journal of some segments, of so many frames each; the last one has zeros ahead."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = PlainJournal(folder, ahead=ahead)
    for number in range(segments):
        journal.begin()
        if number == 0:
            journal.append(instruments([BTC]))
        some_frames(journal, frames)
    return journal
