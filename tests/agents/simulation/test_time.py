"""When things happen: schedules worked out by hand, latency, ties, and what an agent can know."""

import pytest

from agents.requests import Best, Cancel, Modify, ReadBalance, ReadBest, ReadOrders, ReadTape, Submit, Tape, WaitUntil
from orderbook import AccountSnapshot, OrderType, Side, UnknownOrder

from .helpers import Scripted, read_clock, simulation


def limit(side, price, quantity):
    return Submit(side, OrderType.LIMIT, price, quantity)


def test_a_request_takes_the_latency_there_and_back():
    seen = []

    def seller(self, now_ns):
        seen.append(("seller", now_ns))
        yield limit(Side.ASK, 100, 5)  # at the market at 100
        seen.append(("placed", (yield read_clock())))

    def watcher(self, now_ns):
        seen.append(("watcher", now_ns))
        for _ in range(3):
            best = yield ReadBest()  # at the market at 90, 100 and 110: behind the seller at 100, who was there first
            seen.append((best.ask, (yield read_clock())))

    run = simulation()
    run.add("seller", Scripted(seller), latency_ns=100)
    run.add("watcher", Scripted(watcher), latency_ns=5, start_ns=85)
    run.run()
    assert seen == [("seller", 0), ("watcher", 85), (None, 95), (100, 105), (100, 115), ("placed", 200)]


def test_trades_carry_the_time_at_the_market():
    def maker(self, now_ns):
        yield limit(Side.ASK, 100, 5)
        yield WaitUntil(500)
        yield ReadOrders()

    def taker(self, now_ns):
        yield Submit(Side.BID, OrderType.MARKET, None, 2)  # at the market at 230
        yield Submit(Side.BID, OrderType.IOC, 100, 9)  # made when the answer is there, at 260

    run = simulation()
    run.add("maker", Scripted(maker), latency_ns=7)
    run.add("taker", Scripted(taker), latency_ns=30, start_ns=200)
    result = run.run()
    assert list(result.trades["time_ns"]) == [230, 290]
    assert list(result.trades["quantity"]) == [2, 3]
    assert list(result.trades["taker_account"]) == [2, 2]
    assert list(result.trades["maker_account"]) == [1, 1]
    events = run.exchange.events()
    assert [event.timestamp for event in events] == [7, 230, 230, 290, 290]


def test_at_one_time_turns_go_round_in_the_order_of_the_requests():
    seen = []

    def script(name, price):
        def life(self, now_ns):
            seen.append((name, "begins"))
            yield limit(Side.BID, price, 1)
            seen.append((name, "placed"))
            best = yield ReadBest()
            seen.append((name, best.bid))

        return life

    run = simulation()
    for name, price in (("a", 10), ("b", 11), ("c", 12)):
        run.add(name, Scripted(script(name, price)))
    run.run()
    order = ["a", "b", "c"]
    assert seen == [(name, "begins") for name in order] + [(name, "placed") for name in order] + [
        (name, 12) for name in order
    ]


def test_of_two_at_the_same_time_the_first_request_is_first():
    """The slower one asked earlier, so that both are at the market at 100; its order has the better place."""
    run = simulation()
    late = Scripted(lambda self, now_ns: (yield limit(Side.BID, 10, 1)))
    early = Scripted(lambda self, now_ns: (yield limit(Side.BID, 10, 2)))
    run.add("late", late, latency_ns=10, start_ns=90)
    run.add("early", early, latency_ns=100, start_ns=0)
    run.run()
    assert [order.quantity for order in run.exchange.market("BASE-QUOTE").order_book.snapshot().bids[0].orders] == [
        2,
        1,
    ]


@pytest.mark.parametrize(("time_ns", "wakes_ns"), [(0, 40), (39, 40), (40, 40), (41, 41), (1_000, 1_000), (-5, 40)])
def test_a_wait_ends_at_its_time_or_at_once(time_ns, wakes_ns):
    seen = []

    def life(self, now_ns):
        seen.append((yield WaitUntil(time_ns)))

    run = simulation()
    run.add("agent", Scripted(life), latency_ns=7, start_ns=40)
    run.run()
    assert seen == [wakes_ns]


def test_the_end_counts_and_what_is_behind_it_does_not_happen():
    seen = []

    def life(self, now_ns):
        while True:
            now_ns = yield WaitUntil(now_ns + 50)
            seen.append(now_ns)

    run = simulation(duration_ns=150)
    run.add("agent", Scripted(life))
    run.add("never", Scripted(lambda self, now_ns: (yield WaitUntil(2**80))))
    run.run()
    assert seen == [50, 100, 150]


def test_fills_are_told_as_the_market_knew_them_when_asked():
    """A fill between the market's answer and its arrival is told with the next answer."""
    told = []

    def maker(self, now_ns):
        yield limit(Side.ASK, 100, 5)
        yield ReadOrders()  # at the market at 300, back at 400
        told.append([fill.quantity for fill in self.fills])
        (order,) = yield ReadOrders()  # at the market at 500
        told.append([fill.quantity for fill in self.fills])
        assert order.quantity == 2

    def taker(self, now_ns):
        yield Submit(Side.BID, OrderType.IOC, 100, 1)
        yield WaitUntil(350)
        yield Submit(Side.BID, OrderType.IOC, 100, 2)

    run = simulation()
    seller = Scripted(maker)
    run.add("maker", seller, latency_ns=100)
    run.add("taker", Scripted(taker), start_ns=299)
    run.run()
    assert told == [[1], [1, 2]]
    assert [(fill.side, fill.price, fill.is_maker) for fill in seller.fills] == [(Side.ASK, 100, True)] * 2


def test_refusals_come_back_after_the_latency_and_are_counted():
    seen = []

    def life(self, now_ns):
        for request in (Cancel(77), Modify(77, 1), limit(Side.BID, 1, 0)):
            try:
                yield request
            except Exception as refusal:
                seen.append((type(refusal).__name__, (yield read_clock())))

    run = simulation()
    run.add("agent", Scripted(life), latency_ns=10)
    (agent,) = run.run().agents
    assert seen == [("UnknownOrder", 20), ("UnknownOrder", 40), ("InvalidQuantity", 60)]
    assert (agent.actions, agent.refusals) == (3, {"invalid_quantity": 1, "unknown_order": 2})


def test_all_requests_are_answered():
    answers = []

    def life(self, now_ns):
        placed = yield limit(Side.ASK, 100, 5)
        answers.append((placed.order_id, placed.result.resting.quantity))
        answers.append((yield Modify(placed.order_id, 4)).resting.quantity)
        answers.append((yield Modify(placed.order_id, 3, 101)).resting.price)
        answers.append((yield ReadBest()))
        answers.append((yield ReadTape()))
        yield Submit(Side.BID, OrderType.MARKET, None, 1)
        answers.append((yield ReadTape()))
        answers.append([order.id for order in (yield ReadOrders())])
        answers.append((yield ReadBalance()))
        answers.append((yield Cancel(placed.order_id)))

    run = simulation()
    agent = Scripted(life)
    run.add("agent", agent, account_id=7, base_deposit=50, quote_deposit=1_000)
    run.run()
    first_id = 7 << 32
    assert answers == [
        *[(first_id, 5), 4, 101, Best(None, 101), Tape(0, 0), Tape(1, 101), [first_id]],
        *[AccountSnapshot(48, 2, 1_000, 0), 2],
    ]
    assert [(fill.side, fill.is_maker) for fill in agent.fills] == [(Side.ASK, True), (Side.BID, False)]


def test_the_next_id_is_tried_where_one_rests():
    ids = []

    def life(self, now_ns):
        ids.append((yield limit(Side.BID, 10, 1)).order_id)
        ids.append((yield limit(Side.BID, 10, 1)).order_id)

    run = simulation()
    run.exchange.market("BASE-QUOTE").credit_account(99, 0, 1_000)
    for order_id in (1 << 32, (1 << 32) + 2):
        run.exchange.submit("BASE-QUOTE", 99, order_id, Side.BID, OrderType.LIMIT, 5, 1)
    run.add("agent", Scripted(life))
    (agent,) = run.run().agents
    assert ids == [(1 << 32) + 1, (1 << 32) + 3]
    assert agent.refusals == {}


def test_a_strategy_that_lets_an_exception_out_ends_the_run():
    def life(self, now_ns):
        yield WaitUntil(30)
        yield Cancel(1)

    run = simulation()
    run.add("careless", Scripted(life), latency_ns=10)
    with pytest.raises(UnknownOrder) as caught:
        run.run()
    assert caught.value.__notes__ == ["in the simulation, of the agent careless, at 50 ns"]


@pytest.mark.parametrize("request_", ["Submit", 5, None, (1, 2)])
def test_what_is_no_request_is_refused(request_):
    run = simulation()
    run.add("agent", Scripted(lambda self, now_ns: (yield request_)))
    with pytest.raises((TypeError, KeyError)):
        run.run()
