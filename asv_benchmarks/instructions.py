"""Instructions, cache misses and mispredicted branches per command: `python -m asv_benchmarks.instructions [COMMANDS]`.

Callgrind counts what one process executes; the difference between a run of N commands and one of none, both of which
load the same flow, is what `process` itself executes. Counts do not depend on the machine's load; the caches are the
simulated ones of callgrind (`--cache-sim`), of the size of this machine's. Needs valgrind on the path.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from obctl.flow import generate
from obctl.flow.generate import MIXES

COMMANDS_DEFAULT = 200_000
RUN = """
import sys
from orderbook import MatchingEngine, as_commands
with open(sys.argv[1], "rb") as file:
    data = memoryview(file.read())
engine = MatchingEngine()
engine.process(as_commands(data[:48 * int(sys.argv[2])]))
"""
FIGURES = {  # column: the callgrind events that add up to it
    "instructions": ("Ir",),
    "first-level misses": ("D1mr", "D1mw"),
    "last-level misses": ("DLmr", "DLmw"),
    "branches": ("Bc", "Bi"),
    "mispredicted": ("Bcm", "Bim"),
}


def counts(flow: Path, commands: int) -> dict[str, int]:
    """Return callgrind's totals for a process that runs the first so many commands of a flow."""
    out = flow.with_suffix(".callgrind")
    tool = ["valgrind", "--tool=callgrind", "--cache-sim=yes", "--branch-sim=yes", f"--callgrind-out-file={out}"]
    done = subprocess.run([*tool, sys.executable, "-c", RUN, flow, str(commands)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"valgrind failed:\n{done.stderr}")
    text = out.read_text()
    names = re.search(r"^events: (.*)$", text, re.MULTILINE)
    totals = re.search(r"^(?:totals|summary): (.*)$", text, re.MULTILINE)
    assert names is not None, "callgrind writes it"
    assert totals is not None, "callgrind writes it"
    return dict(zip(names[1].split(), map(int, totals[1].split()), strict=True))


def per_command(mix: str, commands: int, folder: Path) -> dict[str, float]:
    """Return each figure per command of a mix."""
    flow = folder / f"{mix}.bin"
    flow.write_bytes(generate.commands(mix, commands))
    some, none = counts(flow, commands), counts(flow, 0)
    return {name: sum(some[event] - none[event] for event in events) / commands for name, events in FIGURES.items()}


def main() -> None:
    """Print a table, one mix a row."""
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: it does the counting")
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS_DEFAULT
    print(f"| per command, of {commands:,} | " + " | ".join(FIGURES) + " |")
    print("|---|" + "--:|" * len(FIGURES))
    with tempfile.TemporaryDirectory() as folder:
        for mix in MIXES:
            figures = per_command(mix, commands, Path(folder))
            print(f"| {mix} | " + " | ".join(f"{figure:.2f}" for figure in figures.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
