"""`obctl watch` on a real terminal: it draws, hears keys, and gives the terminal back however it ends."""

import signal
from collections.abc import Iterator

import pytest

from obctl.exit_codes import INTERRUPTED, REFUSED, USAGE

from ..agents.test_follow import trade
from ..cli.client_server import client_command
from ..server.grpc.client import Market, serving
from .terminals import COLOURS, on_terminal


@pytest.fixture
def market() -> Iterator[Market]:
    with serving() as market:
        trade(market, 100, seed=1)
        yield market


def test_it_draws_and_q_leaves(market: Market) -> None:
    with on_terminal("watch", "--endpoint", market.server.address) as terminal:
        terminal.until("● live")
        terminal.until("spread")
        bids, _ = market.server.call(market.sequencer.exchange.market("BASE-QUOTE").order_book.depth, 1)
        terminal.until(f"{bids[0].price:,}")
        assert COLOURS.search(terminal.output)
        terminal.press("?")
        terminal.until("back to the best prices")
        terminal.press("q")  # which closes the help
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.is_given_back()
        assert terminal.complaint() == ""


@pytest.mark.parametrize("how", ["key", signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_interrupts_it(market: Market, how: str | signal.Signals) -> None:
    with on_terminal("watch", "--endpoint", market.server.address) as terminal:
        terminal.until("● live")
        if isinstance(how, signal.Signals):
            terminal.process.send_signal(how)
        else:
            terminal.press("\x03")
        assert terminal.end() == INTERRUPTED
        assert terminal.is_given_back()
        assert terminal.complaint() == ""


def test_a_refusal(market: Market) -> None:
    with on_terminal("watch", "--endpoint", market.server.address, "--symbol", "DOGE-USD") as terminal:
        assert terminal.end() == REFUSED
        assert terminal.complaint() == "obctl watch: unknown_symbol: DOGE-USD: the exchange has BASE-QUOTE\n"
        assert terminal.is_given_back()


def test_a_defect_gives_the_terminal_back_too(market: Market) -> None:
    """What goes wrong in the view itself is told as Python tells it, when the view has gone; the status is not 0."""
    broken = (
        "from obctl.main import main\n"
        "from obctl.watch.widgets.ladder import Ladder\n"
        "def draw(*_):\n"
        "    raise RuntimeError('a defect')\n"
        "Ladder.draw = draw\n"
        "main(prog_name='obctl')\n"
    )
    with on_terminal("watch", "--endpoint", market.server.address, code=broken) as terminal:
        assert terminal.end() == 1
        assert terminal.is_given_back()
        assert "a defect" in terminal.complaint()


def test_without_colours(market: Market) -> None:
    with on_terminal("watch", "--endpoint", market.server.address, NO_COLOR="1") as terminal:
        terminal.until("● live")
        terminal.until("spread")
        terminal.press("q")
        assert terminal.end() == 0
        assert not COLOURS.search(terminal.output)


def test_what_is_no_terminal() -> None:
    result = client_command("watch")
    assert result.exit_code == USAGE
    assert "obctl book and obctl events print" in result.stderr
    with on_terminal("watch", TERM="dumb") as terminal:
        assert terminal.end() == USAGE
        assert "this draws on a terminal" in terminal.complaint()
