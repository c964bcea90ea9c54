"""The live view: ladder, trades and traders, as large as the terminal is."""

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from obctl.client.market import Market, ShownTrade
from obctl.client.terminal import COLOURS
from obctl.client.words import TAKER_WORDS, average_text, clock_text
from obctl.demo.bar import Bar
from obctl.demo.picture import Picture, Standing
from obctl.demo.words import duration_text, signed_text, together
from orderbook import LevelDepth, Side

FRAME = 2  # lines that a panel's border takes
HINTS_PER_LINE = 2
# Widths of columns at least: they shall not move with every number.
PRICE_WIDTH = 9
LOTS_WIDTH = 5
NAME_WIDTH = 13  # the longest agent's name
TRADER_COLUMNS = {"account": 7, "orders": 7, "refused": 7, "fills": 7, "position": 9, "profit": 11}
NOTHING_YET = Text("nothing yet", style="dim")


class View:
    """A picture of the demo to be drawn over the whole terminal, and no larger."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the parts out for the terminal's height."""
        picture = self.picture
        height = options.height or options.size.height
        traders, footer = traders_table(picture), footer_lines(picture)
        traders_height = traders.row_count + 1 + FRAME
        middle = max(1, height - 1 - traders_height - len(footer))
        rows = max(1, middle - FRAME)
        layout = Layout()
        layout.split_column(
            Layout(header_line(picture), size=1),
            Layout(name="middle", size=middle),
            Layout(framed(traders, "Traders", subtitle=picture.note), size=traders_height),
            Layout(Group(*footer), size=len(footer)),
        )
        layout["middle"].split_row(
            Layout(framed(ladder(picture.market, rows), "Book"), ratio=5),
            Layout(framed(trades_table(picture.market.trades[:rows]), "Trades"), ratio=4),
        )
        yield from console.render(layout, options.update(height=height))


def framed(content: RenderableType, title: str, subtitle: str = "") -> Panel:
    """Return a part of the view in its frame; a subtitle is text from elsewhere, and a warning."""
    below = Text(subtitle, style="yellow", no_wrap=True, overflow="ellipsis") if subtitle else None
    return Panel(content, title=title, subtitle=below, title_align="left", border_style="dim", box=box.ROUNDED)


def header_line(picture: Picture) -> Text:
    """Return the line on top: what the market came to so far."""
    market = picture.market
    line = Text(f" {market.symbol}", style="bold cyan", no_wrap=True, overflow="ellipsis")
    figures = (
        duration_text(picture.elapsed_s),
        f"{picture.events_per_second:,.0f} events/s",
        f"{market.trade_count:,} trades",
        f"volume {market.volume:,}",
        f"VWAP {average_text(market.vwap)}",
    )
    return line.append("   " + "   ".join(figures), style="not bold default")


def ladder(market: Market, rows: int) -> Table:
    """Return the book: asks above, the best lowest, the spread, and bids below it."""
    levels = max(1, (rows - 1) // 2)
    asks, bids = market.asks[:levels], market.bids[:levels]
    most = max((level.total_quantity for level in (*asks, *bids)), default=1)
    table = bare_table(headings=False)
    add_number_columns(table, PRICE_WIDTH, LOTS_WIDTH)
    table.add_column(no_wrap=True, ratio=1)
    for _ in range(levels - len(asks)):
        table.add_row()
    for level in reversed(asks):
        add_level(table, level, Side.ASK, most)
    spread = f"spread {market.spread:,}" if market.spread is not None else "no spread"
    table.add_row("", "", Text(spread, style="dim"))
    for level in bids:
        add_level(table, level, Side.BID, most)
    return table


def add_level(table: Table, level: LevelDepth, side: Side, most: int) -> None:
    """Add a price, its lots, and a bar of them."""
    colour = COLOURS[side]
    table.add_row(
        Text(f"{level.price:,}", style=colour),
        f"{level.total_quantity:,}",
        Bar(level.total_quantity, most, colour),
    )


def trades_table(trades: tuple[ShownTrade, ...]) -> RenderableType:
    """Return the latest trades, the newest on top."""
    if not trades:
        return NOTHING_YET
    table = bare_table(headings=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    add_number_columns(table, LOTS_WIDTH, PRICE_WIDTH)
    for trade in trades:
        word = Text(TAKER_WORDS[trade.side], style=COLOURS[trade.side])
        table.add_row(clock_text(trade.time_ns), word, f"{trade.quantity:,}", f"{trade.price:,}")
    return table


def traders_table(picture: Picture) -> Table:
    """Return a line for each agent, and one for all noise traders."""
    table = bare_table()
    table.add_column("", no_wrap=True, ratio=1, min_width=NAME_WIDTH)
    for name, width in TRADER_COLUMNS.items():
        table.add_column(name, justify="right", no_wrap=True, min_width=width, header_style="dim")
    rows = [(standing, f"{standing.account_id}") for standing in picture.agents]
    if picture.noise:
        rows.append((together(f"noise × {len(picture.noise)}", picture.noise), ""))
    for standing, account in rows:
        add_standing(table, standing, account, picture.market)
    return table


def add_standing(table: Table, standing: Standing, account: str, market: Market) -> None:
    """Add how a trader stands."""
    profit = round(standing.profit(market.mark))
    table.add_row(
        Text(standing.name, style="bold"),
        account,
        f"{standing.orders:,}",
        f"{standing.refused:,}",
        f"{standing.fills:,}",
        signed_text(standing.inventory),
        Text(f"{profit:,}", style="red" if profit < 0 else "green" if profit else ""),
    )


def add_number_columns(table: Table, *widths: int) -> None:
    """Add columns for numbers, of these widths at least."""
    for width in widths:
        table.add_column(justify="right", no_wrap=True, min_width=width)


def bare_table(*, headings: bool = True) -> Table:
    """Return a table without lines, as wide as there is room."""
    return Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), show_header=headings)


def footer_lines(picture: Picture) -> list[Text]:
    """Return what to try beside the view, some to a line, and how to end it."""
    hints = [*picture.hints, "Ctrl-C ends it"]
    lines = [hints[begin : begin + HINTS_PER_LINE] for begin in range(0, len(hints), HINTS_PER_LINE)]
    return [Text(" " + "   ".join(line), style="dim", no_wrap=True, overflow="ellipsis") for line in lines]
