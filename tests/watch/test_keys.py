"""Each key does what the footer and the help say."""

from dataclasses import replace
from pathlib import Path

import pytest

from obctl.exit_codes import INTERRUPTED
from obctl.watch.widgets.help import KEYS, Help
from obctl.watch.widgets.picker import Picker

from .staged import NARROW, TINY, WIDE, Player, Shown, Staged, a_market, shown, watching

FOOTER = "q Quit ? Help space Pause d Depth c Chart t Tape T Theme s Save"


def visible(view: Shown) -> set[str]:
    """Return which panels are on the screen."""
    app = view.app
    return {panel.id or "" for panel in (app.ladder, app.price, app.depth, app.tape) if panel.is_on_screen}


@pytest.mark.parametrize(("key", "status"), [("q", 0), ("ctrl+c", INTERRUPTED)])
@watching
async def test_leaving(key: str, status: int) -> None:
    source = Staged(a_market())
    async with shown(source) as view:
        await view.pilot.press(key)
    assert source.closed
    assert view.app.return_code == status
    assert view.app.error is None


@watching
async def test_ctrl_c_leaves_from_the_help_too() -> None:
    async with shown(Staged(a_market())) as view:
        await view.press("question_mark")
        await view.pilot.press("ctrl+c")
    assert view.app.return_code == INTERRUPTED


@watching
async def test_the_help() -> None:
    async with shown(Staged(a_market()), NARROW) as view:
        await view.press("question_mark")
        assert isinstance(view.app.screen, Help)
        text = "\n".join(view.screen())
        assert all(meaning in text for _, meaning in KEYS)
        await view.press("q")
        assert not isinstance(view.app.screen, Help)
        assert view.app.is_running


@watching
async def test_the_footer_names_the_keys_that_mean_something() -> None:
    async with shown(Staged(a_market()), NARROW) as view:
        assert " ".join(view.screen()[-1].split()) == FOOTER
    async with shown(Staged(a_market(), "BTC-USD", "ETH-USD"), NARROW) as view:
        await view.until(lambda: "n Next i Pick" in view.screen()[-1])
    async with shown(Staged(a_market(), controls=Player())) as view:
        assert "+ Faster - Slower" in view.screen()[-1]


@watching
async def test_a_live_picture_is_frozen() -> None:
    market = a_market()
    source = Staged(market)
    async with shown(source) as view:
        before = view.app.ladder.text()
        await view.press("space")
        source.market = replace(market, bids=market.bids[3:], sequence=200_000, trade_count=1_000)
        await view.drawn()
        assert view.app.ladder.text() == before
        assert "● paused: the picture stands still" in view.screen()[0]
        assert "event 123,456" in view.screen()[0]
        await view.press("space")
        assert view.app.ladder.text() != before
        assert "● live" in view.screen()[0]
        assert "event 200,000" in view.screen()[0]


@watching
async def test_playback() -> None:
    player = Player()
    source = Staged(a_market(state="playing"), controls=player)
    async with shown(source) as view:
        assert "● playing  1× 25%" in view.screen()[0]
        await view.press("plus", "equals_sign", "plus")
        assert player.speed == 8
        assert " 8× " in view.screen()[0]
        await view.press("minus")
        assert player.speed == 4
        await view.press("space")
        assert player.is_paused
        assert view.app.frozen is None, "the source tells that it stands still"
        player.position = player.time_ns = None
        await view.press("space")
        assert not player.is_paused
        assert " 4×  event" in view.screen()[0]


@watching
async def test_speed_means_nothing_to_a_live_market() -> None:
    async with shown(Staged(a_market())) as view:
        await view.press("plus", "minus", "equals_sign")
        assert "● live" in view.screen()[0]


@watching
async def test_instruments_go_round() -> None:
    symbols = ("BTC-USD", "ETH-USD", "SOL-USD")
    async with shown(Staged(a_market(), *symbols)) as view:
        seen = []
        for key in ("n", "right", "n", "p", "left"):
            await view.press(key)
            seen.append(" ".join(view.screen()[0].split()[:2]))
        assert seen == ["ETH-USD 2/3", "SOL-USD 3/3", "BTC-USD 1/3", "SOL-USD 3/3", "ETH-USD 2/3"]


@watching
async def test_another_instrument_is_not_frozen() -> None:
    async with shown(Staged(a_market(), "BTC-USD", "ETH-USD")) as view:
        await view.press("space", "n")
        assert view.app.frozen is None
        assert "ETH-USD" in view.screen()[0]


@watching
async def test_the_picker() -> None:
    async with shown(Staged(a_market(), "BTC-USD", "ETH-USD", "SOL-USD"), NARROW) as view:
        await view.press("i")
        assert isinstance(view.app.screen, Picker)
        assert all(symbol in "\n".join(view.screen()) for symbol in ("BTC-USD", "ETH-USD", "SOL-USD"))
        await view.press("down", "down", "enter")
        assert view.screen()[0].split()[0] == "SOL-USD"
        await view.press("i", "up", "escape")
        assert view.screen()[0].split()[0] == "SOL-USD"


@watching
async def test_one_instrument_is_nothing_to_choose_from() -> None:
    async with shown(Staged(a_market())) as view:
        await view.press("i", "n", "p")
        assert not isinstance(view.app.screen, Picker)
        assert view.screen()[0].split()[0] == "BTC-USD"


@pytest.mark.parametrize(
    ("size", "at_first"), [(WIDE, {"price", "depth", "tape"}), (NARROW, {"tape"}), (TINY, set[str]())]
)
@watching
async def test_panels(size: tuple[int, int], at_first: set[str]) -> None:
    async with shown(Staged(a_market()), size) as view:
        assert visible(view) == {"ladder"} | at_first
        for key, panel in (("d", "depth"), ("c", "price"), ("t", "tape")):
            await view.press(key)
            assert (panel in visible(view)) == (panel not in at_first)
            await view.press(key)
            assert visible(view) == {"ladder"} | at_first
        for key in sorted("dct"):
            await view.press(key)
        assert visible(view) == {"ladder"} | ({"depth", "price", "tape"} - at_first)


@pytest.mark.parametrize("key", ["T", "D"])
@watching
async def test_themes(key: str) -> None:
    async with shown(Staged(a_market())) as view:
        dark = view.app.export_screenshot()
        await view.press(key)
        assert not view.app.current_theme.dark
        light = view.app.export_screenshot()
        assert dark != light
        assert "#121212" in dark, "the background"
        assert "#121212" not in light
        await view.press(key)
        assert view.app.current_theme.dark
        assert view.app.export_screenshot().count("#121212") == dark.count("#121212")


@watching
async def test_a_picture_is_saved(tmp_path: Path) -> None:
    import os

    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        async with shown(Staged(a_market(symbol="BTC/USD"))) as view:
            await view.press("s")
            (saved,) = tmp_path.iterdir()
            assert saved.name.startswith("obctl-watch-BTC-USD-")
            assert saved.suffix == ".svg"
            assert "100,0" in saved.read_text(encoding="utf-8")
            assert saved.name in "\n".join(view.screen())
    finally:
        os.chdir(before)


@watching
async def test_a_picture_that_cannot_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown(Staged(a_market())) as view:

        def save(name: str) -> str:
            raise PermissionError(13, "Permission denied", name)

        told: list[str] = []
        monkeypatch.setattr(view.app, "save_screenshot", save)
        monkeypatch.setattr(view.app, "notify", lambda message, **_: told.append(message))
        await view.press("s")
        assert [text.partition(".svg ")[2] for text in told] == ["cannot be written: Permission denied"]
