"""A strategy on a market, in time that passes at once; between its steps, the rest of the market moves."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

from agents.gateways.gateway import Gateway, perform
from agents.requests import OwnFill, ReadOrders, Request, WaitUntil
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


class Step(NamedTuple):
    """What a strategy asked for, and when; its answer, or the class of its refusal."""

    time_ns: int
    request: Request
    answer: Any


class Stage:
    """A strategy at work. steps, fills: what it did and traded until now.

    meanwhile: called with the time at which a wait would end; has others trade, and returns when the wait ends.
    watch: called with each request before it is answered. complete: what makes an answer of a gateway's, which may be
    an awaitable.
    """

    def __init__(
        self,
        strategy: Strategy,
        gateway: Gateway,
        *,
        meanwhile: Callable[[int], int] = lambda time_ns: time_ns,
        watch: Callable[[Request], None] = lambda request: None,
        complete: Callable[[Any], Any] = lambda answer: answer,
    ) -> None:
        self.strategy = strategy
        self.steps: list[Step] = []
        self.fills: list[OwnFill] = []
        self._gateway = gateway
        self._meanwhile = meanwhile
        self._watch = watch
        self._complete = complete

    def run(self, until_ns: int) -> list[Step]:
        """Run the strategy until a time, take its orders back, and return the steps."""
        self._read_orders()
        now_ns = 0
        with closing(self.strategy.live(now_ns)) as life:
            move, answer = life.send, None
            while True:
                try:
                    request = move(answer)
                except StopIteration:
                    break
                self._watch(request)
                try:
                    if isinstance(request, WaitUntil):
                        if request.time_ns > until_ns:
                            break
                        now_ns = self._meanwhile(max(now_ns, request.time_ns))
                        move, answer = life.send, now_ns
                    else:
                        move, answer = life.send, self._answer(request)
                    self.steps.append(Step(now_ns, request, answer))
                except OrderBookError as refusal:
                    move, answer = life.throw, refusal
                    self.steps.append(Step(now_ns, request, type(refusal)))
        for order in self._read_orders():
            self._complete(self._gateway.cancel(order.id))
        self._read_orders()
        self.strategy.finish()
        return self.steps

    def _answer(self, request: Request) -> Any:
        if isinstance(request, ReadOrders):
            return self._read_orders()
        return self._complete(perform(self._gateway, request))

    def _read_orders(self) -> Any:
        """Tell the fills, and return the open orders."""
        own = self._complete(self._gateway.orders())
        for fill in own.fills:
            self.fills.append(fill)
            self.strategy.on_fill(fill)
        return own.open_orders
