"""A strategy on the engine itself, in time that passes at once; between its steps, the rest of the market moves."""

from collections.abc import Callable
from contextlib import closing

from agents.gateways.gateway import perform
from agents.gateways.in_process import InProcessGateway
from agents.requests import ReadOrders, Request, WaitUntil
from agents.strategies import Strategy
from orderbook import OrderBookError, RiskEngine

AGENT, OTHERS = 1, 2  # accounts
RICH = 10**12


def market(base: int = RICH, quote: int = RICH) -> RiskEngine:
    """Return an engine with an account for the agent, and one for all others that lacks nothing."""
    engine = RiskEngine()
    engine.credit_account(AGENT, base, quote)
    engine.credit_account(OTHERS, RICH, RICH)
    return engine


def stage(
    strategy: Strategy,
    engine: RiskEngine,
    *,
    until_ns: int,
    meanwhile: Callable[[int], int] = lambda time_ns: time_ns,
    watch: Callable[[Request], None] = lambda request: None,
) -> list[tuple[int, Request]]:
    """Run a strategy until a time, and return what it asked for, and when; its orders are taken back at the end.

    meanwhile: called with the time at which a wait would end; has others trade, and returns when the wait ends.
    watch: called with each request before it is answered.
    """
    gateway = InProcessGateway(engine, AGENT)
    now_ns, asked = 0, []

    def answer(request: Request) -> object:
        if isinstance(request, ReadOrders):
            own = gateway.orders()
            for fill in own.fills:
                strategy.on_fill(fill)
            return own.open_orders
        return perform(gateway, request)

    with closing(strategy.live(now_ns)) as life:
        move, given = life.send, None
        while True:
            try:
                request = move(given)
            except StopIteration:
                break
            asked.append((now_ns, request))
            watch(request)
            if isinstance(request, WaitUntil):
                if request.time_ns > until_ns:
                    break
                now_ns = max(now_ns, request.time_ns, meanwhile(max(now_ns, request.time_ns)))
                move, given = life.send, now_ns
                continue
            try:
                move, given = life.send, answer(request)
            except OrderBookError as refusal:
                move, given = life.throw, refusal
    engine.cancel_all(AGENT)
    answer(ReadOrders())
    strategy.finish()
    engine.check()
    return asked
