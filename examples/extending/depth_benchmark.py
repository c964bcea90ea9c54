"""A benchmark: what a look at the book costs, by the number of levels. asv finds it in asv_benchmarks/benchmarks."""

from orderbook import MatchingEngine, Side

LEVELS = 1_000


class Depth:
    """`OrderBook.depth` on a book of 1,000 levels a side."""

    params = (1, 10, 100)
    param_names = ("levels",)

    def setup(self, levels: int) -> None:
        """Build the book, which is not timed."""
        self.engine = MatchingEngine()
        for distance in range(1, LEVELS + 1):
            self.engine.submit_limit(2 * distance, Side.BID, LEVELS + 1 - distance, 5)
            self.engine.submit_limit(2 * distance + 1, Side.ASK, LEVELS + 1 + distance, 5)

    def time_depth(self, levels: int) -> None:
        """Time one look at both sides."""
        self.engine.order_book.depth(levels)
