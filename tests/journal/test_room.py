"""The room that a journal keeps ahead of what is written, and the two threads that share a segment."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.layout import segments
from orderbook_server.journal.reader import RecordKind

from ..engine.helpers import BID, LIMIT
from .faults import FRAME, strace, strike
from .writing import Kept, next_bell, read, records, replayed, settle

linux_alone = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def descriptors(path: Path) -> list[int]:
    """Return this process's descriptors of a file."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if entry.readlink() == path:
                found.append(int(entry.name))
        except FileNotFoundError:
            pass  # of the listing itself
    return found


@linux_alone
@pytest.mark.parametrize("change", [False, True])
def test_each_thread_opens_the_segment_by_itself(tmp_path: Path, change: bool) -> None:
    """The system tells an error of the disk once to each opening of a file: both need one of their own."""
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
        kept.journal.append_instruments(data)
        for _ in range(300):
            kept.sequencer.credit_account(0, 1, 1, 1)
    kept.journal.close()
    kinds = [record.kind for record in records(tmp_path) if record.data == data]
    assert kinds == [RecordKind.INSTRUMENTS] * 6
    assert read(tmp_path).position.sequence == kept.journal.appended == 1 + 6 * 301


@pytest.mark.usefixtures(strace.__name__)
def test_a_full_disk_is_told_at_times_to_keep_what_it_has(tmp_path: Path) -> None:
    struck = strike(
        tmp_path / "log", "tests.journal.test_room", str(tmp_path), inject=(f"pwrite64:error=ENOSPC:when={ZEROS + 1}+",)
    )
    assert (struck.status, struck.complaints) == (0, "")
    frames = [i for i, call in enumerate(struck.calls) if call.writes(FRAME)]
    assert len(frames) == 3
    assert "fdatasync" in [call.name for call in struck.calls[frames[-1] :]]


@pytest.mark.usefixtures(strace.__name__)
def test_no_clock_that_is_set_holds_the_threads_up(tmp_path: Path) -> None:
    """One that is set back would have them wait until it is what it was."""
    full = f"pwrite64:error=ENOSPC:when={ZEROS + 1}+"
    struck = strike(
        tmp_path / "log", "tests.journal.test_room", str(tmp_path), inject=(full,), calls=("pwrite64", "futex")
    )
    assert struck.status == 0
    waits = [call.rest for call in struck.calls if "FUTEX_WAIT_BITSET" in call.rest and "tv_sec" in call.rest]
    assert len(waits) > 3
    assert not [wait for wait in waits if "CLOCK_REALTIME" in wait]


def test_orders_of_sessions_that_ended_without_room_are_cancelled_when_there_is_some(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.sequencer.credit_account(0, 1, 0, 100)
    session, other = kept.sequencer.open_session(), kept.sequencer.open_session()
    session.cancel_on_disconnect = other.cancel_on_disconnect = True
    for order, owner in enumerate((session, session, other), 1):
        kept.sequencer.submit(0, 1, order, BID, LIMIT, 10, 1, owner)
    kept.journal.close()  # there is no room in a journal that is closed
    assert session.end() == kept.sequencer.end_sessions() == 0
    kept.reopen()
    assert [kept.sequencer.end_sessions() for _ in range(2)] == [2, 0]
    assert other.end() == 1
    kept.journal.close()
    assert replayed(tmp_path) == kept.state()


ZEROS = 4  # pieces that there is room for; a thread writes no more frames
BELLS = 20  # behind which the keeper has tried all sizes of pieces


def main(folder: Path) -> None:
    """Keep some commands on a disk that is full, and leave it without closing the journal."""
    journal = FileJournal(folder, sync="interval", interval_ms=5)
    for _ in range(3):
        for _ in range(BELLS):
            next_bell(journal)
        journal.append_state(bytes(16))
    for _ in range(BELLS):
        next_bell(journal)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
