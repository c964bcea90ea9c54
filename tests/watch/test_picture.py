"""Pictures of the view, the same each time: written for the README where OBCTL_PICTURES names a directory."""

import os
from pathlib import Path

import pytest

from .staged import NARROW, WIDE, Staged, a_market, shown, watching


@pytest.mark.parametrize(
    ("name", "size", "keys"), [("watch", WIDE, ()), ("watch-light", WIDE, ("T",)), ("watch-small", NARROW, ())]
)
@watching
async def test_a_picture(
    name: str, size: tuple[int, int], keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    async with shown(Staged(a_market(), "BTC-USD", "ETH-USD"), size) as view:
        await view.press(*keys)
        picture = view.app.export_screenshot(title="obctl watch", simplify=True)
        text = "".join("\n".join(view.screen()).split())
    assert picture.startswith("<svg")
    assert "spread" in picture
    assert "100,037" in text
    if folder := os.environ.get("OBCTL_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.svg").write_text(picture, encoding="utf-8")
