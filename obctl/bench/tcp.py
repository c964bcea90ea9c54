"""Through one TCP socket: many commands under way, and one at a time. The client blocks, its bytes are made before."""

import socket
from itertools import accumulate
from time import perf_counter_ns
from types import TracebackType
from typing import Self

from obctl.bench import flow
from obctl.bench.processes import Addresses
from obctl.bench.turns import (
    Figures,
    Progress,
    Reached,
    Stopwatch,
    beside_echo,
    in_turns,
    nobody,
    percentile,
    rate,
    ratio,
)
from obctl.errors import BadInput
from orderbook_server.config import Address

WINDOW = 1024  # commands without an answer, at most
CHUNK = 256  # commands sent at once: the server works on some while others are on their way
RECEIVE_BYTES = 1 << 18
TIMEOUT_SECONDS = 30


class LineClient:
    """A connection that sends the cycle of lines, over and over, to the server or to an echo.

    `exchange`: whether the other end is one; then accounts are credited, and what rests is taken back at the end.
    `pid`: the process at the other end, if its CPU time is wanted.
    """

    def __init__(self, address: str, *, exchange: bool, pid: int | None = None) -> None:
        try:
            self.socket = socket.create_connection(Address.parse(address), TIMEOUT_SECONDS)
        except OSError as error:
            raise BadInput(f"cannot reach {address}: {error.strerror or error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(RECEIVE_BYTES)
        self.exchange = exchange
        self.pid = pid
        self.stream = memoryview(b"".join(flow.lines()))
        self.starts = list(accumulate(map(len, flow.lines()), initial=0))
        self.place = 0  # of the next line in the cycle
        self.times: list[int] = []  # of single round trips, in nanoseconds

    def __enter__(self) -> Self:
        """Give the accounts what they need."""
        if self.exchange:
            self.ask(flow.credit_lines())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave an empty book."""
        with self.socket:
            if self.exchange and error is None:
                self.ask(flow.cancel_all_lines())

    def ask(self, lines: bytes) -> None:
        """Send lines and wait for as many answers."""
        self.socket.sendall(lines)
        awaited = lines.count(b"\n")
        while awaited:
            awaited -= self.receive()

    def receive(self) -> int:
        """Wait for bytes, and return how many answers they end."""
        size = self.socket.recv_into(self.buffer)
        if not size:
            raise BadInput("the server closed the connection")
        return self.buffer.count(b"\n", 0, size)

    def send(self) -> int:
        """Send the next lines, and return how many."""
        first = self.place
        self.place = min(first + CHUNK, len(self.starts) - 1)
        self.socket.sendall(self.stream[self.starts[first] : self.starts[self.place]])
        sent = self.place - first
        if self.place == len(self.starts) - 1:
            self.place = 0
        return sent

    def pipelined(self, seconds: float) -> Reached:
        """Have lines answered, with up to WINDOW of them under way."""
        sent = answered = 0
        watch = Stopwatch(self.pid)
        while watch.seconds < seconds:
            while sent - answered <= WINDOW - CHUNK:
                sent += self.send()
            answered += self.receive()
        while answered < sent:
            answered += self.receive()
        return watch.reached(answered)

    def ping_pong(self, seconds: float) -> Reached:
        """Have lines answered one after the other, and keep the time of each."""
        send, receive, clock, stream, starts = (
            self.socket.sendall,
            self.receive,
            perf_counter_ns,
            self.stream,
            self.starts,
        )
        times: list[int] = []
        watch = Stopwatch(self.pid)
        now = clock()
        end = now + int(seconds * 1e9)
        while now < end:
            sent = now
            send(stream[starts[self.place] : starts[self.place + 1]])
            while not receive():
                pass
            self.place = (self.place + 1) % (len(starts) - 1)
            now = clock()
            times.append(now - sent)
        self.times += times
        return watch.reached(len(times))


def measure_socket(addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure commands per second through one socket, beside an echo of bytes and one that reads fields in Python."""
    assert addresses.tcp is not None
    with (
        LineClient(addresses.tcp, exchange=True, pid=addresses.pid) as server,
        LineClient(addresses.raw_echo, exchange=False, pid=addresses.echo_pid) as raw,
        LineClient(addresses.fields_echo, exchange=False) as fields,
    ):
        turns = {"server": server.pipelined, "echo": raw.pipelined, "fields_echo": fields.pipelined}
        reached = in_turns(turns, seconds, progress)
    return beside_echo(reached, "commands", "command") | {
        "fields_echo_per_second": rate(reached["fields_echo"]),
        "ratio_to_fields_echo": ratio(reached["server"], reached["fields_echo"]),
    }


def measure_ping_pong(addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure the time of single commands, beside an echo."""
    assert addresses.tcp is not None
    with (
        LineClient(addresses.tcp, exchange=True, pid=addresses.pid) as server,
        LineClient(addresses.raw_echo, exchange=False, pid=addresses.echo_pid) as echo,
    ):
        reached = in_turns({"server": server.ping_pong, "echo": echo.ping_pong}, seconds, progress)
    figures: Figures = beside_echo(reached, "commands", "command")
    for name, client in (("round_trip", server), ("echo", echo)):
        ordered = sorted(client.times)
        for part in (0.5, 0.99, 0.999):
            figures[f"{name}_us_p{part * 100:g}"] = percentile(ordered, part) / 1e3
    return figures
