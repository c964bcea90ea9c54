"""The life of an agent: it waits for the server, starts clean, comes back after a lost connection, and leaves clean."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, Protocol

from agents.errors import ClientError, ServerBusy, ServerUnavailable
from agents.gateways.gateway import Gateway
from agents.runner.backoff import Backoff
from agents.runner.clock import LiveClock
from agents.runner.drive import AccountForgotten, Driver
from agents.runner.observer import Observer
from agents.strategies import Strategy
from orderbook import AccountSnapshot, OrderBookError, UnknownAccount

LEAVE_SECONDS = 4.0  # that taking back the orders may take in the end, with what was under way when it was to stop
PASSING = (ServerUnavailable, ServerBusy, AccountForgotten)  # tried again, for ever


class Deposits(NamedTuple):
    """What an account that the server does not know is credited: lots, and ticks × lots."""

    base: int = 0
    quote: int = 0


class ServerGateway(Gateway, Protocol):
    """A gateway to a server that may go away, and come back without memory. Its calls are awaited."""

    @property
    def missed_fills(self) -> int:
        """How many times some fills may have been missed."""

    def balance(self) -> Awaitable[AccountSnapshot]:
        """Return what the account has; raise UnknownAccount."""

    def credit(self, base: int, quote: int) -> Awaitable[AccountSnapshot]:
        """Give the account lots and ticks × lots, and return what it has."""

    def forget(self) -> None:
        """Forget how far events and executions were read: the server has begun anew."""


async def run_agent(
    strategy: Strategy,
    gateway: ServerGateway,
    *,
    stop: asyncio.Event,
    deposits: Deposits | None = None,
    begin: Callable[[AccountSnapshot], None] | None = None,
    observer: Observer | None = None,
    backoff: Backoff | None = None,
) -> None:
    """Keep a strategy alive on a gateway until `stop` is set or it has nothing left to do; docs/agents.md, "Life".

    An agent is a coroutine and no more: several may run in one loop, each on an account of its own, as
    `asyncio.gather(run_agent(…), run_agent(…))`. Signals, logs and metrics are the caller's: he sets `stop`, hears
    through `observer`, and closes what the gateway is made of. Cancelling the task leaves the orders where they are.

    deposits: credited when the server does not know the account. begin: called once, with what the account has when
    nothing of it rests any more, before the strategy trades. backoff: the waits between attempts.

    Return when the orders are taken back. Raise ServerUnavailable if that was not possible within LEAVE_SECONDS;
    NotAuthenticated, NotPermitted, BadRequest, or an OrderBookError such as UnknownSymbol, for what the server refuses
    for good; and what the strategy itself raises, after taking back its orders.
    """
    observer = observer or Observer()
    try:
        await _Run(strategy, gateway, stop, deposits, begin, observer, backoff or Backoff()).live_and_leave()
    finally:
        observer.on_left()
        strategy.finish()


class _Run:
    """One agent's life."""

    def __init__(
        self,
        strategy: Strategy,
        gateway: ServerGateway,
        stop: asyncio.Event,
        deposits: Deposits | None,
        begin: Callable[[AccountSnapshot], None] | None,
        observer: Observer,
        backoff: Backoff,
    ) -> None:
        self._gateway = gateway
        self._deposits = deposits
        self._begin = begin
        self._observer = observer
        self._backoff = backoff
        self._stop = stop
        self._clock = LiveClock(stop)
        self._was_connected = False
        self._driver = Driver(
            *(strategy, gateway, self._clock, observer),
            settled=backoff.reset,
            can_credit=deposits is not None,
            missed_fills=lambda: gateway.missed_fills,
        )

    async def live_and_leave(self) -> None:
        """Trade for as long as it is wanted, then take back the orders; also where something goes wrong for good."""
        async with self._limited_when_stopped():
            try:
                await self._live()
            except Exception:
                with suppress(ClientError, OrderBookError):
                    await self._driver.take_back_all()
                raise
            await self._leave()

    @asynccontextmanager
    async def _limited_when_stopped(self) -> AsyncIterator[None]:
        """Give the block LEAVE_SECONDS from the stop on; raise ServerUnavailable where it took longer."""
        limit = asyncio.timeout(None)

        async def set_limit() -> None:
            await self._stop.wait()
            limit.reschedule(asyncio.get_running_loop().time() + LEAVE_SECONDS)

        watch = asyncio.create_task(set_limit())
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if not limit.expired():
                raise
            problem = f"the orders could not be taken back within {LEAVE_SECONDS:g} seconds"
            raise ServerUnavailable(problem) from error
        finally:
            watch.cancel()

    async def _live(self) -> None:
        """Have the strategy trade, over as many connections as it takes, until it ends or is to stop."""
        while not self._stop.is_set():
            try:
                await self._start()
                await self._driver.drive()
                return
            except PASSING as error:
                delay_s = self._backoff.next_delay_s()
                self._observer.on_lost(error, delay_s)
                await self._clock.wait(delay_s)

    async def _start(self) -> None:
        """Begin a connection: the account is known, if that can be had, and nothing of it rests."""
        is_known = await self._ensure_account()
        try:
            await self._driver.take_back_all()
            if is_known and self._begin is not None:
                self._begin(await self._gateway.balance())
        except UnknownAccount as error:  # the server has begun anew just now
            raise AccountForgotten(str(error)) from error
        self._begin = None
        self._was_connected = True
        self._observer.on_connected()

    async def _ensure_account(self) -> bool:
        """Credit an account that the server does not know, if there is a deposit; return whether it is known then."""
        try:
            await self._gateway.balance()
            return True
        except UnknownAccount:
            self._gateway.forget()
        if self._deposits is None:
            return False
        await self._gateway.credit(*self._deposits)
        self._observer.on_credited(*self._deposits)
        return True

    async def _leave(self) -> None:
        """Take back the orders; where a server that was there is not there now, try again while there is time."""
        while True:
            try:
                await self._driver.take_back_all()
                return
            except UnknownAccount:  # a server that has begun anew has no orders of it
                return
            except (ServerUnavailable, ServerBusy):
                if not self._was_connected:
                    raise
                await asyncio.sleep(self._backoff.next_delay_s())
