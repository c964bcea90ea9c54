"""The kinds of settings that agents have beside the server's."""

import re
from collections.abc import Mapping
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from obctl.client.words import ORDER_TYPES, SIDES
from orderbook import OrderType, Side
from orderbook_server.config.kinds import Choice, Count, File, Flag, Kind

WORDS: Mapping[type[IntEnum], Mapping[str, IntEnum]] = {Side: SIDES, OrderType: ORDER_TYPES}


class Member(Choice):
    """A member of an enumeration, by its word."""

    def __init__(self, words: Mapping[str, IntEnum]) -> None:
        super().__init__(*words)
        self._members = words

    def of_text(self, text: str) -> IntEnum:
        """Take a word in either case."""
        return self._members[self.of_toml(text, Path())]

    def to_toml(self, value: IntEnum) -> str:
        """Write the word."""
        return next(word for word, member in self._members.items() if member is value)


class Decimals(Kind):
    """A number with decimals, exact, not negative."""

    metavar = "X.Y"

    def of_text(self, text: str) -> Fraction:
        """Take a decimal number."""
        if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text):
            raise ValueError(f"{text!r} must be a decimal number, such as 0.25")
        return Fraction(text)

    def to_toml(self, value: Fraction) -> str:
        """Write it with as many decimals as it takes."""
        return f"{float(value):g}"


class Text(Kind):
    """Any text that can be printed."""

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    def of_text(self, text: str) -> str:
        """Take it as it is."""
        if not text.isprintable():
            raise ValueError(f"{text!r} must have printable characters alone")
        return text


class Token(Kind):
    """A token, which no message tells."""

    metavar = "TOKEN"

    def of_text(self, text: str) -> str:
        """Take it as it is, if a call can carry it."""
        from agents.gateways.grpc.messages import metadata  # gRPC is not loaded for help

        metadata(text)
        return text


class ServerPlace(Kind):
    """Where a server is. It stays a text, which is known to be good."""

    metavar = "HOST:PORT"

    def of_text(self, text: str) -> str:
        """Take HOST:PORT with or without a scheme."""
        from agents.gateways.grpc.channel import Endpoint  # gRPC is not loaded for help

        Endpoint.parse(text)
        return text


class ReadableFile(File):
    """A file that is there to be read."""

    def of_text(self, text: str) -> Path:
        """Take the path of a file."""
        path: Path = super().of_text(text)
        try:
            path.open("rb").close()
        except OSError as error:
            raise ValueError(f"{text!r} cannot be read: {error.strerror}") from error
        return path


def kind_for(hint: Any, *, minimum: int, maximum: int) -> Kind:
    """Return the kind of a field, by its type; an integer's range is given."""
    if isinstance(hint, UnionType):
        hint = get_args(hint)[0]
    if hint is bool:
        return Flag()
    if hint is int:
        return Count(minimum, maximum)
    return Member(WORDS[hint]) if hint in WORDS else {Fraction: Decimals()}[hint]
