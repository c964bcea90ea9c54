"""A real terminal for `obctl`: what it prints there, keys that are pressed, and whether it gives the terminal back."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..cli.client_server import NO_SETTINGS

SECONDS = 60
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"  # the other screen
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<=>]*[ -/]*[@-~]|[PX^_\]].*?(?:\x1b\\|\x07)|[()].|[=>78c])", re.DOTALL)
COLOURS = re.compile(r"\x1b\[[0-9;]*\b(?:3[0-7]|4[0-7]|38|48|9[0-7]|10[0-7])\b[0-9;]*m")


class Terminal:
    """`obctl` on a terminal of its own. output: all that it has printed there; code: Python to run in its place."""

    def __init__(self, *words: str, size: tuple[int, int] = (120, 40), code: str = "", **environment: str) -> None:
        self.main, self.other = pty.openpty()
        fcntl.ioctl(self.other, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(self.other)
        env = {name: value for name, value in os.environ.items() if name not in NO_SETTINGS and name != "COLORTERM"}
        env |= {"TERM": "xterm-256color"} | environment
        self.process = subprocess.Popen(
            [sys.executable, *(("-c", code) if code else ("-m", "obctl")), *words],
            stdin=self.other,
            stdout=self.other,
            stderr=self.other,
            env=env,
            start_new_session=True,
        )
        self.output = ""

    def read(self, seconds: float = 0.1) -> None:
        """Take in what is printed, for so long at most."""
        if select.select([self.main], [], [], seconds)[0]:
            self.output += os.read(self.main, 1 << 16).decode(errors="replace")

    def until(self, text: str) -> None:
        """Wait until a text is on the terminal, or was."""
        deadline = time.monotonic() + SECONDS
        while text not in self.text:
            assert time.monotonic() < deadline, f"no {text!r} in {self.text[-3000:]!r}"
            assert self.process.poll() is None, self.complaint()
            self.read()

    @property
    def text(self) -> str:
        """The output without its escape sequences."""
        return ESCAPES.sub("", self.output)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.main, keys.encode())

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self.read()
        self.read(0)
        return self.process.returncode

    def complaint(self) -> str:
        """Return what is on the terminal when the view has gone."""
        return ESCAPES.sub("", self.output.rpartition(LEAVE)[2]).replace("\r\n", "\n")

    def is_given_back(self) -> bool:
        """Tell whether the terminal is as it was: its modes, its screen, and the cursor."""
        modes = termios.tcgetattr(self.other) == self.before
        screen = self.output.rfind(LEAVE) > self.output.rfind(ENTER) > -1
        return modes and screen and self.output.rfind(SHOW) > self.output.rfind(HIDE)

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.communicate()
        os.close(self.main)
        os.close(self.other)


@contextmanager
def on_terminal(*words: str, **options: object) -> Iterator[Terminal]:
    """Run `obctl` on a terminal while the block lasts."""
    terminal = Terminal(*words, **options)  # type: ignore[arg-type]
    try:
        yield terminal
    finally:
        terminal.close()
