"""What the tests of `obctl journal` share: running it, and directories to look into."""

import json
import shutil
from pathlib import Path
from typing import Any

from click.testing import Result

from tests.journal import plain_journal as plain
from tests.journal.made import end_in_order, opened, snapshot, story, trade
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


def long(data_dir: Path) -> tuple[Path, int]:
    """Make a directory of several segments and a snapshot at the returned record; the story is its beginning."""
    with opened(data_dir, segment_bytes=1 << 16) as exchange:
        story(exchange.sequencer)
        for first_order in range(1000, 16_000, 1000):
            trade(exchange.sequencer, 1000, first_order=first_order)
            if first_order == 8000:
                taken = snapshot(data_dir, exchange)
    assert len(segments(data_dir)) >= 3
    return data_dir, taken


def without_its_beginning(data_dir: Path) -> tuple[Path, int]:
    """Make such a directory whose segments that the snapshot does not need were removed."""
    _, taken = long(data_dir)
    for path, behind in zip(segments(data_dir), segments(data_dir)[1:], strict=False):
        if int(behind.stem) <= taken + 1:
            path.unlink()
    assert int(segments(data_dir)[0].stem) > 1
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
