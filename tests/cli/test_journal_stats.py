"""`obctl journal stats`: figures that a plain count of the records comes to as well."""

import json
from collections import Counter
from pathlib import Path

from orderbook_server.journal.reader import JournalReader
from tests.journal import plain_journal as plain
from tests.journal.made import opened, settle

from .journals import long, run, run_json, segments, told, without_its_beginning, written


def test_figures_of_a_known_journal(tmp_path: Path) -> None:
    second = 1_000_000_000
    order = plain.command(plain.NEW, account_id=1, order_id=2, price=3, quantity=4)
    path = written(
        tmp_path / "data",
        [plain.source(time=5 * second), order, order, plain.source(time=7 * second - 1), order],
        [plain.session(1, 3), plain.source(time=7 * second), order, plain.raw(bytes(40)), order, order],
        [plain.source(time=9 * second), plain.command(plain.CANCEL), plain.state(bytes(16))],
    )
    frames = [frame.size for frame in JournalReader(path / "journal").frames()]
    stats = run_json("stats", path)
    epochs = [{"epoch": 1, "first_record": 1, "last_record": 11, "time": plain.TIME}]
    size = segments(path)[0].stat().st_size
    assert stats == {
        "directory": str(path),
        "live": False,
        "first_record": 1,
        "last_record": 11,
        "records": 11,
        "kinds": {"NEW": 6, "CANCEL": 1, "RAW": 1, "SESSION": 1, "INSTRUMENTS": 1, "STATE": 1},
        "commands": 8,
        "frames": 4,
        "frame_bytes": sum(frames),
        "file_bytes": size,
        "bytes_per_command": round(sum(frames) / 8, 3),
        "commands_per_frame_mean": 2.0,
        "commands_per_frame_max": 4,
        "first_time": 5 * second,
        "last_time": 9 * second,
        "busiest_second": 7,
        "busiest_second_commands": 4,
        "epochs": epochs,
        "segments": [{"file": "00000000000000000001.wal", "bytes": size}],
        "snapshots": [],
    }


def test_counts_are_those_of_the_dump(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    kinds = Counter(json.loads(line)["kind"] for line in run("dump", path, "--json").stdout.splitlines())
    stats = run_json("stats", path)
    assert stats["kinds"] == kinds
    assert stats["records"] == sum(kinds.values()) == stats["last_record"]
    assert [snapshot["sequence"] for snapshot in stats["snapshots"]] == [taken]
    assert len(stats["segments"]) == len(segments(path))


def test_epochs(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    with opened(path) as exchange:
        exchange.sequencer.credit_account(0, 1, 5, 5)
        settle(exchange.journal)
    epochs = run_json("stats", path)["epochs"]
    assert [(each["epoch"], each["first_record"], each["last_record"]) for each in epochs] == [(1, 1, 10), (2, 11, 11)]


def test_as_people_read_it(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    text = run("stats", path).stdout
    assert "records     1 to 6,002\n" in text
    assert "kinds       NEW 6,000, CREDIT 1, INSTRUMENTS 1\n" in text
    assert f"snapshot    record {taken:,}, " in text


def test_without_the_beginning(tmp_path: Path) -> None:
    path, _ = without_its_beginning(tmp_path / "data")
    first = int(segments(path)[0].stem)
    stats = run_json("stats", path)
    assert stats["first_record"] == stats["epochs"][0]["first_record"] == first
    assert stats["records"] == stats["last_record"] - first + 1


def test_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    stats = run_json("stats", tmp_path)
    assert (stats["records"], stats["bytes_per_command"], stats["first_time"]) == (0, None, None)
    assert "records     none\n" in run("stats", tmp_path).stdout
