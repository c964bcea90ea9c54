"""From the tables of a TOML file to dataclasses: names and types are those of the fields."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from agents.strategies import SettingsError

Made = TypeVar("Made")


class ConfigError(ValueError):
    """A configuration is wrong. The message names the table and the key, behind a file its name too."""


def _number(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise TypeError("a number")
    return Fraction(value)


def _decimal(value: object) -> Decimal | int | str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError("a number")
    return value


def _member_of(kind: type[IntEnum]) -> Callable[[object], IntEnum]:
    words = {name.lower(): member for name, member in kind.__members__.items()}

    def member(value: object) -> IntEnum:
        if not isinstance(value, str) or value not in words:
            raise TypeError("one of " + ", ".join(f'"{word}"' for word in words))
        return words[value]

    return member


def _exactly(kind: type, description: str) -> Callable[[object], object]:
    def same(value: object) -> object:
        if type(value) is not kind:
            raise TypeError(description)
        return value

    return same


def _reader(hint: Any) -> Callable[[object], Any]:
    """Return what takes a TOML value for a field of this type; it raises TypeError with what it must be."""
    if isinstance(hint, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return _decimal if Decimal in kinds else _reader(kinds[0])
    if issubclass(hint, IntEnum):
        return _member_of(hint)
    readers: dict[type, Callable[[object], Any]] = {
        bool: _exactly(bool, "true or false"),
        int: _exactly(int, "a whole number"),
        str: _exactly(str, "a text"),
        Fraction: _number,
    }
    return readers[hint]


def _shown(value: object) -> str:
    """Return a value as people wrote it."""
    return str(value) if isinstance(value, Decimal) else repr(value)


def as_dataclass(kind: type[Made], table: Mapping[str, object], where: str) -> Made:
    """Return a dataclass made of a table; `where` is the table's name, empty for the top of the file.

    Raise ConfigError for a key that is no field, a missing one, a value of another type, and what the class refuses.
    """
    place = f"{where}." if where else ""
    entries = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    values = {}
    for key, value in table.items():
        if key not in entries:
            raise ConfigError(f"{place}{key}: there is no such key; there are {', '.join(entries)}")
        try:
            values[key] = _reader(hints[key])(value)
        except TypeError as error:
            raise ConfigError(f"{place}{key}: {_shown(value)} must be {error}") from error
    for name, entry in entries.items():
        if name not in values and entry.default is MISSING:
            raise ConfigError(f"{place}{name}: is missing")
    try:
        return kind(**values)
    except SettingsError as error:
        raise ConfigError(f"{place}{error.field}: {error.problem}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{where or 'the file'}: {error}") from error
