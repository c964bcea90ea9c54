"""Bytes per resting order and per price level: the growth of the process's resident memory, each in a fresh process.

`python -m asv_benchmarks.benchmarks.memory` prints the table of docs/memory.md.
"""

from multiprocessing import get_context

from orderbook import OrderBook, Side

ORDERS = 1_000_000
SHAPES = {  # order i → its price
    "one price": lambda i: 1 << 40,
    "1,000 prices": lambda i: (1 << 40) + i % 1_000,
    "neighbouring prices, one order each": lambda i: (1 << 40) + i,
    "every 64th price, one order each": lambda i: (1 << 40) + 64 * i,
    "a tree of four children per node, one order each": lambda i: sum((i >> 2 * k & 3) << 6 * k for k in range(10)),
    "random prices of 64 bits, one order each": lambda i: i * 0x9E3779B97F4A7C15 % (1 << 64),
}


def resident_bytes() -> int:
    """Return the process's resident memory (Linux)."""
    with open("/proc/self/smaps_rollup") as file:  # noqa: PTH123 - a measurement: as little around it as can be
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("Rss:"))


def measure(shape: str) -> tuple[int, int]:
    """Return by how much resident memory grows for a book of ORDERS bids, and how many levels it has."""
    price = SHAPES[shape]
    book = OrderBook()
    for i in range(64):  # what the interpreter itself needs once
        book.add_order(i, Side.BID, price(i), 1)
    before = resident_bytes()
    for i in range(64, ORDERS):
        book.add_order(i, Side.BID, price(i), 1)
    after = resident_bytes()
    return after - before, len(book.depth()[0])


def measured(shape: str) -> tuple[int, int]:
    """Measure in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (shape,))


class Memory:
    """A book of 1,000,000 orders; resident memory, so with what doubling and huge pages leave unused but touched."""

    params = tuple(SHAPES)
    param_names = ("prices",)
    timeout = 300

    def track_bytes_per_order(self, shape: str) -> float:
        """Return all memory of the book by its orders."""
        return measured(shape)[0] / ORDERS

    def track_bytes_per_level(self, shape: str) -> float:
        """Return what the book takes more than with all orders at one price, by its levels."""
        grown, levels = measured(shape)
        return (grown - measured("one price")[0]) / levels

    track_bytes_per_order.unit = track_bytes_per_level.unit = "bytes"


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
