"""The driver: requests and answers at once or awaited, refusals, fills, waits, and ends."""

import asyncio
import time

import pytest

from agents.errors import ServerUnavailable
from agents.gateways.in_process import InProcessGateway
from agents.requests import Best, Cancel, OwnFill, ReadBest, ReadOrders, ReadTape, Submit, Tape, WaitUntil
from agents.runner.clock import LiveClock
from agents.runner.drive import AccountForgotten, Driver
from agents.runner.observer import Observer
from orderbook import CrossedOrder, OrderType, RiskEngine, Side, UnknownAccount, UnknownOrder, UnknownSymbol

BID, ASK = Side.BID, Side.ASK
BUY = Submit(BID, OrderType.LIMIT, 100, 5)
SOON_NS = 1_000_000


class Strategy:
    """A strategy whose life is a generator function; it keeps what it was told."""

    name = "test"

    def __init__(self, life):
        self._life = life
        self.told = []
        self.closed = False

    def live(self, now_ns):
        try:
            yield from self._life(self.told, now_ns)
        finally:
            self.closed = True

    def on_fill(self, fill):
        self.told.append(fill)

    def figures(self):
        return {}

    def finish(self):
        self.told.append("finish")


def engine():
    made = RiskEngine()
    for account in (1, 2):
        made.credit_account(account, 1_000, 1_000_000)
    return made


class Awaited:
    """Any gateway, but every answer is awaited."""

    def __init__(self, gateway):
        self._gateway = gateway

    def __getattr__(self, name):
        async def call(*args):
            await asyncio.sleep(0)
            return getattr(self._gateway, name)(*args)

        return call


class Raising:
    """A gateway that raises one thing."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, name):
        def call(*args):
            raise self._error

        return call


def drive(strategy, gateway, *, stop_after_s=None, **options):
    """Drive a strategy to its end; return the observer."""
    observer = Observer()

    async def run():
        stop = asyncio.Event()
        if stop_after_s is not None:
            asyncio.get_running_loop().call_later(stop_after_s, stop.set)
        await Driver(strategy, gateway, LiveClock(stop), observer, **options).drive()

    asyncio.run(run())
    return observer


@pytest.mark.parametrize("wrap", [lambda gateway: gateway, Awaited], ids=["at once", "awaited"])
def test_every_request_is_answered_in_its_way(wrap):
    def life(told, now_ns):
        placed = yield BUY
        told.append((yield ReadBest()))
        told.append((yield ReadOrders()))
        told.append((yield ReadTape()))
        told.append((yield Cancel(placed.order_id)))
        told.append((yield WaitUntil(now_ns + SOON_NS)) >= now_ns + SOON_NS)

    strategy = Strategy(life)
    observer = drive(strategy, wrap(InProcessGateway(engine(), 1)))
    best, orders, tape, lots, waited = strategy.told
    assert best == Best(100, None)
    assert [order.quantity for order in orders] == [5]
    assert tape == Tape()
    assert (lots, waited) == (5, True)
    assert (observer.orders, observer.cancels, observer.refusals.total()) == (1, 1, 0)
    assert strategy.closed


def test_fills_are_told_before_the_orders_are_and_counted():
    market = engine()

    def life(told, now_ns):
        yield BUY
        market.submit(2, 1, ASK, OrderType.MARKET, None, 3)
        told.append((yield ReadOrders()))
        told.append((yield ReadOrders()))

    strategy = Strategy(life)
    observer = drive(strategy, InProcessGateway(market, 1))
    fill, orders, again = strategy.told
    assert fill == OwnFill(1 << 32, BID, 100, 3, is_maker=True)
    assert orders == again
    assert orders[0].quantity == 2
    assert (observer.fills, observer.filled_lots) == ({BID: 1}, {BID: 3})


def test_fills_that_may_be_missing_are_told_once():
    def life(told, now_ns):
        for _ in range(4):
            yield ReadOrders()

    told = []

    class Hearing(Observer):
        def on_missed_fills(self, times):
            super().on_missed_fills(times)
            told.append(times)

    counts = iter([0, 1, 1, 3])

    async def run():
        strategy = Strategy(life)
        gateway = InProcessGateway(engine(), 1)
        clock = LiveClock(asyncio.Event())
        await Driver(strategy, gateway, clock, Hearing(), missed_fills=lambda: next(counts)).drive()

    asyncio.run(run())
    assert told == [1, 3]


def test_a_refusal_is_raised_in_the_strategy_which_goes_on():
    def life(told, now_ns):
        yield Submit(ASK, OrderType.LIMIT, 100, 5)
        try:
            yield Submit(BID, OrderType.POST_ONLY, 100, 5)
        except CrossedOrder:
            told.append("refused")
        try:
            yield Cancel(77)
        except UnknownOrder:
            told.append("gone")
        told.append((yield ReadBest()))

    strategy = Strategy(life)
    observer = drive(strategy, InProcessGateway(engine(), 1))
    assert strategy.told == ["refused", "gone", Best(None, 100)]
    assert observer.refusals == {"crossed_order": 1}, "that an order is gone is no refusal"


@pytest.mark.parametrize(
    ("error", "can_credit", "raised"),
    [
        (ServerUnavailable("lost"), True, ServerUnavailable),
        (UnknownSymbol("unknown_symbol"), True, UnknownSymbol),
        (UnknownAccount("unknown_account"), True, AccountForgotten),
        (OverflowError("ids are used up"), True, OverflowError),
    ],
)
def test_what_no_strategy_can_help_ends_the_drive(error, can_credit, raised):
    def life(told, now_ns):
        try:
            yield BUY
        except Exception:
            told.append("told")

    strategy = Strategy(life)
    with pytest.raises(raised):
        drive(strategy, Raising(error), can_credit=can_credit)
    assert strategy.told == []
    assert strategy.closed


def test_without_a_deposit_an_unknown_account_is_the_strategys_matter():
    def life(told, now_ns):
        try:
            yield BUY
        except UnknownAccount:
            told.append("refused")

    strategy = Strategy(life)
    assert drive(strategy, Raising(UnknownAccount("x"))).refusals == {"unknown_account": 1}
    assert strategy.told == ["refused"]


def test_what_a_strategy_raises_comes_out():
    def life(told, now_ns):
        yield ReadBest()
        raise ZeroDivisionError

    strategy = Strategy(life)
    with pytest.raises(ZeroDivisionError):
        drive(strategy, InProcessGateway(engine(), 1))


def test_a_stop_ends_a_wait_at_once_and_nothing_is_sent_on():
    def life(told, now_ns):
        yield WaitUntil(2**64 * SOON_NS)  # behind what timers take
        told.append("too early")

    strategy = Strategy(life)
    begin = time.monotonic()
    drive(strategy, InProcessGateway(engine(), 1), stop_after_s=0.01)
    assert time.monotonic() - begin < 5
    assert strategy.told == []
    assert strategy.closed


def test_a_stop_does_not_wait_for_a_long_tape():
    def life(told, now_ns):
        yield ReadTape()
        told.append("the tape")

    class Busy:
        async def tape(self):
            try:
                await asyncio.Event().wait()
            finally:
                strategy.told.append("given up")

    strategy = Strategy(life)
    begin = time.monotonic()
    drive(strategy, Busy(), stop_after_s=0.01)
    assert time.monotonic() - begin < 5
    assert strategy.told == ["given up"]


def test_after_the_stop_no_further_request_is_carried_out():
    stop = asyncio.Event()

    def life(told, now_ns):
        yield ReadBest()
        stop.set()
        yield BUY
        told.append("bought")

    strategy = Strategy(life)
    gateway = InProcessGateway(engine(), 1)
    asyncio.run(Driver(strategy, gateway, LiveClock(stop), Observer()).drive())
    assert strategy.told == []
    assert gateway.orders().open_orders == ()


def test_a_strategy_that_is_always_late_leaves_others_their_turn():
    turns = []

    def life(told, now_ns):
        for _ in range(50):
            yield WaitUntil(0)

    async def run():
        stop = asyncio.Event()
        strategy = Strategy(life)
        driver = Driver(strategy, InProcessGateway(engine(), 1), LiveClock(stop), Observer())
        task = asyncio.create_task(driver.drive())
        while not task.done():
            turns.append(1)
            await asyncio.sleep(0)
        await task

    asyncio.run(run())
    assert len(turns) >= 50


def test_settled_is_called_at_each_wait():
    calls = []

    def life(told, now_ns):
        yield ReadBest()
        assert calls == []
        yield WaitUntil(now_ns)
        yield WaitUntil(now_ns)

    drive(Strategy(life), InProcessGateway(engine(), 1), settled=lambda: calls.append(1))
    assert calls == [1, 1]


@pytest.mark.parametrize("is_reused", [False, True], ids=["gone", "another account has its id"])
def test_taking_back_everything_passes_over_what_is_gone_and_tells_the_fills(is_reused):
    market = engine()
    gateway = InProcessGateway(market, 1)
    cancels = []

    class Racing:
        """The first cancel comes too late."""

        def __getattr__(self, name):
            return getattr(gateway, name)

        def cancel(self, order_id):
            if not cancels:
                market.submit(2, 1, ASK, OrderType.MARKET, None, 5)
                if is_reused:
                    market.submit(2, order_id, BID, OrderType.LIMIT, 1, 1)
            cancels.append(order_id)
            return gateway.cancel(order_id)

    gateway.orders()
    for price in (100, 99, 98):
        gateway.submit(BID, OrderType.LIMIT, price, 5)
    strategy = Strategy(lambda told, now_ns: iter(()))
    observer = Observer()
    asyncio.run(Driver(strategy, Racing(), LiveClock(asyncio.Event()), observer).take_back_all())
    assert market.open_orders(1) == ()
    assert [fill.quantity for fill in strategy.told] == [5]
    assert (len(cancels), observer.cancels, observer.refusals.total()) == (3, 2, 0)
