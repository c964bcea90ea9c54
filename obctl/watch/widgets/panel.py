"""A part of the view that draws a market: lines of text in styles with names, and only those that changed."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from obctl.watch.source import MarketView
from orderbook import Side

Run = tuple[str, str]  # text, and the names of its styles, if any, with spaces between them
Line = tuple[Run, ...]

SIDE_STYLES = {Side.BID: "bid", Side.ASK: "ask"}
BAR_STYLES = {Side.BID: "bid-bar", Side.ASK: "ask-bar"}


class Panel(Widget):
    """Draws what `draw` returns for the last market it was shown. What did not change is not sent to the terminal."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"bid", "ask", "quiet", "strong", "line", "good", "warn", "bad"}
    COMPONENT_CLASSES |= {"bid-bar", "ask-bar", "deep", "grown", "shrunk"}
    DEFAULT_CSS = """
    Panel { border: round $foreground 30%; border-title-color: $text-muted; border-subtitle-color: $text-muted; }
    Panel > .bid { color: $text-success; }
    Panel > .ask { color: $text-error; }
    Panel > .bid-bar { color: $success; }
    Panel > .ask-bar { color: $error; }
    Panel > .quiet { color: $foreground 60%; }
    Panel > .strong { text-style: bold; }
    Panel > .line { color: $text-primary; }
    Panel > .good { color: $text-success; text-style: bold; }
    Panel > .warn { color: $text-warning; text-style: bold; }
    Panel > .bad { color: $text-error; text-style: bold; }
    Panel > .deep { background: $foreground 12%; }
    Panel > .grown { background: $success 50%; text-style: bold; }
    Panel > .shrunk { background: $error 50%; text-style: bold; }
    """

    def __init__(self, title: str = "", *, id: str) -> None:  # noqa: A002 - textual's own name of it
        self._styles: dict[str, Style] = {}  # by their names: textual works them out anew for each line
        super().__init__(id=id)
        self.border_title = title
        self.market: MarketView | None = None
        self.lines: list[Line] = []

    def show(self, market: MarketView) -> None:
        """Draw a market, if it is to be seen at all."""
        self.market = market
        self.draw_again()

    def draw_again(self) -> None:
        """Draw the last market as it is to look now."""
        if self.market is None or not self.size:
            return
        before, self.lines = self.lines, self.draw(self.market, self.size.width, self.size.height)
        if len(before) != len(self.lines):
            self.refresh()
        elif changed := [y for y, line in enumerate(self.lines) if line != before[y]]:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def draw(self, market: MarketView, width: int, height: int) -> list[Line]:
        """Return the lines of the panel, at most `height`, each at most `width` cells wide."""
        raise NotImplementedError

    def text(self) -> list[str]:
        """Return the lines without their styles."""
        return ["".join(text for text, _ in line) for line in self.lines]

    def on_resize(self, event: Resize) -> None:
        """Draw for the new size."""
        self.draw_again()

    def render_line(self, y: int) -> Strip:
        """Return a line for the terminal."""
        base, width = self._style(""), self.size.width
        if y >= len(self.lines):
            return Strip.blank(width, base)
        return Strip([Segment(text, self._style(names)) for text, names in self.lines[y]]).adjust_cell_length(
            width, base
        )

    def _style(self, names: str) -> Style:
        """Return the style of text with these names, on the panel's background."""
        style = self._styles.get(names)
        if style is None:
            style = self.rich_style
            for name in names.split():
                part, whole = self.get_component_rich_style(name, partial=True), self.get_component_rich_style(name)
                color, background = part.color and whole.color, part.bgcolor and whole.bgcolor  # as they shine through
                style += part + Style(color=color, bgcolor=background)
            self._styles[names] = style
        return style

    def notify_style_update(self) -> None:
        """Forget the styles: the theme has changed, or what it asks for here."""
        self._styles.clear()
        super().notify_style_update()
