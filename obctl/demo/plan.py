"""What a demo is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """addresses: {listener: address} of those that were named; seconds: None is for ever; noise: how many traders."""

    addresses: Mapping[str, str]
    seconds: int | None
    noise: int
    seed: int
