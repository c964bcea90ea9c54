"""Drives a strategy on a gateway: has its requests answered, one after the other."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from agents.gateways.gateway import Gateway, perform
from agents.requests import Cancel, OwnOrders, ReadOrders, ReadTape, Request, Submit, WaitUntil
from agents.runner.clock import LiveClock
from agents.runner.observer import Observer
from agents.strategies import Strategy
from orderbook import AccountMismatch, OrderBookError, OrderView, UnknownAccount, UnknownOrder, UnknownSymbol

GONE = (UnknownOrder, AccountMismatch)  # an order to be cancelled: it was filled, and its id is another account's now


class AccountForgotten(Exception):
    """The server does not know an account that had a deposit: it has begun anew."""


class Driver:
    """A strategy on a gateway whose calls answer at once or are awaited.

    settled: called whenever the strategy waits, as what it wanted until then is done. can_credit: whether a server that
    does not know the account is a matter for AccountForgotten, rather than for the strategy. missed_fills: how many
    times, in all, the gateway may have missed some.
    """

    def __init__(
        self,
        strategy: Strategy,
        gateway: Gateway,
        clock: LiveClock,
        observer: Observer,
        *,
        settled: Callable[[], None] = lambda: None,
        can_credit: bool = False,
        missed_fills: Callable[[], int] = lambda: 0,
    ) -> None:
        self._strategy = strategy
        self._gateway = gateway
        self._clock = clock
        self._observer = observer
        self._settled = settled
        self._can_credit = can_credit
        self._missed_fills = missed_fills

    async def drive(self) -> None:
        """Let the strategy live until it has nothing left to do, or the run shall stop.

        A refusal of the engine is raised in the strategy. Raise what else the gateway raises; UnknownSymbol, which no
        strategy can help; AccountForgotten; and what the strategy raises.
        """
        life = self._strategy.live(self._clock.now_ns())
        stop = self._clock.stop
        try:
            request = next(life)
            while not stop.is_set():
                try:
                    answer = await self._answer(request)
                except UnknownSymbol:
                    raise
                except OrderBookError as refusal:
                    request = life.throw(refusal)
                    continue
                if isinstance(request, WaitUntil | ReadTape) and stop.is_set():
                    return  # it may not be that time yet, or not the whole tape
                request = life.send(answer)
        except StopIteration:
            return
        finally:
            life.close()

    async def _answer(self, request: Request) -> Any:
        """Return what the strategy is sent for a request."""
        if isinstance(request, WaitUntil):
            self._settled()
            return await self._clock.wait_until(request.time_ns)
        if isinstance(request, ReadOrders):
            return await self.read_orders()
        if isinstance(request, ReadTape):
            return await self._unless_stopped(self._perform(request))
        return await self._perform(request)

    async def _unless_stopped(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what some work comes to. When the run shall stop, give it up: a busy market's tape may take long."""
        task, stop = (asyncio.ensure_future(each) for each in (work, self._clock.stop.wait()))
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            return await task if task.done() else None
        finally:
            task.cancel()
            stop.cancel()

    async def read_orders(self) -> tuple[OrderView, ...]:
        """Return the open orders, after the strategy was told of what they traded."""
        known: OwnOrders = await self._perform(ReadOrders())
        if (missed := self._missed_fills()) > self._observer.missed_fills:
            self._observer.on_missed_fills(missed)
        for fill in known.fills:
            self._observer.on_fill(fill)
            self._strategy.on_fill(fill)
        return known.open_orders

    async def take_back_all(self) -> None:
        """Cancel whatever rests, until nothing does; the strategy is told of what it traded until then."""
        while open_orders := await self.read_orders():
            for order in open_orders:
                with suppress(*GONE):
                    await self._perform(Cancel(order.id))

    async def _perform(self, request: Request) -> Any:
        """Have the gateway answer, and the observer know."""
        try:
            answer = perform(self._gateway, request)
            if inspect.isawaitable(answer):
                answer = await answer
        except OrderBookError as refusal:
            if isinstance(request, Cancel) and isinstance(refusal, GONE):
                raise  # that is no refusal but news
            self._observer.on_refused(request, refusal)
            if self._can_credit and isinstance(request, Submit) and isinstance(refusal, UnknownAccount):
                raise AccountForgotten(str(refusal)) from refusal
            raise
        self._observer.on_done(request)
        return answer
