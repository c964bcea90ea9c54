"""The keyboard, where standard input is data: keys are taken from the terminal itself then, as pagers do."""

import io
import os
import sys

from obctl.errors import BadConfiguration

TERMINAL = "/dev/tty"


def take_keys_from_terminal() -> None:
    """Put the terminal in the place of standard input, for who reads keys; `sys.stdin` goes on with the data.

    Raise BadConfiguration where the data would come from the terminal, too, or there is none.
    """
    if sys.stdin.isatty():
        raise BadConfiguration("- is standard input, and that is the terminal, where the keys are")
    try:
        terminal = os.open(TERMINAL, os.O_RDWR)
    except OSError as error:
        raise BadConfiguration(f"there is no terminal to take keys from: {error.strerror}") from error
    keys = sys.stdin.fileno()
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(os.dup(keys))))
    os.dup2(terminal, keys)
    os.close(terminal)
