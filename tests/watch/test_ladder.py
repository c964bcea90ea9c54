"""The ladder shows exactly what the market has: price, lots, orders, all lots up to there; and what has changed."""

from dataclasses import replace
from itertools import accumulate
from types import SimpleNamespace

import pytest

from obctl.watch.widgets import ladder as ladder_module
from obctl.watch.widgets.ladder import Ladder
from orderbook import LevelDepth

from .staged import NARROW, TINY, WIDE, Shown, Staged, a_market, shown, watching


def numbers(line: str) -> list[int]:
    """Return the numbers of a line of the ladder: those in front of its bar."""
    words = [word.replace(",", "") for word in line.split()]
    return [int(word) for word in words if word.isdigit()]


def expected(levels: tuple[LevelDepth, ...]) -> list[list[int]]:
    """Return the rows of a side, best first."""
    totals = accumulate(level.total_quantity for level in levels)
    return [
        [level.price, level.total_quantity, level.order_count, total]
        for level, total in zip(levels, totals, strict=True)
    ]


def middle(view: Shown) -> int:
    """Return the line of the touch."""
    return next(y for y, line in enumerate(view.app.ladder.text()) if line.startswith("spread"))


def styles_of(view: Shown, price: int) -> set[str]:
    """Return the names of all styles in the line of a price."""
    line = next(line for line in view.app.ladder.lines if "".join(text for text, _ in line).split()[0] == f"{price:,}")
    return {name for _, names in line for name in names.split()}


@pytest.mark.parametrize("size", [WIDE, NARROW, (200, 60), (120, 30)])
@watching
async def test_it_shows_the_best_levels_around_the_touch(size: tuple[int, int]) -> None:
    market = a_market()
    async with shown(Staged(market), size) as view:
        lines, touch = view.app.ladder.text(), middle(view)
        asks = [numbers(line) for line in lines[1:touch]]
        bids = [numbers(line) for line in lines[touch + 1 :]]
    assert asks[::-1] == expected(market.asks)[: len(asks)]
    assert bids == expected(market.bids)[: len(bids)]
    assert abs(len(asks) - len(bids)) <= 1
    assert len(lines) == size[1] - 2 - 1 - 2, "header, footer and frame take five lines"


@watching
async def test_the_terminal_has_the_lines_of_the_ladder() -> None:
    async with shown(Staged(a_market()), NARROW) as view:
        screen, lines = view.screen(), view.app.ladder.text()
        assert [row[1 : 1 + len(line)] for row, line in zip(screen[3:], lines, strict=False)] == lines


@watching
async def test_each_change_of_the_market_is_shown() -> None:
    market = a_market()
    source = Staged(market)
    async with shown(source, NARROW) as view:
        best = market.bids[0]
        source.market = replace(market, bids=(LevelDepth(best.price, 7_777, 1), *market.bids[1:]))
        await view.drawn()
        assert numbers(view.app.ladder.text()[middle(view) + 1])[:2] == [best.price, 7_777]
        assert f"{best.price:,}  7,777" in "\n".join(view.screen())
        source.market = replace(market, bids=market.bids[1:])
        await view.drawn()
        assert numbers(view.app.ladder.text()[middle(view) + 1])[0] == market.bids[1].price


def test_what_has_changed_flashes_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr(ladder_module, "time", SimpleNamespace(monotonic=lambda: clock))
    ladder = Ladder()
    market = a_market(levels=5)
    first, second, third = market.asks[:3]

    def styles(price: int) -> set[str]:
        lines = ladder.draw(market, 60, 12)
        line = next(line for line in lines if "".join(text for text, _ in line).startswith(f"{price:,} "))
        return {name for _, names in line for name in names.split()} & {"grown", "shrunk"}

    ladder.show(market)
    assert not any(styles(level.price) for level in market.asks), "nothing has changed at first"
    changed = (LevelDepth(first.price, first.total_quantity + 1, 1), LevelDepth(second.price, 0, 1), third)
    market = replace(market, asks=(*changed, *market.asks[3:]))
    ladder.show(market)
    assert [styles(level.price) for level in market.asks[:3]] == [{"grown"}, {"shrunk"}, set()]
    clock += ladder_module.FLASH_S
    assert not any(styles(level.price) for level in market.asks)
    market = replace(market, symbol="ETH-USD", asks=(third,))
    ladder.show(market)
    assert not styles(third.price), "another instrument is no change"


@watching
async def test_a_flash_reaches_the_terminal() -> None:
    market = a_market()
    source = Staged(market)
    async with shown(source, NARROW) as view:
        best = market.asks[0]
        assert "grown" not in styles_of(view, best.price)
        source.market = replace(market, asks=(LevelDepth(best.price, 999, 1), *market.asks[1:]))
        view.app.draw()
        assert "grown" in styles_of(view, best.price)


@watching
async def test_scrolling() -> None:
    market = a_market(levels=100)
    async with shown(Staged(market), NARROW) as view:
        ladder, touch = view.app.ladder, middle(view)
        await view.press("up", "up", "up")
        assert middle(view) == touch + 3
        assert "+3 levels" in str(ladder.border_subtitle)
        await view.press("down")
        assert middle(view) == touch + 2
        await view.press("0")
        assert middle(view) == touch
        await view.press("pageup")
        page = len(ladder.text()) - 2
        assert numbers(ladder.text()[-1])[0] == market.asks[page - len(ladder.text()) // 2].price
        await view.press("home")
        assert middle(view) == touch
        await view.press(*["pagedown"] * 20)
        assert ladder.scroll == -100
        assert str(market.bids[-1].price) in "".join(ladder.text()).replace(",", ""), "the last level stays in sight"
        await view.press(*["pageup"] * 40)
        assert ladder.scroll == 100


@watching
async def test_a_place_in_the_ladder_goes_with_the_touch_and_ends_with_the_instrument() -> None:
    source = Staged(a_market(), "BTC-USD", "ETH-USD")
    async with shown(source, NARROW) as view:
        touch = middle(view)
        await view.press("up")
        source.market = replace(source.market, asks=source.market.asks[5:])
        await view.drawn()
        assert middle(view) == touch + 1
        await view.press("n")
        assert middle(view) == touch


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"bids": ()}, "no bids"), ({"asks": ()}, "no asks"), ({"bids": (), "asks": ()}, "the book is empty")],
)
@watching
async def test_sides_without_orders(fields: dict[str, object], text: str) -> None:
    async with shown(Staged(a_market(**fields)), NARROW) as view:
        assert text in "\n".join(view.screen())


@watching
async def test_little_room_drops_columns_never_the_price() -> None:
    market = a_market()
    async with shown(Staged(market), TINY) as view:
        for width, columns in ((36, 4), (28, 3), (20, 2), (13, 2)):
            lines = view.app.ladder.draw(market, width, 9)
            row = "".join(text for text, _ in lines[-1])
            assert len(numbers(row)) == columns
            assert len(row) == max(width, 15), "what has no room at all is cut off by the panel"


def test_bars_and_shades() -> None:
    """A bar is as long as the level is of the largest that is shown, the shade as the total is of the largest."""
    market = a_market(levels=2)
    bids = (LevelDepth(99, 100, 1), LevelDepth(98, 300, 1))
    asks = (LevelDepth(101, 400, 1), LevelDepth(102, 400, 1))
    ladder = Ladder()
    lines = ladder.draw(replace(market, bids=bids, asks=asks), 80, 6)
    texts = ["".join(text for text, _ in line) for line in lines]
    room = texts[1].count("█")
    assert [text.count("█") for text in (texts[2], texts[4], texts[5])] == [room, room // 4, room * 3 // 4]
    shades = [sum(len(text) for text, names in line if "deep" in names.split()) for line in lines]
    assert shades == [0, 80, 40, 0, 10, 40]
    assert {names for text, names in lines[4] if "█" in text} == {"bid-bar"}
