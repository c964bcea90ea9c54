"""The view: a source's market, drawn so many times a second, whatever happens between."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.events import Resize
from textual.widgets import Footer

from obctl.client.rate import Rate
from obctl.exit_codes import INTERRUPTED
from obctl.watch.source import MarketView, Source
from obctl.watch.widgets.depth_chart import DepthChart
from obctl.watch.widgets.header import Header, Rates
from obctl.watch.widgets.help import Help
from obctl.watch.widgets.ladder import Ladder
from obctl.watch.widgets.picker import Picker
from obctl.watch.widgets.price_chart import PriceChart
from obctl.watch.widgets.tape import Tape

PERIOD_S = 0.1  # from one picture to the next
BUSY_EVENTS, BUSY_TICKS = 5_000, 4  # with so many events a second, one picture in so many is drawn
WIDE, NARROW = 110, 56  # cells across that three columns need, and two
PANELS = {"-wide": {"depth", "price", "tape"}, "-narrow": {"tape"}, "-tiny": set[str]()}  # beside the ladder, at first
DARK, LIGHT = "textual-dark", "textual-light"


class WatchApp(App[None]):
    """A market in the terminal. error: what ended the source, if anything did."""

    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (NARROW, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as textual has it
    CSS = """
    Screen { layers: base; }
    #body { height: 1fr; }
    #side { width: 1fr; layout: vertical; }
    #charts { width: 1fr; height: 2fr; }
    #tape { width: 1fr; height: 1fr; }
    #depth, #price { height: 1fr; }
    .-wide #ladder { width: 4fr; max-width: 64; }
    .-wide #side { width: 7fr; layout: horizontal; }
    .-wide #charts { height: 1fr; }
    .-wide #tape { width: 38; height: 1fr; }
    .-narrow #ladder { width: 5fr; }
    .-narrow #side { width: 4fr; }
    .-tiny #body { layout: vertical; }
    .-tiny #ladder, .-tiny #side { width: 1fr; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", "Quit"),
        Binding("ctrl+c", "interrupt", "Interrupt", show=False, priority=True),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("space", "pause", "Pause"),
        Binding("plus,equals_sign", "faster", "Faster", key_display="+"),
        Binding("minus", "slower", "Slower", key_display="-"),
        Binding("n,right", "step(1)", "Next"),
        Binding("p,left", "step(-1)", "Previous", show=False),
        Binding("i", "pick", "Pick"),
        Binding("d", "panel('depth')", "Depth"),
        Binding("c", "panel('price')", "Chart"),
        Binding("t", "panel('tape')", "Tape"),
        Binding("up", "scroll(1)", "Up", show=False),
        Binding("down", "scroll(-1)", "Down", show=False),
        Binding("pageup", "page(1)", "Page up", show=False),
        Binding("pagedown", "page(-1)", "Page down", show=False),
        Binding("0,home", "centre", "Centre", show=False),
        Binding("T,D", "theme", "Theme", key_display="T"),
        Binding("s", "picture", "Save"),
    ]

    def __init__(self, source: Source, *, ansi_color: bool = False) -> None:
        super().__init__(ansi_color=ansi_color)
        self.source = source
        self.error: BaseException | None = None
        self.frozen: MarketView | None = None
        self.panels = {layout: set(shown) for layout, shown in PANELS.items()}
        self._following: asyncio.Task[None] | None = None
        self._symbol = ""
        self._rates = (Rate(), Rate())
        self._ticks = self._width = 0
        self.header = Header(source.title, source.controls)
        self.ladder = Ladder()
        self.price, self.depth, self.tape = PriceChart(), DepthChart(), Tape()
        self.charts = Vertical(self.price, self.depth, id="charts")
        self.side = Container(self.charts, self.tape, id="side")

    def compose(self) -> ComposeResult:
        """Put up the parts."""
        yield self.header
        yield Horizontal(self.ladder, self.side, id="body")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begin to follow the market, and to draw it."""
        self.title = f"obctl watch {self.source.title}"
        self._width = self.size.width
        self.arrange()
        self._following = asyncio.create_task(self._follow(), name="the source")
        self.set_interval(PERIOD_S, self._tick)
        self.draw()

    async def _follow(self) -> None:
        """Follow the market; what ends that by force ends the view."""
        try:
            await self.source.open()
            self.refresh_bindings()
            await self.source.run()
        except Exception as error:
            self.error = error
            self.exit()

    async def on_unmount(self) -> None:
        """Let go of the source."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        await self.source.close()

    def _tick(self) -> None:
        """Draw, but less often while the market is so busy that the time is better spent on following it."""
        self._ticks += 1
        if self.header.rates.events < BUSY_EVENTS or self._ticks % BUSY_TICKS == 0:
            self.draw()

    def draw(self) -> None:
        """Draw the market as it is now, or as it was when it was frozen."""
        market = self.frozen or self.source.view()
        self.header.instruments = self.source.instruments()
        if market is not self.frozen:
            self.header.rates = self._rates_of(market)
        for panel in (self.header, self.ladder, self.price, self.depth, self.tape):
            if panel.is_on_screen:
                panel.show(market)

    def _rates_of(self, market: MarketView) -> Rates:
        """Return how fast the market is; another instrument begins anew."""
        if market.symbol != self._symbol:
            self._symbol = market.symbol
            self._rates = (Rate(), Rate())
        now_s = time.monotonic()
        counts = (market.event_count, market.trade_count)
        return Rates(*(rate.at(now_s, count) for rate, count in zip(self._rates, counts, strict=True)))

    def arrange(self) -> None:
        """Show the panels that are wanted at this width."""
        wanted = self.panels[self.layout_name]
        for name, panel in (("price", self.price), ("depth", self.depth), ("tape", self.tape)):
            panel.display = name in wanted
        self.charts.display = bool(wanted & {"depth", "price"})
        self.side.display = bool(wanted)

    @property
    def layout_name(self) -> str:
        """The layout that the width asks for."""
        return "-wide" if self._width >= WIDE else "-narrow" if self._width >= NARROW else "-tiny"

    def on_resize(self, event: Resize) -> None:
        """Show what there is room for."""
        self._width = event.size.width
        self.arrange()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out keys that mean nothing here: of playback where it is live, of instruments where there is one."""
        if action in ("faster", "slower"):
            return self.source.controls is not None
        if action in ("step", "pick"):
            return len(self.source.instruments()) > 1
        return True

    def action_leave(self) -> None:
        """Leave."""
        self.exit()

    def action_interrupt(self) -> None:
        """Leave as Ctrl-C does."""
        self.exit(return_code=INTERRUPTED)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def action_pause(self) -> None:
        """Have the playback stand still, or the picture where the market does not."""
        if self.source.controls is not None:
            self.source.controls.toggle()
        elif self.frozen is None:
            text = "the picture stands still, the market does not"
            self.frozen = replace(self.source.view(), state="paused", state_text=text)
        else:
            self.frozen = None
        self.draw()

    def action_faster(self) -> None:
        """Play faster."""
        if self.source.controls is not None:
            self.source.controls.faster()
            self.draw()

    def action_slower(self) -> None:
        """Play slower."""
        if self.source.controls is not None:
            self.source.controls.slower()
            self.draw()

    def action_step(self, by: int) -> None:
        """Go to another instrument, so many behind this one, round and round."""
        symbols = [instrument.symbol for instrument in self.source.instruments()]
        symbol = self.source.view().symbol
        if symbol in symbols:
            self._select(symbols[(symbols.index(symbol) + by) % len(symbols)])

    def action_pick(self) -> None:
        """Have an instrument chosen."""
        self.push_screen(Picker(self.source.instruments(), self.source.view().symbol), self._select)

    def _select(self, symbol: str | None) -> None:
        """Look at an instrument, if one was chosen."""
        if symbol is not None and symbol != self.source.view().symbol:
            self.frozen = None
            self.source.select(symbol)
            self.draw()

    def action_panel(self, name: str) -> None:
        """Show a panel, or hide it."""
        self.panels[self.layout_name] ^= {name}
        self.arrange()
        self.call_after_refresh(self.draw)

    def action_scroll(self, levels: int) -> None:
        """Look up the ladder, or down."""
        self.ladder.move(levels)

    def action_page(self, pages: int) -> None:
        """Look up the ladder, or down, by what is to be seen."""
        self.ladder.move(pages * self.ladder.page)

    def action_centre(self) -> None:
        """Go back to the best prices."""
        self.ladder.centre()

    def action_theme(self) -> None:
        """Change from dark to light, and back."""
        self.theme = LIGHT if self.current_theme.dark else DARK

    def action_picture(self) -> None:
        """Save what is on the screen as an SVG file in the working directory."""
        symbol = self.source.view().symbol.replace("/", "-") or "market"
        symbol = self.source.view().symbol.replace("/", "-") or "market"
        name = f"obctl-watch-{symbol}-{datetime.now():%Y%m%d-%H%M%S}.svg"
        try:
            self.notify(f"saved {self.save_screenshot(name)}", markup=False)
        except OSError as error:
            self.notify(f"{name} cannot be written: {error.strerror}", severity="error", markup=False)
