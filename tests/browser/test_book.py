"""The page shows exactly what the engine has, after everything that happens."""

from orderbook import Instrument, OrderType, Side, Trade

from .exchange import BTC, ETH, live_exchange

U64_MAX = 2**64 - 1


def test_after_a_scripted_run_on_two_instruments(live, visit):
    live.run_flow(commands=600, prices=150)
    live.run_flow(commands=300, prices=20, instrument=ETH)
    watched = visit(live.origin).go()
    live.is_shown(watched)
    assert watched.shown().trades
    watched.see("ob-instruments select").to_have_value("BTC-USD")

    watched.find("ob-instruments select").select_option("ETH-BTC")
    watched.see(".ladder-row[data-side=bid] >> nth=0").to_have_attribute("data-price", str(live.depth(ETH)[0][0][0]))
    live.is_shown(watched, ETH)
    assert watched.page.url.endswith("?symbol=ETH-BTC")

    other = visit(live.origin).go("/?symbol=ETH-BTC")
    live.is_shown(other, ETH)
    other.go("/?symbol=NO-SUCH")
    live.is_shown(other, BTC)


def test_while_the_market_goes_on(live, visit):
    watched = visit(live.origin).go()
    for _ in range(8):
        live.run_flow(commands=150, prices=400)
        live.is_shown(watched)
    bids, asks = live.call(live.exchange.market("BTC-USD").order_book.depth, 500)
    assert len(bids) > 100 < len(asks), "more levels than a ladder has rows"


def test_each_single_event(live, visit):
    """One step at a time: what it is stands beside it."""
    watched = visit(live.origin).go()
    live.is_shown(watched)
    steps = (
        lambda: live.order(1, 1, Side.BID, 1000, 10),  # a first order
        lambda: live.order(1, 2, Side.ASK, 1010, 10),  # the other side
        lambda: live.order(2, 3, Side.BID, 1000, 5),  # behind the first
        lambda: live.order(2, 4, Side.BID, 1001, 7),  # a new best
        lambda: live.order(3, 5, Side.ASK, 1005, 4),
        lambda: live.order(2, 6, Side.BID, 990, 1),  # a worse one
        lambda: live.order(3, 7, Side.ASK, 1001, 3),  # a partial fill
        lambda: live.modify(1, 1, 6),  # less, in its place
        lambda: live.modify(1, 2, 10, 1008),  # elsewhere
        lambda: live.cancel(2, 6),  # the last level goes
        lambda: live.cancel(2, 3),  # one of two at a price
        lambda: live.order(4, 8, Side.ASK, 999, 50, kind=OrderType.IOC),  # through both levels: no bids any more
        lambda: live.order(4, 9, Side.BID, 1, 1),  # the lowest price there is but one
        lambda: live.call(live.sequencer.cancel_all, BTC, 3),
        lambda: live.call(live.sequencer.cancel_all, BTC, 1),  # no asks any more
    )
    for number, step in enumerate(steps):
        before = live.sequence
        step()
        assert live.sequence > before, number
        live.is_shown(watched)
    assert watched.shown().asks == []
    assert len(watched.shown().trades) == len(live.trades()) == 3


def test_numbers_of_64_bits(visit):
    """Prices, quantities and sums that JavaScript's numbers would bend."""
    with live_exchange((Instrument("BIG-NUM", "BIG", "NUM", tick_size="0.000000001"),), funds=0) as live:
        live.credit(range(1, 2), U64_MAX, 0)
        live.credit(range(2, 3), 0, U64_MAX)
        for number in range(5):
            live.order(1, 1 + number, Side.ASK, U64_MAX - number, 1)
            live.order(1, 11 + number, Side.ASK, 2**63 + 2 * number + 1, 1)
        live.order(2, 20, Side.BID, 1, 2**53 + 1)
        live.order(2, 21, Side.BID, 1, 2**62 + 2**31)
        live.order(2, 22, Side.BID, 2, 2**53 + 1)
        watched = visit(live.origin).go()
        live.is_shown(watched)
        best_total = f"{2**62 + 2**31 + 2 * (2**53 + 1):,}"
        watched.see(".ladder-row[data-side=bid] .total >> nth=1").to_have_attribute("title", best_total)
        live.call(live.sequencer.cancel_order, 0, 2, 21)
        live.is_shown(watched)
        live.order(2, 23, Side.BID, 2**63 + 1, 1)
        live.is_shown(watched)
        assert watched.shown().trades[0][1:] == (2**63 + 1, 1, "bid")


def test_totals(live, visit):
    live.run_flow(commands=400, prices=10)
    watched = visit(live.origin).go()
    live.is_shown(watched)
    book = live.exchange.market("BTC-USD").order_book
    figures = watched.find("ob-summary dl").inner_text()
    trades = sum(isinstance(event, Trade) for event in live.call(live.exchange.events))
    assert f"Trades\n{trades:,}\n" in figures
    assert f"Orders\n{live.call(len, book):,}\n" in figures
    bids, asks = live.call(book.depth, 10_000)
    assert f"Levels\n{len(bids)} / {len(asks)}" in figures
    assert watched.find(".status-sequence").inner_text() == f"{live.sequence:,}"


def test_two_pages_at_once(live, visit):
    first, second = visit(live.origin).go(), visit(live.origin).go("/?symbol=ETH-BTC")
    live.run_flow(commands=200, prices=30)
    live.run_flow(commands=200, prices=30, instrument=ETH)
    live.is_shown(first, BTC)
    live.is_shown(second, ETH)
