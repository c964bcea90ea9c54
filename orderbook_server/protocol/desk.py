"""Desk: where requests are taken, whatever transport they come by."""

from orderbook import RiskEngine, UnknownSymbol
from orderbook_server.sequencer.sequencer import Sequencer


class Desk:
    """The sequencer that carries requests out, and the instruments by symbol."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.sequencer = sequencer
        self.exchange = sequencer.exchange
        self.symbols = tuple(instrument.symbol for instrument in self.exchange.instruments)
        self._positions = {symbol: position for position, symbol in enumerate(self.symbols)} | {"": 0}

    def position(self, symbol: str) -> int:
        """Return an instrument's position in the configuration; empty is the first one. Raise UnknownSymbol."""
        position = self._positions.get(symbol)
        if position is None:
            raise UnknownSymbol(f"no instrument has the symbol {symbol!r}")
        return position

    def market(self, symbol: str) -> RiskEngine:
        """Return an instrument's market; empty is the first one. Raise UnknownSymbol."""
        return self.exchange.market(self.symbols[self.position(symbol)])
