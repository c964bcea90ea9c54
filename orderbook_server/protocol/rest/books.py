"""Questions: instruments, depth, trades, an account's orders and balance. Nothing here changes anything."""

from collections.abc import Iterable

from orderbook import LevelDepth, RiskEngine, UnknownAccount
from orderbook_server.market.tape import Tape
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rest import answers
from orderbook_server.protocol.rest.orders import order_of
from orderbook_server.protocol.rest.requests import AccountQuery, DepthQuery, TradesQuery


def levels_of(levels: Iterable[LevelDepth]) -> list[answers.Level]:
    """Return the levels of a side."""
    return [answers.Level(level.price, level.total_quantity, level.order_count) for level in levels]


class Books:
    """Answers questions; raises OrderBookError for symbols and accounts that are not there."""

    def __init__(self, desk: Desk, tape: Tape) -> None:
        self._desk = desk
        self._tape = tape

    def instruments(self, *, authentication: bool) -> answers.Instruments:
        """Return the instruments, and whether tokens are asked for."""
        instruments = [
            answers.Instrument(
                instrument.symbol,
                instrument.base,
                instrument.quote,
                f"{instrument.tick_size:f}",  # digits and a point, never 1E+2
                f"{instrument.lot_size:f}",
                self._desk.exchange.market(instrument.symbol).halted,
            )
            for instrument in self._desk.exchange.instruments
        ]
        return answers.Instruments(instruments, authentication)

    def depth(self, query: DepthQuery) -> answers.Depth:
        """Return the best levels. O(levels asked for)."""
        symbol, market = self._named(query.symbol)
        bids, asks = market.order_book.depth(query.levels)
        return answers.Depth(symbol, market.last_sequence, levels_of(bids), levels_of(asks))

    def trades(self, query: TradesQuery) -> answers.Trades:
        """Return the last trades, newest first. O(events since the tape was read, and trades asked for)."""
        symbol, market = self._named(query.symbol)
        self._tape.advance()
        newest = self._tape.trades(self._desk.position(symbol), limit=query.limit)
        trades = [
            answers.Trade(sequence, time_ns, price, quantity, "bid" if is_bid else "ask")
            for sequence, time_ns, price, quantity, is_bid in reversed(newest)
        ]
        return answers.Trades(symbol, market.last_sequence, trades)

    def orders(self, query: AccountQuery) -> answers.Orders:
        """Return an account's orders that rest."""
        symbol, market = self._named(query.symbol)
        orders = [order_of(order) for order in market.open_orders(query.account_id)]
        return answers.Orders(symbol, market.last_sequence, orders)

    def balance(self, query: AccountQuery) -> answers.Balance:
        """Tell what an account has."""
        symbol, market = self._named(query.symbol)
        has = market.account_snapshot(query.account_id)
        if has is None:
            raise UnknownAccount(f"account {query.account_id} was never credited")
        return answers.Balance(
            symbol, query.account_id, has.available_base, has.reserved_base, has.available_quote, has.reserved_quote
        )

    def _named(self, symbol: str) -> tuple[str, RiskEngine]:
        """Return an instrument's own symbol, also where the request names none, and its market."""
        symbol = self._desk.symbols[self._desk.position(symbol)]
        return symbol, self._desk.exchange.market(symbol)
