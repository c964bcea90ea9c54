"""How many price levels a book has, without looking at them."""

from libc.stdint cimport uint64_t

from orderbook.book cimport OrderBook


def level_counts(OrderBook book not None):
    """Return the number of levels of bids and of asks; O(1)."""
    return <uint64_t>book.state.sides[0].level_count, <uint64_t>book.state.sides[1].level_count
