"""Contestants take short turns, so that a noisy machine hurts them alike; medians are what counts."""

from collections.abc import Callable, Sequence
from statistics import median

TURN_SECONDS = 0.25
ROUNDS_MIN = 5

Turn = Callable[[float], float]  # do your work for so many seconds, and return what came of it
Progress = Callable[[float], None]  # told which part of a measurement is done, 0 to 1


def nobody(part: float) -> None:
    """Show no progress."""


def in_turns(contestants: dict[str, Turn], seconds: float, progress: Progress = nobody) -> dict[str, list[float]]:
    """Return what each contestant reached in each round.

    The rounds take about so many seconds together. Each begins with another contestant; one before them is not counted.
    """
    turn_seconds = min(TURN_SECONDS, seconds / (ROUNDS_MIN * len(contestants)))
    rounds = round(seconds / (turn_seconds * len(contestants)))
    reached: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds + 1):
        for name in names:
            result = contestants[name](turn_seconds)
            if number:
                reached[name].append(result)
        names.append(names.pop(0))
        progress(number / rounds)
    return reached


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the value that this part of the ordered values does not exceed."""
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def sub_progress(progress: Progress, number: int, of: int) -> Progress:
    """Return the progress of one of several parts."""
    return lambda part: progress((number + part) / of)
