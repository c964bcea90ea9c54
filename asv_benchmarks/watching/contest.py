"""The server while many watch, and while nobody does: the same flow, in turns; and whether who watched has its book."""

import json
import urllib.request
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from asv_benchmarks.durability.servers import Running
from obctl.bench.tcp import LineClient
from obctl.bench.turns import Stopwatch, percentile

from .apart import Apart
from .cores import own_core
from .paced import PacedFlow
from .probes import Probes
from .watchers import Level, Taken, Watchers

LEVELS = 500
LEAD_SECONDS = 0.5  # of the flow, before anything is measured
PERCENTILES = {"p50": 0.5, "p99": 0.99}

Book = tuple[list[Level], list[Level]]
Figures = dict[str, float]


class Options(NamedTuple):
    """seconds: of a turn. rounds: of two turns each. clients: that watch. events: per second."""

    seconds: float
    rounds: int
    clients: int
    events: int


class Turn(NamedTuple):
    """What came of a turn.

    cpu_seconds: of the server, per second. taken: by the watchers, in `seconds`. times: of the probes, in microseconds,
    by transport and percentile. wrong: watchers whose book is not the engine's, and what else is wrong.
    """

    seconds: float
    events_per_second: float
    cpu_seconds: float
    taken: Taken
    times: dict[str, float]
    wrong: list[str]


class Contest:
    """A server with its flow, probes, and those who watch in every other turn."""

    def __init__(self, server: Running, flow: Apart, watchers: Apart, probes: Probes) -> None:
        self._server = server
        self._flow = flow
        self._watchers = watchers
        self._probes = probes

    def turn(self, seconds: float, *, watched: bool) -> Turn:
        """Measure for so long."""
        self._flow.begin("run", LEAD_SECONDS + seconds + LEAD_SECONDS)
        if watched:
            self._watchers.call("open")
        self._probes.turn(LEAD_SECONDS)
        taken, first = Taken(*self._watchers.call("taken")), sequence_of(self._probes.client)
        watch = Stopwatch(self._server.pid)
        times = self._probes.turn(seconds)
        cpu_us, lasted = watch.reached(1).cpu_us, watch.seconds
        taken = Taken(*(now - before for now, before in zip(self._watchers.call("taken"), taken, strict=True)))
        events = (sequence_of(self._probes.client) - first) / lasted
        self._flow.end(seconds)
        wrong = self._compared() if watched else []
        return Turn(lasted, events, (cpu_us or 0.0) / 1e6 / lasted, taken, microseconds(times), wrong)

    def _compared(self) -> list[str]:
        """Hold the books of those who watched against the engine's, when all is quiet; let them go."""
        sequence = sequence_of(self._probes.client)
        wrong: list[str] = self._watchers.call("reach", sequence)
        book = book_over_tcp(self._probes.client)
        if (sequence, book) != book_over_http(self._server.http):
            wrong.append("TCP and HTTP have different books")
        if differing := self._watchers.call("differing", book):
            wrong.append(f"{differing} have another book than the engine")
        if gaps := Taken(*self._watchers.call("taken")).gaps:
            wrong.append(f"{gaps} updates did not go on where the message before ended")
        if not (len(book[0]) and len(book[1])):
            wrong.append("the engine's book is empty: nothing was compared")
        self._watchers.call("close")
        return wrong


def sequence_of(client: LineClient) -> int:
    """Return the number of the engine's last event."""
    client.ask(b"P\n")
    return int(bytes(client.buffer).split(b"\n", 1)[0].split()[1])


def book_over_tcp(client: LineClient) -> Book:
    """Return the best levels as TCP has them."""
    book: Book = ([], [])
    client.socket.sendall(b"L %d\n" % LEVELS)
    text = b""
    while not text.endswith(b"\n"):
        text += client.socket.recv(1 << 16)
    for word in text.decode().split()[1:]:
        side, price, quantity, orders = word.split(":")
        book["BA".index(side)].append((int(price), int(quantity), int(orders)))
    return book


def book_over_http(address: str) -> tuple[int, Book]:
    """Return the number of the last event, and the best levels, as REST has them."""
    with urllib.request.urlopen(f"http://{address}/api/v1/depth?levels={LEVELS}", timeout=10) as page:
        said = json.load(page)
    bids, asks = (
        [(int(level["price"]), int(level["quantity"]), level["orders"]) for level in said[side]]
        for side in ("bids", "asks")
    )
    return int(said["sequence"]), (bids, asks)


def microseconds(times: dict[str, list[int]]) -> dict[str, float]:
    """Return percentiles by transport, "tcp_p99" and so on."""
    return {
        f"{transport}_{name}": percentile(ordered, part) / 1e3
        for transport, ordered in times.items()
        for name, part in PERCENTILES.items()
    }


class Measured(NamedTuple):
    """Figures of a server; each round's, for who wants to see how they scatter; and what is wrong."""

    figures: Figures
    rounds: list[Figures]
    wrong: list[str]


def measure(server: Running, options: Options, progress: Callable[[str], None]) -> Measured:
    """Have turns with watchers and without; each round begins with the other."""
    alone: list[Turn] = []
    watched: list[Turn] = []
    with (
        own_core(server.pid),
        Apart(PacedFlow, server.tcp, options.events) as flow,
        Apart(Watchers, server.http, options.clients) as watchers,
        Probes(server.tcp, server.grpc) as probes,
    ):
        contest = Contest(server, flow, watchers, probes)
        contest.turn(min(options.seconds, 2.0), watched=True)  # not counted: memory is touched for the first time
        for number in range(options.rounds):
            for is_watched in (number % 2 == 0, number % 2 != 0):
                (watched if is_watched else alone).append(contest.turn(options.seconds, watched=is_watched))
            progress(f"round {number + 1} of {options.rounds}")
    rounds = [row(one, other, options.clients) for one, other in zip(watched, alone, strict=True)]
    figures = {name: median(each[name] for each in rounds) for name in rounds[0]}
    return Measured(
        dict(figures), [dict(each) for each in rounds], [problem for turn in watched for problem in turn.wrong]
    )


def row(watched: Turn, alone: Turn, clients: int) -> Figures:
    """Return the figures of two neighbouring turns."""
    taken, seconds = watched.taken, watched.seconds
    figures = {
        "events_per_second": watched.events_per_second,
        "events_per_second_alone": alone.events_per_second,
        "messages_per_second_and_client": taken.messages / seconds / max(1, clients),
        "bytes_per_second_and_client": taken.bytes / seconds / max(1, clients),
        "snapshots_again": taken.snapshots,
        "server_cpu_percent": watched.cpu_seconds * 100,
        "server_cpu_percent_alone": alone.cpu_seconds * 100,
        "server_cpu_us_per_message": (watched.cpu_seconds - alone.cpu_seconds) * seconds * 1e6 / max(1, taken.messages),
    }
    for name, time in watched.times.items():
        figures |= {
            f"{name}_us": time,
            f"{name}_us_alone": alone.times[name],
            f"{name}_ratio": time / alone.times[name],
        }
    return figures
