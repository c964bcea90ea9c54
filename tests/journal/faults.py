"""Faults at system calls, injected with `strace`: the n-th call of a kind in a thread kills the process, or fails.

A call that kills or fails is not carried out; what the process would be killed behind is its next call.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

CALLS = ("pwrite64", "fdatasync", "fsync", "renameat", "ftruncate")  # those of the journal
SECONDS = 60
KILLED = 128 + signal.SIGKILL  # the exit status of strace, whose process was killed, in a shell's terms
LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?P<resumed> resumed>)?(?P<rest>.*)")
FRAME, HEADER, ZEROS = "FRAM", "OBJOURNL", r"\0\0\0\0"  # how what the journal writes begins, as strace shows it


@cache
def why_not() -> str:
    """Return why faults cannot be injected here, "" if they can."""
    if sys.platform != "linux" or not shutil.which("strace"):
        return "strace is not installed"
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        return "sanitizers and strace do not go together"
    tried = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return f"strace is not allowed here: {tried.stderr.strip()}" if tried.returncode else ""


@pytest.fixture(scope="session")
def strace() -> None:
    """Skip where faults cannot be injected, but not in CI, where they must be."""
    reason = why_not()
    assert not reason or not os.environ.get("CI") or "asan" in os.environ.get("LD_PRELOAD", ""), reason
    if reason:
        pytest.skip(reason)


@dataclass(frozen=True)
class Call:
    """A system call as it was seen: by which thread, which one, the rest of the line."""

    thread: int
    name: str
    rest: str

    @property
    def injected(self) -> bool:
        return "(INJECTED)" in self.rest

    @property
    def file(self) -> str:
        return re.split("[(,) ]", self.rest)[1]

    def writes(self, begin: str) -> bool:
        """Tell whether this writes something that begins so."""
        return self.name == "pwrite64" and f'"{begin}' in self.rest


@dataclass(frozen=True)
class Struck:
    """How a process fared: its exit status, KILLED if it was killed, what it printed, and its calls in order."""

    inject: tuple[str, ...]
    status: int
    printed: list[list[str]]
    complaints: str
    calls: list[Call] = field(repr=False)

    def last(self, word: str) -> int:
        """Return the number behind a word when it was last printed, 0 if it never was."""
        return next((int(line[1]) for line in reversed(self.printed) if line[0] == word), 0)

    def most(self, name: str) -> int:
        """Return how many calls of a name the thread with the most of them made."""
        threads = [call.thread for call in self.calls if call.name == name]
        return max(map(threads.count, set(threads)), default=0)

    def injected(self) -> list[Call]:
        """Return the calls that a fault was injected into."""
        return [call for call in self.calls if call.injected]


def strike(log: Path, module: str, *words: str, inject: tuple[str, ...] = (), calls: tuple[str, ...] = CALLS) -> Struck:
    """Run a module of Python to its end, with faults such as "fsync:error=EIO:when=3" injected."""
    faults = [word for fault in inject for word in ("-e", f"inject={fault}")]
    command = ["strace", "-f", "-qq", "-s", "8", "-e", "signal=none", "-e", f"trace={','.join(calls)}", *faults]
    done = subprocess.run(
        [*command, "-o", str(log), sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Struck(
        inject=inject,
        status=KILLED if done.returncode == -signal.SIGKILL else done.returncode,
        printed=[line.split() for line in done.stdout.splitlines()],
        complaints=done.stderr,
        calls=calls_in(log.read_text(), calls),
    )


def calls_in(log: str, names: tuple[str, ...]) -> list[Call]:
    """Return the calls in what strace wrote, in the order in which they began."""
    calls: list[Call] = []
    for line in log.splitlines():
        match = LINE.match(line)
        if match is None or match["name"] not in names:
            continue
        thread = int(match["thread"])
        if match["resumed"]:
            place = max(i for i, call in enumerate(calls) if call.thread == thread)
            calls[place] = Call(thread, match["name"], calls[place].rest + match["rest"])
        else:
            calls.append(Call(thread, match["name"], match["rest"]))
    return calls
