"""A bar of a ladder: how much there is at a price beside the most at any."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from obctl.client.ladder import EIGHTHS, FULL


class Bar:
    """Takes `part` (0 to 1) of the width that there is; in letters where the terminal knows no others."""

    def __init__(self, part: float, colour: str) -> None:
        self.part = part
        self.style = Style(color=colour)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the bar on one line."""
        yield Segment(self.text(options.max_width, ascii_only=options.ascii_only), self.style)

    def text(self, width: int, *, ascii_only: bool = False) -> str:
        """Return the bar's characters: `width` of them at most, and one at least."""
        eighths = max(1, round(min(self.part, 1.0) * width * 8))
        if ascii_only:
            return "#" * -(-eighths // 8)
        full, rest = divmod(eighths, 8)
        return FULL * full + EIGHTHS[rest].strip()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Ask for all the width that is left."""
        return Measurement(1, options.max_width)
