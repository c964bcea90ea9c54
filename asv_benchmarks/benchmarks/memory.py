"""Bytes per resting order and per price level: the growth of resident memory, each in a fresh process.

`python -m asv_benchmarks.benchmarks.memory` prints the table of docs/memory.md.
"""

from . import resident
from .processes import run_python
from .resident import ORDERS, SHAPES


def measured(shape: str) -> tuple[int, int]:
    """Measure in a fresh process."""
    grown, levels = map(int, run_python(resident.__file__, shape).split())
    return grown, levels


class Orders:
    """A book of 1,000,000 orders; resident memory, so with what doubling and huge pages leave unused but touched."""

    params = tuple(SHAPES)
    param_names = ("prices",)
    timeout = 300

    def track_bytes_per_order(self, shape: str) -> float:
        """Return all memory of the book by its orders."""
        return measured(shape)[0] / ORDERS

    track_bytes_per_order.unit = "bytes"


class Levels:
    """The same books, where each order has its own price: fewer levels drown in pages."""

    params = tuple(shape for shape in SHAPES if shape.endswith("one order each"))
    param_names = ("prices",)
    timeout = 300

    def track_bytes_per_level(self, shape: str) -> float:
        """Return what the book takes more than with all orders at one price, by its levels."""
        grown, levels = measured(shape)
        return (grown - measured("one price")[0]) / levels

    track_bytes_per_level.unit = "bytes"


def main() -> None:
    """Print the table."""
    print(f"| {ORDERS:,} bids at | bytes per order, all in | price levels | bytes per level beyond one price |")
    print("|---|--:|--:|--:|")
    at_one_price = measured("one price")[0]
    for shape in SHAPES:
        grown, levels = measured(shape)
        beyond = f"{(grown - at_one_price) / levels:.0f}" if levels == ORDERS else "–"  # few levels drown in pages
        print(f"| {shape} | {grown / ORDERS:.1f} | {levels:,} | {beyond} |")


if __name__ == "__main__":
    main()
