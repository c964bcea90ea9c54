"""The keys, said in full."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = (
    ("q, Ctrl-C", "leave"),
    ("space", "pause the playback, or a live market's picture"),
    ("+  -", "play faster, slower"),
    ("n, →  p, ←", "the next instrument, the previous one"),
    ("i", "choose an instrument"),
    ("d  c  t", "depth chart, price chart, tape: show or hide"),
    ("↑  ↓  PgUp  PgDn", "look up and down the ladder"),
    ("0, Home", "back to the best prices"),
    ("D, T", "dark or light"),
    ("s", "save the picture as an SVG file here"),
    ("?", "these keys"),
)
NOTES = (
    "Prices are in ticks, quantities in lots. Beside each level are its lots, its orders, and all the lots up to it, "
    "which the shade behind shows too. A level that has changed flashes."
)


class Help(ModalScreen[None]):
    """The keys, until one of them is pressed that closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,enter,space", "dismiss", "Close")]
    DEFAULT_CSS = """
    Help { align: center middle; }
    Help VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; background: $surface; padding: 0 2;
    }
    Help Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """Put up the keys."""
        width = max(len(keys) for keys, _ in KEYS)
        text = Text("\n".join(f"{keys:<{width}}  {meaning}" for keys, meaning in KEYS))
        box = VerticalScroll(Static(text), Static(""), Static(Text(NOTES)))
        box.border_title = "Keys"
        yield box
