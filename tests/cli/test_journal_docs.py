"""docs/journal.md: `obctl journal` prints what it shows, but for times, sizes of files, and a second's turn."""

import re
import shutil
from pathlib import Path

import pytest

from tests.journal.made import opened, settle
from tests.replay.helpers import obctl
from tests.test_docs import blocks_of, commands_of

from .journals import told

PAGE = Path(__file__).parents[2] / "docs" / "journal.md"
COMMANDS = [
    command
    for block in blocks_of(PAGE)
    if block.language == "text" and block.text.startswith("$ ")
    for command in commands_of(block)
]


def as_any_run(text: str) -> str:
    """Return a text without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", "TIME", text)
    text = re.sub(r"busiest     \d+", "busiest     MANY", text)
    return re.sub(r"(frames 11|segments    1), [\d,]+ bytes", r"\1, SIZE", text)


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=lambda each: each.partition("\n")[0])
def test_a_command(command: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    path = told(tmp_path / "orderbook-data")
    shutil.copytree(path, tmp_path / "backup")
    with opened(path) as exchange:
        exchange.sequencer.credit_account(0, 2, 0, 500)
        settle(exchange.journal)
    assert as_any_run(obctl(*command.split()[1:]).output) == as_any_run(expected)


def test_every_command_is_shown() -> None:
    shown = {command.split()[2] for command, _ in COMMANDS}
    assert shown == {"verify", "dump", "stats", "replay", "diff", "repair"}
