"""Batches: `engine.process` on 2,000,000 commands in memory, and the latency of a single command."""

from pathlib import Path
from types import ModuleType

import pyximport

from orderbook import MatchingEngine

from .flows import MIXES, flow, middle, ns_per_command


def import_latency() -> ModuleType:
    """Return the timer, compiled if it is not yet; what is compiled is kept in the current folder."""
    pyximport.install(build_dir=str(Path("compiled").resolve()), language_level=3)
    from . import latency

    return latency


class Process:
    """`process` with fills recorded and events held, from an empty book."""

    params = MIXES
    param_names = ("mix",)
    timeout = 300

    def setup(self, mix: str) -> None:
        """Make the flow."""
        self.commands = flow(mix)

    def track_ns_per_command(self, mix: str) -> float:
        """Return the median over seven fresh engines; the time includes the faults of memory touched first."""
        return middle(lambda: ns_per_command(MatchingEngine(), self.commands))

    track_ns_per_command.unit = "ns"


class Latency:
    """A single command through the C-level door, timed in C, with the cost of reading the clock in it.

    No command is known ahead here, so nothing is prefetched: it is slower than a batch's average.
    """

    params = (MIXES, (50.0, 99.0, 99.9, 99.99))
    param_names = ("mix", "percentile")
    timeout = 300

    def setup_cache(self) -> None:
        """Build the timer, once, in the folder that the benchmarks run in."""
        import_latency()

    def setup(self, mix: str, percentile: float) -> None:
        """Make the flow."""
        latency = import_latency()

        self.percentile_of_run = latency.percentile_of_run
        self.commands = flow(mix).view("u1")

    def track_ns(self, mix: str, percentile: float) -> float:
        """Return the percentile over 2,000,000 commands, the median over seven fresh engines."""
        return middle(lambda: self.percentile_of_run(MatchingEngine(), self.commands, percentile))

    track_ns.unit = "ns"
