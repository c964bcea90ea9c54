"""When the slices of a TWAP cycle go out, and how much shall have been traded with each."""

from itertools import accumulate
from random import Random
from typing import NamedTuple

from agents.strategies.twap_settings import TwapSettings


class Slice(NamedTuple):
    """One slice. delay_ns: from the beginning of the cycle; goal: lots to be traded by it and those before, in all."""

    delay_ns: int
    goal: int


def schedule(settings: TwapSettings, random: Random) -> list[Slice]:
    """Return the slices of a cycle, in order; the jitter is drawn from `random`.

    A slice has two goals at its ends: each is moved by half of what the slice may vary at most. So it is up to twice
    its size or as small as nothing, and no goal lies behind the next.
    """
    interval, total = settings.slice_interval_ns, settings.total_quantity
    delay_max = interval * settings.time_jitter_percent // 100
    sizes = [settings.slice_quantity] * settings.slice_count
    sizes[-1] -= sum(sizes) - total
    slices = []
    for number, goal in enumerate(accumulate(sizes)):
        delay = number * interval + random.randint(0, delay_max)
        smaller = min(sizes[number : number + 2])  # of the two that this goal is between
        shift_max = smaller * settings.size_jitter_percent // 200 if goal < total else 0
        slices.append(Slice(delay, goal + random.randint(-shift_max, shift_max)))
    return slices
