"""The instrument picker: all that there are, of which one is taken."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from obctl.watch.source import Instrument


class Picker(ModalScreen[str | None]):
    """A list of the instruments. Its result is the symbol, None where it is left with nothing taken."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,i", "dismiss", "Close")]
    DEFAULT_CSS = """
    Picker { align: center middle; }
    Picker OptionList { width: auto; min-width: 30; max-width: 90%; height: auto; max-height: 80%; padding: 0 1; }
    """

    def __init__(self, instruments: tuple[Instrument, ...], symbol: str) -> None:
        super().__init__()
        self._instruments = instruments
        self._symbol = symbol

    def compose(self) -> ComposeResult:
        """Put up the list, the instrument that is watched marked."""
        symbols = [instrument.symbol for instrument in self._instruments]
        width = max(map(len, symbols), default=0)
        options = OptionList(
            *(
                Option(f"{each.symbol:<{width}}  tick {each.tick_size:f}  lot {each.lot_size:f}", id=str(place))
                for place, each in enumerate(self._instruments)
            ),
            markup=False,
        )
        options.border_title = "Instruments"
        options.highlighted = symbols.index(self._symbol) if self._symbol in symbols else 0
        yield options

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the instrument."""
        self.dismiss(self._instruments[event.option_index].symbol)
