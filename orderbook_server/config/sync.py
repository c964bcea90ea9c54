"""The setting `sync`: when what was journaled is put on the disk, and how that is written."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from orderbook_server.config.kinds import Kind, shown, string

INTERVAL_MS_MAX = 60_000


@dataclass(frozen=True, slots=True)
class Sync:
    """When the disk is told to keep what was written: always before an answer, at intervals, or never.

    mode: always, interval or never. interval_ms: milliseconds from one sync to the next, 0 in the other modes.
    """

    mode: str
    interval_ms: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read always, never or interval MS, in either case; ValueError where it is neither."""
        words = text.lower().split()
        if words in (["always"], ["never"]):
            return cls(words[0])
        if len(words) == 2 and words[0] == "interval" and re.fullmatch("[0-9]{1,5}", words[1], re.ASCII):
            interval_ms = int(words[1])
            if 1 <= interval_ms <= INTERVAL_MS_MAX:
                return cls("interval", interval_ms)
        raise ValueError(
            f"{shown(text)} must be always, never, or interval MS with MS from 1 to {INTERVAL_MS_MAX}, as interval 50"
        )

    def __str__(self) -> str:
        return f"{self.mode} {self.interval_ms}" if self.interval_ms else self.mode


class Syncing(Kind):
    """A Sync."""

    metavar = "always|interval MS|never"
    words = ("always", "interval", "never")

    def of_toml(self, value: object, folder: Path) -> Sync:
        """Take its words as one string."""
        return Sync.parse(string(value))

    def to_toml(self, value: Sync) -> str:
        """Write its words."""
        return str(value)
