"""The processes that are measured: the server, and the echoes beside it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from obctl.errors import BadInput

FREE = "127.0.0.1:0"
START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True)
class Addresses:
    """Where to measure: the server's addresses, None where it has none, and its process, None if it is not ours."""

    tcp: str | None
    grpc: str | None
    pid: int | None
    raw_echo: str
    fields_echo: str
    grpc_echo: str


@contextmanager
def servers(tcp: str | None, grpc: str | None) -> Iterator[Addresses]:
    """Run the echoes, and a server, too, if no address of one is given, while the block lasts. Raise BadInput."""
    with process("-m", "obctl.bench.echo") as echo:
        echoes = first_line(echo.stdout)
        names = {"raw_echo": echoes["raw"], "fields_echo": echoes["fields"], "grpc_echo": echoes["grpc"]}
        if tcp or grpc:
            yield Addresses(tcp, grpc, None, **names)
            return
        options = ("--tcp", FREE, "--grpc", FREE, "--metrics", "none", "--log-format", "json", "--log-level", "info")
        with process("-m", "obctl", "serve", *options) as server:
            listening = first_line(server.stderr)
            threading.Thread(target=drain, args=(server.stderr,), daemon=True).start()
            yield Addresses(listening["tcp"], listening["grpc"], server.pid, **names)


@contextmanager
def process(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Python while the block lasts, untouched by settings for other servers."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("OBCTL_SERVE_") and name != "LOG_LEVEL"
    }
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *arguments], env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def first_line(stream: IO[bytes] | None) -> dict[str, str]:
    """Return the JSON object that a process says where it listens with; raise BadInput with what it says instead."""
    assert stream is not None  # it was asked to be a pipe
    timer = threading.Timer(START_SECONDS, stream.close)
    timer.start()
    try:
        line = stream.readline()
    finally:
        timer.cancel()
    try:
        said: dict[str, str] = json.loads(line)
    except ValueError:
        raise BadInput(
            f"the server did not start: {line.decode(errors='replace').strip() or 'it said nothing'}"
        ) from None
    return said


def drain(stream: IO[bytes]) -> None:
    """Read on, so that the process never waits for us to."""
    for _ in stream:
        pass
