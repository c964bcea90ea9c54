"""Messages are lost, come late, twice, in another order, or make no sense: the page notices, and finds the way back."""

import json
from collections.abc import Callable

import pytest

from orderbook import Side

from .between import Between
from .exchange import LiveExchange
from .watched import Watched

STALE_MS = 3_000
DEAD_MS = 12_000
NONSENSE = (
    "nonsense",
    "[]",
    "null",
    '{"type": "update"}',
    '{"type": "snapshot", "symbol": "BTC-USD"}',
    '{"type": "news", "symbol": "BTC-USD", "after": "-1"}',
    '{"type": "update", "symbol": "ETH-BTC", "after": "1", "sequence": "2"}',
    '{"type": "pong"}',
    '{"type": "error", "code": "rate_limited", "message": "so it is"}',
)


@pytest.fixture
def watched(live: LiveExchange, visit: Callable[..., Watched]) -> Watched:
    """A page with a clock that the tests can put forward."""
    live.order(1, 1, Side.BID, 100, 5)
    watched = visit(live.origin)
    watched.page.clock.install()
    return watched


@pytest.fixture
def between(live: LiveExchange, watched: Watched) -> Between:
    """Somebody between that page, which is live, and its server."""
    between = Between(watched)
    watched.go()
    live.is_shown(watched)
    watched.states()
    return between


def lost(text: str) -> list[str]:
    return []


def twice(text: str) -> list[str]:
    return [text, text]


def of_another_time(text: str) -> list[str]:
    message = json.loads(text)
    return [json.dumps(message | {"after": str(int(message["after"]) - 1)})]


@pytest.mark.parametrize("change", [lost, twice, of_another_time])
def test_a_gap_is_noticed_and_filled(live, watched, between, change):
    asked = between.subscriptions
    between.holding, between.change = True, change
    live.order(1, 2, Side.BID, 101, 5)
    between.see_changed()
    live.order(1, 3, Side.BID, 102, 5)
    watched.see_state("resyncing")
    live.order(1, 4, Side.BID, 103, 5)
    assert between.subscriptions > asked
    assert watched.shown().bids[-1] == (100, 5, 1), "what was known stays to be read"
    assert (103, 5, 1) not in watched.shown().bids
    between.release()
    live.is_shown(watched)
    states = watched.states()
    assert (states[0], states[-1]) == ("resyncing", "live")
    assert between.connections == 1


def test_updates_in_another_order(live, watched, between):
    early: list[str] = []

    def keep(text: str) -> list[str]:
        early.append(text)
        between.change = lambda later: [later, *early]
        return []

    between.change = keep
    live.order(1, 2, Side.BID, 101, 5)
    watched.wait_until(lambda: early)
    live.order(1, 3, Side.BID, 102, 5)
    between.see_changed()
    live.is_shown(watched)
    assert between.subscriptions >= 2


def test_an_answer_that_does_not_come_is_asked_for_again(live, watched, between):
    between.holding, between.change = True, of_another_time
    live.order(1, 2, Side.BID, 101, 5)
    watched.see_state("resyncing")
    between.drop()
    watched.page.clock.fast_forward(2_100)
    live.is_shown(watched)
    assert between.subscriptions >= 3


def test_the_snapshot_of_another_instrument_is_asked_for_again(live, watched, between):
    between.holding = True
    asked = between.subscriptions
    watched.find("ob-instruments select").select_option(index=1)
    watched.wait_until(lambda: between.subscriptions > asked)
    between.drop()
    watched.page.clock.fast_forward(2_100)
    live.is_shown(watched, 1)
    watched.see("ob-depth .note").to_contain_text(live.exchange.instruments[1].base)
    watched.see(".tape-rows").to_have_attribute("data-empty", "true")
    assert between.connections == 1


def test_nonsense_changes_nothing(live, watched, between):
    watched.expect_complaints("^page error: ")
    for number, nonsense in enumerate(NONSENSE):
        between.say(nonsense)
        live.order(1, 10 + number, Side.BID, 101 + number, 5)
        live.is_shown(watched)
    assert between.connections == 1


def test_an_update_with_a_wrong_number_is_not_half_applied(live, watched, between):
    watched.expect_complaints("^page error: ")

    def spoil(text: str) -> list[str]:
        message = json.loads(text)
        return [json.dumps(message | {"bids": [*message["bids"], ["no number", "1", 1]]})]

    between.change = spoil
    live.order(1, 2, Side.BID, 101, 5)
    between.see_changed()
    assert watched.shown().bids == [(100, 5, 1)]
    live.order(1, 3, Side.ASK, 110, 5)
    live.is_shown(watched)
    assert between.subscriptions >= 2


def test_silence_is_stale(live, watched, between):
    between.silent = True
    live.order(1, 2, Side.BID, 101, 5)
    watched.page.clock.fast_forward(STALE_MS + 200)
    watched.see_state("stale")
    assert watched.shown().bids == [(100, 5, 1)]
    between.silent = False
    live.order(1, 3, Side.BID, 102, 5)
    live.is_shown(watched)
    assert [state for state in watched.states() if state != "resyncing"] == ["stale", "live"]
    assert between.connections == 1


def test_long_silence_is_a_dead_connection(live, watched, between):
    between.silent = True
    watched.page.clock.fast_forward(STALE_MS + 200)
    watched.see_state("stale")
    watched.page.clock.fast_forward(DEAD_MS)
    watched.see_state("connecting")
    between.silent = False
    watched.page.clock.fast_forward(1_000)
    live.is_shown(watched)
    assert between.connections == 2
