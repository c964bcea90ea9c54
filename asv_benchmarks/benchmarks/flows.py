"""The order flow that the benchmarks share, and how a figure is taken from several runs."""

import time
from collections.abc import Callable
from functools import lru_cache
from statistics import median
from typing import Any

import numpy

import orderbook
from obctl.flow import generate

MIXES = ("balanced", "aggressive", "sparse", "cancels")
COMMANDS = 2_000_000
SEED = 1
RUNS = 7


@lru_cache(maxsize=1)
def flow(mix: str, commands: int = COMMANDS) -> numpy.ndarray:
    """Return command records of a mix, the same in every run."""
    return numpy.frombuffer(generate.commands(mix, commands, seed=SEED), orderbook.COMMAND_DTYPE)


def ns_per_command(engine: Any, commands: numpy.ndarray) -> float:
    """Return the time of one batch by its commands."""
    began = time.perf_counter_ns()
    engine.process(commands)
    return (time.perf_counter_ns() - began) / len(commands)


def middle(measure: Callable[[], float], runs: int = RUNS) -> float:
    """Return the median of several runs of a measurement, each from a fresh start."""
    return median(measure() for _ in range(runs))
