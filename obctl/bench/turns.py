"""Contestants take short turns, so that a noisy machine hurts them alike; medians are what counts."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

TURN_SECONDS = 0.25
ROUNDS_MIN = 5
CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the clock of what a process has run

Figures = dict[str, float | None]  # by name, which ends in the unit


class Reached(NamedTuple):
    """What came of a turn: things done per second, and microseconds that the measured process ran for each of them.

    The latter is None where it cannot be known. It tells what a core bears, also where others keep the cores busy.
    """

    per_second: float
    cpu_us: float | None


Turn = Callable[[float], Reached]  # do your work for so many seconds
Progress = Callable[[float], None]  # told which part of a measurement is done, 0 to 1


def nobody(part: float) -> None:
    """Show no progress."""


class Stopwatch:
    """Measures from where it is made."""

    def __init__(self, pid: int | None = None) -> None:
        self.pid = pid
        self.cpu = cpu_seconds(pid)
        self.began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.perf_counter() - self.began

    def reached(self, count: int) -> Reached:
        """Return what it means that so many things were done."""
        seconds, cpu = self.seconds, cpu_seconds(self.pid)
        cpu_us = (cpu - self.cpu) * 1e6 / count if cpu is not None and self.cpu is not None else None
        return Reached(count / seconds, cpu_us)


def cpu_seconds(pid: int | None) -> float | None:
    """Return how long a process has run on any core; None where that cannot be known (not ours, or not Linux)."""
    if pid is None or sys.platform != "linux":
        return None
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)  # clock_getcpuclockid(3), which Python does not have


def in_turns(contestants: Mapping[str, Turn], seconds: float, progress: Progress = nobody) -> dict[str, list[Reached]]:
    """Return what each contestant reached in each round.

    The rounds take about so many seconds together. Each begins with another contestant; one before them is not counted.
    """
    turn_seconds = min(TURN_SECONDS, seconds / (ROUNDS_MIN * len(contestants)))
    rounds = round(seconds / (turn_seconds * len(contestants)))
    reached: dict[str, list[Reached]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds + 1):
        for name in names:
            result = contestants[name](turn_seconds)
            if number:
                reached[name].append(result)
        names.append(names.pop(0))
        progress(number / rounds)
    return reached


def rate(rounds: Sequence[Reached]) -> float:
    """Return the median of things per second."""
    return median(reached.per_second for reached in rounds)


def cpu_us(rounds: Sequence[Reached]) -> float | None:
    """Return the median of microseconds of CPU for each thing, None where they are not known."""
    known = [reached.cpu_us for reached in rounds if reached.cpu_us is not None]
    return median(known) if known else None


def ratio(ours: Sequence[Reached], theirs: Sequence[Reached]) -> float:
    """Return the median of the rounds' ratios."""
    return median(one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True))


def beside_echo(reached: Mapping[str, Sequence[Reached]], things: str, thing: str, suffix: str = "") -> Figures:
    """Return the figures of a server and of the echo beside it, by names that say what was counted."""
    server, echo = reached["server"], reached["echo"]
    return {
        f"{things}_per_second{suffix}": rate(server),
        f"server_cpu_us_per_{thing}{suffix}": cpu_us(server),
        f"echo_per_second{suffix}": rate(echo),
        f"echo_cpu_us_per_{thing}{suffix}": cpu_us(echo),
        f"ratio_to_echo{suffix}": ratio(server, echo),
    }


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the value that this part of the ordered values does not exceed."""
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def part_of(progress: Progress, number: int, parts: int) -> Progress:
    """Return the progress of one of several equal parts."""
    return lambda part: progress((number + part) / parts)
