"""What one market of an engine trades, read from its events: for the tapes and fills of all gateways in one process."""

from agents.requests import OwnFill, Tape
from orderbook import BookRemoved, Exchange, RiskEngine, SequenceGone, Side, Trade


class MarketFeed:
    """Follows one instrument of an `Exchange`, or a `RiskEngine` that stands alone; several gateways may share it.

    Fills of resting orders go to who owns them. The engine holds its newest events alone: somebody must call
    `catch_up` before as many as its `event_capacity` have passed, else some are missing, and the tape has a gap.
    """

    def __init__(self, engine: Exchange | RiskEngine, symbol: str | None = None) -> None:
        self.engine = engine
        self.tape = Tape()
        self._position = 0
        if isinstance(engine, Exchange):
            symbols = [instrument.symbol for instrument in engine.instruments]
            self._position = symbols.index(symbol) if symbol else 0
        self._last_sequence = engine.last_sequence
        self._owners: dict[int, tuple[Side, list[OwnFill]]] = {}  # by resting order: its side, where its fills go

    def own(self, order_id: int, side: Side, fills: list[OwnFill]) -> None:
        """Have the fills of an order that came to rest added to a list, until it leaves the book."""
        self._owners[order_id] = (side, fills)

    def catch_up(self) -> None:
        """Read what has happened since the last call."""
        try:
            events = self.engine.events(after=self._last_sequence)
        except SequenceGone:
            self.tape = self.tape._replace(gaps=self.tape.gaps + 1)
            events = self.engine.events(after=self.engine.oldest_sequence - 1)
        if not events:
            return
        self._last_sequence = events[-1].sequence
        volume, value, gaps = self.tape
        for event in events:
            if event.instrument != self._position:
                continue
            if isinstance(event, Trade):
                volume += event.quantity
                value += event.quantity * event.price
                if owner := self._owners.get(event.maker_order_id):
                    side, fills = owner
                    fills.append(OwnFill(event.maker_order_id, side, event.price, event.quantity, is_maker=True))
            elif isinstance(event, BookRemoved):
                self._owners.pop(event.order_id, None)
        self.tape = Tape(volume, value, gaps)
