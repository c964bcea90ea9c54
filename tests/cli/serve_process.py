"""`obctl serve` and `obctl agent` as processes of their own, and what they log."""

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
CLEAN = {
    **{name: value for name, value in os.environ.items() if not name.startswith("OBCTL_") and name != "LOG_LEVEL"},
    "OBCTL_SERVE_IN_MEMORY": "yes",  # whose server keeps something says --no-in-memory, and where
    "OBCTL_SERVE_HTTP": "none",  # likewise
}
FREE = ["--tcp", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]
TCP_ALONE = ["--tcp", "127.0.0.1:0", "--grpc", "none", "--http", "none", "--metrics", "none"]
SECONDS = 30  # that anything may take which should come at once


@contextmanager
def interruptible() -> Iterator[None]:
    """Have processes that are started in the block hear SIGINT, which shells turn off in what runs behind them.

    Nothing of Python may run in a child before it is another program: gRPC's threads may live in this process.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `obctl` to its end."""
    env = CLEAN | environment
    return subprocess.run([*OBCTL, *words], capture_output=True, text=True, env=env, timeout=SECONDS)


class Logging:
    """A process that logs JSON: what it has logged, and once it has ended, what it printed and complained of."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.printed = ""
        self.complaints: list[str] = []

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
        self.see_out()
        return time.monotonic() - begin

    def see_out(self) -> int:
        """Wait for the end; return the exit status."""
        self.printed, rest = self.process.communicate(timeout=SECONDS)
        for line in rest.splitlines():
            if line.startswith("{"):
                self.events.append(json.loads(line))
            else:
                self.complaints.append(line)
        return self.process.returncode


class Server(Logging):
    """A server that is up, and its addresses."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(process)
        self.addresses = self.wait_for("listening")

    def ask(self, *lines: str) -> list[str]:
        """Send lines over TCP, and return the answers."""
        host, _, port = self.addresses["tcp"].rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS) as connection, connection.makefile("rw") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()
            return [stream.readline().rstrip("\n") for _ in lines]


@contextmanager
def running(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `obctl` while the block lasts."""
    process = subprocess.Popen(
        [*OBCTL, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=CLEAN | environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def serving(*words: str, **environment: str) -> Iterator[Server]:
    """Run `obctl serve` while the block lasts."""
    with running("serve", *words, **environment) as process:
        yield Server(process)


@contextmanager
def trading(name: str, endpoint: str, *words: str, **environment: str) -> Iterator[Logging]:
    """Run `obctl agent NAME` while the block lasts."""
    with running("agent", name, "--grpc-endpoint", endpoint, *words, **environment) as process:
        yield Logging(process)
