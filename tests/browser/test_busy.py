"""A market that is very busy, and a tab that nobody looks at."""

import asyncio
from itertools import pairwise

from orderbook import Side

from ..web.market_flow import Flow
from .exchange import BTC, LiveExchange

PER_SECOND = 10_000
AT_ONCE = 100  # commands

# What a browser does with a tab behind others: it is hidden, and has no frames. Headless ones never hide theirs.
HIDEABLE = """
(() => {
  const real = requestAnimationFrame.bind(window);
  const waiting = [];
  let hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
  window.requestAnimationFrame = (callback) => (hidden ? waiting.push(callback) : real(callback));
  window.hide = (value) => {
    hidden = value;
    document.dispatchEvent(new Event("visibilitychange"));
    if (!hidden) for (const callback of waiting.splice(0)) real(callback);
    return waiting.length;
  };
})();
"""


class Flood:
    """Random commands, PER_SECOND as far as this machine can, in the server's own thread."""

    def __init__(self, live: LiveExchange, commands: int) -> None:
        self.left = commands
        self._flow = Flow(live.sequencer, seed=3, prices=300)
        live.call(self._step)

    def _step(self) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for _ in range(AT_ONCE):
            self._flow.step(BTC)
        self.left -= AT_ONCE
        if self.left:
            loop.call_at(begin + AT_ONCE / PER_SECOND, self._step)


def test_ten_thousand_events_a_second(live, visit):
    watched = visit(live.origin).go()
    live.is_shown(watched)
    flood = Flood(live, 3 * PER_SECOND)
    frames, sequences = [watched.frames()], {watched.shown().sequence}
    while flood.left:
        watched.page.wait_for_timeout(900)
        frames.append(watched.frames())
        sequences.add(watched.shown().sequence)
    assert live.sequence > 2 * PER_SECOND
    assert all(later > earlier for earlier, later in pairwise(frames)), "the page was frozen"
    assert len(sequences) > 3, "what is shown went on all the time"
    live.is_shown(watched)
    watched.see(".tape-row").to_have_count(60)


def test_a_hidden_tab_comes_back(live, visit):
    watched = visit(live.origin)
    watched.page.add_init_script(HIDEABLE)
    watched.go()
    live.is_shown(watched)
    before = live.sequence
    watched.page.evaluate("hide(true)")
    live.run_flow(commands=3_000, prices=200)
    live.order(1, 1, Side.BID, 10, 1)
    watched.wait_until(lambda: knows(watched) == live.sequence)
    shown = watched.shown()
    assert shown.sequence == before, "nobody looks: nothing is drawn"
    assert watched.page.evaluate("hide(true)") < 5, "nothing piles up"
    watched.page.evaluate("hide(false)")
    live.is_shown(watched)


def knows(watched) -> int:
    """Return the last event that the page knows of, be it drawn or not."""
    return int(watched.page.evaluate("import('/js/market.js').then(({ market }) => String(market.sequence ?? 0))"))
