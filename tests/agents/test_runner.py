"""The life of an agent: whatever gets lost, it comes back, leaves nothing in the book, and counts each fill once."""

import asyncio
import time

import pytest

from agents.errors import BadRequest, NotAuthenticated, NotPermitted, ServerBusy, ServerUnavailable
from agents.requests import ReadBest, WaitUntil
from agents.runner.backoff import Backoff
from agents.runner.observer import Observer
from agents.runner.runner import Deposits, run_agent
from agents.strategies import MarketMaker, MarketMakerSettings, Twap, TwapSettings
from orderbook import NumericOverflow, OrderType, Side, UnknownAccount, UnknownSymbol

from .flaky import AGENT, OTHER, RICH, FlakyGateway, unavailable

DEPOSITS = Deposits(10_000, 1_000_000_000)
SECONDS = 10  # that anything may take which should come at once


def maker():
    return MarketMaker(MarketMakerSettings(mid_price=1_000, spread=10, quantity=5, tick_millis=1))


class Run:
    """A run of an agent; stops after so many calls of its gateway, or when told to."""

    def __init__(self, strategy, gateway, *, stop_after=None, deposits=DEPOSITS, **options):
        self.strategy, self.gateway = strategy, gateway
        self.observer = options.pop("observer", None) or Observer()
        self._stop_after = stop_after
        self._options = {"deposits": deposits, "backoff": Backoff(0.0001, 0.001), **options}

    async def go(self):
        self.stop = asyncio.Event()
        if self._stop_after is not None:
            before = self.gateway.after_call

            def after_call(name):
                before(name)
                if len(self.gateway.calls) >= self._stop_after:
                    self.stop.set()

            self.gateway.after_call = after_call
        async with asyncio.timeout(SECONDS):
            await run_agent(self.strategy, self.gateway, stop=self.stop, observer=self.observer, **self._options)

    def __call__(self):
        asyncio.run(self.go())
        return self


def test_it_begins_trades_and_leaves():
    run = Run(maker(), FlakyGateway(), stop_after=20)()
    assert run.gateway.calls[:7] == ["balance", "credit", "orders", "orders", "best", "submit", "submit"]
    assert run.gateway.resting == ()
    assert run.gateway.credits == 1
    assert run.observer.orders >= 2
    assert (run.observer.connections, run.observer.reconnects, run.observer.is_connected) == (1, 0, False)


def test_a_known_account_is_not_credited():
    run = Run(maker(), FlakyGateway(known=True), stop_after=12)()
    assert run.gateway.credits == 0
    assert run.gateway.forgotten == 0


def test_without_a_deposit_nothing_is_credited_and_orders_are_refused():
    run = Run(maker(), FlakyGateway(), stop_after=20, deposits=None)()
    assert run.gateway.credits == 0
    assert run.observer.refusals["unknown_account"] >= 2
    assert run.observer.connections == 1


def test_what_the_last_life_left_is_taken_back_before_anything_is_posted():
    gateway = FlakyGateway(known=True)
    for price in (900, 901, 902):
        gateway.engine.submit(AGENT, price, Side.BID, OrderType.LIMIT, price, 1)
    Run(maker(), gateway, stop_after=20)()
    assert gateway.calls[:6] == ["balance", "orders", "cancel", "cancel", "cancel", "orders"]
    assert gateway.resting == ()


def test_ids_that_rest_already_are_passed_over():
    gateway = FlakyGateway(known=True)
    for order_id in (1, 2, 4):
        gateway.engine.submit(OTHER, order_id, Side.BID, OrderType.LIMIT, 10, 1)
    run = Run(maker(), gateway, stop_after=20)()
    assert run.observer.refusals.total() == 0
    assert run.observer.orders >= 2
    assert len(gateway.engine.open_orders(OTHER)) == 3


def totals(engine, account=AGENT):
    balance = engine.account_snapshot(account)
    return (
        balance.available_base + balance.reserved_base,
        balance.available_quote + balance.reserved_quote,
    )


POINTS = range(40)  # calls: start, some ten ticks, and the end


@pytest.mark.parametrize("error", [ServerUnavailable, ServerBusy])
@pytest.mark.parametrize("is_lost", [False, True], ids=["not carried out", "answer lost"])
@pytest.mark.parametrize("point", POINTS)
def test_a_call_that_fails_at_any_point(point, is_lost, error):
    """Each fill is counted once, the deposit credited once, and nothing rests in the end, whatever call is lost."""
    gateway = FlakyGateway(faults={point: error("lost")}, lost=(point,) if is_lost else ())
    turns = iter([Side.BID, Side.ASK, Side.BID] * 40)

    def trade(name):
        if name == "submit" and len(gateway.resting) == 2:
            gateway.trade_against(next(turns), 2)

    gateway.after_call = trade
    run = Run(maker(), gateway, stop_after=36)()
    assert gateway.credits == 1
    assert gateway.resting == ()
    base, quote = totals(gateway.engine)
    assert (run.strategy.inventory, run.strategy.cash) == (base - DEPOSITS.base, quote - DEPOSITS.quote)
    assert run.observer.fills.total() >= 3, "there was something to miss"
    gateway.engine.check()


def test_many_failures_in_a_row_at_the_start_are_waited_out():
    gateway = FlakyGateway(faults={number: unavailable(number) for number in range(30)})
    run = Run(maker(), gateway, stop_after=50)()
    assert run.observer.connections == 1
    assert run.observer.orders >= 2


def test_the_server_begins_anew_and_says_so():
    """It went away and came back without memory: the account is credited again, and trading goes on."""
    gateway = FlakyGateway()
    gateway.faults[12] = unavailable()
    gateway.after_call = lambda name: gateway.restart() if len(gateway.calls) == 12 else None
    run = Run(maker(), gateway, stop_after=40)()
    assert (gateway.credits, gateway.forgotten) == (2, 2)
    assert run.observer.reconnects == 1
    assert gateway.engine.last_sequence > 4, "it trades on the new one"
    assert gateway.resting == ()


@pytest.mark.parametrize("after", range(8, 20))
def test_the_server_begins_anew_and_no_call_fails(after):
    """That an order's account is unknown is how it is found out."""
    gateway = FlakyGateway()
    gateway.after_call = lambda name: gateway.restart() if len(gateway.calls) == after else None
    run = Run(maker(), gateway, stop_after=60)()
    assert (gateway.credits, gateway.forgotten) == (2, 2)
    assert run.observer.reconnects == 1
    assert gateway.resting == ()


@pytest.mark.parametrize("error", [NotAuthenticated, NotPermitted, BadRequest, UnknownSymbol, NumericOverflow])
@pytest.mark.parametrize("point", [0, 1, 2])
def test_what_is_refused_for_good_ends_it(error, point):
    gateway = FlakyGateway(faults={point: error("no")})
    run = Run(maker(), gateway)
    with pytest.raises(error, match="no"):
        run()
    assert run.observer.connections == 0
    assert len(gateway.calls) <= point + 2


@pytest.mark.parametrize("point", [7, 8, 12])
@pytest.mark.parametrize("error", [NotAuthenticated, UnknownSymbol, OverflowError, ZeroDivisionError])
def test_what_goes_wrong_for_good_later_ends_it_after_the_orders_are_taken_back(error, point):
    gateway = FlakyGateway(faults={point: error("no")})
    run = Run(maker(), gateway)
    with pytest.raises(error, match="no"):
        run()
    assert run.observer.orders >= 2
    assert gateway.resting == ()


class Once:
    """A strategy that does as it is told, and knows whether it was told the end."""

    name = "once"

    def __init__(self, life):
        self.live = life
        self.finished = 0

    def on_fill(self, fill):
        """Not of interest."""

    def figures(self):
        return {}

    def finish(self):
        self.finished += 1


def reading(now_ns):
    yield ReadBest()


def waiting(now_ns):
    yield WaitUntil(now_ns + 3_600 * 10**9)


def failing(now_ns):
    yield ReadBest()
    raise ZeroDivisionError("a mistake")


def test_a_strategy_that_ends_ends_the_run():
    strategy = Once(reading)
    run = Run(strategy, FlakyGateway())()
    assert run.gateway.calls == ["balance", "credit", "orders", "best", "orders"]
    assert strategy.finished == 1


def test_a_strategy_that_ends_is_waited_for_also_where_its_last_look_at_the_orders_is_lost():
    gateway = FlakyGateway(faults={number: unavailable() for number in (4, 5, 6)})
    Run(Once(reading), gateway)()
    assert gateway.calls[4:] == ["orders"] * 4


def test_a_mistake_of_a_strategy_comes_out_and_it_hears_the_end():
    strategy = Once(failing)
    with pytest.raises(ZeroDivisionError):
        Run(strategy, FlakyGateway())()
    assert strategy.finished == 1


def test_a_stop_before_the_server_was_ever_there():
    """There is nobody to take orders back from: it says so at once."""
    strategy = Once(waiting)
    gateway = FlakyGateway(faults={number: unavailable(number) for number in range(1_000)})
    run = Run(strategy, gateway, backoff=Backoff(60.0, 60.0))

    async def go():
        task = asyncio.create_task(run.go())
        while len(gateway.calls) == 0:
            await asyncio.sleep(0)
        run.stop.set()
        await task

    begin = time.monotonic()
    with pytest.raises(ServerUnavailable, match="call 1: lost"):
        asyncio.run(go())
    assert time.monotonic() - begin < 2
    assert gateway.calls == ["balance", "orders"]
    assert strategy.finished == 1


def test_a_stop_while_the_server_is_away_waits_for_it_a_little():
    gateway = FlakyGateway()
    gateway.faults = {number: unavailable(number) for number in range(7, 30)}
    run = Run(maker(), gateway, stop_after=7)()
    assert gateway.calls[30:] == ["orders", "cancel", "cancel", "orders"]
    assert gateway.resting == ()
    assert not run.observer.is_connected


class Hanging(FlakyGateway):
    """From a call on it answers no more."""

    def __init__(self, number):
        super().__init__()
        self._number = number

    async def _answer(self, name, act):
        if len(self.calls) >= self._number:
            self.calls.append(name)
            await asyncio.Event().wait()
        return await super()._answer(name, act)


@pytest.mark.parametrize("number", [0, 5, 8])
def test_a_server_that_does_not_answer_holds_nobody_up(number, monkeypatch):
    monkeypatch.setattr("agents.runner.runner.LEAVE_SECONDS", 0.05)
    gateway = Hanging(number)
    run = Run(maker(), gateway)

    async def go():
        task = asyncio.create_task(run.go())
        while len(gateway.calls) <= number:
            await asyncio.sleep(0)
        run.stop.set()
        await task

    with pytest.raises(ServerUnavailable, match=r"could not be taken back within 0\.05 seconds"):
        asyncio.run(go())


def test_a_cancelled_run_ends_without_another_call():
    gateway = Hanging(8)
    run = Run(maker(), gateway)

    async def go():
        task = asyncio.create_task(run.go())
        while len(gateway.calls) <= 8:
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(go())
    assert len(gateway.calls) == 9


def test_begin_hears_the_balance_once_when_nothing_rests():
    heard = []
    gateway = FlakyGateway(known=True, faults={15: unavailable()})
    gateway.engine.submit(AGENT, 77, Side.BID, OrderType.LIMIT, 900, 2)
    run = Run(maker(), gateway, stop_after=30, begin=heard.append)()
    (balance,) = heard
    assert (balance.available_base, balance.available_quote, balance.reserved_quote) == (*RICH, 0)
    assert run.observer.reconnects == 1


def test_begin_is_not_called_for_an_account_that_nobody_knows():
    heard = []
    run = Run(maker(), FlakyGateway(), stop_after=12, begin=heard.append, deposits=None)()
    assert heard == []
    assert run.observer.connections == 1


def test_the_back_off_begins_again_once_the_strategy_came_to_a_wait():
    class Noting(Backoff):
        """A back-off that is quick, and knows how often it began again."""

        resets = 0

        def reset(self):
            super().reset()
            self.resets += 1

    backoff = Noting(0.0001, 0.001)
    gateway = FlakyGateway(faults={number: unavailable() for number in range(3)})
    Run(Once(reading), gateway, backoff=backoff)()
    assert backoff.resets == 0
    Run(maker(), FlakyGateway(), stop_after=12, backoff=backoff)()
    assert backoff.resets >= 1


def test_a_twap_goes_on_where_it_was_and_reports_once():
    reports = []
    settings = TwapSettings(price=1_000, total_quantity=30, slices=6, slice_interval_millis=5, once=True)
    gateway = FlakyGateway()
    gateway.engine.submit(OTHER, 5_000, Side.ASK, OrderType.LIMIT, 1_000, 100)
    gateway.faults = {14: unavailable(), 22: unavailable()}
    run = Run(Twap(settings, reports.append), gateway)()
    (report,) = reports
    assert (report.filled_quantity, report.is_cut_short) == (30, False)
    assert totals(gateway.engine) == (DEPOSITS.base + 30, DEPOSITS.quote - 30_000)
    assert run.observer.reconnects == 2


def test_several_agents_in_one_loop():
    """One stop ends them all."""
    gateways = [FlakyGateway(known=True) for _ in range(3)]

    async def go():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        await asyncio.gather(*(run_agent(maker(), gateway, stop=stop) for gateway in gateways))

    asyncio.run(asyncio.wait_for(go(), SECONDS))
    assert [gateway.resting for gateway in gateways] == [(), (), ()]
    assert all("submit" in gateway.calls for gateway in gateways)


def test_an_unknown_account_while_leaving_means_that_nothing_rests():
    gateway = FlakyGateway()
    gateway.faults = {9: UnknownAccount("x")}
    Run(maker(), gateway, stop_after=9)()
    assert gateway.calls[9:] == ["orders"]
