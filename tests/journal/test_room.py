"""The room that a journal keeps ahead of what is written, and the two threads that share a segment."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from orderbook_server.journal.layout import segments
from orderbook_server.journal.reader import RecordKind

from .writing import Kept, read, records, settle

linux_alone = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def descriptors(path: Path) -> list[int]:
    """Return this process's descriptors of a file."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if os.readlink(entry) == str(path):
                found.append(int(entry.name))
        except FileNotFoundError:
            pass  # of the listing itself
    return found


@linux_alone
@pytest.mark.parametrize("change", [False, True])
def test_each_thread_opens_the_segment_by_itself(tmp_path: Path, change: bool) -> None:
    """The system tells an error of the disk once to each opening of a file: to one alone, the wrong thread may hear it."""
    kept = Kept(tmp_path)
    while change and len(segments(tmp_path)) == 1:
        kept.sequencer.credit_account(0, 1, 1, 1)
        settle(kept.journal)
    one, other = descriptors(segments(tmp_path)[-1])
    flags = fcntl.fcntl(one, fcntl.F_GETFL)
    fcntl.fcntl(one, fcntl.F_SETFL, flags | os.O_NONBLOCK)  # which openings have for themselves, copies in common
    assert fcntl.fcntl(other, fcntl.F_GETFL) == flags
    kept.journal.close()
    assert len(records(tmp_path)) == kept.journal.appended


@pytest.mark.parametrize("size", [50_000, 300_000, 1_500_000])
def test_a_record_may_be_larger_than_a_segment(tmp_path: Path, size: int) -> None:
    """As the one of very many instruments is: wherever in a segment it comes."""
    kept = Kept(tmp_path)
    data = bytes(range(250)) * (size // 250)
    for _ in range(6):
        kept.journal.append_data(RecordKind.INSTRUMENTS - 256, data, 1)
        for _ in range(300):
            kept.sequencer.credit_account(0, 1, 1, 1)
    kept.journal.close()
    kinds = [record.kind for record in records(tmp_path) if record.data == data]
    assert kinds == [RecordKind.INSTRUMENTS] * 6
    assert read(tmp_path).position.sequence == kept.journal.appended == 1 + 6 * 301
