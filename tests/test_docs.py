"""The documentation is true: its Python runs, its commands print what it says, its links lead somewhere.

In README.md and docs/*.md a block ```python with `>>>` is a doctest, without it a script; a block ```console holds
commands behind `$ ` with what they print, where `...` stands for anything. The blocks of a file run one after the
other, in a folder of their own.
"""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import obctl
from orderbook import OrderBookError

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HELD_EQUAL = re.compile(r"^<!-- the file (\S+), held equal [^\n]*-->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)?(?:#([\w-]+))?\)")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line that it begins on."""

    language: str
    text: str
    line: int


def blocks_of(page):
    """Return the fenced blocks of a page."""
    text = page.read_text()
    return [Block(match[1], match[2], text[: match.start(2)].count("\n")) for match in BLOCK.finditer(text)]


def run_python(page, block, names):
    """Run a block of Python with the names of those before it."""
    if ">>>" not in block.text:
        exec(compile("\n" * block.line + block.text, page, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, page.name, str(page), block.line)
    report = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not report, "".join(report)


def commands_of(block):
    """Return the commands of a console block, each with what it is said to print."""
    parts = re.split(r"^\$ (.*(?:\\\n.*)*)\n", block.text, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run_console(page, block, folder):
    """Run the commands of a console block, and compare what they print."""
    for command, expected in commands_of(block):
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)
        printed = done.stdout + done.stderr
        where = f"{page.name}:{block.line}: {command}\n{printed}"
        assert doctest.OutputChecker().check_output(expected or "\n", printed or "\n", OPTIONS), where


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """Return an empty folder to work in, where `obctl` is the one under test."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    script = bin_folder / "obctl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m obctl "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(obctl.__file__).parent.parent))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_runs(page, workshop):
    names = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.language == "python":
            run_python(page, block, names)
        elif block.language == "console":
            run_console(page, block, workshop)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_shown_are_the_files(page):
    for name, text in HELD_EQUAL.findall(page.read_text()):
        assert text == (ROOT / name).read_text(), name


def anchors_of(page):
    """Return the anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.*)$", re.sub(BLOCK, "", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(re.sub(BLOCK, "", page.read_text())):
        if target.startswith(("https://", "http://")):
            continue
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors_of(linked), f"{target}#{anchor}"


@pytest.mark.parametrize("error", OrderBookError.__subclasses__(), ids=lambda error: error.__name__)
def test_every_error_is_in_a_table(error):
    number = "–" if error.number is None else error.number
    row = f"| `{error.__name__}` | `{error.code}` | {number} |"
    assert any(row in page.read_text() for page in PAGES), row


def test_the_harness_notices():
    """Wrong output, a block that raises, and a command that prints something else are failures."""
    page = Path("page.md")
    with pytest.raises(AssertionError):
        run_python(page, Block("python", ">>> 1 + 1\n3\n", 1), {})
    with pytest.raises(ZeroDivisionError):
        run_python(page, Block("python", "1 / 0\n", 1), {})
    with pytest.raises(AssertionError):
        run_console(page, Block("console", "$ echo one\ntwo\n", 1), ".")
    with pytest.raises(AssertionError):
        run_console(page, Block("console", "$ echo one\n", 1), ".")
