"""When the slices of a TWAP cycle go out, and how much shall have been traded with each."""

from random import Random
from typing import NamedTuple

from agents.strategies.twap_settings import TwapSettings


class Slice(NamedTuple):
    """One slice. delay_ns: from the beginning of the cycle; goal: lots to be traded by it and those before, in all."""

    delay_ns: int
    goal: int


def schedule(settings: TwapSettings, random: Random) -> list[Slice]:
    """Return the slices of a cycle, in order; the jitter is drawn from `random`.

    A goal is moved by half a slice at most, so that a slice is up to twice its size or as small as nothing, and no
    goal lies behind the next.
    """
    interval, size = settings.slice_interval_ns, settings.slice_quantity
    delay_max = interval * settings.time_jitter_percent // 100
    shift_max = size * settings.size_jitter_percent // 200
    slices = []
    for number in range(settings.slice_count):
        delay = number * interval + random.randint(0, delay_max)
        goal = min(settings.total_quantity, (number + 1) * size + random.randint(-shift_max, shift_max))
        slices.append(Slice(delay, goal))
    slices[-1] = slices[-1]._replace(goal=settings.total_quantity)
    return slices
