"""`obctl journal diff`: the first record at which two journals part."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from obctl.errors import BadInput
from obctl.journal.directory import DataDirectory, readable
from obctl.journal.symbols import symbols_at
from obctl.journal.words import is_command, line_of, plain_record
from orderbook_server.journal.reader import Frame, Record

COMMAND_BYTES = 40  # of a COMMAND record, in front of its time


class Side:
    """One of the two journals, frame by frame, and record by record where the frames are not the same."""

    def __init__(self, directory: DataDirectory, after: int, frames: Generator[Frame]) -> None:
        self.directory = directory
        self.first_record = directory.first_record()
        self.last_record = after
        self.after = after
        self.frames = frames
        self.waiting: list[Record] = []  # of the frame at hand, the next one last

    def next_frame(self) -> Frame | None:
        """Return the next frame, None behind the last one. Raise Damaged, BadInput."""
        with readable(self.directory.path):
            frame = next(self.frames, None)
        if frame is not None:
            self.last_record = frame.last_sequence
        return frame

    def take(self, frame: Frame | None) -> None:
        """Go on with the records of a frame."""
        records = frame.records() if frame else ()
        self.waiting = [record for record in reversed(records) if record.sequence > self.after]

    def see_out(self) -> None:
        """Read the rest."""
        while self.next_frame() is not None:
            pass


@dataclass
class Difference:
    """What came out. parted: the first record that is not the same in both, None: all that both have is.

    compared_from, compared_to: the records that both have, up to where they part; vouched: a frame is the same in both,
    chain and all, so everything before it was.
    """

    a: Side
    b: Side
    parted: tuple[Record, Record] | None = None
    compared_from: int = 1
    compared_to: int = 0
    vouched: bool = False

    @property
    def equal(self) -> bool:
        """Whether there is no difference, in length neither."""
        return self.parted is None and self.a.last_record == self.b.last_record

    def symbols_of(self, side: Side) -> tuple[str, ...]:
        """Return the symbols in one of the journals where they part."""
        assert self.parted is not None
        with readable(side.directory.path):
            return symbols_at(side.directory, self.parted[0].sequence - 1)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON writes it."""
        plain: dict[str, Any] = {
            "equal": self.equal,
            "compared_from": self.compared_from,
            "compared_to": self.compared_to,
            "same_chain": self.vouched,
            "first_difference": None,
        }
        for name, side in (("a", self.a), ("b", self.b)):
            plain[name] = {
                "directory": str(side.directory.path),
                "first_record": side.first_record,
                "last_record": side.last_record,
            }
        if self.parted:
            a, b = self.parted
            plain["first_difference"] = {
                "sequence": a.sequence,
                "a": plain_record(a, self.symbols_of(self.a)),
                "b": plain_record(b, self.symbols_of(self.b)),
            }
        return plain

    def lines(self) -> Iterator[str]:
        """Say it."""
        if self.a.first_record != self.b.first_record:
            yield f"compared from record {self.compared_from:,} on, which both have" + (
                ": a frame is the same in both, so all before it was, too" if self.vouched else ""
            )
        if self.parted:
            yield f"they part at record {self.parted[0].sequence:,}:"
            for name, side, record in zip("AB", (self.a, self.b), self.parted, strict=True):
                yield f"  {name}  {line_of(record, self.symbols_of(side))}"
            return
        same = f"the same up to record {self.compared_to:,}"
        if self.equal:
            yield f"{same}, where both end"
            return
        longer, shorter = ("A", "B") if self.a.last_record > self.b.last_record else ("B", "A")
        more = abs(self.a.last_record - self.b.last_record)
        yield f"{same}, where {shorter} ends; {longer} has {more:,} more"


def compare(a: DataDirectory, b: DataDirectory, *, ignore_times: bool) -> Difference:
    """Compare two journals; how records are grouped in frames, and when frames were written, does not matter."""
    begin = max(a.first_record(), b.first_record())
    for directory in (a, b):
        with readable(directory.path):
            last = directory.last_record()
        if begin > max(last, 1):
            raise BadInput(
                f"no record in common: {directory.path} ends before record {begin}, with which the other begins"
            )
    found = Difference(
        side_of(a, begin, shown=True), side_of(b, begin, shown=False), compared_from=begin, compared_to=begin - 1
    )
    with closing(found.a.frames):  # which shows how far it is
        find_parting(found, ignore_times)
    return found


def side_of(directory: DataDirectory, begin: int, *, shown: bool) -> Side:
    """Return one of the two journals from a record on; `shown`: a bar tells how far it is read."""
    with readable(directory.path):
        return Side(directory, begin - 1, directory.frames(directory.reader(after=begin - 1), shown=shown))


def find_parting(found: Difference, ignore_times: bool) -> None:
    """Read both journals up to where they part, or to the end."""
    while found.parted is None:
        if not found.a.waiting and not found.b.waiting and skip_equal_frames(found):
            continue
        for side in (found.a, found.b):
            if not side.waiting:
                side.take(side.next_frame())
        if not found.a.waiting or not found.b.waiting:
            found.a.see_out()
            found.b.see_out()
            break
        compare_waiting(found, ignore_times)


def skip_equal_frames(found: Difference) -> bool:
    """Pass the next frames if they hold the same, at the same place; else put their records in line."""
    a, b = found.a.next_frame(), found.b.next_frame()
    if a is None or b is None or a.sequence != b.sequence or a.payload != b.payload:
        found.a.take(a)
        found.b.take(b)
        return False
    found.compared_to = a.last_sequence
    found.vouched = found.vouched or a.digest == b.digest
    return True


def compare_waiting(found: Difference, ignore_times: bool) -> None:
    """Compare records until those of a frame are used up, or two are not the same."""
    a, b = found.a.waiting, found.b.waiting
    while a and b and found.parted is None:
        pair = a.pop(), b.pop()
        if meaning(pair[0], ignore_times) == meaning(pair[1], ignore_times):
            found.compared_to = pair[0].sequence
        else:
            found.parted = pair


def meaning(record: Record, ignore_times: bool) -> tuple[object, ...]:
    """Return what makes two records the same: the time of a command is in its events, that of others their frame's."""
    time = record.time if is_command(record) and not ignore_times else None
    return int(record.kind), bytes(record)[:COMMAND_BYTES], time, record.session, record.code, record.data
