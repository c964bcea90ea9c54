"""By how much a process's resident memory grows for one book: run by memory.py, once per shape of the book."""

import sys

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


if __name__ == "__main__":
    print(*measure(sys.argv[1]))
