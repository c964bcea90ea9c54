r"""Golden transcripts: what several connections send, and everything that each of them reads.

    # …                         the first line says what the transcript is about
    ! instrument SYMBOL [FIELD=VALUE]…    one of the exchange's instruments, in order; without any, the default one
    ! token TOKEN ROLE ACCOUNTS           tokens are asked for; ACCOUNTS are numbers, or all
    ! event_capacity NUMBER               and likewise line_bytes_max

    > TEXT                      a line that is sent
    > TEXT…                     a piece of a line, without an end: the next one goes on with it
    < TEXT                      a line that is read because of what was sent last; nothing may be left out
    ends COUNT                  the connection ends, and takes so many orders with it
    closed REASON               the server would close the connection, and why
    halt SYMBOL, resume SYMBOL  the operator does so

@NAME in front of these names the connection, where there are several. A line that is sent may have Python's escapes
(\t, \r, \x00), and x{1000} for a character many times over.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orderbook import Instrument, SelfTradePrevention
from orderbook_server.auth import Access

from .line_implementations import VERSION, Implementation, drained

STEP = re.compile(r"(?:@(\w+) )?([<>]|ends|closed|halt|resume)(?: (.*))?")
REPEATED = re.compile(r"(.)\{(\d+)\}")
Delivery = Callable[[bytes], list[bytes]]


class Step(NamedTuple):
    """Something that happens. `data` is what is sent, `argument` the rest of another line; `read` is by connection."""

    connection: str
    action: str
    argument: str
    data: bytes
    read: dict[str, bytes]


@dataclass
class Script:
    """A transcript that was parsed."""

    about: str = ""
    instruments: list[Instrument] = field(default_factory=list)
    tokens: dict[str, Access] = field(default_factory=dict)
    settings: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def sent(text: str) -> bytes:
    """Return the bytes of a line that is sent."""
    text = REPEATED.sub(lambda match: match[1] * int(match[2]), text)
    piece = text.removesuffix("…")
    data = piece.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return data if piece != text else data + b"\n"


def instrument_of(symbol: str, *options: str) -> Instrument:
    """Return an instrument with the limits, or the prevention, that the options name."""
    values: dict[str, Any] = dict(option.split("=") for option in options)
    limits = {name: SelfTradePrevention[text] if text.isupper() else int(text) for name, text in values.items()}
    return Instrument(symbol, *symbol.split("-"), **limits)


def parse(text: str) -> Script:
    """Return a transcript's script."""
    script = Script(about=text.splitlines()[0])
    for line in text.splitlines():
        if line.startswith("! "):
            _set(script, *line[2:].split())
        elif line and not line.startswith("#"):
            _add(script, line)
    return script


def _set(script: Script, name: str, *values: str) -> None:
    if name == "instrument":
        script.instruments.append(instrument_of(*values))
    elif name == "token":
        token, role, accounts = values
        owned = None if accounts == "all" else frozenset(map(int, accounts.split(",")))
        script.tokens[token] = Access(role, token, owned)
    else:
        script.settings[name] = int(*values)


def _add(script: Script, line: str) -> None:
    match = STEP.fullmatch(line)
    assert match, f"what is {line!r}?"
    connection, action, argument = match[1] or "", match[2], match[3] or ""
    if action == "<":
        read = script.steps[-1].read
        read[connection] = read.get(connection, b"") + argument.encode() + b"\n"
    else:
        script.steps.append(Step(connection, action, argument, sent(argument) if action == ">" else b"", {}))


def glued(steps: list[Step]) -> list[Step]:
    """Return the steps with all that one connection sends in a row as one."""
    found: list[Step] = []
    for step in steps:
        if found and (step.action, step.connection) == (">", found[-1].connection) and found[-1].action == ">":
            last = found.pop()
            both = [*last.read.items(), *step.read.items()]
            read = {name: b"".join(text for reader, text in both if reader == name) for name, _ in both}
            step = last._replace(argument=f"{last.argument} | {step.argument}", data=last.data + step.data, read=read)
        found.append(step)
    return found


class Stage:
    """An exchange with connections of one implementation, on which a script is played."""

    def __init__(self, script: Script, implementation: Implementation, **settings: int) -> None:
        capacity = script.settings.get("event_capacity", 1024)
        self.exchange = implementation.exchange(script.instruments or None, event_capacity=capacity)
        self.sequencer = implementation.sequencer(self.exchange)
        self.implementation = implementation
        own = {name: value for name, value in script.settings.items() if name != "event_capacity"}
        self.settings = {**own, **settings}
        self.authenticate = script.tokens.get if script.tokens else None
        self.sessions: dict[str, Any] = {}

    def session(self, name: str) -> Any:
        """Return a connection, a new one where there is none of the name."""
        if name not in self.sessions:
            arguments = {"version": VERSION, "authenticate": self.authenticate, **self.settings}
            self.sessions[name] = self.implementation.session(self.sequencer, **arguments)
        return self.sessions[name]

    def send(self, name: str, packets: list[bytes]) -> dict[str, bytes]:
        """Let a connection send packets and return what each of the connections reads, where it reads anything."""
        read: defaultdict[str, bytes] = defaultdict(bytes)
        for packet in packets:
            read[name] += drained(self.session(name), self.session(name).receive(packet))
            self._tell_all(read)
        return {reader: text for reader, text in read.items() if text}

    def _tell_all(self, read: dict[str, bytes]) -> None:
        for name, session in self.sessions.items():
            read[name] += drained(session)

    def do(self, step: Step, deliver: Delivery) -> dict[str, bytes]:
        """Let a step happen and return what is read because of it."""
        if step.action == ">":
            return self.send(step.connection, deliver(step.data))
        if step.action == "closed":
            assert self.session(step.connection).closed == step.argument
        elif step.action == "ends":
            assert self.sessions.pop(step.connection).end() == int(step.argument)
        else:
            getattr(self.exchange, step.action)(step.argument)
        return self.send(step.connection, []) if step.action == "closed" else self._read_by_all()

    def _read_by_all(self) -> dict[str, bytes]:
        read: defaultdict[str, bytes] = defaultdict(bytes)
        self._tell_all(read)
        return {reader: text for reader, text in read.items() if text}


def in_one(data: bytes) -> list[bytes]:
    """Deliver it in one packet."""
    return [data]


def byte_by_byte(data: bytes) -> list[bytes]:
    """Deliver every byte in a packet of its own."""
    return [data[position : position + 1] for position in range(len(data))]


def cut_at(position: int) -> Delivery:
    """Return what delivers in two packets, cut at a position; those that are shorter are in one."""
    return lambda data: [data[:position], data[position:]] if position < len(data) else [data]


def lengths(steps: list[Step]) -> Iterator[int]:
    """Yield how many bytes each of the steps sends."""
    return (len(step.data) for step in steps)
