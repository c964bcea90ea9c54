"""What all commands of `obctl journal` share: directories that are none, help, completion, a server beside them."""

import errno
import fcntl
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from obctl.main import main
from orderbook_server.journal.errors import DirectoryInUse
from orderbook_server.journal.layout import in_use, lock
from tests.journal import plain_journal as plain
from tests.journal.made import opened, story
from tests.journal.plain_journal import header_bytes
from tests.replay.helpers import obctl

from .journals import contents, long, run, run_json, segments, spoil, told, written

COMMANDS = ["verify", "dump", "stats", "replay", "diff", "repair"]
READERS = COMMANDS[:4]


def directories(command: str, path: Path) -> list[Path]:
    return [path, path] if command == "diff" else [path]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_that_is_not_there(command: str, tmp_path: Path) -> None:
    result = run(command, *directories(command, tmp_path / "none"), status=1)
    expected = f"obctl journal {command}: {tmp_path}/none is no data directory: there is no such directory\n"
    assert (result.stdout, result.stderr) == ("", expected)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_of_something_else(command: str, tmp_path: Path) -> None:
    result = run(command, *directories(command, tmp_path), status=1)
    assert "is no data directory: it has no folder journal" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in run(command, *directories(command, tmp_path / "file"), status=2).stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_of_somebody_else(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = told(tmp_path / "data")

    def denied(at: Path, **_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(at))

    monkeypatch.setattr(Path, "stat", denied)  # who runs the tests may be allowed everything
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    result = run(command, *directories(command, path), status=1)
    assert result.stderr == f"obctl journal {command}: {path}/journal: Permission denied\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_another_version_of_the_format(command: str, tmp_path: Path) -> None:
    path = written(tmp_path / "data")
    segments(path)[0].write_bytes(header_bytes(1, bytes(16), version=9))
    assert "has version 9 of the format" in run(command, *directories(command, path), status=1).stderr


@pytest.mark.parametrize("command", [*READERS, "diff"])
def test_damage(command: str, tmp_path: Path) -> None:
    path = written(tmp_path / "data", [plain.state(bytes(16))], [plain.state(bytes(16))])
    spoil(segments(path)[0], 64 + 20)
    result = run(command, *directories(command, path), status=4)
    assert f"{segments(path)[0]}: at byte 64: the frame's CRC is wrong, and a good frame follows" in result.stderr
    assert f"obctl journal repair {path}" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_journal(command: str, tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    run(command, *directories(command, tmp_path))


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_written(command: str, tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    before = contents(path)
    run(command, *directories(command, path))
    assert contents(path) == before


@pytest.mark.parametrize("command", READERS)
def test_the_directory_that_is_meant(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = told(tmp_path / "orderbook-data")
    monkeypatch.chdir(tmp_path)
    here = run(command).output
    monkeypatch.chdir("/")
    monkeypatch.setenv("OBCTL_SERVE_DATA_DIR", str(path))
    assert run(command).output.replace(str(path), "orderbook-data") == here


@pytest.mark.parametrize("command", [*READERS, "diff"])
def test_beside_a_server(command: str, tmp_path: Path) -> None:
    """What a server has begun to write is no fault, and a server is not disturbed."""
    path = tmp_path / "data"
    with opened(path) as exchange:
        story(exchange.sequencer)
        end = max(len(file.read_bytes().rstrip(b"\0")) for file in segments(path))
        with segments(path)[0].open("r+b") as file:  # as the writer may be caught: a frame whose end is there first
            file.seek(-(-end // 8) * 8 + 64)
            file.write(b"half a frame")
        result = run(command, *directories(command, path), "--json")
        assert "torn" not in result.stdout or '"torn_bytes": 0' in result.stdout
        with pytest.raises(DirectoryInUse):
            lock(path)


def test_repair_beside_a_server(tmp_path: Path) -> None:
    with opened(tmp_path):
        assert "is in use by a server" in run("repair", tmp_path, "--yes", status=1).stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["journal", "lock", "snapshots"]


def test_who_looks_does_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    with lock(tmp_path):
        assert in_use(tmp_path)
        assert in_use(tmp_path)
    assert not in_use(tmp_path)
    with lock(tmp_path):
        pass


def test_a_server_waits_for_who_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looker = os.open(tmp_path / "lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(looker, fcntl.LOCK_SH)
    monkeypatch.setattr("orderbook_server.journal.layout.time.sleep", lambda _: os.close(looker))
    with lock(tmp_path):
        assert in_use(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", COMMANDS)
def test_standard_output_that_is_full(command: str, tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    words = [sys.executable, "-m", "obctl", "journal", command, *map(str, directories(command, path))]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    expected = "obctl: cannot write standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal_of_80_columns(command: str) -> None:
    words = ["journal", *command.split(), "--help"]
    result = CliRunner().invoke(main, words, prog_name="obctl", terminal_width=80)
    assert [line for line in result.stdout.splitlines() if len(line) > 80] == []
    assert "Examples:\n" in result.stdout


def keys_of(plain_data: object) -> Iterator[str]:
    """Yield the keys of plain data, those within others included; where keys are names, they are no keys."""
    if isinstance(plain_data, dict):
        for key, value in plain_data.items():
            yield key
            if key not in ("kinds", "totals", "instruments", "balances"):
                yield from keys_of(value)
    elif isinstance(plain_data, list):
        for value in plain_data:
            yield from keys_of(value)


@pytest.mark.parametrize("command", ["verify", "stats", "replay", "diff", "repair"])
def test_help_names_every_key(command: str, tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    text = obctl("journal", command, "--help").stdout + obctl("journal", "dump", "--help").stdout
    for key in keys_of(run_json(command, *directories(command, path))):
        assert re.search(rf"\b{key}\b", text), key


@pytest.mark.parametrize("command", COMMANDS)
def test_directories_are_completed(command: str) -> None:
    words = f"obctl journal {command} x"
    environment = {"_OBCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "3"}
    assert CliRunner(env=environment).invoke(main, prog_name="obctl").stdout == "dir,x\n"


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    terminal, other_end = pty.openpty()
    words = [sys.executable, "-m", "obctl", "journal", "verify", str(path), "--replay"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=other_end, env={**os.environ, "TERM": "xterm"})
    os.close(other_end)
    output, _ = process.communicate(timeout=60)
    shown = os.read(terminal, 1 << 16)
    os.close(terminal)
    assert process.returncode == 0
    assert b"\x1b" not in output
    assert b"reading" in shown
    assert b"records, " in shown
