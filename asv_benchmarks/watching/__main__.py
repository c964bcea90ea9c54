"""What many who watch cost the server, and those who trade on it: `python -m asv_benchmarks.watching`.

What the figures mean is in asv_benchmarks/README.md. Exit status 3: somebody did not end with the engine's book.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from asv_benchmarks.durability.servers import EVENTS, running
from obctl.bench.processes import FREE
from obctl.bench.report import number_text

from .contest import Measured, Options, measure

SERVERS = ("memory", "always")
LISTENERS = ("--grpc", FREE, "--http", FREE)
WRONG = 3


def main() -> None:
    """Print a table with a column for each server, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m asv_benchmarks.watching", description=__doc__.partition("\n")[0])
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"{' or '.join(SERVERS)}; default: both")
    parser.add_argument("--seconds", type=float, default=30.0, help="of a turn; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="of two turns each; default: %(default)s")
    parser.add_argument("--clients", type=int, default=20, help="that watch; default: %(default)s")
    parser.add_argument("--events", type=int, default=10_000, help="per second; default: %(default)s")
    parser.add_argument("--folder", type=Path, default=Path(), help="for the journal; default: the current one")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the figures of each round")
    options = parser.parse_args()
    if unknown := set(options.servers) - set(SERVERS):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    wanted = Options(options.seconds, options.rounds, options.clients, options.events)
    measured = {name: measure_server(name, options.folder, wanted) for name in options.servers or SERVERS}
    if options.json:
        print(json.dumps({name: found._asdict() for name, found in measured.items()}, indent=2))
    else:
        print_figures(measured)
    wrong = [f"{name}: {problem}" for name, found in measured.items() for problem in found.wrong]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        sys.exit(WRONG)


def measure_server(name: str, folder: Path, options: Options) -> Measured:
    """Run a server that keeps nothing, or all, and measure it."""
    with ExitStack() as stack:
        kept: tuple[str, ...] = ("--in-memory",)
        if name != "memory":
            kept = ("--data-dir", stack.enter_context(tempfile.TemporaryDirectory(dir=folder)), "--sync", name)
        server = stack.enter_context(running(*EVENTS, *LISTENERS, *kept))
        return measure(server, options, lambda text: print(f"{name}: {text}", file=sys.stderr))


def print_figures(measured: dict[str, Measured]) -> None:
    """Print a line for each figure."""
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    for name in measured:
        table.add_column(name, justify="right")
    first, *_ = measured.values()
    for figure in first.figures:
        values = (found.figures[figure] for found in measured.values())
        table.add_row(figure.replace("_", " "), *(number_text(value) for value in values))
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    main()
