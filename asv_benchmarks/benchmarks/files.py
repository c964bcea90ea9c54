"""Files: commands per second of `obctl replay`, end to end in a process of its own."""

import json
import time
from pathlib import Path

from obctl.flow.generate import Generator
from obctl.flow.write_flow import write_flow

from .flows import SEED, middle
from .lobster import write_lobster
from .processes import run_python

COMMANDS = {"bin": 8_000_000, "csv": 2_000_000, "lobster": 1_000_000}


class Replay:
    """`obctl replay FILE --json` on the balanced mix, the file in the page cache."""

    params = tuple(COMMANDS)
    param_names = ("format",)
    timeout = 600

    def setup_cache(self) -> dict[str, str]:
        """Write the files once; return their paths."""
        paths = {name: str(Path(f"balanced_message_1.{name}").resolve()) for name in COMMANDS}
        for name in ("bin", "csv"):
            write_flow(paths[name], Generator("balanced", commands=COMMANDS[name], seed=SEED), name, lambda done: None)
        write_lobster(Path(paths["lobster"]), COMMANDS["lobster"])
        return paths

    setup_cache.timeout = 600

    def track_rows_per_second(self, paths: dict[str, str], name: str) -> float:
        """Return what the summary reports: from opening the file to the last row."""
        return middle(lambda: self.replay(paths[name], name)[0], runs=3)

    def track_rows_per_second_of_the_process(self, paths: dict[str, str], name: str) -> float:
        """Return the same over the whole process: the interpreter's start, imports and the state hash included."""
        return middle(lambda: self.replay(paths[name], name)[1], runs=3)

    track_rows_per_second.unit = track_rows_per_second_of_the_process.unit = "rows/s"

    @staticmethod
    def replay(path: str, name: str) -> tuple[float, float]:
        began = time.perf_counter()
        printed = run_python("-m", "obctl", "replay", path, "--format", name, "--json")
        seconds = time.perf_counter() - began
        summary = json.loads(printed)
        return summary["rows"] / summary["seconds"], summary["rows"] / seconds
