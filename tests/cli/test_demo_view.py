"""What `obctl demo` shows: the view at every size, the line, the summary; from pictures made up here."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from obctl.client.market import Market, ShownTrade
from obctl.client.rate import WINDOW_S, Rate
from obctl.demo.bar import Bar
from obctl.demo.picture import Picture, Standing
from obctl.demo.shows import line_of
from obctl.demo.view import View
from obctl.demo.words import duration_text
from orderbook import LevelDepth, Side

HINTS = ("nc 127.0.0.1 9000", "obctl book --endpoint 127.0.0.1:50051", "http://127.0.0.1:9100/metrics")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")


def market(levels: int = 30, trades: int = 60) -> Market:
    """Return a market of so many levels on each side; a level further out has ten lots more."""
    return Market(
        symbol="BASE-QUOTE",
        bids=tuple(LevelDepth(99_997 - i, 10 + 10 * i, 1) for i in range(levels)),
        asks=tuple(LevelDepth(100_003 + i, 10 + 10 * i, 1) for i in range(levels)),
        trades=tuple(ShownTrade(i * 10**9, Side.ASK if i % 2 else Side.BID, 100_000 + i, 1 + i) for i in range(trades)),
        trade_count=1_234,
        volume=4,
        value=400_001,
        event_count=9_999,
    )


@pytest.fixture
def picture() -> Picture:
    """Return a picture with all that there can be."""
    agents = (
        Standing("market-maker", 1, 1_000, 2, 55, -20, 2_000_123),
        Standing("twap", 2, 12, 0, 18, 200, -20_000_900),
        Standing("passive-buyer", 3, 10, 0, 5, 0, 0),
    )
    noise = tuple(Standing(f"noise-{i}", 100 + i, 40, 1, 20, -i, 100_000 * i) for i in range(1, 5))
    return Picture(market(), agents, noise, 72.4, 85.2, HINTS)


def drawn(picture: Picture, width: int = 80, height: int = 24, encoding: str = "utf-8") -> list[str]:
    """Return the lines of the view on a terminal of that size, without colours."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=width, height=height, force_terminal=True, color_system=None, _environ={})
    console.print(View(picture))
    file.flush()
    return raw.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("size", [(80, 24), (80, 25), (120, 40), (200, 60), (60, 16), (40, 8)])
def test_the_view_is_as_large_as_the_terminal(picture: Picture, size: tuple[int, int]) -> None:
    lines = drawn(picture, *size)
    assert len(lines) == size[1]
    assert {cell_len(line) for line in lines} == {size[0]}


def test_all_of_it_is_on_80_by_24(picture: Picture) -> None:
    text = "\n".join(drawn(picture))
    assert "1:12   85 events/s   1,234 trades   volume 4   VWAP 100,000.25" in text
    assert all(hint in text for hint in HINTS)
    assert "Ctrl-C ends it" in text
    for row in (
        r"market-maker +1 +1,000 +2 +55 +-20 +123 ",
        r"twap +2 +12 +0 +18 +\+200 +-900 ",
        r"passive-buyer +3 +10 +0 +5 +0 +0 ",
        r"noise × 4 +160 +4 +80 +-10 +0 ",
    ):
        assert re.search(row, text), row


def ladder_of(lines: list[str]) -> Iterator[str]:
    """Return the lines of the ladder, without its frame."""
    for line in lines[2:-8]:
        yield line.split("│")[1].strip() if line.startswith("│") else ""


def test_the_ladder_stands_around_the_spread(picture: Picture) -> None:
    rows = [row.split() for row in ladder_of(drawn(picture)) if row]
    middle = rows.index(["spread", "6"])
    assert [row[0] for row in rows[middle - 2 : middle]] == ["100,004", "100,003"]
    assert [row[0] for row in rows[middle + 1 : middle + 3]] == ["99,997", "99,996"]
    assert middle == 5
    assert len(rows) == 11
    lengths = {row[0]: len(row[2]) for row in rows if len(row) == 3}
    assert lengths["100,007"] == lengths["99,993"] == max(lengths.values()), "the longest bar is of the most lots"
    assert lengths["100,003"] == pytest.approx(lengths["100,007"] / 5, abs=1)


def test_more_room_shows_more_levels_and_trades(picture: Picture) -> None:
    small, large = (len([row for row in ladder_of(drawn(picture, 80, height)) if row]) for height in (24, 50))
    assert (small, large) == (11, 37)
    assert "\n".join(drawn(picture, 80, 50)).count(" buy ") > "\n".join(drawn(picture)).count(" buy ")


def test_trades_are_newest_first(picture: Picture) -> None:
    quantities = re.findall(r"(?:buy|sell) +(\d+) ", "\n".join(drawn(picture)))
    assert quantities == [str(number) for number in range(1, 13)]


def test_an_empty_market(picture: Picture) -> None:
    text = "\n".join(drawn(replace(picture, market=market(levels=0, trades=0), noise=())))
    assert "no spread" in text
    assert "nothing yet" in text
    assert "noise" not in text


def test_a_warning_is_shown_as_it_is(picture: Picture) -> None:
    """It may look like markup, be longer than the line, and is none of the view's."""
    assert "[bold]lost[/bold]" in "\n".join(drawn(replace(picture, note="[bold]lost[/bold]")))
    assert {cell_len(line) for line in drawn(replace(picture, note="long " * 100))} == {80}


def test_a_terminal_that_knows_no_other_letters(picture: Picture) -> None:
    text = "\n".join(drawn(replace(picture, noise=()), encoding="ascii"))
    assert re.search(r"100,003 +10 #+", text)


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours(picture: Picture, environment: dict[str, str], coloured: bool) -> None:
    file = io.StringIO()
    settings = {"TERM": "xterm-256color"} | environment
    Console(file=file, width=80, height=24, force_terminal=True, _environ=settings).print(View(picture))
    assert bool(COLOUR.search(file.getvalue())) == coloured


@pytest.mark.parametrize("ascii_only", [False, True])
def test_bars(ascii_only: bool) -> None:
    """They are those of the ladder, in all the width that there is."""
    console = Console(width=10)
    options = replace(console.options, encoding="ascii" if ascii_only else "utf-8")
    shown = ["".join(segment.text for segment in console.render(Bar(lots, 100, "green"), options)) for lots in (1, 55)]
    assert shown == (["#", "######"] if ascii_only else ["▏", "█████▌"])


def test_the_line(picture: Picture) -> None:
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  bid 10 at 99,997  ask 10 at 100,003  last 1 at 100,000  trades 1,234"
        r"  market-maker -20  twap \+200  passive-buyer 0  noise -10",
        line_of(picture),
    )
    empty = replace(picture, market=market(levels=0, trades=0), noise=())
    assert line_of(empty).endswith(
        "bid none  ask none  last none  trades 1,234  market-maker -20  twap +200  passive-buyer 0"
    )


def test_rates() -> None:
    rate = Rate()
    assert [rate.at(0.0, 0), rate.at(1.0, 10), rate.at(2.0, 30)] == [0.0, 10.0, 15.0]
    for tick in range(3, 20):
        last = rate.at(float(tick), 30 + 100 * (tick - 2))
    assert last == 100.0, f"what is older than {WINDOW_S} s does not count any more"


def test_durations() -> None:
    assert [duration_text(seconds) for seconds in (0.2, 3.98, 59.7, 600)] == ["0:00", "0:04", "1:00", "10:00"]
