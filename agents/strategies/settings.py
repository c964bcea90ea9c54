"""The settings of strategies: dataclasses whose fields know what they mean, so that options, environment and
documentation are made from one place."""

from dataclasses import Field, field, fields
from typing import Any

U64_MAX = 2**64 - 1
NS_PER_MILLI = 1_000_000


def setting(default: Any, help_text: str, *, minimum: int = 0, maximum: int = U64_MAX) -> Any:
    """Return a dataclass field: what `--help` says of it, and the range that an integer of it may have."""
    return field(default=default, metadata={"help": help_text, "minimum": minimum, "maximum": maximum})


class SettingsError(ValueError):
    """A setting is wrong. field: its name, as the dataclass has it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.field = name
        self.problem = problem


def check_ranges(settings: Any) -> None:
    """Raise SettingsError for the first integer field that is out of its range."""
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if isinstance(value, int) and not isinstance(value, bool) and "minimum" in entry.metadata:
            _check_range(entry, value)


def _check_range(entry: Field[Any], value: int) -> None:
    low, high = entry.metadata["minimum"], entry.metadata["maximum"]
    if not low <= value <= high:
        top = "2^64-1" if high == U64_MAX else str(high)
        raise SettingsError(entry.name, f"is {value}, and must be {low} to {top}")
