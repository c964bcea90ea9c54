"""What it costs that nothing acknowledged is ever lost, in parts: `python -m asv_benchmarks.durability [PART ...]`.

What each part measures is in asv_benchmarks/README.md. Without a part, all are measured, which takes some minutes.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from obctl.bench.report import number_text

from .disk import Row, measure_disk
from .rates import measure_latency, measure_rates
from .recovery import measure_bytes, measure_recovery, measure_snapshot
from .waiting import measure_waiting

Measure = Callable[[argparse.Namespace], list[Row]]
PARTS: dict[str, Measure] = {
    "disk": lambda options: measure_disk(options.folder, options.seconds),
    "rates": lambda options: measure_rates(options.folder, options.seconds),
    "latency": lambda options: measure_latency(options.folder, options.seconds),
    "recovery": lambda options: measure_recovery(options.folder, options.commands),
    "snapshot": lambda options: measure_snapshot(options.folder, options.orders),
    "waiting": lambda options: measure_waiting(options.folder, options.orders, options.snapshots),
    "bytes": lambda options: measure_bytes(options.folder, min(options.commands, 100_000)),
}


def main() -> None:
    """Print a table for each part, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m asv_benchmarks.durability", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)}")
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="on the disk to be measured; default: the current one"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="for each server and line; default: %(default)s")
    parser.add_argument("--commands", type=int, default=4_000_000, help="in a journal; default: %(default)s")
    parser.add_argument("--orders", type=int, default=1_000_000, help="that rest; default: %(default)s")
    parser.add_argument("--snapshots", type=int, default=5, help="that are taken meanwhile; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    measured: dict[str, list[Row]] = {}
    for name in options.parts or PARTS:
        began = time.monotonic()
        measured[name] = PARTS[name](options)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        if not options.json:
            print_rows(name, measured[name])
    if options.json:
        print(json.dumps(measured, indent=2))


def print_rows(name: str, rows: list[Row]) -> None:
    """Print a part's table to standard output."""
    table = Table(title=name, title_justify="left", box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(
            *(
                value if isinstance(value, str) else "–" if value is None else number_text(value)
                for value in row.values()
            )
        )
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200).print(table)


if __name__ == "__main__":
    main()
