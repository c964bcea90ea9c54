"""`obctl serve` as a process of its own, and what it logs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OBCTL = [sys.executable, "-m", "obctl"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("OBCTL_") and name != "LOG_LEVEL"}
FREE = ["--tcp", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]
TCP_ALONE = ["--tcp", "127.0.0.1:0", "--grpc", "none", "--metrics", "none"]
SECONDS = 30  # that anything may take which should come at once


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `obctl` to its end."""
    env = CLEAN | environment
    return subprocess.run([*OBCTL, *words], capture_output=True, text=True, env=env, timeout=SECONDS)


class Server:
    """A server that is up: its process, what it has logged, and its addresses."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.addresses = self.wait_for("listening")

    def wait_for(self, name: str) -> dict[str, Any]:
        """Read the log until an event comes; return it."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == name:
                return self.events[-1]
        raise AssertionError(f"the log ended without {name!r}: {self.events}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal, and wait for the end; return how many seconds it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=SECONDS)
        self.events += [json.loads(line) for line in rest.splitlines()]
        return time.monotonic() - begin

    def ask(self, *lines: str) -> list[str]:
        """Send lines over TCP, and return the answers."""
        host, _, port = self.addresses["tcp"].rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS) as connection, connection.makefile("rw") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()
            return [stream.readline().rstrip("\n") for _ in lines]


@contextmanager
def serving(*words: str, **environment: str) -> Iterator[Server]:
    """Run `obctl serve` while the block lasts."""
    process = subprocess.Popen(
        [*OBCTL, "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=CLEAN | environment,
    )
    try:
        yield Server(process)
    finally:
        process.kill()
        process.communicate()
