"""What the tests of `obctl journal` share: running it, and directories to look into."""

import json
import shutil
from pathlib import Path
from typing import Any

from click.testing import Result

from orderbook_server.journal.snapshotter import take_snapshot
from tests.journal import plain_journal as plain
from tests.journal.made import end_in_order, opened, story
from tests.journal.plain_journal import PlainJournal
from tests.replay.helpers import obctl


def run(command: str, *words: object, status: int = 0) -> Result:
    """Run `obctl journal COMMAND …`, and expect its exit status."""
    result = obctl("journal", command, *words)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result


def run_json(command: str, *words: object, status: int = 0) -> Any:
    """Run `obctl journal COMMAND … --json`; return what it printed."""
    return json.loads(run(command, *words, "--json", status=status).stdout)


def told(data_dir: Path) -> Path:
    """Make a directory with the story, records 1 to 9, and STATE as record 10."""
    with opened(data_dir) as exchange:
        story(exchange.sequencer)
        end_in_order(exchange)
    return data_dir


def long(data_dir: Path, *, quantity: int = 1) -> tuple[Path, int]:
    """Make a directory of 6,002 records in four segments, 1,500 bids in each, and a snapshot at the returned record.

    The segments begin with records 1, 1503, 3003 and 4503; frames hold 100 bids; the first two, one record each.
    """
    journal = PlainJournal(data_dir / "journal")
    journal.folder.mkdir(parents=True)
    (data_dir / "snapshots").mkdir()
    now = plain.source(session=0)
    bids = [
        plain.command(plain.NEW, account_id=1, order_id=number + 1, price=1 + number % 50, quantity=quantity)
        for number in range(6000)
    ]
    for segment in range(4):
        journal.begin()
        if segment == 0:
            journal.append(plain.instruments([plain.BTC]))
            journal.append(now, plain.command(plain.CREDIT, account_id=1, quantity=1_000_000))
        for begin in range(1500 * segment, 1500 * (segment + 1), 100):
            journal.append(now, *bids[begin : begin + 100])
    return data_dir, take_snapshot(data_dir, 2002).sequence


def without_its_beginning(data_dir: Path) -> tuple[Path, int]:
    """Make such a directory whose segments that the snapshot does not need were removed."""
    _, taken = long(data_dir)
    for path, behind in zip(segments(data_dir), segments(data_dir)[1:], strict=False):
        if int(behind.stem) <= taken + 1:
            path.unlink()
    assert int(segments(data_dir)[0].stem) == 1503
    return data_dir, taken


def segments(data_dir: Path) -> list[Path]:
    """Return the segments of a directory."""
    return sorted((data_dir / "journal").glob("*.wal"))


def written(data_dir: Path, *frames: list[bytes], epoch: int = 1, **about: Any) -> Path:
    """Write a directory of these frames in plain Python, behind one with INSTRUMENTS."""
    (data_dir / "journal").mkdir(parents=True)
    journal = PlainJournal(data_dir / "journal", epoch=epoch, **about)
    journal.begin()
    journal.append(plain.instruments([plain.BTC]))
    for records in frames:
        journal.append(*records)
    return data_dir


def spoil(path: Path, offset: int) -> None:
    """Change a byte."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)


def contents(data_dir: Path) -> dict[Path, bytes]:
    """Return all files of a directory."""
    return {path: path.read_bytes() for path in sorted(data_dir.rglob("*")) if path.is_file()}


def copy(data_dir: Path, name: str) -> Path:
    """Copy a directory beside itself."""
    return Path(shutil.copytree(data_dir, data_dir.with_name(name)))
