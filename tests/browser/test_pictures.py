"""Pictures of the page, of the real program with a market that is the same each time.

They are written for the README where OBCTL_PICTURES names a directory.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from orderbook import Side

from .exchange import BTC, LiveExchange, live_exchange
from .staged_market import INSTRUMENTS, READER, STEPS, Story, write_past
from .watched import Watched

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True}
KIB = 1024
COLOURS_MIN = 40  # of a picture that shows something
MEASURED_MS = 2_500  # for rates and the round trip to be known


@contextmanager
def going_on(live: LiveExchange, story: Story) -> Iterator[None]:
    """Let the story go on in the server's own thread while the block lasts."""
    going = True
    story.submit = lambda *order: live.sequencer.submit(BTC, *order)
    story.cancel = lambda *order: live.sequencer.cancel_order(BTC, *order)

    def step() -> None:
        if going:
            story.step()
            asyncio.get_running_loop().call_later(1 / STEPS, step)

    live.call(step)
    yield
    going = False


def own_orders(live: LiveExchange) -> None:
    """Let the account of the ticket have orders in the book."""
    bids, asks = live.depth()
    live.order(READER, 801, Side.BID, bids[9][0], 300)
    live.order(READER, 802, Side.BID, bids[13][0], 500)
    live.order(READER, 803, Side.ASK, asks[9][0], 250)


def save(screenshot: bytes, path: Path) -> None:
    """Write a picture, as small as it can be: its few colours are named by a byte."""
    Image.open(BytesIO(screenshot)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("page-dark", {"color_scheme": "dark"}),
        ("page-light", {"color_scheme": "light"}),
        ("page-phone", {"color_scheme": "light"} | PHONE),
    ],
)
def test_a_picture(visit: Callable[..., Watched], tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    folder = Path(os.environ.get("OBCTL_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    story = write_past(tmp_path / "data")
    with live_exchange(INSTRUMENTS, funds=0, data_dir=tmp_path / "data") as live, going_on(live, story):
        own_orders(live)
        watched = visit(live.origin, timezone_id="UTC", **options).go()
        watched.see_state("live")
        watched.fill_ticket(account_id=READER, order_id=804, side="bid", price="64200.0", quantity="0.250")
        watched.find("ob-ticket [name=quantity]").blur()
        watched.see(".open-orders li").to_have_count(3)
        watched.page.evaluate("scrollTo(0, 0)")
        watched.page.wait_for_timeout(MEASURED_MS)
        save(watched.page.screenshot(), folder / f"{name}.png")
    with Image.open(folder / f"{name}.png") as picture:
        size, scale = options.get("viewport", {"width": 1440, "height": 900}), options.get("device_scale_factor", 1)
        assert picture.size == (size["width"] * scale, size["height"] * scale)
        assert len(picture.getcolors()) > COLOURS_MIN
    assert 10 * KIB < (folder / f"{name}.png").stat().st_size < 300 * KIB
