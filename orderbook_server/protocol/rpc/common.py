"""What all requests share: the instrument that a symbol names, the status of an answer, what cannot be a command."""

from typing import Protocol

from orderbook import RiskEngine, UnknownSymbol
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_wire.v1 import orderbook_pb2 as wire


class Malformed(ValueError):
    """A request that cannot be a command: nobody's refusal, but an error of the client's program."""


class Response(Protocol):
    """A message that says whether a command was accepted. It comes in empty, and is filled in."""

    @property
    def status(self) -> wire.CommandStatus:
        """Accepted or refused."""


def accept(response: Response) -> None:
    """Say that a command was accepted."""
    response.status.ok = True


def refuse(response: Response, code: str) -> None:
    """Say that a command was refused, and by which error."""
    response.status.ok = False
    response.status.error_message = code


class Desk:
    """Where requests are taken: the sequencer that carries them out, and the instruments by symbol."""

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
