"""The processes that are measured: the server, and the echoes beside it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import obctl
from obctl.errors import BadInput

FREE = "127.0.0.1:0"
START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True)
class Addresses:
    """Where to measure: the server's addresses, None where it has none, and its process, None if it is not ours.

    The echoes share one process, as one of them works at a time.
    """

    tcp: str | None
    grpc: str | None
    pid: int | None
    raw_echo: str
    fields_echo: str
    grpc_echo: str
    echo_pid: int


@contextmanager
def servers(tcp: str | None, grpc: str | None) -> Iterator[Addresses]:
    """Run the echoes, and a server, too, if no address of one is given, while the block lasts. Raise BadInput."""
    with process("-m", "obctl.bench.echo") as echo:
        echoes = first_line(echo, echo.stdout)
        beside = (echoes["raw"], echoes["fields"], echoes["grpc"], echo.pid)
        if tcp or grpc:
            yield Addresses(tcp, grpc, None, *beside)
            return
        listeners = ("--tcp", FREE, "--grpc", FREE, "--http", "none", "--metrics", "none")
        options = (*listeners, "--in-memory", "--log-format", "json", "--log-level", "info")
        with process("-m", "obctl", "serve", *options) as server:
            listening = first_line(server, server.stderr)
            threading.Thread(target=drain, args=(server.stderr,), daemon=True).start()
            yield Addresses(listening["tcp"], listening["grpc"], server.pid, *beside)


@contextmanager
def process(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Python, with the packages that we have, while the block lasts, untouched by settings for other servers.

    In a session of its own: Ctrl-C is for us, and we end it.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("OBCTL_SERVE_") and name != "LOG_LEVEL"
    }
    root = str(Path(obctl.__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as child:
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def first_line(child: "subprocess.Popen[bytes]", stream: IO[bytes] | None) -> dict[str, str]:
    """Return the JSON object in which a process says where it listens; raise BadInput with what it says instead."""
    assert stream is not None  # it was asked to be a pipe
    assert child.stderr is not None
    timer = threading.Timer(START_SECONDS, child.kill)
    timer.start()
    try:
        line = stream.readline()
        said: dict[str, str] = json.loads(line)
    except ValueError:
        child.kill()
        complaint = (line + child.stderr.read()).decode(errors="replace").strip().rpartition("\n")[2]
        raise BadInput(f"the server did not start: {complaint or 'it said nothing'}") from None
    finally:
        timer.cancel()
    return said


def drain(stream: IO[bytes]) -> None:
    """Read on, so that the process never waits for us to."""
    for _ in stream:
        pass
