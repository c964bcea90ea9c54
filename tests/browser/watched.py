"""A page with somebody who watches it: what it shows, and what it must never do."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, LocatorAssertions, Page

SECONDS = 20  # that anything may take that should come at once
ROWS_MAX = 100  # of each side of the ladder
TAPE_MAX = 60

# Before anything of the page runs: what its state was, what its policy forbade, how many frames there were.
RECORD = """
window.record = { states: [], forbidden: [], frames: 0 };
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  record.forbidden.push(`${violatedDirective}: ${blockedURI}`);
});
new MutationObserver((changes) => {
  for (const { target } of changes) if (target.localName === "ob-status") record.states.push(target.dataset.state);
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
const count = () => { record.frames += 1; requestAnimationFrame(count); };
requestAnimationFrame(count);
"""

READ = """
() => {
  const rows = (selector) => [...document.querySelectorAll(selector)];
  const level = ({ dataset }) => [dataset.price, dataset.quantity, dataset.orders];
  const { state, sequence } = document.querySelector("ob-status").dataset;
  return {
    state,
    sequence,
    bids: rows(".ladder-row[data-side=bid]").map(level),
    asks: rows(".ladder-row[data-side=ask]").map(level),
    prices: rows(".ladder-row .price").map((cell) => cell.textContent),
    trades: rows(".tape-row").map(({ dataset: { sequence, price, quantity, side, skipped } }) =>
      skipped ? ["skipped", skipped] : [sequence, price, quantity, side]),
  };
}
"""


class Shown:
    """What the page showed at one moment. bids, asks: (price, quantity, orders), best first; trades: newest first."""

    def __init__(self, read: dict[str, Any]) -> None:
        self.state: str = read["state"]
        self.sequence = int(read["sequence"] or 0)
        self.bids, self.asks = ([tuple(map(int, level)) for level in read[side]] for side in ("bids", "asks"))
        self.trades = [(int(s), int(p), int(q), side) for s, p, q, side in (r for r in read["trades"] if len(r) == 4)]
        self.skipped = sum(int(row[1]) for row in read["trades"] if len(row) == 2)
        self.prices: list[str] = read["prices"]


class Watched:
    """A page in a context of its own. `page` and `context` are playwright's."""

    def __init__(self, context: "BrowserContext", origin: str) -> None:
        self.context = context
        self.origin = origin
        self._host = urlsplit(origin).netloc
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.add_init_script(RECORD)
        self._complaints: list[str] = []
        self._expected: list[str] = []
        self._strangers: list[str] = []
        self.page.on("console", lambda message: self._complain(message.type, message.text))
        self.page.on("pageerror", lambda error: self._complain("page error", str(error)))
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda socket: self._note(socket.url))

    def _complain(self, kind: str, text: str) -> None:
        if kind in ("error", "warning", "page error"):
            self._complaints.append(f"{kind}: {text}")

    def _note(self, url: str) -> None:
        if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != self._host:
            self._strangers.append(url)

    def expect_complaints(self, *patterns: str) -> None:
        """Take what the console will say for granted: browsers log each answer that refuses, and lost connections."""
        self._expected += patterns

    def check(self) -> None:
        """See that nothing has happened that never must."""
        complaints = [text for text in self._complaints if not any(re.search(e, text) for e in self._expected)]
        assert not complaints
        assert not self._strangers, "the page asked other hosts"
        assert self.forbidden() == []

    def forgive(self) -> None:
        """Forget what has happened, after a test of `check` itself."""
        self._complaints.clear()
        self._strangers.clear()
        self.page.evaluate("record.forbidden.length = 0")

    def forbidden(self) -> list[str]:
        """Return what the page's policy has kept it from."""
        return self.page.evaluate("record.forbidden")

    def go(self, path: str = "/") -> "Watched":
        """Open a path of the server."""
        self.page.goto(self.origin + path)
        return self

    def find(self, selector: str) -> "Locator":
        return self.page.locator(selector)

    def see(self, selector: "str | Locator") -> "LocatorAssertions":
        """Return playwright's assertions, which wait."""
        from playwright.sync_api import expect  # as chromium.py has it

        expect.set_options(timeout=SECONDS * 1000)
        return expect(self.find(selector) if isinstance(selector, str) else selector)

    def see_state(self, state: str) -> None:
        """Wait for a state."""
        self.see("ob-status").to_have_attribute("data-state", state)

    def see_sequence(self, sequence: int) -> None:
        """Wait until the page shows the exchange as it is after an event, and stands there."""
        self.see("ob-status").to_have_attribute("data-sequence", str(sequence))
        self.see_state("live")

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so that playwright does not tell of; what it has to tell is heard meanwhile."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it did not come about in time"
            self.page.wait_for_timeout(20)

    def states(self) -> list[str]:
        """Return the states that the page has shown, in order, and begin anew."""
        return self.page.evaluate("record.states.splice(0)")

    def frames(self) -> int:
        """Return how many animation frames there were."""
        return self.page.evaluate("record.frames")

    def shown(self) -> Shown:
        """Return what the page shows now."""
        return Shown(self.page.evaluate(READ))

    def fill_ticket(self, **fields: object) -> None:
        """Write into the ticket: account_id, order_id, side, order_type, price, quantity."""
        for name, value in fields.items():
            if name == "side":
                self.find(f"ob-ticket [name=side][value={value}]").check(force=True)
            elif name == "order_type":
                self.find("ob-ticket [name=order_type]").select_option(str(value))
            else:
                self.find(f"ob-ticket [name={name}]").fill(str(value))

    def send_ticket(self, **fields: object) -> None:
        """Write into the ticket and send it."""
        self.fill_ticket(**fields)
        self.find("ob-ticket [data-action=submit]").click()

    def see_answer(self, code: str) -> None:
        """Wait for what the ticket is answered."""
        self.see("[data-role=answer]").to_have_attribute("data-code", code)

    def use_token(self, token: str) -> None:
        """Write a token into the dialog, which is open, and save it."""
        self.find("ob-token [name=token]").fill(token)
        self.find("[data-action=save-token]").click()
