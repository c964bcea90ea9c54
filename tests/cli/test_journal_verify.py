"""`obctl journal verify`: what is there, torn ends, and every kind of damage."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.journal import plain_journal as plain

from .journals import long, run, run_json, segments, spoil, told, without_its_beginning, written


def test_a_good_directory(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    size = segments(path)[0].stat().st_size
    assert run("verify", path).stdout.splitlines() == [
        f"journal/00000000000000000001.wal  records 1 to 10, frames 10, {size:,} bytes: good",
        "good: records 1 to 10",
    ]


def test_several_segments_and_a_snapshot(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    found = run_json("verify", path)
    assert found["good"] is True
    assert found["live"] is False
    files = found["files"]
    assert [path / file["file"] for file in files[:-1]] == segments(path)
    assert {file["state"] for file in files} == {"good"}
    assert files[0]["first_record"] == 1
    assert all(a["last_record"] + 1 == b["first_record"] for a, b in pairwise(files[:-1]))
    assert files[-2]["last_record"] == found["last_record"] == 6002
    assert (files[-1]["file"], files[-1]["last_record"]) == (f"snapshots/{taken:020}.snap", taken)


def test_a_replay_comes_to_the_state(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    found = run_json("verify", path, "--replay")
    assert (found["replayed"], found["replayed_from"]) == (found["last_record"], 0)
    assert found["state_hash"] == run_json("replay", path)["state_hash"]


def test_a_replay_without_the_beginning(tmp_path: Path) -> None:
    whole, _ = long(tmp_path / "whole")
    path, taken = without_its_beginning(tmp_path / "data")
    found = run_json("verify", path, "--replay")
    assert found["first_record"] == int(segments(path)[0].stem)
    assert found["replayed_from"] == taken
    assert found["replayed"] == found["last_record"] - taken
    assert found["state_hash"] == run_json("verify", whole, "--replay")["state_hash"]


def test_a_torn_end_is_good(tmp_path: Path) -> None:
    path = written(tmp_path / "data", [plain.state(bytes(16))])
    file = segments(path)[0]
    end = file.stat().st_size
    with file.open("ab") as append:
        append.write(b"FRAM and 7!" + bytes(100))
    result = run("verify", path)
    assert "torn: 11 bytes at the end are what is left of a frame that was never finished" in result.stdout
    assert "the next start cuts them off" in result.stdout
    assert result.stdout.endswith("good: records 1 to 2\n")
    assert run_json("verify", path)["torn_bytes"] == 11
    assert file.stat().st_size == end + 111


def test_damage_is_told_by_file(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    spoil(segments(path)[1], 64 + 60)
    result = run("verify", path, status=4)
    lines = result.stdout.splitlines()
    assert lines[0].endswith(": good")
    assert "DAMAGED at byte 64: the frame's CRC is wrong" in lines[1]
    assert lines[2].endswith("not read")
    assert "good:" not in result.stdout
    found = run("verify", path, "--json", status=4)
    assert '"good": false' in found.stdout


def test_a_missing_segment(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    segments(path)[1].unlink()
    assert "comes next" in run("verify", path, status=4).stderr


def snapshot_of(path: Path) -> Path:
    [snapshot] = (path / "snapshots").iterdir()
    return snapshot


@pytest.mark.parametrize("offset", [5, -1])
def test_a_snapshot_that_is_not_as_it_was_written(tmp_path: Path, offset: int) -> None:
    path, taken = long(tmp_path / "data")
    spoil(snapshot_of(path), offset % snapshot_of(path).stat().st_size)
    result = run("verify", path, "--replay", status=4)
    assert f"state at record {taken:,}" in result.stdout
    assert "DAMAGED: its " in result.stdout
    assert "a start passes it over" in result.stderr


@pytest.mark.parametrize("spoilt", [False, True])
def test_a_beginning_that_no_snapshot_holds(tmp_path: Path, spoilt: bool) -> None:
    path, _ = without_its_beginning(tmp_path / "data")
    if spoilt:
        spoil(snapshot_of(path), snapshot_of(path).stat().st_size - 1)
    else:
        snapshot_of(path).unlink()
    for options in [], ["--replay"]:
        result = run("verify", path, *options, status=4)
        assert "no good snapshot holds what was before record 1503, the first one here" in result.stderr
        assert f"obctl journal repair {path}" in result.stderr
        assert "good: records" not in result.stdout


def test_a_snapshot_behind_the_end(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    for segment in segments(path)[1:]:
        segment.unlink()
    result = run("verify", path, status=4)
    assert f"ends with record {taken}" in result.stderr


def test_a_snapshot_of_another_journal(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    other, _ = long(tmp_path / "other", quantity=2)
    for file in segments(other):
        file.replace(path / "journal" / file.name)
    assert "the journal has another frame that ends with record 2002" in run("verify", path, status=4).stderr


def test_a_replay_finds_another_state(tmp_path: Path) -> None:
    path = written(
        tmp_path / "data",
        [plain.source(), plain.command(plain.CREDIT, account_id=1, price=5, quantity=7)],
        [plain.state(bytes(range(16)))],
    )
    run("verify", path)
    result = run("verify", path, "--replay", status=4)
    assert "comes to the state" in result.stderr
