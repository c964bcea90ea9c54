"""Clients that send as fast as they are answered: some connections, each with so many commands under way.

The flow of `obctl bench server`, an account's commands all on one connection. Lines are made before, and one thread
serves all connections; which part of the time it worked is noted, so that it shows where the client was the slower one.
"""

import select
import socket
import time
from functools import lru_cache
from itertools import accumulate
from types import TracebackType
from typing import Self

from obctl.bench import flow
from obctl.bench.tcp import RECEIVE_BYTES, TIMEOUT_SECONDS, LineClient
from obctl.bench.turns import Reached, Stopwatch
from orderbook_server.config import Address

from .servers import Running

ACCOUNT = 5  # its place among the fields of a command


@lru_cache(maxsize=3)
def streams(connections: int) -> list[tuple[memoryview, list[int]]]:
    """Return for each connection its lines in one piece, and where they begin and end."""
    parts: list[list[bytes]] = [[] for _ in range(connections)]
    for fields, line in zip(flow.commands(), flow.lines(), strict=True):
        parts[fields[ACCOUNT] % connections].append(line)
    return [(memoryview(b"".join(part)), list(accumulate(map(len, part), initial=0))) for part in parts]


class Member:
    """A connection, and its place in its lines."""

    def __init__(self, address: str, lines: tuple[memoryview, list[int]]) -> None:
        self.socket = socket.create_connection(Address.parse(address), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream, self.starts = lines
        self.place = 0
        self.sent_ns = 0

    def send(self, lines: int) -> None:
        """Send the next lines."""
        while lines:
            first = self.place
            last = min(first + lines, len(self.starts) - 1)
            self.socket.sendall(self.stream[self.starts[first] : self.starts[last]])
            self.place = last if last < len(self.starts) - 1 else 0
            lines -= last - first


class Crowd:
    """So many connections to a server. `times`: of single commands, in nanoseconds, where one is under way on each."""

    def __init__(self, server: Running, connections: int, in_flight: int) -> None:
        self.server = server
        self.in_flight = in_flight
        self.members = {}
        for lines in streams(connections):
            member = Member(server.tcp, lines)
            self.members[member.socket.fileno()] = member
        self.buffer = bytearray(RECEIVE_BYTES)
        self.times: list[int] = []
        self.worked = self.lasted = 0.0  # seconds

    def __enter__(self) -> Self:
        """Give the accounts what they need, which LineClient does, and leaves an empty book."""
        self.first = LineClient(self.server.tcp, exchange=True).__enter__()
        self.before = self.server.kept()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take back what rests, and part."""
        self.first.__exit__(kind, error, at)
        for member in self.members.values():
            member.socket.close()

    def turn(self, seconds: float) -> Reached:
        """Have commands answered."""
        members, receive, single, clock = self.members, self._receive, self.in_flight == 1, time.perf_counter_ns
        awaited = answered = 0
        with select.epoll() as poll:
            for descriptor in members:
                poll.register(descriptor, select.EPOLLIN)
            worked = time.process_time()
            watch = Stopwatch(self.server.pid)
            for member in members.values():
                member.sent_ns = clock()
                member.send(self.in_flight)
                awaited += self.in_flight
            going_on = True
            while awaited:
                for descriptor, _ in poll.poll():
                    member = members[descriptor]
                    size = receive(member)
                    awaited -= size
                    answered += size
                    if single:
                        now = clock()
                        self.times.append(now - member.sent_ns)
                        member.sent_ns = now
                    if going_on:
                        member.send(size)
                        awaited += size
                going_on = watch.seconds < seconds
            self.lasted += watch.seconds
            self.worked += time.process_time() - worked
            return watch.reached(answered)

    def _receive(self, member: Member) -> int:
        """Return how many answers came."""
        size = member.socket.recv_into(self.buffer)
        if not size:
            raise ConnectionError("the server closed the connection")
        return self.buffer.count(b"\n", 0, size)
