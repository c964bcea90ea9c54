"""The kinds of settings: how their values are written as text and in TOML.

A kind turns what it is given into the setting's value or raises ValueError, which says what would be right.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderbook_server.config.address import Address

COUNT_MAX = 2**31 - 1  # what C interfaces take
SECONDS_MAX = 366 * 86_400
WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Kind:
    """How values of one kind are written; `metavar` stands for one in help, `words` are those that it knows."""

    metavar = "VALUE"
    words: tuple[str, ...] = ()

    def of_text(self, text: str) -> Any:
        """Return the value that an option or environment variable gives."""
        return self.of_toml(text, Path())

    def of_toml(self, value: object, folder: Path) -> Any:
        """Return the value that a TOML file in a folder gives; decimals come as Decimal."""
        raise NotImplementedError

    def to_toml(self, value: Any) -> object:
        """Return a value as TOML has it: a bool, int, float, str, or None for a key that is left out."""
        return value


class Listener(Kind):
    """An Address, or None for no listener."""

    metavar = "HOST:PORT"
    words = ("none",)

    def of_toml(self, value: object, folder: Path) -> Address | None:
        """Take HOST:PORT, or none in either case."""
        text = string(value)
        return None if text.lower() == "none" else Address.parse(text)

    def to_toml(self, value: Address | None) -> str:
        """Write HOST:PORT or none."""
        return "none" if value is None else str(value)


class Count(Kind):
    """A whole number in a range."""

    metavar = "N"

    def __init__(self, minimum: int = 1, maximum: int = COUNT_MAX) -> None:
        self.minimum, self.maximum = minimum, maximum

    def of_text(self, text: str) -> int:
        """Take digits."""
        return self.of_toml(int(text) if re.fullmatch("[0-9]{1,20}", text) else text, Path())

    def of_toml(self, value: object, folder: Path) -> int:
        """Take an integer."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            raise ValueError(f"{shown(value)} must be a whole number from {self.minimum} to {self.maximum}")
        return value


class Seconds(Kind):
    """A time in seconds, fractions too."""

    metavar = "SECONDS"

    def __init__(self, *, zero: bool = False) -> None:
        self.zero = zero

    def of_text(self, text: str) -> float:
        """Take a decimal number."""
        number = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
        return self.of_toml(Decimal(text) if number else text, Path())

    def of_toml(self, value: object, folder: Path) -> float:
        """Take an integer or a decimal."""
        number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        seconds = float(str(value)) if number else -1.0
        if not 0 <= seconds <= SECONDS_MAX:  # so it is with NaN
            raise ValueError(f"{shown(value)} must be a number of seconds, up to {SECONDS_MAX}")
        if seconds == 0 and not self.zero:
            raise ValueError("must be above 0 seconds")
        return seconds

    def to_toml(self, value: float) -> float | int:
        """Write whole seconds without a fraction."""
        return int(value) if value == int(value) else value


class File(Kind):
    """A file to read. A path in a TOML file begins at that file's folder."""

    metavar = "FILE"

    def of_toml(self, value: object, folder: Path) -> Path:
        """Take a path."""
        text = string(value)
        if not text or not text.isprintable():
            raise ValueError(f"{text!r} must be a path of printable characters")
        return folder / text

    def to_toml(self, value: Path | None) -> str | None:
        """Write the whole path, which is good wherever it is read."""
        return None if value is None else str(value.absolute())


class Folder(File):
    """A folder, which need not be there. A path in a TOML file begins at that file's folder."""

    metavar = "DIR"


class Flag(Kind):
    """On or off."""

    metavar = ""

    def of_text(self, text: str) -> bool:
        """Take one of the usual words, in either case."""
        return self.of_toml(WORDS.get(text.lower(), text), Path())

    def of_toml(self, value: object, folder: Path) -> bool:
        """Take true or false."""
        if not isinstance(value, bool):
            raise ValueError(f"{shown(value)} must be true or false")
        return value


class Choice(Kind):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.metavar = "|".join(words)

    def of_toml(self, value: object, folder: Path) -> str:
        """Take a word in either case."""
        word = string(value).lower()
        if word not in self.words:
            raise ValueError(f"{shown(value)} must be {', '.join(self.words[:-1])} or {self.words[-1]}")
        return word


def string(value: object) -> str:
    """Return a value that must be a string."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} must be a string")
    return value


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
