"""A bar of a ladder: how much there is at a price beside the most at any."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from obctl.client.ladder import bar


class Bar:
    """Takes of the width that there is what `quantity` is of `largest`; in letters where there are no blocks."""

    def __init__(self, quantity: int, largest: int, colour: str) -> None:
        self.quantity = quantity
        self.largest = largest
        self.style = Style(color=colour)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the bar on one line."""
        text = bar(self.quantity, self.largest, options.max_width, blocks=not options.ascii_only)
        yield Segment(text, self.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Ask for all the width that is left."""
        return Measurement(1, options.max_width)
