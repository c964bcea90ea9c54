"""The tape: the latest trades, the newest on top."""

from obctl.client.words import NS_PER_SECOND, TAKER_WORDS, clock_text
from obctl.watch.source import MarketView
from obctl.watch.widgets.panel import SIDE_STYLES, Line, Panel

MILLIS_WIDTH = 36  # of a panel that shows thousandths of seconds too


class Tape(Panel):
    """Time, what the taker did, lots and price."""

    def __init__(self, *, id: str = "tape") -> None:  # noqa: A002 - textual's own name of it
        super().__init__("Trades", id=id)

    def draw(self, market: MarketView, width: int, height: int) -> list[Line]:
        """Return a line for each trade that there is room for."""
        trades = market.trades[:height]
        if not trades:
            return [(("nothing yet", "quiet"),)]
        lots_width = max(len(f"{trade.quantity:,}") for trade in trades)
        price_width = max(len(f"{trade.price:,}") for trade in trades)
        lines: list[Line] = []
        for trade in trades:
            clock = clock_text(trade.time_ns)
            if width >= MILLIS_WIDTH:
                clock += f".{trade.time_ns % NS_PER_SECOND // 1_000_000:03}"
            style = SIDE_STYLES[trade.side]
            lines.append(
                (
                    (f"{clock}  ", "quiet"),
                    (f"{TAKER_WORDS[trade.side]:<4}  ", style),
                    (f"{trade.quantity:>{lots_width},}  ", ""),
                    (f"{trade.price:>{price_width},}", style),
                )
            )
        return lines
